"""`reports/<process>.xlsx`, built from the analysed tables and from what a person wrote in the book before.

In: Parquet tables, window, parameters, and the book if there is one. Out: the book replaced whole, a copy of the old
one in `.history`, and last `workbook_state.json`. Killed anywhere, the marks are in the old book or in the new one, and
the same command finishes. Rules: docs/rules.md, «Workbook» and «Marks».
"""

import io
import logging
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_manager import wording
from dataset_manager.errors import WorkbookError
from dataset_manager.files import locked, read_json, sha256_of, write_errors, write_json
from dataset_manager.sample.marks import marked
from dataset_manager.workbook import big_sheet, locking, parts
from dataset_manager.workbook.carry import Carried, inventory
from dataset_manager.workbook.checks import BookFacts, ordered
from dataset_manager.workbook.history import keep_copy, newest_copy
from dataset_manager.workbook.merge import Merged, Orphan, merge, orphan_table, read_orphans
from dataset_manager.workbook.opening import opened, sheet_parts
from dataset_manager.workbook.reading import Table, as_text, read_tables, sheets_of
from dataset_manager.workbook.render import Book, render
from dataset_manager.workbook.schema import (
    CONSISTENCY,
    CONSISTENCY_FIELDS,
    KEYS,
    LABELS,
    MARKED,
    MODEL_DATA,
    ORPHANS,
    TRACKING,
    TRANSACTIONS,
    VALIDATION,
    Tab,
    suggestions,
)
from dataset_manager.workbook.verify import verify

if TYPE_CHECKING:
    from dataset_manager.duck import duckdb

# One thread reads in order with memory that stays flat (178 MB at 900,000 rows, 336 MB with two); zipping takes longer anyway.
SETTINGS = "SET threads = 1; SET enable_external_file_cache = false; SET TimeZone = 'UTC'; SET enable_progress_bar = false"
ROUNDS = 3
LARGE_PART = 2_000_000_000
logger = logging.getLogger("dataset_manager")
Json = dict[str, Any]


@dataclass(frozen=True)
class WorkbookOptions:
    """What the configuration decides about the workbook."""

    max_rows: int = 200_000
    color: str = "#87CEEB"
    timezone: str = "Europe/Madrid"
    history: int = 20


@dataclass
class Before:
    """The book as a person left it; empty when there is none."""

    fingerprint: str = ""
    tables: dict[str, Table] = field(default_factory=dict)
    orphans: list[Orphan] = field(default_factory=list)
    tracking: dict[str, list[list[Any]]] = field(default_factory=dict)
    carried: Carried = field(default_factory=Carried)
    known: dict[str, list[str]] = field(default_factory=dict)


def build(
    data_dir: Path, window_file: Path, parameters_file: Path, book: Path, state_file: Path, *, options: WorkbookOptions, sample: bool
) -> Json:
    """Builds or rebuilds the workbook and returns its state (also written to `state_file`, last).

    In: `transactions`, `labels` and `analysis/*` under `data_dir` (shapes: docs/rules.md). Errors: WorkbookError when the
    old book cannot be read (it is left alone), or is open at the end (the new one is kept beside it); DiskError.
    """
    from dataset_manager.duck import duckdb

    locking.warn_if_open(book)
    with locked(locking.lock_file(book)), duckdb.connect() as connection:
        connection.execute(SETTINGS)
        locking.remove_leftovers(book)
        content = _Content(connection, data_dir, read_json(window_file), read_json(parameters_file), options, sample)
        state = _rounds(content, book) | {"history": options.history}
        write_json(state_file, state)
    _report(book, state)
    return state


