"""`Datos_Elasticsearch`: the transactions as the rows of a sheet part, straight from a DuckDB query.

In: `transactions.parquet`. Out: its columns as they show in the tab, and the rows as XML, a batch at a time, with
memory that does not grow. Cells carry no address (Excel, LibreOffice, openpyxl and calamine count them): half the file.
Times become local ones of the configured zone, whose name stands in the header; numbers beyond 15 digits become text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_manager.workbook.schema import IDS, MAX_COLUMNS, MAX_ROWS, MAX_TEXT, MAX_WIDTH, NO_ID, Kind
from dataset_manager.workbook.xml_text import SQL_FORBIDDEN, SQL_LOOKS_ESCAPED, SQL_SPECIAL, escaped_sql

if TYPE_CHECKING:
    from dataset_manager.duck import duckdb

BATCH = 1024
LARGEST_NUMBER = 999_999_999_999_999
INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"})


@dataclass(frozen=True)
class Field:
    """One column of the tab: its title, number format, width, its value as text in SQL, and the SQL of its cell by style index."""

    title: str
    kind: Kind
    width: int
    text: str
    cell: Callable[[str], str]


@dataclass(frozen=True)
class BigSheet:
    """What will be written: the fields, how many rows of how many, and how many texts do not fit a cell."""

    fields: tuple[Field, ...]
    rows: int
    total: int
    source: str
    cut_texts: int
    left_out: tuple[str, ...]

    @property
    def capped(self) -> bool:
        """Whether the table has more rows or columns than the tab."""
        return self.rows < self.total or bool(self.left_out)


def plan(connection: "duckdb.DuckDBPyConnection", table: Path, max_rows: int, timezone: str) -> BigSheet:
    """Looks at every column once, to choose the cheapest SQL that is right for it.

    Keeps the newest rows (by `transaction_start_time`) when there are more than `max_rows` or than Excel's limit.
    """
    source = f"read_parquet({_text(str(table))})"
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    kinds = {str(name): str(kind) for name, kind, *_ in described}
    total, *facts = _row(connection, f"SELECT count(*), {', '.join(_facts(name, kind) for name, kind in kinds.items())} FROM {source}")
    shown = list(kinds.items())[:MAX_COLUMNS]
    fields = tuple(_field(name, kind, fact, timezone) for (name, kind), fact in zip(shown, facts, strict=False))
    cut_texts = sum(int(fact["long"]) for fact in facts[:MAX_COLUMNS] if fact)
    newest, rows = _newest(connection, source, min(max_rows, MAX_ROWS - 1), total)
    return BigSheet(fields, rows, total, newest, cut_texts, tuple(list(kinds)[MAX_COLUMNS:]))


def rows(connection: "duckdb.DuckDBPyConnection", sheet: BigSheet, styles: list[str]) -> Iterator[bytes]:
    """The `<row>` elements, some thousand at a time; `styles` are the style indices of the fields."""
    cells = [field.cell(f' s="{style}"' if style else "") for field, style in zip(sheet.fields, styles, strict=True)]
    connection.execute(f"SELECT concat('<row>', {', '.join(cells)}, '</row>') FROM {sheet.source}")
    while batch := connection.fetchmany(BATCH):
        yield "".join([row for (row,) in batch]).encode()


def edges(connection: "duckdb.DuckDBPyConnection", sheet: BigSheet, first: int, last: int) -> list[tuple[Any, ...]]:
    """The `first` and the `last` rows as text, to compare with what was written."""
    query = f"SELECT {', '.join(field.text for field in sheet.fields)} FROM {sheet.source}"
    start = connection.execute(f"{query} LIMIT {first}").fetchall()
    return start + (connection.execute(f"{query} LIMIT {last} OFFSET {sheet.rows - last}").fetchall() if last else [])


def _row(connection: "duckdb.DuckDBPyConnection", query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def _newest(connection: "duckdb.DuckDBPyConnection", source: str, limit: int, total: int) -> tuple[str, int]:
    """The table, or its newest rows in the table's order: whole instants only, so that the choice never depends on chance."""
    if total <= limit:
        return source, total
    (oldest_out,) = _row(connection, f"SELECT transaction_start_time FROM {source} ORDER BY 1 DESC NULLS LAST LIMIT 1 OFFSET {limit}")
    if oldest_out is None:
        return f"(SELECT * FROM {source} LIMIT {limit})", limit
    newer = f"(SELECT * FROM {source} WHERE transaction_start_time > TIMESTAMP {_text(oldest_out.isoformat(sep=' '))})"
    (rows,) = _row(connection, f"SELECT count(*) FROM {newer}")
    return newer, rows


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_text(name: str, kind: str) -> str:
    """A column of any type as the text of its cell."""
    if kind == "VARCHAR":
        return _name(name)
    return f"array_to_string({_name(name)}, '; ')" if kind == "VARCHAR[]" else f"CAST({_name(name)} AS VARCHAR)"


