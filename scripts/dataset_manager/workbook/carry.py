"""What a person added to the workbook beside the marks, taken along when the book is built again.

In: the open book and its marked tables. Out: `Carried`: their own columns and cell notes in References and Devices by
key, their own tabs as values, formulas, number formats, notes and widths; and, by name, what cannot be taken along.
"""

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_manager.workbook.opening import light_copy, unusable
from dataset_manager.workbook.reading import Table, letters
from dataset_manager.workbook.schema import MARKED, TOOL_TABS

GENERAL = "General"
MAX_SHEET_NAME = 31
# A file's column widths include five pixels of padding, which XlsxWriter adds again; seven pixels are one character.
WIDTH_PADDING = 5 / 7
SheetValues = dict[str, list[list[Any]]]


@dataclass(frozen=True)
class Formula:
    """A formula with its computed value and the Excel row it stood in."""

    text: str
    value: Any
    row: int


@dataclass(frozen=True)
class Cell:
    """A person's value or formula with its number format."""

    value: Any
    number_format: str = GENERAL


@dataclass
class RowExtras:
    """What a person added to one row: own columns and notes by column, and formulas in mark cells."""

    own: dict[str, Cell] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    formulas: dict[str, Formula] = field(default_factory=dict)


@dataclass(frozen=True)
class OwnSheet:
    """A tab of the person's."""

    name: str
    cells: list[tuple[int, int, Cell]]
    notes: list[tuple[int, int, str]]
    widths: dict[int, float]
    hidden: bool


@dataclass
class Carried:
    """Everything found, per marked tab and key; `titles` are own columns in order, by id."""

    rows: dict[str, dict[str, RowExtras]] = field(default_factory=dict)
    titles: dict[str, dict[str, str]] = field(default_factory=dict)
    widths: dict[str, dict[str, float]] = field(default_factory=dict)
    movable: dict[str, bool] = field(default_factory=dict)
    sheets: list[OwnSheet] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def inventory(book: Path, archive: zipfile.ZipFile, tables: list[Table], values: SheetValues) -> Carried:
    """Looks through the book with openpyxl, without the tabs that are the tool's alone.

    Errors: WorkbookError when openpyxl cannot read what calamine could: then nothing is built, so nothing is lost.
    """
    found = Carried()
    marked = {tab.name for tab in MARKED}
    workbook = _load(book, archive)
    for table in tables:
        _marked_tab(found, table, workbook[table.tab.name], values[table.tab.name])
    for sheet in workbook.worksheets:
        if sheet.title not in TOOL_TABS:
            name = _sheet_name(sheet.title, [*TOOL_TABS, *(own.name for own in found.sheets)])
            found.sheets.append(_own_sheet(name, sheet, values.get(sheet.title, [])))
            found.lost += [f"hoja «{sheet.title}»: se llama ahora «{name}»"] if name != sheet.title else []
            found.lost += _refers_to_rows(sheet, marked)
            found.lost += [f"hoja «{sheet.title}»: {what}" for what in _not_carried(sheet, own=True)]
    found.lost += [f"hoja de gráfico «{sheet.title}»" for sheet in workbook.chartsheets]
    found.lost += [f"nombre definido «{name}»" for name in workbook.defined_names]
    return found


def _load(book: Path, archive: zipfile.ZipFile) -> Any:
    import openpyxl

    skipped = TOOL_TABS - {tab.name for tab in MARKED}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(light_copy(archive, skipped))
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise unusable(book, f"no se puede leer lo que se le añadió ({error})") from error


def own_columns(table: Table) -> dict[str, int]:
    """The person's columns by an id: their title, made different where two share one or there is none."""
    ids: dict[str, int] = {}
    for index in table.own:
        title = table.titles[index]
        if not title and not any(index < len(row) and row[index] not in ("", None) for _, row in table.rows):
            continue
        name = base = title or "sin título"
        number = 1
        while name in ids or name in table.columns:
            number += 1
            name = f"{base} ({number})"
        ids[name] = index
    return ids


def _marked_tab(found: Carried, table: Table, sheet: Any, values: list[list[Any]]) -> None:
    name, own = table.tab.name, own_columns(table)
    found.titles[name] = {identifier: table.titles[index] for identifier, index in own.items()}
    found.widths[name] = {identifier: width for identifier, index in own.items() if (width := _width(sheet, index))}
    found.movable[name] = [*table.columns.items()] == [(c, i) for i, c in enumerate(table.tab.names)] and list(own.values()) == list(
        range(len(table.tab.names), len(table.tab.names) + len(own))
    )
    columns = table.columns | own
    at = {index: column for column, index in columns.items()}
    keys = {number: table.key(row) for number, row in table.rows}
    rows = found.rows.setdefault(name, {})
    for number, key in keys.items():
        if not key:
            found.lost.append(f"{name}, fila {number}: no tiene {table.tab.key}")
            continue
        extras = _row_extras(sheet, number, at, own, table, values)
        if extras:
            rows[key] = extras
    found.lost += [f"{name}: {what}" for what in _not_carried(sheet, own=False)]


