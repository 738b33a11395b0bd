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


def bytes_of(path: Path) -> int:
    """Of a file, or of all files below a folder; 0 where there is nothing."""
    return folder_bytes(path) if path.is_dir() else path.stat().st_size if path.exists() else 0


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
