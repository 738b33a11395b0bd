"""The registry: one row per dataset, changed by one writer at a time (docs/rules.md, «Registry»).

In: the CSV, a row. Out: the row in its place, everything else as it was, and a copy of the file of before in `.backups/`.
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from dataset_manager.errors import DiskError, UsageError
from dataset_manager.files import locked, replace, replace_with
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.parsing import COLUMNS, Table, parse, with_row, written

Change = Literal["añadida", "igual", "actualizada"]
Row = Mapping[str, str | None]
STAMPS = ("created_at", "registered_at", "tool_version")  # when and by what: no change by themselves
BACKUPS = 20
BUSY = {errno.EBUSY, errno.ETXTBSY, errno.EACCES, errno.EPERM, errno.ENOLCK, errno.ENOTSUP}


def read(path: Path) -> list[dict[str, str]]:
    """Every row; none where there is no file."""
    table = load(path)[1]
    return [table.record(row) for row in table.rows]


def row_of(path: Path, name: str) -> dict[str, str] | None:
    """The row of a dataset."""
    return find(load(path)[1], name)


def load(path: Path) -> tuple[bytes | None, Table]:
    """The file as it is, and understood."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None, Table(list(COLUMNS), [])
    except OSError as error:
        raise RegistryError(f"{path}: no se puede leer ({error.strerror}). Revise registry_csv, permisos y disco, y repita") from None
    return content, parse(content, path)


def find(table: Table, name: str) -> dict[str, str] | None:
    """The row of that name."""
    names = table.names()
    return table.record(table.rows[names.index(name)]) if name in names else None


def put(path: Path, row: Row, *, overwrite: bool = False) -> Change:
    """Writes the row under the lock; nothing is written, and no copy made, when it is there already."""
    path = path.resolve()
    with held(path):
        content, table = load(path)
        change, merged = decide(path, find(table, str(row["dataset_name"])), row, overwrite=overwrite)
        if change != "igual":
            back_up(path, content)
            write(path, content, written(with_row(table, merged["dataset_name"], merged)))
    return change


def decide(path: Path, old: dict[str, str] | None, row: Row, *, overwrite: bool = False) -> tuple[Change, dict[str, str]]:
    """What `put` would do. RegistryError where the name stands for another content and may not be overwritten."""
    require_text(row)
    old, known = old or {}, old is not None
    equal = bool(row["content_id"]) and old.get("content_id") == row["content_id"]
    if known and not equal and not overwrite:
        raise other_content(path, old, row)
    kept = old if equal else {column: cell for column, cell in old.items() if column != "s3_path"}
    new = {column: kept.get(column, "") if row.get(column) is None else str(row[column]) for column in COLUMNS}
    if equal and all(new[column] == old.get(column, "") for column in COLUMNS if column not in STAMPS):
        return "igual", new | {column: old.get(column, "") for column in STAMPS}
    if equal:
        new["created_at"] = old.get("created_at") or new["created_at"]
    return ("actualizada" if known else "añadida"), new


def require_text(row: Row) -> None:
    """Halves of characters come from a terminal with another encoding and cannot be stored."""
    for column, value in row.items():
        try:
            (value or "").encode()
        except UnicodeEncodeError:
            raise UsageError(f"{column}={value!r} tiene caracteres que no se pueden guardar; escríbalo otra vez, en UTF-8") from None


def other_content(path: Path, old: Mapping[str, str], row: Row) -> RegistryError:
    """Both sides, and the one way to go on."""
    there = old.get("content_id") or "desconocido (fila de la herramienta anterior)"
    return RegistryError(
        f"{path}: {row['dataset_name']} ya está registrado ({old.get('created_at', '')}) con otro contenido: content_id {there}; "
        f"el de ahora es {row['content_id']}. No se ha tocado; para sustituir la fila, repita con --overwrite (overwrite=true)"
    )


@contextmanager
def held(path: Path) -> Iterator[None]:
    """The only writer, until the block ends or the process dies. Only the last folder is made: a disk may not be mounted."""
    if not path.parent.parent.is_dir():
        raise RegistryError(f"registry_csv={path}: no existe la carpeta {path.parent.parent}. Créela, o monte el disco, y repita")
    lock = path.with_name(f"{path.name}.lock")
    with busy(path):
        path.parent.mkdir(exist_ok=True)
        lock.touch()
        share(lock)
        with locked(lock):
            yield


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Windows shares refuse to replace a file that Excel has open."""
    try:
        yield
    except (DiskError, OSError) as error:
        cause = error.__cause__ if isinstance(error, DiskError) else error
        if not isinstance(cause, OSError) or cause.errno not in BUSY:
            raise
        raise RegistryError(
            f"{path}: no se puede escribir ({cause.strerror}). Si está abierto en Excel, ciérrelo; si no, revise los permisos de la "
            "carpeta. No se ha perdido nada: repita la misma orden y se completará lo que falta"
        ) from None


def write(path: Path, before: bytes | None, content: bytes) -> None:
    """Not over what someone saved from Excel since it was read."""

    def fill(temp: Path) -> None:
        temp.write_bytes(content)
        share(temp)
        if before != (path.read_bytes() if path.exists() else None):
            raise RegistryError(f"{path}: alguien lo ha guardado en este momento. No se ha tocado; repita la misma orden")

    replace_with(path, fill)


def back_up(path: Path, content: bytes | None) -> None:
    """A copy of the file as it is; the newest twenty stay."""
    if content is None:
        return
    folder = path.parent / ".backups"
    folder.mkdir(exist_ok=True)
    share(folder)
    replace(folder / f"{path.stem}.{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}{path.suffix}", content)
    for old in backups(path)[:-BACKUPS]:
        old.unlink(missing_ok=True)


def backups(path: Path) -> list[Path]:
    """Copies of this registry, the oldest first."""
    found = (path.parent / ".backups").glob("*")
    return sorted(one for one in found if one.name.startswith(f"{path.stem}.2") and one.suffix == path.suffix)


def share(path: Path) -> None:
    """As open as its folder: several people write one registry. Its owner sets that; others need not."""
    with suppress(PermissionError):
        path.chmod(path.parent.stat().st_mode & (0o2777 if path.is_dir() else 0o666))