def _row_extras(
    sheet: Any, number: int, at: dict[int, str], own: dict[str, int], table: Table, values: list[list[Any]]
) -> RowExtras | None:
    extras = RowExtras()
    for index, column in at.items():
        cell = sheet.cell(number, index + 1)
        if cell.comment is not None:
            extras.notes[column] = str(cell.comment.text)
        value = _value(cell, values)
        if column in own and value not in ("", None):
            extras.own[column] = Cell(value, cell.number_format)
        elif column in table.tab.editable and isinstance(value, Formula):
            extras.formulas[column] = value
    return extras if extras.own or extras.notes or extras.formulas else None


def _value(cell: Any, values: list[list[Any]]) -> Any:
    """What the cell holds; of a formula both its text and its computed value."""
    if cell.data_type != "f":
        return cell.value
    row = values[cell.row - 1] if cell.row <= len(values) else []
    computed = row[cell.column - 1] if cell.column <= len(row) else ""
    text = cell.value if isinstance(cell.value, str) else getattr(cell.value, "text", None)
    return Formula(text, computed, cell.row) if text else computed


def _width(sheet: Any, index: int) -> float | None:
    dimension = sheet.column_dimensions.get(letters(index))
    return float(dimension.width) - WIDTH_PADDING if dimension is not None and dimension.customWidth else None


def _sheet_name(title: str, taken: list[str]) -> str:
    """Excel's rules, which LibreOffice does not keep: 31 characters, none of `[]:*?/\\`, no two alike but for case."""
    name = re.sub(r"[\[\]:*?/\\]", "_", title).strip("'")[:MAX_SHEET_NAME] or "hoja"
    lower, number, base = {other.lower() for other in taken}, 1, name
    while name.lower() in lower:
        number += 1
        name = f"{base[: MAX_SHEET_NAME - 4]} ({number})"
    return name


def _own_sheet(name: str, sheet: Any, values: list[list[Any]]) -> OwnSheet:
    cells, notes = [], []
    for row in sheet.iter_rows():
        for cell in row:
            value = _value(cell, values)
            if value is not None:
                cells.append((cell.row - 1, cell.column - 1, Cell(value, cell.number_format)))
            if cell.comment is not None:
                notes.append((cell.row - 1, cell.column - 1, str(cell.comment.text)))
    return OwnSheet(name, cells, notes, dict(_widths(sheet)), sheet.sheet_state != "visible")


def _widths(sheet: Any) -> Iterator[tuple[int, float]]:
    for dimension in sheet.column_dimensions.values():
        if dimension.customWidth:
            for number in range(dimension.min, min(dimension.max, dimension.min + 255) + 1):
                yield number - 1, float(dimension.width) - WIDTH_PADDING


_CHECKS: dict[str, Callable[[Any], int]] = {
    "gráficos": lambda sheet: len(sheet._charts),
    "imágenes": lambda sheet: len(sheet._images),
    "tablas dinámicas": lambda sheet: len(sheet._pivots),
    "tablas de Excel": lambda sheet: len(sheet.tables),
    "formatos condicionales": lambda sheet: len(sheet.conditional_formatting),
}
_OWN_CHECKS: dict[str, Callable[[Any], int]] = {
    "celdas combinadas": lambda sheet: len(sheet.merged_cells.ranges),
    "listas desplegables y validaciones": lambda sheet: len(sheet.data_validations.dataValidation),
    "celdas con color, borde o letra propios": lambda sheet: sum(_decorated(cell) for row in sheet.iter_rows() for cell in row),
}


def _not_carried(sheet: Any, *, own: bool) -> list[str]:
    checks = _CHECKS | _OWN_CHECKS if own else _CHECKS
    return [f"{what} ({count})" for what, check in checks.items() if (count := check(sheet))]


def _decorated(cell: Any) -> bool:
    if not cell.has_style:
        return False
    border = cell.border
    lines = any(side is not None and side.style for side in (border.left, border.right, border.top, border.bottom))
    return bool(cell.fill.fill_type or lines or cell.font.b or cell.font.i)


def _refers_to_rows(sheet: Any, marked: set[str]) -> list[str]:
    """Formulas that point at rows of the marked tabs are kept; the rows they point at may be others now."""
    pattern = re.compile("|".join(rf"\b{name}'?!" for name in sorted(marked)))
    cells = [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f" and pattern.search(str(cell.value))]
    return (
        [f"hoja «{sheet.title}»: {len(cells)} fórmulas señalan filas de References o Devices por su posición; compruébelas ({cells[0]}…)"]
        if cells
        else []
    )


_SAME_SHEET = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d+)")


def moved(formula: Formula, row: int) -> str | None:
    """The formula for its row's new place, or None when it cannot be told: it points at other rows, or at a name.

    References into the same row follow it; those to absolute rows and to other tabs stay.
    """
    from openpyxl.formula import Tokenizer
    from openpyxl.formula.tokenizer import Token

    pieces = ["="]
    for token in Tokenizer(formula.text).items:
        value = token.value
        if token.type == Token.OPERAND and token.subtype == Token.RANGE and "!" not in value:
            corners = [_corner(corner, formula.row, row) for corner in value.split(":")]
            if None in corners:
                return None
            value = ":".join(corner for corner in corners if corner)
        pieces.append(value)
    return "".join(pieces)


def _corner(corner: str, old: int, new: int) -> str | None:
    match = _SAME_SHEET.fullmatch(corner)
    if match is None:
        return None
    column_fixed, column, row_fixed, number = match.groups()
    if row_fixed:
        return corner
    return f"{column_fixed}{column}{new}" if int(number) == old else None
