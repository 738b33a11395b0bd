"""Where a dataset is: of a process, merged, or left by the tool of before.

In: a name that a person gave. Out: a `Dataset`, or an error that lists what there is. Never another one instead (docs/rules.md,
«Finding a dataset»).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dataset_manager import processes
from dataset_manager.datasets import versions
from dataset_manager.errors import UsageError
from dataset_manager.files import read_json
from dataset_manager.names import path_part
from dataset_manager.settings import ProcessAwareSettings

LEGACY = "legacy"


@dataclass(frozen=True)
class Dataset:
    """A finished dataset. `tree` holds the pictures; `home` is where what the tool makes of it lies (for legacy ones elsewhere)."""

    name: str
    process: str
    tree: Path
    home: Path
    legacy: bool = False

    def beside(self, suffix: str) -> Path:
        """`<home>/<name><suffix>`: `.json`, `.manifest.parquet`, `.curated.parquet`, `.zip` …"""
        return self.home / f"{self.name}{suffix}"

    def inside(self, name: str) -> Path:
        """A file of the tool's own in the dataset's folder; beside it where that is only read."""
        return self.home / self.name / name

    @property
    def receipt(self) -> Path:
        """What register_dataset published."""
        return self.beside(".receipt.json") if self.legacy else self.home.parent / f"registry/{self.name}.json"


def every(settings: ProcessAwareSettings) -> Iterator[Dataset]:
    """Every finished dataset of the output folder, by process and name."""
    for folder in processes.folders(settings):
        yield from finished_of(folder)
    for folder in legacy_folders(settings):
        yield from legacy_of(settings, folder)


def legacy_folders(settings: ProcessAwareSettings) -> list[Path]:
    """Processes of the tool of before, among the others or apart in `<output>/legacy/`."""
    apart = settings.out / LEGACY
    moved = sorted(path for path in apart.iterdir() if path.is_dir()) if apart.is_dir() else []
    return [folder for folder in processes.folders(settings) if processes.is_legacy(settings, folder)] + moved


def finished_of(process: Path) -> Iterator[Dataset]:
    """Built and merged ones: their last file says so."""
    home = process / "datasets"
    for path in sorted(home.glob("*.json")):
        name = path.name.removesuffix(".json")
        if not path.name.endswith(versions.REQUEST) and (home / f"{name}.manifest.parquet").exists():
            yield Dataset(name, process.name, home / name, home)


def legacy_of(settings: ProcessAwareSettings, process: Path) -> Iterator[Dataset]:
    """Every folder: the tool of before left no manifest. Its folders are only ever read."""
    trees, name, home = process / "datasets", address(settings, process), legacy_home(settings, process)
    for tree in sorted(trees.iterdir()) if trees.is_dir() else ():
        if tree.is_dir() and not tree.name.startswith("."):
            yield Dataset(tree.name, name, tree, home, legacy=True)


def legacy_home(settings: ProcessAwareSettings, process: Path) -> Path:
    """Where what is made of its datasets lies."""
    return settings.out / "registry" / LEGACY / path_part(address(settings, process))


def address(settings: ProcessAwareSettings, process: Path) -> str:
    """What `process=` calls a folder of the tool of before: `legacy/<name>` where a folder of processes/ has that name too."""
    doubled = process.parent == settings.out / LEGACY and settings.folder(process.name).is_dir()
    return f"{LEGACY}/{process.name}" if doubled else process.name


def is_of(settings: ProcessAwareSettings, dataset: Dataset, process: str | None) -> bool:
    """Whether `process=` means its process; `legacy/<name>` is understood of every folder there."""
    return process in (None, dataset.process) or (dataset.legacy and dataset.tree.parent.parent == settings.out / str(process))


def at(settings: ProcessAwareSettings, home: Path, name: str) -> Dataset:
    """The one that a rule's paths speak of. Raises UsageError."""
    found = next((one for one in every(settings) if one.name == name and one.home == home), None)
    if found is None:
        raise UsageError(f"{home / name}: no es un dataset terminado")
    return found


def find(settings: ProcessAwareSettings, name: str) -> Dataset:
    """A dataset, or the newest built dataset of a process, in all processes unless `process` is given. Raises UsageError."""
    wanted = settings.typed.get("process")
    known = [one for one in every(settings) if is_of(settings, one, wanted)]
    found = [one for one in known if one.name == name] or newest_of(name, known)
    if len(found) == 1:
        settings.metadata(found[0].process)  # of a newer version of the tool: refused by name
        return found[0]
    if found:
        places = ", ".join(f"{one.tree} (process={one.process})" for one in found)
        raise UsageError(f"dataset_name={name}: hay {len(found)} con ese nombre: {places}. Diga cuál con --process (process=)")
    names = "".join(f"\n  {one.name} ({one.process})" for one in known)
    raise UsageError(
        f"dataset_name={name}: no existe ningún dataset terminado con ese nombre. Hay:{names or ' ninguno; create_dataset hace uno'}"
    )


def newest_of(process: str, known: list[Dataset]) -> list[Dataset]:
    """The newest version that create_dataset built."""
    mine = [one for one in known if one.process == process and versions.number_of(process, one.name)]
    return sorted(mine, key=lambda one: versions.number_of(process, one.name))[-1:]


def named(settings: ProcessAwareSettings, key: str) -> Dataset:
    """The dataset that a key names. Raises UsageError with what there is."""
    typed = settings.typed.get(key)
    if typed:
        return find(settings, typed)
    names = "".join(f"\n  {one.name} ({one.process})" for one in every(settings))
    raise UsageError(f"Falta {key}: diga qué dataset. Hay:{names or ' ninguno (create_dataset hace uno)'}")


def parents_of(dataset: Dataset) -> list[dict[str, str]]:
    """Of a merged dataset: name and id of each source."""
    found: list[dict[str, str]] = (read_json(dataset.beside(".json")) or {}).get("parents", [])
    return found
