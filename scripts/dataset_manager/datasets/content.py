"""What a dataset's folder holds now, beside what was accepted: the build, or the last summary.

In: a dataset. Out: its accepted pictures, the present ones, and the differences by name (docs/rules.md, «Accepted content»).
A picture from the cache carries a seal in its time stamp, an added one its accepted time: as long as size and time fit, the content is
not read again.
"""

import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from dataset_manager.analysis.database import quoted
from dataset_manager.datasets.finding import Dataset
from dataset_manager.duck import duckdb
from dataset_manager.errors import CountError
from dataset_manager.files import digest, sha256_of
from dataset_manager.images.cache import is_sealed
from dataset_manager.images.parallel import in_parallel
from dataset_manager.wording import DIFFERENCES, counted, first_of

OWN = re.compile(r"_summary_[^/]*\.(csv|html)|README\.md|merge_report\.csv|merge_overwritten\.txt")  # of the tool and the one before
LITTER = {"thumbs.db", "desktop.ini", ".ds_store"}  # left by file managers: nobody's pictures
READERS = 4
EXAMPLES = 20


class Known(NamedTuple):
    """An accepted picture; as a tuple, made 50,000 times in a quarter of the time."""

    sha256: str
    bytes: int
    mtime_ns: int | None = None


@dataclass(frozen=True)
class Differences:
    """Paths below the dataset's folder; `moved` are pairs (accepted path, present path) of one content."""

    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.changed or self.moved)

    def lines(self) -> list[str]:
        """One line each, for a person."""
        moved = [f"movida: {old} → {new}" for old, new in self.moved]
        named = {"falta": self.missing, "sobra": self.extra, "cambiada": self.changed}
        return [f"{word}: {path}" for word, paths in named.items() for path in paths] + moved


def present(tree: Path) -> dict[str, os.stat_result]:
    """Every file by its path with `/`, without the tool's own and what file managers leave. Nothing where the folder is gone."""
    if not tree.is_dir():
        return {}
    return {path: stat for path, stat in files(tree, "") if not OWN.fullmatch(path)}


def fingerprint(tree: Path) -> str:
    """Changes when a picture comes, goes or is touched; cheap enough to ask for in every plan."""
    return digest(sorted((path, stat.st_size, stat.st_mtime_ns) for path, stat in present(tree).items()))


def files(folder: Path, inside: str) -> Iterator[tuple[str, os.stat_result]]:
    """Path and status of everything below that is no folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files(folder / entry.name, f"{inside}{entry.name}/")
            elif entry.name.lower() not in LITTER:
                yield f"{inside}{entry.name}", entry.stat(follow_symlinks=False)


def accepted_file(dataset: Dataset) -> Path:
    """The last summary's, else the build's. Raises CountError where there is none."""
    for path in (dataset.beside(".curated.parquet"), dataset.beside(".manifest.parquet")):
        if path.exists():
            return path
    raise CountError(f"{dataset.tree}: no tiene manifiesto; summary_dataset lo hace")


def accepted(dataset: Dataset) -> dict[str, Known]:
    """Path -> picture, as accepted."""
    return pictures_in(accepted_file(dataset))


def pictures_in(file: Path) -> dict[str, Known]:
    """Of a manifest. Raises CountError when it cannot be read."""
    time = "mtime_ns" if file.name.endswith(".curated.parquet") else "NULL"
    with readable(file), duckdb.connect() as base:
        rows = base.execute(f"SELECT path, sha256, bytes, {time} FROM read_parquet('{quoted(file)}')").fetchall()
    return {path: Known(sha256, size, mtime) for path, sha256, size, mtime in rows}


@contextmanager
def readable(*files: Path) -> Iterator[None]:
    """A manifest that the disk or a hand damaged is one clear error. Raises CountError."""
    try:
        yield
    except duckdb.Error as error:
        names = ", ".join(map(str, files))
        raise CountError(f"{names}: no se puede leer ({str(error).splitlines()[0]}). Recupérelo de una copia") from error


def accepted_id(dataset: Dataset) -> str:
    """content_id of what was accepted."""
    return known_id(accepted(dataset))


def known_id(pictures: Mapping[str, Known]) -> str:
    """content_id of known pictures."""
    return content_id({path: picture.sha256 for path, picture in pictures.items()})


def content_id(pictures: Mapping[str, str]) -> str:
    """sha256 of the lines that `sha256sum` prints, by path (docs/rules.md, «dataset_id»)."""
    lines = sorted((path.encode(), sha256.encode()) for path, sha256 in pictures.items())
    return hashlib.sha256(b"".join(b"%b  %b\n" % (sha256, path) for path, sha256 in lines)).hexdigest()


def hashes(tree: Path, paths: Collection[str]) -> dict[str, str]:
    """sha256 of files, read by a few threads."""
    return dict(in_parallel(partial(hash_of, tree), paths, READERS))


def hash_of(tree: Path, path: str) -> str:
    """Of one file."""
    return sha256_of(tree / path)


def differences(tree: Path, known: Mapping[str, Known], *, full: bool = False) -> Differences:
    """Reads the files whose time does not fit what is known; every file with `full`."""
    now = present(tree)
    both = [path for path in known if path in now]
    changed = [path for path in both if not is_file(now[path]) or now[path].st_size != known[path].bytes]
    same_size = [path for path in both if is_file(now[path]) and now[path].st_size == known[path].bytes]
    suspects = [path for path in same_size if full or not fits(now[path], known[path])]
    changed += [path for path, sha256 in hashes(tree, suspects).items() if sha256 != known[path].sha256]
    missing, extra = sorted(known.keys() - now.keys()), sorted(now.keys() - known.keys())
    moved = moves(tree, known, missing, [path for path in extra if is_file(now[path])])
    gone, came = {old for old, _ in moved}, {new for _, new in moved}
    return Differences([one for one in missing if one not in gone], [one for one in extra if one not in came], sorted(changed), moved)


def is_file(found: os.stat_result) -> bool:
    """No link, pipe or device: reading those leads elsewhere, or never ends."""
    return stat.S_ISREG(found.st_mode)


def fits(found: os.stat_result, known: Known) -> bool:
    """Its time says that the content is the accepted one."""
    return found.st_mtime_ns == known.mtime_ns or is_sealed(found, known.sha256)


def moves(tree: Path, known: Mapping[str, Known], missing: list[str], extra: list[str]) -> list[tuple[str, str]]:
    """Pictures that stand under another path now."""
    if not missing or not extra:
        return []
    by_content: dict[str, list[str]] = {}
    for path, sha256 in sorted(hashes(tree, extra).items()):
        by_content.setdefault(sha256, []).append(path)
    pairs = ((old, by_content.get(known[old].sha256, [])) for old in missing)
    return [(old, there.pop(0)) for old, there in pairs if there]


def require_accepted(dataset: Dataset) -> dict[str, Known]:
    """The accepted pictures, if the folder holds exactly these. Raises CountError naming the differences."""
    known = accepted(dataset)
    require_unchanged(dataset, known)
    return known


def require_unchanged(dataset: Dataset, known: Mapping[str, Known]) -> None:
    """The folder holds exactly these. Raises CountError naming the differences."""
    found = differences(dataset.tree, known)
    if found:
        lines = found.lines()
        shown = "".join(f"\n  - {line}" for line in first_of(lines, EXAMPLES))
        raise CountError(
            f"{dataset.tree} no es lo último que se aceptó ({counted(len(lines), *DIFFERENCES)}). Si son cambios suyos, acéptelos con "
            f"summary_dataset dataset_name={dataset.name}; si no, recupere lo que falta:{shown}"
        )