def _is_text(kind: str) -> bool:
    return not (kind in INTEGERS or kind in ("DOUBLE", "FLOAT", "BOOLEAN", "DATE") or kind.startswith(("DECIMAL", "TIMESTAMP")))


def _facts(name: str, kind: str) -> str:
    """One aggregate a column: which rules of xml_text its values need."""
    if not _is_text(kind):
        return "NULL"
    text = _as_text(name, kind)
    return f"""{{'special': coalesce(bool_or(regexp_matches({text}, '{SQL_SPECIAL}')), false),
        'forbidden': coalesce(bool_or(regexp_matches({text}, '{SQL_FORBIDDEN}')), false),
        'looks_escaped': coalesce(bool_or(regexp_matches({text}, '{SQL_LOOKS_ESCAPED}')), false),
        'long': count(*) FILTER (WHERE strlen({text}) > {MAX_TEXT}), 'width': coalesce(max(length({text})), 0)}}"""


def _field(name: str, kind: str, facts: dict[str, Any] | None, timezone: str) -> Field:
    if facts is not None:
        return _text_field(name, kind, facts)
    if kind.startswith("TIMESTAMP"):
        return _time_field(name, kind, timezone)
    column = _name(name)
    if kind == "DATE":
        inside = f"{column} BETWEEN DATE '1900-03-01' AND DATE '9999-12-31'"
        return _number_field(
            f"{name} (UTC)", "date", 12, inside, f"date_diff('day', DATE '1899-12-30', {column})", f"CAST({column} AS VARCHAR)"
        )
    shown = f"CAST({column} AS VARCHAR)"
    if kind == "BOOLEAN":
        cell = f"""coalesce('<c t="b"><v>' || CAST({column} AS TINYINT) || '</v></c>', '<c/>')"""
        return Field(name, "boolean", _title_width(name), shown, lambda _: cell)
    inside = f"isfinite({column})" if kind in ("DOUBLE", "FLOAT") else f"{column} BETWEEN -{LARGEST_NUMBER} AND {LARGEST_NUMBER}"
    return _number_field(name, "integer" if kind in INTEGERS else "decimal2", 10, inside, column, shown)


def _title_width(title: str) -> int:
    return min(len(title) + 4, MAX_WIDTH)


def _text_field(name: str, kind: str, facts: dict[str, Any]) -> Field:
    flags = {flag: bool(facts[flag]) for flag in ("special", "forbidden", "looks_escaped", "long")}
    text = f"coalesce({_as_text(name, kind)}, {_text(NO_ID)})" if name in IDS else _as_text(name, kind)
    keep = ' xml:space="preserve"' if any(flags.values()) else ""
    cell = f"""coalesce('<c t="inlineStr"><is><t{keep}>' || {escaped_sql(text, **flags)} || '</t></is></c>', '<c/>')"""
    return Field(name, "text", min(max(len(name) + 4, facts["width"] + 2), MAX_WIDTH), text, lambda _: cell)


def _time_field(name: str, kind: str, timezone: str) -> Field:
    """Naive times are UTC; Excel counts days since 1899-12-30."""
    column = _name(name)
    moment = column if kind == "TIMESTAMP WITH TIME ZONE" else f"CAST({column} AS TIMESTAMP) AT TIME ZONE 'UTC'"
    local = f"({moment}) AT TIME ZONE {_text(timezone)}"
    inside = f"isfinite({column}) AND {column} BETWEEN '1900-03-01' AND '9999-12-30'"
    return _number_field(
        f"{name} ({timezone})", "datetime", 20, inside, f"epoch_us({local}) / 86400000000.0 + 25569", f"CAST({column} AS VARCHAR)"
    )


def _number_field(title: str, kind: Kind, width: int, inside: str, number: str, otherwise: str) -> Field:
    """A number where Excel can hold it, else its text."""
    text = f"""'<c t="inlineStr"><is><t>' || {otherwise} || '</t></is></c>'"""

    def cell(style: str) -> str:
        return f"coalesce(CASE WHEN {inside} THEN '<c{style}><v>' || ({number}) || '</v></c>' ELSE {text} END, '<c/>')"

    return Field(title, kind, max(width, _title_width(title)), otherwise, cell)
