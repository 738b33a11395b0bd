"""The cells of a marked tab, wherever its rows and columns have been moved to.

In: an open book. Out: a `Table` per tab: where each column stands, each row's raw values with its Excel row number,
and which cells hold a formula or an error (calamine gives only the computed value, and nothing for an error).
"""

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from dataset_manager.errors import WorkbookError
from dataset_manager.workbook.history import newest_copy
from dataset_manager.workbook.opening import light_copy, sheet_parts, unusable
from dataset_manager.workbook.schema import Tab

HEADER_SEARCHED = 20
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


def sheets_of(book: Path, archive: zipfile.ZipFile) -> dict[str, list[list[Any]]]:
    """Every tab but the big one, as rows of raw values from A1 on. Errors: WorkbookError when it cannot be read."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(light_copy(archive))
        return {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in sheet_parts(archive)}
    except CalamineError as error:
        raise unusable(book, f"está dañado ({error})") from error


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
    for position, cell in _cells(part):
        formula = next((child.text or "" for child in cell if child.tag.endswith("}f")), None)
        value = next((child.text or "" for child in cell if child.tag.endswith("}v")), "")
        if formula is not None:
            table.formulas[position] = formula
        if cell.get("t") == "e":
            table.errors[position] = value
        elif formula is not None and not value and cell.get("t") != "str":
            table.errors[position] = f"={formula} (fórmula sin calcular)"


def _cells(part: bytes) -> Iterator[tuple[Position, ElementTree.Element]]:
    """The cells of a sheet part with their positions, counted where `r` is left out."""
    row = column = 0
    for element in ElementTree.fromstring(part).iter():
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
