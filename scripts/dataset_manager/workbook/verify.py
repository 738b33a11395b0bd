"""Is the new book what it should be? Asked before it takes the old one's place.

In: the file made and what was meant. Out: nothing, or an error; the old book is still there. openpyxl reads every tab
but the transactions (with them it would need 16 s and 500 MB at 26,000 rows); the rows in their part are counted tag by tag, and
calamine reads its first and last rows and compares them with the table.
"""

import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dataset_manager.errors import WorkbookError
from dataset_manager.workbook import big_sheet
from dataset_manager.workbook.carry import Formula
from dataset_manager.workbook.merge import Merged
from dataset_manager.workbook.opening import light_copy, sheet_parts
from dataset_manager.workbook.reading import as_text
from dataset_manager.workbook.schema import SUMMARY, TRANSACTIONS, VALIDATION
from dataset_manager.workbook.xml_text import FORBIDDEN, cut

if TYPE_CHECKING:
    from dataset_manager.duck import duckdb
    from dataset_manager.workbook.render import Book

COMPARED_ROWS = 200
COMPARED_TEXT = 1000
PIECE = 1 << 20
ROW_END = b"</row>"
CONTROL_BYTES = bytes(code for code in range(32) if code not in (9, 10))


def verify(made: Path, shown: "Book", sheet: big_sheet.BigSheet, connection: "duckdb.DuckDBPyConnection") -> None:
    """Errors: WorkbookError that says what differs."""
    with zipfile.ZipFile(made) as archive:
        problem = _light_tabs(archive, shown) or _big_tab(archive, sheet, connection)
    if problem:
        raise WorkbookError(
            f"{made.parent / shown.title}.xlsx: el libro nuevo no pasó la comprobación ({problem}); el anterior sigue en su sitio. "
            "Es un defecto de la herramienta: comuníquelo con este mensaje"
        )


def _light_tabs(archive: zipfile.ZipFile, shown: "Book") -> str:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(light_copy(archive))
    names = workbook.sheetnames
    if names[0] != SUMMARY or VALIDATION not in names or TRANSACTIONS not in names:
        return f"hojas: {names}"
    marked = next(filter(None, (_marked_tab(workbook[merged.tab.name], merged) for merged in shown.marked)), "")
    if marked:
        return marked
    lengths = ((tab.name, len(rows), workbook[tab.name].max_row - 1) for tab, rows in shown.tables)
    return next((f"{name}: {found} filas en vez de {meant}" for name, meant, found in lengths if found < meant), "")


def _marked_tab(sheet: Any, merged: Merged) -> str:
    """Header, keys and marks, cell by cell."""
    names = merged.tab.names
    header, *rows = list(sheet.iter_rows(values_only=True))
    if [as_text(title) for title in header[: len(names)]] != names:
        return f"{merged.tab.name}: la cabecera es {header}"
    checked = [(name, names.index(name)) for name in (merged.tab.key, *merged.tab.editable)]
    for number, (row, found) in enumerate(zip(merged.rows, rows, strict=False), 2):
        for name, index in checked:
            if not _same(row.get(name), found[index]):
                return f"{merged.tab.name}, fila {number}, {name}: {found[index]!r} en vez de {row.get(name)!r}"
    return "" if len(rows) >= len(merged.rows) else f"{merged.tab.name}: {len(rows)} filas en vez de {len(merged.rows)}"


def _same(meant: Any, found: Any) -> bool:
    if isinstance(meant, Formula):
        return str(found) == meant.text or str(getattr(found, "text", "")) == meant.text
    if isinstance(meant, date):
        return str(found).startswith(str(meant))
    if isinstance(meant, str):
        meant = FORBIDDEN.sub(lambda match: f"_x{ord(match.group()):04X}_", cut(meant)).replace("_x000D_", "\r")
        return meant == str("" if found is None else found).replace("_x000D_", "\r") or as_text(meant) == as_text(found)
    return as_text(meant) == as_text(found) or meant == found


