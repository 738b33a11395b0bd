"""What lies on the disk besides the results: the picture cache, the copies of the workbook.

In: the output folder. Out: sizes, and the command that frees what only the cache holds. Frees nothing itself.
"""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CacheUse:
    """Pictures and bytes in the cache; `alone` are the bytes of those that no review and no dataset links to any more."""

    pictures: int = 0
    bytes: int = 0
    alone: int = 0


def cache_use(root: Path) -> CacheUse:
    """One look at every file: a picture with a single link is only in the cache."""
    sizes = [(entry.st_size, entry.st_nlink) for entry in entries(root)]
    return CacheUse(len(sizes), sum(size for size, _ in sizes), sum(size for size, links in sizes if links == 1))


def entries(root: Path) -> Iterator[os.stat_result]:
    """Of the pictures: `ab/<name>`."""
    for folder in os.scandir(root) if root.is_dir() else ():
        if len(folder.name) == 2 and folder.is_dir():
            yield from (entry.stat() for entry in os.scandir(folder))


def freeing(root: Path) -> str:
    """Removes what only the cache holds; needed again, it is downloaded again."""
    return f"find {shlex.quote(str(root))} -path '*/??/*' -type f -links 1 -delete"


class Sizes:
    """Bytes of what lies in a folder: one look at every file, however often it is asked."""

    def __init__(self, folder: Path) -> None:
        self.below: dict[str, int] = {}
        for here, folders, names in os.walk(folder, topdown=False):
            inside = sum(self.below.get(f"{here}/{name}", 0) for name in folders)
            self.below[here] = inside + sum(file_bytes(f"{here}/{name}") for name in names)

    def of(self, path: Path) -> int:
        """A file, or all files below a folder; 0 where there is nothing."""
        return self.below[str(path)] if str(path) in self.below else file_bytes(path)


def file_bytes(path: str | Path) -> int:
    """0 where it is not, or no longer: jobs may be running."""
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a Path for each of 50,000 pictures takes longer than the look
    except FileNotFoundError:
        return 0
