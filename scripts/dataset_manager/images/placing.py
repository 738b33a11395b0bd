"""Verified pictures out of the cache into folders.

In: cached files and their sha256. Out: hard links, copies (with their times) where links are impossible.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from dataset_manager.errors import SourceError
from dataset_manager.images.cache import is_sealed
from dataset_manager.images.parallel import in_shares

EXAMPLES = 20
THREADS = 2  # the system links into two folders at once; with four there is nothing more to gain (ext4)

Row = TypeVar("Row")


class Link(NamedTuple):
    """A picture into a folder; with a sha256 it must still be what was stored in the cache."""

    source: str
    sha256: str
    target: str


class LostError(Exception):
    """Pictures that are no longer in the cache."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(f"{len(paths)} lost")
        self.paths = paths


def link(source: str | Path, target: str | Path) -> None:
    """The folder must exist, the name must be free."""
    try:
        os.link(source, target)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError:
        shutil.copy2(source, target)


def link_all(rows: Sequence[Row], links: Callable[[Sequence[Row]], Iterable[Link]]) -> None:
    """`links` says what to link for a share of the rows, in the thread that does it: names are made while the system links.

    Neighbours should go into one folder: then the threads work in folders of their own. Raises LostError.
    """
    lost = [path for share in in_shares(lambda share: linked(links(share)), rows, THREADS) for path in share]
    if lost:
        raise LostError(lost)


def linked(links: Iterable[Link]) -> list[str]:
    """The sources that are not, or no longer, what they were."""
    lost = []
    for source, sha256, target in links:
        if sha256 and not is_there(source, sha256):
            lost.append(source)
        else:
            link(source, target)
    return lost


@contextmanager
def forgetting(outcomes: Iterable[Path]) -> Iterator[None]:
    """When the cache lost pictures the outcomes are no longer true: without them the same command downloads again. Raises SourceError."""
    try:
        yield
    except LostError as error:
        for outcome in outcomes:
            outcome.unlink(missing_ok=True)
        names = "".join(f"\n  - {path}" for path in error.paths[:EXAMPLES])
        raise SourceError(
            f"{len(error.paths)} imágenes ya no están en la caché o han cambiado desde que se descargaron. "
            f"Repita la misma orden y se descargarán:{names}"
        ) from None


def require_cached(pictures: Iterable[tuple[str, str]]) -> None:
    """Every picture (file, sha256) is still in the cache, as it was stored. Raises LostError."""
    lost = [path for path, sha256 in pictures if not is_there(path, sha256)]
    if lost:
        raise LostError(lost)


def is_there(path: str, sha256: str) -> bool:
    """As it was stored."""
    try:
        return is_sealed(os.stat(path), sha256)  # noqa: PTH116 - a Path for each of 50,000 pictures takes longer than the look
    except FileNotFoundError:
        return False
