"""Which datasets are merged, and under which name: decided before anything runs.

In: typed keys, the finished datasets. Out: a `MergePlan`; equal parents are the same merge (docs/rules.md, «Merge»).
"""

import re
from dataclasses import dataclass
from typing import Any

from dataset_manager import processes
from dataset_manager.datasets import versions
from dataset_manager.datasets.content import accepted_id
from dataset_manager.datasets.finding import Dataset, every, find, finished_of
from dataset_manager.datasets.merging import REPORT
from dataset_manager.errors import CountError, ProcessError, UsageError
from dataset_manager.files import read_json
from dataset_manager.names import require_process_name
from dataset_manager.settings import ProcessAwareSettings

Json = dict[str, Any]
BESIDE = re.compile(
    r"\.(request|summary|receipt|manifest|curated|metadata|shortage|merge_report|zip|json|parquet|csv|sha256)$", re.IGNORECASE
)


@dataclass(frozen=True)
class MergePlan:
    """The merged dataset lies in the active process; `parents` are what decides whether it is the same one."""

    process: str
    name: str
    parents: list[Json]
    on_conflict: str
    finished: bool


def plan(settings: ProcessAwareSettings) -> MergePlan:
    """Raises UsageError with fewer than two datasets, ProcessError when the name belongs to something else."""
    process = processes.active(settings)
    parents = [described(one) for one in chosen(settings, process)]
    on_conflict = settings.typed.get("on_conflict", "error")
    known = {one.name: read_json(one.beside(".json")) for one in finished_of(settings.folder(process))}
    equal = [name for name, made in known.items() if is_equal(made, parents, on_conflict)]
    name = settings.typed.get("name") or (equal[0] if equal else next_name(settings, process))
    require_free(settings, process, require_process_name(name), equal)
    return MergePlan(process, name, parents, on_conflict, name in equal)


def chosen(settings: ProcessAwareSettings, process: str) -> list[Dataset]:
    """Those given, each once; else every finished built dataset of the active process."""
    typed = settings.typed.get("datasets")
    if typed:
        anywhere = settings if "process" not in settings.typed else settings.without("process")
        found = list(dict.fromkeys(find(anywhere, name) for name in typed))
    else:
        mine = (one for one in every(settings) if one.process == process and versions.number_of(process, one.name))
        found = sorted(mine, key=lambda one: versions.number_of(process, one.name))
    if len(found) < 2:
        names = "".join(f"\n  {one.name} ({one.process})" for one in every(settings))
        raise UsageError(f"Para unir hacen falta al menos dos datasets: datasets=[a,b] (-d a -d b). Hay:{names or ' ninguno'}")
    return found


def described(dataset: Dataset) -> Json:
    """What makes a parent the same parent: its name and what it holds."""
    return {"dataset": dataset.name, "process": dataset.process, "content_id": accepted_id(dataset)}


def is_equal(made: Any, parents: list[Json], on_conflict: str) -> bool:
    """A finished merge of the same parents in the same order."""
    return isinstance(made, dict) and made.get("parents") == parents and made.get("on_conflict") == on_conflict


def next_name(settings: ProcessAwareSettings, process: str) -> str:
    """`<process>_merge<N>`: the last one where a killed run left it unfinished, else one more than the greatest that is there.

    What a merge that stopped leaves (its lock, its report) uses no number: the same command goes on under the same name.
    """
    folder = settings.folder(process) / "datasets"
    pattern = re.compile(rf"{re.escape(process)}_merge(\d+)(?!\d|\.{re.escape(REPORT)})")
    taken = [int(match[1]) for path in (folder.iterdir() if folder.is_dir() else ()) if (match := pattern.match(path.name))]
    last = f"{process}_merge{max(taken, default=0)}"
    begun = (folder / last / REPORT).exists() and not (folder / f"{last}.json").exists()
    return last if begun else f"{process}_merge{max(taken, default=0) + 1}"


def require_free(settings: ProcessAwareSettings, process: str, name: str, equal: list[str]) -> None:
    """A name of its own: not like a built dataset's, not like a file beside one, and not of another one."""
    if re.search(r"_v\d\d+$", name) or versions.number_of(process, name):
        raise UsageError(f"name={name}: así se llaman los datasets de create_dataset (…_v01); dé otro nombre")
    if BESIDE.search(name):
        raise UsageError(f"name={name}: así se llaman los archivos que van al lado de un dataset; dé otro nombre")
    finished = settings.folder(process) / f"datasets/{name}.json"
    if name not in equal and finished.exists():
        raise ProcessError(f"{finished} ya existe y se hizo con otros datasets, u otro contenido de ellos; dé otro nombre (--name)")


def parents_at(settings: ProcessAwareSettings, parents: list[Json]) -> list[Dataset]:
    """The datasets that a plan described. Raises CountError when one holds something else by now."""
    known = {(one.process, one.name): one for one in every(settings)}
    found = []
    for parent in parents:
        dataset = known.get((parent["process"], parent["dataset"]))
        if dataset is None or accepted_id(dataset) != parent["content_id"]:
            raise CountError(f"{parent['dataset']} ({parent['process']}) ha cambiado mientras se preparaba la unión; dé la orden otra vez")
        found.append(dataset)
    return found
