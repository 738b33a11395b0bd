"""Copies of the workbook: one before the tool replaces it, and whenever its marks are frozen.

In: the book. Out: `.history/NNNNNN-<time>-<digest>.xlsx` beside it, the newest 20.
"""

import shutil
from pathlib import Path

from dataset_manager.errors import WorkbookError
from dataset_manager.files import now, read_json, replace_with, sha256_of

KEPT = 20


def copies(book: Path) -> list[Path]:
    """The copies of this book, oldest first."""
    return sorted((book.parent / ".history").glob("[0-9]*-*.xlsx"))


def newest_copy(book: Path) -> Path | None:
    """The copy to go back to."""
    return next(reversed(copies(book)), None)


def keep_copy(book: Path, kept: int | None = None) -> Path:
    """A copy of the book as it is now; an unchanged book is not copied twice. Returns the copy.

    As many are kept as the last build was told. Call it while holding the workbook's lock. Errors: DiskError.
    """
    kept = kept or (read_json(book.parent / "workbook_state.json") or {}).get("history", KEPT)
    digest = sha256_of(book)[:16]
    newest = newest_copy(book)
    if newest and newest.stem.endswith(digest):
        return newest
    number = int(newest.name.split("-")[0]) + 1 if newest else 1
    copy = book.parent / ".history" / f"{number:06d}-{now():%Y%m%dT%H%M%SZ}-{digest}.xlsx"
    replace_with(copy, lambda temp: shutil.copyfile(book, temp))
    for old in copies(book)[:-kept]:
        old.unlink(missing_ok=True)
    return copy


def require_book(book: Path, state_file: Path) -> Path:
    """The book, or a WorkbookError that names the newest copy and the line that builds it anew."""
    if book.is_file():
        return book
    copy = newest_copy(book)
    first = f"Recupere la copia más reciente: cp '{copy}' '{book}'" if copy else "No hay copias en .history"
    raise WorkbookError(
        f"{book}: el libro no está (¿borrado o cambiado de nombre?). {first}; o constrúyalo de nuevo, sin sus marcas: "
        f"snakemake --cores 1 {state_file} -R build_workbook"
    )
