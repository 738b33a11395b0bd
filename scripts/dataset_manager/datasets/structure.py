"""folder_structure: the folders that hold pictures, with how many, as a table for Excel.

In: any folder. Out: a CSV (`;`, UTF-8 with BOM) with a fixed name, sorted (docs/rules.md, «Folder structure»).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dataset_manager.csv_text import csv_bytes
from dataset_manager.errors import UsageError
from dataset_manager.files import replace
from dataset_manager.images.cache import EXTENSIONS

COLUMNS = ["dataset_name", "product", "label_id", "folder_rel", "images_count", "folder_abs"]


@dataclass
class Found:
    """The leaves, and the pictures that lie above one."""

    rows: list[tuple[str, str, str, str, int, str]] = field(default_factory=list)
    above: dict[str, int] = field(default_factory=dict)

    @property
    def pictures(self) -> int:
        """In leaves."""
        return sum(row[4] for row in self.rows)


def look(folder: Path, extensions: frozenset[str]) -> Found:
    """Raises UsageError when the folder does not exist."""
    if not folder.is_dir():
        raise UsageError(f"input={folder}: no es una carpeta; dé una con imágenes")
    return structure(folder.resolve(), root_of(folder), extensions)


def default_output(folder: Path) -> Path:
    """Where the table goes when nobody says it."""
    return root_of(folder) / f"folder_structure_{folder.resolve().name}.csv"


def write(found: Found, path: Path) -> None:
    """Sorted by product, label and path. Raises DiskError."""
    ordered = sorted(found.rows, key=lambda row: (row[1], row[2], row[3]))
    replace(path, csv_bytes(COLUMNS, [dict(zip(COLUMNS, row, strict=True)) for row in ordered]))


def root_of(folder: Path) -> Path:
    """The nearest folder called `datasets` at or above, else the folder itself."""
    absolute = folder.resolve()
    return next((path for path in (absolute, *absolute.parents) if path.name == "datasets"), absolute)


def structure(folder: Path, root: Path, extensions: frozenset[str]) -> Found:
    """A leaf holds pictures, and none of its sub-folders does."""
    found = Found()
    counts = {path: pictures_in(path, extensions) for path in walk(folder)}
    for path, number in counts.items():
        if not number:
            continue
        inside = shown(path.relative_to(folder).as_posix())
        if any(counts.get(child) for child in path.iterdir()):
            found.above[inside] = number
            continue
        product = path.parent.name if path != root else ""
        dataset = path.relative_to(root).parts[0] if path != root else root.name
        found.rows.append((shown(dataset), shown(product), shown(path.name), inside, number, shown(str(path))))
    return found


def shown(name: str) -> str:
    """A name whose bytes are no text, as a file and a terminal can hold it."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def walk(folder: Path) -> Iterator[Path]:
    """The folder and all below, without hidden ones, by name."""
    yield folder
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.is_symlink() and not child.name.startswith("."):
            yield from walk(child)


def pictures_in(folder: Path, extensions: frozenset[str]) -> int:
    """Directly in it."""
    return sum(1 for path in folder.iterdir() if path.suffix.lower() in extensions and path.is_file())


def extensions_of(typed: str | None) -> frozenset[str]:
    """`jpg,png` or `.jpg .png`; every picture's when nothing is given. Raises UsageError."""
    if typed is None:
        return frozenset(EXTENSIONS)
    found = frozenset(f".{word.strip().lstrip('.').lower()}" for word in typed.replace(",", " ").split())
    if not found or not all(word[1:].isalnum() for word in found):
        raise UsageError(f"extensions={typed!r} no vale; dé una lista como jpg,png")
    return found
