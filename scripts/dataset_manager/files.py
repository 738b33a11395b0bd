"""Files, clock and locks: whatever touches the disk goes through here.

In: values and paths. Out: files that are complete whenever they carry their final name.
"""

import errno
import fcntl
import glob
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from dataset_manager.errors import ConfigurationError, DiskError

REFUSED = {
    errno.ENOSPC: "el disco está lleno",
    errno.EDQUOT: "se ha agotado la cuota de disco",
    errno.EROFS: "el disco es de solo lectura",
    errno.EACCES: "no hay permiso de escritura",
    errno.EPERM: "no hay permiso de escritura",
}


@cache
def now() -> datetime:
    """The time of this run, UTC: read once, so that a plan evaluated twice is the same plan.

    `DATASET_MANAGER_NOW` (ISO 8601 with offset) fixes it, for tests and for repeating a run as of another day.
    """
    fixed = os.environ.get("DATASET_MANAGER_NOW")
    if not fixed:
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(fixed).astimezone(UTC)
    except ValueError:
        raise ConfigurationError(f"DATASET_MANAGER_NOW={fixed!r} no es una fecha ISO 8601 (2025-08-01T12:00:00+00:00)") from None


def read_json(path: Path | str) -> Any:
    """The content, or None where there is no file."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigurationError(f"{path}: no es JSON válido ({error}); bórrelo o recupérelo de una copia") from None


@contextmanager
def write_errors(path: Path | str) -> Iterator[None]:
    """Turns a refusal of the disk into a DiskError that names the file and the cause."""
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        raise DiskError(
            f"{path}: no se puede escribir: {REFUSED[error.errno]}. No se ha perdido nada; libere espacio o corrija los permisos y repita"
        ) from error


def replace_with(path: Path | str, write: Callable[[Path], object]) -> None:
    """`write(temp)` fills a file beside `path`; then fsync, rename, fsync of the folder.

    The temp name carries the pid and starts with a dot; it is removed when anything fails.
    """
    path = Path(path)
    temp = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temp)
            sync(temp)
            temp.replace(path)
        finally:
            temp.unlink(missing_ok=True)
        sync(path.parent)


def sweep(path: Path) -> None:
    """What killed runs of `replace_with` left half written for `path` and for the files that begin with its name and a dot.

    The caller holds a lock: nobody else is writing them.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        left.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """fsync of a file or folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path | str, content: bytes) -> None:
    """Writes bytes: temp in the same folder, fsync, rename."""
    replace_with(path, lambda temp: temp.write_bytes(content))


def write_json(path: Path | str, value: Any) -> None:
    """Sorted and indented, so that equal values are equal files."""
    replace(path, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def sorted_json(value: Any) -> str:
    """One line; equal values give equal text. For `params:` and digests."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def digest(value: Any) -> str:
    """First 16 hex digits of the sha256 of the sorted JSON."""
    return hashlib.sha256(sorted_json(value).encode()).hexdigest()[:16]


def sha256_of(path: Path | str) -> str:
    """sha256 of a file's content, hex."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def locked(path: Path | str) -> Iterator[None]:
    """Waits for an OS lock on `path` (made if absent) that dies with its holder."""
    path = Path(path)
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