@dataclass
class _Content:
    """What a build shows, whatever was in the book before."""

    connection: "duckdb.DuckDBPyConnection"
    data_dir: Path
    window: Json
    parameters: Json
    options: WorkbookOptions
    sample: bool

    def table(self, name: str) -> list[Json]:
        """An analysed table as rows by column name."""
        cursor = self.connection.execute("SELECT * FROM read_parquet(?)", [str(self.data_dir / f"{name}.parquet")])
        names = [str(column[0]) for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _rounds(content: _Content, book: Path) -> Json:
    """Reads, merges and replaces; again when somebody saved the book meanwhile."""
    for _ in range(ROUNDS):
        try:
            return _round(content, book)
        except locking.BookMovedError:
            logger.info("%s se ha guardado mientras tanto: se vuelve a leer", book.name)
    raise WorkbookError(f"{book}: alguien lo está guardando sin parar; ciérrelo y repita la orden")


def _round(content: _Content, book: Path) -> Json:
    before = _before(book, content.options.history)
    merged = [_merged(content, tab, before) for tab in MARKED]
    sheet = big_sheet.plan(
        content.connection, content.data_dir / "transactions.parquet", content.options.max_rows, content.options.timezone
    )
    facts = BookFacts(merged, sheet, before.carried.lost + [line for one in merged for line in one.lost])
    shown = _book(content, book, before, facts)
    made = locking.temporary(book)
    try:
        with write_errors(book):
            _write(content, shown, sheet, made)
        verify(made, shown, sheet, content.connection)
        locking.install(made, book, before.fingerprint)
    finally:
        made.unlink(missing_ok=True)
    return _state(content, book, shown, facts)


def _before(book: Path, kept: int) -> Before:
    """Reads the book, then keeps a copy of it: one that cannot be read never takes the place of a good copy."""
    if not book.is_file():
        copy = newest_copy(book)
        if copy:
            logger.warning("%s no estaba: se construye con las marcas por defecto. Copia más reciente de sus marcas: %s", book.name, copy)
        return Before()
    before = Before(locking.fingerprint(book))
    with opened(book) as archive:
        values = sheets_of(book, archive)
        tables = read_tables(book, archive, values, MARKED, every_column=False)
        _refuse_repeated(book, tables)
        before.carried = inventory(book, archive, tables, values)
    before.tables = {table.tab.name: table for table in tables}
    before.orphans = read_orphans(values.get(ORPHANS, []))
    before.tracking = {tab.name: values[tab.name] for tab in TRACKING if values.get(tab.name)}
    before.known = _known(values.get(VALIDATION, []))
    copy = keep_copy(book, kept)
    if sha256_of(copy) != before.fingerprint:
        raise locking.BookMovedError
    _warn_missing(tables, copy)
    return before


def _known(rows: list[list[Any]]) -> dict[str, list[str]]:
    """The keys that the last build wrote, by tab."""
    columns = {
        as_text(title).removeprefix(KEYS): index for index, title in enumerate(rows[0] if rows else []) if as_text(title).startswith(KEYS)
    }
    return {name: [key for row in rows[1:] if (key := as_text(row[index]))] for name, index in columns.items()}


def _refuse_repeated(book: Path, tables: list[Table]) -> None:
    """Two rows of one key: nobody knows which marks count."""
    problems = []
    for table in tables:
        seen: dict[str, int] = {}
        for number, row in table.rows:
            key = table.key(row)
            if key in seen:
                problems.append(f"{table.tab.name}: {table.tab.key} {key} está en las filas {seen[key]} y {number}")
            if key:
                seen.setdefault(key, number)
    if problems:
        raise WorkbookError(
            f"{book}: no se ha tocado; deje una sola fila de cada una y repita la orden:\n" + "\n".join(f"  - {p}" for p in problems)
        )


def _warn_missing(tables: list[Table], copy: Path) -> None:
    for table in tables:
        missing = [name for name in table.tab.editable if name not in table.columns]
        if missing:
            logger.warning(
                "%s: faltaban las columnas %s; vuelven con sus valores por defecto. Las marcas que tuvieran: %s",
                table.tab.name,
                missing,
                copy,
            )


def _merged(content: _Content, tab: Tab, before: Before) -> Merged:
    rows = content.table(f"analysis/{tab.source}")
    fresh = marked(rows) if content.sample else rows
    return merge(tab, fresh, before.tables.get(tab.name), before.carried, before.orphans, before.known.get(tab.name, []))


def _book(content: _Content, book: Path, before: Before, facts: BookFacts) -> Book:
    found = content.table("analysis/label_suggestions")
    ranks = sum(name.endswith("_porcentaje") for name in found[0]) if found else 3
    tables = [(LABELS, content.table("labels")), (MODEL_DATA, content.table("analysis/model_data")), (suggestions(ranks), found)]
    checks = sorted(content.table("analysis/consistency"), key=lambda row: row["position"])
    return Book(
        title=book.stem,
        subtitle=_subtitle(content),
        sample=content.sample,
        color=content.options.color,
        created=datetime.fromisoformat(content.window["read"]),
        summary=_summary(content) + facts.summary(),
        marked=facts.merged,
        tables=[(tab, [[row.get(name) for name in tab.names] for row in rows]) for tab, rows in tables],
        consistency=ordered([[row[name] for name in CONSISTENCY_FIELDS] for row in checks] + facts.checks()),
        fields=facts.sheet.fields,
        transactions=facts.sheet.rows,
        tracking=before.tracking,
        orphans=orphan_table(facts.orphans),
        own=before.carried.sheets,
    )


def _summary(content: _Content) -> list[tuple[str, str, str]]:
    """The analysis' lines with, in the first block, the times: tables are in UTC, a person reads the clock on the wall."""
    rows = sorted(content.table("analysis/summary"), key=lambda row: row["position"])
    lines = [(str(row["block"]), str(row["metric"]), str(row["value"] or "")) for row in rows]
    first = lines[0][0]
    after = sum(block == first for block, _, _ in lines)
    start, end, read, clock = _times(content)
    times = [(first, f"Ventana ({clock})", f"de {start} a {end}"), (first, "Fecha de análisis", f"{read} ({clock})")]
    return lines[:after] + times + lines[after:]


def _times(content: _Content) -> tuple[str, str, str, str]:
    """Start and end of the window, when it was read, and whose clock that is."""
    zone = content.options.timezone
    start, end, read = (wording.moment_of(content.window[name], zone) for name in ("gte", "lt", "read"))
    return start, end, read, f"hora de {zone}"


def _subtitle(content: _Content) -> str:
    start, end, read, clock = _times(content)
    return f"Transacciones desde {start} hasta {end}, leídas el {read} ({clock})"


def _write(content: _Content, shown: Book, sheet: big_sheet.BigSheet, made: Path) -> None:
    """The drawn book, with the transactions streamed into their part."""
    with zipfile.ZipFile(io.BytesIO(render(shown))) as drawn:
        name = sheet_parts(drawn)[TRANSACTIONS]
        before, header, styles, after = parts.template(drawn.read(name), len(sheet.fields))
        rows = big_sheet.rows(content.connection, sheet, styles) if sheet.rows else iter(())
        first = next(rows, b"")
        large = len(first) / big_sheet.BATCH * sheet.rows * 1.5 > LARGE_PART
        made.parent.mkdir(parents=True, exist_ok=True)
        parts.rewrite(drawn, made, {name: parts.Part(chain([before, header, first], rows, [after]), large)})


def _state(content: _Content, book: Path, shown: Book, facts: BookFacts) -> Json:
    counts = {one.tab.name: len(one.rows) for one in facts.merged} | {tab.name: len(rows) for tab, rows in shown.tables}
    return {
        "window": content.window,
        "parameters": content.parameters,
        "rows": facts.sheet.total,
        "sheets": counts | {CONSISTENCY.name: len(shown.consistency), TRANSACTIONS: facts.sheet.rows},
        "orphans": {one.tab.name: [orphan.key for orphan in one.orphans] for one in facts.merged},
        "not_carried": facts.lost,
        "capped": facts.sheet.capped,
        "book_sha256": sha256_of(book),
    }


def _report(book: Path, state: Json) -> None:
    counts = state["sheets"]
    logger.info(
        "Libro: %s (%s, %s, %s)",
        book,
        wording.counted(counts["References"], *wording.REFERENCES),
        wording.counted(counts["Devices"], *wording.DEVICES),
        wording.counted(counts[TRANSACTIONS], *wording.TRANSACTIONS),
    )
    for line in state["not_carried"]:
        logger.warning("No se pudo trasladar: %s", line)
