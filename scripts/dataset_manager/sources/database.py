"""One read-only, consistent look at the catalogue: MySQL, MariaDB or an SQLite file behind the same few functions.

In: where it is. Out: a Snapshot that knows which columns exist and reads rows by id in bounded chunks. Ids go out in the
column's own type (an index is of no use to another one) and come back as text: `00014` is never `14`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dataset_manager.errors import SourceError
from dataset_manager.sources.connection_types import DatabaseConnection

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.sql import ColumnElement, Select
    from sqlalchemy.sql.expression import TableClause

Place = DatabaseConnection | Path
Row = dict[str, Any]
TABLES: dict[str, tuple[str, ...]] = {
    "deployment": ("deployment_id", "model_id"),
    "reference": ("reference_id", "reference_code", "reference_name", "label_id", "deployment_id", "created_at", "updated_at"),
    "label": ("label_id", "label_name", "created_at", "updated_at"),
    "model": ("model_id", "model_code", "model_data", "created_at", "updated_at"),
    "folder": ("transaction_id", "folder_url", "folder_files"),
}
CHUNK = 10_000  # ids in one statement: 1,000 is a fifth slower, and far below any packet limit
BATCH = 5_000  # rows fetched at once
SNAPSHOT = {
    "mysql": ("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"),
    "sqlite": ("BEGIN",),
}
CANONICAL = re.compile("-?(?:0|[1-9][0-9]{0,18})")
MYSQL_COLUMNS = (
    "SELECT table_name, column_name, data_type, column_key FROM information_schema.columns "
    "WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"
)
SQLITE_COLUMNS = "SELECT m.name, p.name, p.type, p.pk FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type IN ('table', 'view')"


@dataclass(frozen=True)
class Column:
    """What matters of a column: ids are sent as its type."""

    name: str
    whole_number: bool
    key: bool


class Snapshot:
    """An open transaction; every reading sees the same moment."""

    def __init__(self, connection: "Connection", place: str) -> None:
        self.connection, self.place = connection, place
        self.columns = read_columns(connection)
        self.require()

    def require(self) -> None:
        """SourceError naming every table and column that is missing, at once."""
        missing = [name for name in TABLES if name not in self.columns]
        problems = [f"falta la tabla {name}" for name in missing]
        for table, wanted in TABLES.items():
            absent = [name for name in wanted if table in self.columns and name not in self.columns[table]]
            if absent:
                found = ", ".join(column.name for column in self.columns[table].values())
                problems.append(f"en la tabla {table} falta {', '.join(absent)} (tiene: {found})")
        if problems:
            seen = ", ".join(sorted(self.columns)) or "ninguna"
            raise SourceError(
                f"{self.place}: {'; '.join(problems)}. Tablas que ve este usuario: {seen}. "
                "Revise que sea la base de datos correcta y que el usuario pueda leer esas tablas"
            )

    def rows(self, table: str, *, by: str | None = None, ids: Sequence[str] = ()) -> Iterator[Row]:
        """Rows of a table by column name, all or those whose `by` is one of `ids`."""
        for values in self.values(table, by=by, ids=ids):
            yield dict(zip(TABLES[table], values, strict=True))

    def values(self, table: str, *, by: str | None = None, ids: Sequence[str] = (), last_key: bool = False) -> Iterator[Sequence[Any]]:
        """The same as tuples in the order of TABLES; with `last_key` in the order of the primary key."""
        from sqlalchemy import column, select
        from sqlalchemy import table as table_of

        source = table_of(table, *(column(name) for name in self.columns[table]))
        query = select(*(source.c[self.columns[table][name].name.lower()] for name in TABLES[table]))
        if last_key:
            query = query.order_by(*self.key_order(source))
        if by is None:
            yield from self.fetch(query)
            return
        for chunk in chunked(self.in_its_type(table, by, ids), CHUNK):
            yield from self.fetch(query.where(source.c[by].in_(chunk)))

    def key_order(self, source: "TableClause") -> list["ColumnElement[Any]"]:
        """The primary key; a table without one in the order of its values, so that `last` means something."""
        columns = self.columns[source.name]
        keys = [name for name, column in columns.items() if column.key] or list(TABLES[source.name])
        return [source.c[name] for name in keys]

    def in_its_type(self, table: str, by: str, ids: Sequence[str]) -> list[Any]:
        """Ids that the column can hold: for a number only texts that are that number, `00014` is not."""
        if not self.columns[table][by].whole_number:
            return list(ids)
        return [number for text in ids if (number := canonical_number(text)) is not None]

    def fetch(self, query: "Select[Any]") -> Iterator[Sequence[Any]]:
        """Streams, in batches."""
        with reading(self.place):
            result = self.connection.execution_options(stream_results=True, max_row_buffer=BATCH).execute(query)
            for batch in result.partitions(BATCH):
                yield from batch


def canonical_number(text: str) -> int | None:
    """A whole number within 64 bits, if it is written in the one usual way."""
    if not CANONICAL.fullmatch(text):
        return None
    number = int(text)
    return number if abs(number) < 2**63 else None


def chunked(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Bounded pieces."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def read_columns(connection: "Connection") -> dict[str, dict[str, Column]]:
    """Tables and views this user sees, by lower-case column name; plain SELECT rights are enough."""
    sql = MYSQL_COLUMNS if connection.dialect.name == "mysql" else SQLITE_COLUMNS
    found: dict[str, dict[str, Column]] = {}
    for table, name, kind, key in connection.exec_driver_sql(sql):
        whole = "int" in kind.lower()
        found.setdefault(table, {})[name.lower()] = Column(name, whole, key in ("PRI",) or (isinstance(key, int) and key > 0))
    return found


@contextmanager
def snapshot(place: Place) -> Iterator[Snapshot]:
    """Opens the database read-only in one transaction. SourceError in words an operator can act on, without secrets."""
    shown = f"MySQL {place.place}" if isinstance(place, DatabaseConnection) else str(place)
    engine = make_engine(place)
    try:
        with reading(shown):
            connection = engine.connect()
        with connection:
            with reading(shown):
                for statement in SNAPSHOT[connection.dialect.name]:
                    connection.exec_driver_sql(statement)
                found = Snapshot(connection, shown)
            yield found
    finally:
        engine.dispose()


def make_engine(place: Place) -> "Engine":
    """SQLAlchemy's engine; its own transactions are off, ours is explicit."""
    from sqlalchemy import URL, create_engine
    from sqlalchemy.pool import NullPool

    if isinstance(place, Path):
        if not place.is_file():
            raise SourceError(
                f"{place}: no existe el fichero SQLite. sources.catalogue debe ser «mysql» o un fichero .sqlite con las mismas tablas"
            )
        url = URL.create("sqlite", database=f"file:{quote(str(place.resolve()))}", query={"mode": "ro", "uri": "true"})
        return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    url = URL.create("mysql+pymysql", place.user, place.password, place.host, place.port, place.database, {"charset": "utf8mb4"})
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args=driver_options(place))


def driver_options(place: DatabaseConnection) -> dict[str, Any]:
    """Time limits, and TLS verified against the given authority when there is one."""
    options: dict[str, Any] = {"connect_timeout": place.connect_timeout}
    if place.ssl_ca:
        options["ssl"] = {"ca": place.ssl_ca, "check_hostname": True, "verify_mode": True}
    return options


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Turns a database error into a SourceError."""
    from sqlalchemy.exc import DBAPIError

    from dataset_manager.sources.database_errors import explained

    try:
        yield
    except DBAPIError as error:
        raise SourceError(explained(error.orig, place)) from None
    except OSError as error:
        raise SourceError(explained(error, place)) from None


def texts(rows: Iterable[Row], *names: str) -> Iterator[Row]:
    """The named values as text; bytes are UTF-8."""
    for row in rows:
        yield row | {name: as_text(row[name]) for name in names}


def as_text(value: Any) -> str | None:
    """None stays None."""
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
