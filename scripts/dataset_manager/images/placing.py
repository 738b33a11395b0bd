"""Verified pictures out of the cache into folders.

In: cached files and their sha256. Out: hard links, copies (with their times) where links are impossible.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from dataset_manager.errors import SourceError
from dataset_manager.images.cache import is_sealed

EXAMPLES = 20


def link(source: str | Path, target: str | Path) -> None:
    """The folder must exist, the name must be free."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target)


def require_cached(pictures: Iterable[tuple[str, str]], outcomes: Iterable[Path]) -> None:
    """Every picture that the outcomes speak of is still in the cache, as it was stored.

    Otherwise raises SourceError, and forgets the outcomes: they are no longer true, and the same command downloads what is missing.
    """
    lost = list(missing(pictures))
    if not lost:
        return
    for outcome in outcomes:
        outcome.unlink(missing_ok=True)
    names = "".join(f"\n  - {path}" for path in lost[:EXAMPLES])
    raise SourceError(
        f"{len(lost)} imágenes ya no están en la caché o han cambiado desde que se descargaron. "
        f"Repita la misma orden y se descargarán:{names}"
    )


def missing(pictures: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Absent, or no longer what was stored: one `stat` each."""
    for path, sha256 in pictures:
        try:
            if not is_sealed(os.stat(path), sha256):  # noqa: PTH116 - a Path for each of 50,000 pictures takes longer than the look
                yield path
        except FileNotFoundError:
            yield path
