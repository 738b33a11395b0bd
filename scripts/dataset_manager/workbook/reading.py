"""The cells of a marked tab, wherever its rows and columns have been moved to.

In: an open book. Out: a `Table` per tab: where each column stands, each row's raw values with its Excel row number,
and which cells hold a formula or an error (calamine gives only the computed value, and nothing for an error).
"""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from dataset_manager.errors import WorkbookError
from dataset_manager.workbook.history import newest_copy
from dataset_manager.workbook.opening import light_copy, sheet_parts, unusable
from dataset_manager.workbook.schema import TRANSACTIONS, Tab

HEADER_SEARCHED = 20
MOST_CELLS = 30_000_000
Position = tuple[int, int]


@dataclass(frozen=True)
class Table:
    """A marked tab as found; positions are (Excel row, column from 0)."""

    tab: Tab
    titles: list[str]
    columns: dict[str, int]
    rows: list[tuple[int, list[Any]]]
    formulas: dict[Position, str] = field(default_factory=dict)
    errors: dict[Position, str] = field(default_factory=dict)

    def value(self, row: list[Any], column: str) -> Any:
        """The raw value of a tool column; empty where the column is missing."""
        index = self.columns.get(column)
        return "" if index is None or index >= len(row) else row[index]

    def key(self, row: list[Any]) -> str:
        """The row's key as text."""
        return as_text(self.value(row, self.tab.key))

    def cell(self, number: int, column: str) -> str:
        """`M14`, for messages."""
        return f"{letters(self.columns[column])}{number}"

    @property
    def own(self) -> list[int]:
        """Positions of the columns that are not the tool's."""
        known = set(self.columns.values())
        return [index for index, _ in enumerate(self.titles) if index not in known]


def letters(index: int) -> str:
    """Column letters of a position from 0: 0 → A, 26 → AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def as_text(value: Any) -> str:
    """A cell as text: 130.0 is `130`, spaces around it do not count."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def sheets_of(book: Path, archive: zipfile.ZipFile, only: Collection[str] = ()) -> dict[str, list[list[Any]]]:
    """Every tab but the big one, or `only` some, as rows of raw values from A1 on. Errors: WorkbookError when it cannot be read."""
    from python_calamine import CalamineError, CalamineWorkbook

    names = list(sheet_parts(archive))
    light = light_copy(archive, [name for name in names if name == TRANSACTIONS or (only and name not in only)])
    _refuse_stray_cells(book, light)
    try:
        workbook = CalamineWorkbook.from_filelike(light)
        return {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names if not only or name in only}
    except CalamineError as error:
        raise unusable(book, f"está dañado ({error})") from error


_FAR = re.compile(rb"\br=.(?:[A-Z]{3}\d|[A-Z]{0,2}\d{6})")


def _refuse_stray_cells(book: Path, light: io.BytesIO) -> None:
    """calamine and openpyxl make every cell up to the last one: a single cell at the far end of a tab would fill the memory."""
    with zipfile.ZipFile(light) as archive:
        for name, part in sheet_parts(archive).items():
            content = archive.read(part)
            rows, columns = _extent(content) if _FAR.search(content) else (0, 0)
            if rows * columns > MOST_CELLS:
                raise unusable(
                    book, f"la hoja {name} llega hasta {letters(columns - 1)}{rows}: borre lo que haya en sus últimas filas o columnas"
                )
    light.seek(0)


def _extent(part: bytes) -> tuple[int, int]:
    rows = max(map(int, re.findall(rb"<(?:\w+:)?row\b[^>]*?\br=.(\d+)", part)), default=0)
    columns = {cell.decode() for cell in re.findall(rb"<(?:\w+:)?c\b[^>]*?\br=.([A-Z]{1,3})", part)}
    return rows, max(map(_column, columns), default=0)


def read_tables(
    book: Path, archive: zipfile.ZipFile, sheets: dict[str, list[list[Any]]], tabs: tuple[Tab, ...], *, every_column: bool
) -> list[Table]:
    """The marked tabs. `every_column`: an editable column that is missing is an error too, not only the key.

    Errors: WorkbookError with every missing tab, missing column and repeated column.
    """
    problems: list[str] = []
    tables = []
    for tab in tabs:
        table = _table(tab, sheets.get(tab.name))
        problems += _problems(tab, table, every_column)
        if table:
            tables.append(table)
    if problems:
        raise _structure_error(book, problems)
    parts = sheet_parts(archive)
    for table in tables:
        _note_formulas(table, archive.read(parts[table.tab.name]))
    return tables


def _structure_error(book: Path, problems: list[str]) -> WorkbookError:
    copy = newest_copy(book)
    lines = "\n".join(f"  - {problem}" for problem in problems)
    hint = f" Copia más reciente, para comparar: {copy}" if copy else ""
    what_to_do = "Devuelva a esas hojas y columnas su nombre y repita la orden."
    return WorkbookError(f"{book}: no se pueden leer las marcas; no se ha tocado nada:\n{lines}\n{what_to_do}{hint}")


def _table(tab: Tab, rows: list[list[Any]] | None) -> Table | None:
    """The tab from its header on: the first row, near the top, that holds the key's name."""
    numbered = list(enumerate(rows or [], 1))
    for number, row in numbered[:HEADER_SEARCHED]:
        titles = [as_text(value) for value in row]
        if tab.key in map(str.lower, titles):
            known = {name.lower(): name for name in tab.names}
            columns: dict[str, int] = {}
            for index, title in enumerate(titles):
                if title.lower() in known:
                    columns.setdefault(known[title.lower()], index)
            filled = [(n, cells) for n, cells in numbered[number:] if any(cell not in ("", None) for cell in cells)]
            return Table(tab, titles, columns, filled)
    return None


def _problems(tab: Tab, table: Table | None, every_column: bool) -> list[str]:
    if table is None:
        return [f"la hoja {tab.name} no está, o no tiene la columna {tab.key}"]
    counts = Counter(title.lower() for title in table.titles)
    repeated = [
        f"{tab.name}: la columna {name} está {counts[name.lower()]} veces" for name in (tab.key, *tab.editable) if counts[name.lower()] > 1
    ]
    missing = [f"{tab.name}: falta la columna {name}" for name in tab.editable if name not in table.columns] if every_column else []
    return repeated + missing


def _note_formulas(table: Table, part: bytes) -> None:
    root = ElementTree.fromstring(part)
    if not _SPECIAL.search(part):
        return
    for position, cell in _cells(root):
        formula = next((child.text or "" for child in cell if child.tag.endswith("}f")), None)
        value = next((child.text or "" for child in cell if child.tag.endswith("}v")), "")
        if formula is not None:
            table.formulas[position] = formula
        if cell.get("t") == "e":
            table.errors[position] = value
        elif formula is not None and not value and cell.get("t") != "str":
            table.errors[position] = f"={formula} (fórmula sin calcular)"


_SPECIAL = re.compile(rb"""<(?:\w+:)?f[\s>/]|\bt=["']e["']""")


def _cells(root: ElementTree.Element) -> Iterator[tuple[Position, ElementTree.Element]]:
    """The cells of a sheet with their positions, counted where `r` is left out."""
    row = column = 0
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name == "row":
            row, column = int(element.get("r", row + 1)), 0
        elif name == "c":
            column = _column(element.get("r", "")) or column + 1
            yield (row, column - 1), element


def _column(reference: str) -> int:
    number = 0
    for letter in reference:
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter.upper()) - 64
    return number
