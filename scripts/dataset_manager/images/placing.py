"""Verified pictures out of the cache into folders.

In: cached files and their sha256. Out: hard links, copies (with their times) where links are impossible.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dataset_manager.errors import SourceError
from dataset_manager.images.cache import is_sealed
from dataset_manager.images.parallel import in_shares

EXAMPLES = 20
THREADS = 2  # the system links into two folders at once; with four there is nothing more to gain (ext4)


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


def link_all(links: Sequence[tuple[str, str]]) -> None:
    """Each (file, name in a folder that exists). Neighbours should go into one folder: then the threads work in folders of their own."""
    in_shares(link_share, links, THREADS)


def link_share(links: Iterable[tuple[str, str]]) -> None:
    """One after the other."""
    for source, target in links:
        link(source, target)


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
    """Every picture (file, sha256) is still in the cache, as it was stored. Raises LostError.

    Not in threads: a look is so short that they would only wait for one another.
    """
    lost = [path for path, sha256 in pictures if not is_there(path, sha256)]
    if lost:
        raise LostError(lost)


def is_there(path: str, sha256: str) -> bool:
    """As it was stored."""
    try:
        return is_sealed(os.stat(path), sha256)  # noqa: PTH116 - a Path for each of 50,000 pictures takes longer than the look
    except FileNotFoundError:
        return False
