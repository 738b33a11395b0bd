"""Putting a finished file in the book's place, unless somebody has the book open.

In: the new file, the book and what it was when it was read. Out: the book replaced; or the new file kept beside it
under another name, and an error that says so.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from dataset_manager.errors import WorkbookError
from dataset_manager.files import now, sha256_of, sweep, sync, write_errors

TRIES = 3
PAUSE_SECONDS = 2.0
Pause = Callable[[float], object]
pause: Pause = time.sleep
logger = logging.getLogger("dataset_manager")


class BookMovedError(Exception):
    """The book was saved by somebody between reading it and replacing it: read it again."""


def lock_file(book: Path) -> Path:
    """The file that every writer of this book holds with flock from reading to renaming."""
    return book.parent / ".workbook.lock"


def open_elsewhere(book: Path) -> Path | None:
    """The lock file that Excel (`~$name`) or LibreOffice (`.~lock.name#`) leaves beside an open book."""
    marks = (book.with_name(f"~${book.name}"), book.with_name(f".~lock.{book.name}#"))
    return next((mark for mark in marks if mark.exists()), None)


def warn_if_open(book: Path) -> None:
    """At the start of a command that will write: what is not saved is not seen, and the book must be closed by the end."""
    mark = open_elsewhere(book)
    if mark:
        logger.warning(
            "%s está abierto (lo dice %s): las marcas sin guardar no se ven, y hay que cerrarlo antes de que termine esta orden",
            book,
            mark.name,
        )


def fingerprint(book: Path) -> str:
    """What the book is now; empty when there is none."""
    return sha256_of(book) if book.is_file() else ""


def remove_leftovers(book: Path) -> None:
    """Temporary files of runs that were killed; only while holding the lock."""
    sweep(book)
    for left in (book.parent / ".history").glob(".*.tmp"):
        left.unlink(missing_ok=True)


def temporary(book: Path) -> Path:
    """Where a new book is written before it takes its name."""
    return book.with_name(f".{book.name}.{os.getpid()}.tmp")


def install(made: Path, book: Path, read: str) -> None:
    """Renames `made` to `book`; `read` is the fingerprint of the book its content was merged from.

    Errors: BookMovedError when the book has changed since; WorkbookError, naming the backup, when it stays open.
    """
    sync(made)
    for attempt in range(TRIES):
        if attempt:
            pause(PAUSE_SECONDS)
        if not open_elsewhere(book) and _renamed(made, book, read):
            return
        logger.warning("%s está abierto (intento %d de %d)", book.name, attempt + 1, TRIES)
    raise _kept_aside(made, book)


def _renamed(made: Path, book: Path, read: str) -> bool:
    """False where the system refuses: on some shares an open file cannot be replaced."""
    if fingerprint(book) != read:
        raise BookMovedError
    try:
        made.replace(book)
    except PermissionError:
        return False
    with write_errors(book):
        sync(book.parent)
    return True


def _kept_aside(made: Path, book: Path) -> WorkbookError:
    """The work is not lost: it stands beside the book, under a name that no other file has."""
    mark = open_elsewhere(book)
    stale = f"; si nadie lo tiene abierto, borre {mark} y repítala" if mark else ""
    backup = _free(book)
    with write_errors(backup):
        made.replace(backup)
        sync(backup.parent)
    return WorkbookError(
        f"{book}: el libro está abierto en otro programa y no se ha cambiado. El resultado está en {backup}. "
        f"Guarde y cierre el libro y repita la orden{stale}"
    )


def _free(book: Path) -> Path:
    name = f"{book.stem}_pendiente_{now():%Y%m%dT%H%M%SZ}"
    candidates = (book.with_name(f"{name}{suffix}.xlsx") for suffix in ("", *(f"_{n}" for n in range(2, 1000))))
    return next(path for path in candidates if not path.exists())