def _big_tab(archive: zipfile.ZipFile, sheet: big_sheet.BigSheet, connection: "duckdb.DuckDBPyConnection") -> str:
    """Every row is there and is XML that Excel can read, and the first and last say what the table says."""
    tally, first, last = _Tally(), b"", b""
    with archive.open(sheet_parts(archive)[TRANSACTIONS]) as part:
        groups = _groups(part)
        head = next(groups)
        for group in groups:
            tally.add(group)
            first, last = first or group, group
    problem = tally.problem(sheet.rows, len(sheet.fields))
    if problem:
        return f"{TRANSACTIONS}: {problem}"
    opening = _rows(first)[:COMPARED_ROWS]
    closing = _rows(last)[-COMPARED_ROWS:]
    closing = closing[max(0, len(opening) + len(closing) - sheet.rows) :]
    content = b"".join([head, *opening, *closing, b"</sheetData></worksheet>"])
    return _compared(archive, content, sheet, big_sheet.edges(connection, sheet, len(opening), len(closing)))


def _groups(part: IO[bytes]) -> Iterator[bytes]:
    """What stands up to the header's end, then whole rows, about a megabyte at a time."""
    left, wanted = b"", bytes.find
    while piece := part.read(PIECE):
        left += piece
        end = wanted(left, ROW_END)
        while end >= 0:
            yield left[: end + len(ROW_END)]
            left = left[end + len(ROW_END) :]
            wanted = bytes.rfind
            end = wanted(left, ROW_END)


def _rows(group: bytes) -> list[bytes]:
    return [row + ROW_END for row in group.split(ROW_END)[:-1]]


@dataclass
class _Tally:
    """Counts that close only if no text broke out of its cell: a full XML parser takes three times as long to say so."""

    rows: int = 0
    empty: int = 0
    texts: int = 0
    numbers: int = 0
    opened: int = 0
    entities: int = 0
    forbidden: int = 0

    def add(self, group: bytes) -> None:
        """One more group of rows."""
        self.rows += group.count(b"<row>")
        self.empty += group.count(b"<c/>")
        self.texts += group.count(b"<is>")
        self.numbers += group.count(b"<v>")
        self.opened += group.count(b"<")
        if b"&" in group:
            self.entities += group.count(b"&") - sum(group.count(entity) for entity in (b"&amp;", b"&lt;", b"&gt;"))
        self.forbidden += len(group) - len(group.translate(None, CONTROL_BYTES))

    def problem(self, rows: int, columns: int) -> str:
        """Empty when it all closes."""
        if self.rows != rows:
            return f"{self.rows} filas en vez de {rows}"
        cells = self.empty + self.texts + self.numbers
        if cells != rows * columns:
            return f"{cells} celdas en vez de {rows * columns}"
        tags = 2 * self.rows + self.empty + 6 * self.texts + 4 * self.numbers
        broken = (self.opened != tags) + self.entities + self.forbidden
        return f"{broken} textos rompen su celda" if broken else ""


def _compared(archive: zipfile.ZipFile, content: bytes, sheet: big_sheet.BigSheet, meant: list[tuple[Any, ...]]) -> str:
    """calamine reads the book with only these rows in its big tab."""
    from python_calamine import CalamineError, CalamineWorkbook

    small = light_copy(archive, content={TRANSACTIONS: content})
    try:
        header, *found = CalamineWorkbook.from_filelike(small).get_sheet_by_name(TRANSACTIONS).to_python(skip_empty_area=False)
    except CalamineError as error:
        return f"{TRANSACTIONS}: {error}"
    titles = [field.title for field in sheet.fields]
    if not all(map(_shows, header, titles)):
        return f"{TRANSACTIONS}: la cabecera es {header}"
    cells = ((title, *pair) for row, values in zip(meant, found, strict=True) for title, *pair in zip(titles, row, values, strict=False))
    return next((f"{TRANSACTIONS}, {title}: {value!r} en vez de {text!r}" for title, text, value in cells if not _shows(value, text)), "")


def _shows(value: Any, text: Any) -> bool:
    """A cell as calamine read it, and what the table says as text. Times are shown in another zone: that they are there is enough."""
    if text is None or isinstance(value, date):
        return text is not None or value == ""
    if isinstance(value, bool):
        return str(value).lower() == str(text)
    if isinstance(value, float):
        return float(text) == float(value)
    return _comparable(str(value)) == _comparable(text)


def _comparable(text: str) -> str:
    return FORBIDDEN.sub("", text.replace("_xFFFE_", "").replace("_xFFFF_", ""))[:COMPARED_TEXT]
