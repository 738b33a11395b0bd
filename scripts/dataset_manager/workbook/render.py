"""The book without its transactions: every tab but the rows of `Datos_Elasticsearch`, drawn with XlsxWriter.

In: a `Book`, values only. Out: the bytes of an .xlsx whose big tab holds its header and one row of styles.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any

from dataset_manager.workbook.big_sheet import Field
from dataset_manager.workbook.carry import GENERAL, Cell, Formula, OwnSheet, RowExtras
from dataset_manager.workbook.draw import NUMBER_FORMATS, Draw, Properties
from dataset_manager.workbook.merge import Merged
from dataset_manager.workbook.reading import letters
from dataset_manager.workbook.schema import (
    CONSISTENCY,
    DEVICE_CHOICES,
    KEYS,
    MAX_ROWS,
    MAX_WIDTH,
    ORPHANS,
    ORPHANS_ABOUT,
    SUMMARY,
    TRACKING,
    TRANSACTIONS,
    TRANSACTIONS_ABOUT,
    VALIDATION,
    YES_NO,
    Accepts,
    Column,
    Tab,
)
from dataset_manager.workbook.summary_tab import summary_tab

MESSAGES: dict[Accepts, tuple[str, str]] = {
    "si_no": ("si o no", "Escriba si o no (o elija en la lista)."),
    "devices": (
        "Qué dispositivos",
        "todos: las imágenes salen de cualquier dispositivo. devices_seleccionados: solo de los que dicen si en la hoja Devices.",
    ),
    "whole": ("Número entero", "Escriba un número entero, 0 o mayor. Vacío: sin decidir."),
    "text": ("Texto", "Escriba el texto tal como debe quedar."),
}
TEXT_MESSAGES = {
    "producto_a_entrenar": "Nombre de la clase (carpeta) en la que se entrena esta referencia. Varias pueden compartirla.",
    "label_considerar": "Un label_id de la hoja Labels.",
}
SEVERITIES = {
    "error": ("#FFC7CE", "#9C0006"),
    "aviso": ("#FFEB9C", "#7F6000"),
    "info": ("#DDEBF7", "#1F4E78"),
    "bien": ("#E2EFDA", "#548235"),
}


@dataclass
class Book:
    """Everything that is shown; `tables` are the read-only tabs with their rows in column order."""

    title: str
    subtitle: str
    sample: bool
    color: str
    created: datetime
    summary: list[tuple[str, str, str]]
    marked: list[Merged]
    tables: list[tuple[Tab, list[list[Any]]]]
    consistency: list[list[Any]]
    fields: Sequence[Field]
    transactions: int
    tracking: dict[str, list[list[Any]]] = field(default_factory=dict)
    orphans: list[list[Any]] = field(default_factory=list)
    own: list[OwnSheet] = field(default_factory=list)


def render(book: Book) -> bytes:
    """The .xlsx, with the tabs in the order people know."""
    draw = Draw(book.title, book.color, book.created)
    summary = draw.sheet(SUMMARY, "#1F4E78")
    for merged in book.marked:
        _marked(draw, merged)
    for tab in TRACKING:
        _tracking(draw, tab, book.tracking.get(tab.name, []))
    for tab, rows in book.tables:
        _table(draw, tab, rows)
    _consistency(draw, book.consistency)
    _transactions(draw, book.fields, book.transactions)
    if len(book.orphans) > 1:
        _orphans(draw, book.orphans)
    for own in book.own:
        _own(draw, own)
    _validation(draw, book.marked)
    summary_tab(draw, summary, book)
    draw.workbook.close()
    return draw.target.getvalue()


def _properties(column: Column, color: str) -> Properties:
    properties: Properties = {}
    if column.kind in NUMBER_FORMATS:
        properties["num_format"] = NUMBER_FORMATS[column.kind]
    if column.kind == "text":
        properties["indent"] = 1
    if column.kind in ("boolean", "date") or column.accepts in ("si_no", "whole"):
        properties |= {"align": "center", "indent": 0}
    if column.accepts:
        properties |= {"bg_color": color, "font_color": "#000000", "border": 1, "border_color": "#FFFFFF"}
        properties |= {} if column.accepts == "whole" else {"num_format": "@"}
    if column.wrap:
        properties["text_wrap"] = True
    return properties


def _headed(draw: Draw, tab: Tab, rows: int, own: Sequence[str] = ()) -> Any:
    """A tab with its header frozen, filtered and explained."""
    sheet = draw.sheet(tab.name, tab.color)
    titles = [*tab.names, *own]
    for index, title in enumerate(titles):
        sheet.write_string(0, index, title, draw.header())
    for index, column in enumerate(tab.columns):
        note = " ".join(filter(None, [column.note, f"(La rellena usted: {MESSAGES[column.accepts][1]})" if column.accepts else ""]))
        if note:
            sheet.write_comment(0, index, note, {"x_scale": 2, "y_scale": 0.4 + len(note) / 90, "font_size": 9})
    sheet.set_row(0, 24)
    sheet.freeze_panes(1, tab.freeze)
    sheet.repeat_rows(0)
    if tab.columns:
        sheet.autofilter(0, 0, rows, len(titles) - 1)
    return sheet


def _widths(sheet: Any, titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """The longest text and a margin (the filter's button in the header counts), at most 50."""
    for index, title in enumerate(titles):
        longest = max((len(_shown(row[index])) for row in rows if index < len(row)), default=0)
        sheet.set_column(index, index, min(max(longest + 2, len(title) + 5), MAX_WIDTH))


def _shown(value: Any) -> str:
    if isinstance(value, Formula):
        value = value.value
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _marked(draw: Draw, merged: Merged) -> None:
    tab = merged.tab
    sheet = _headed(draw, tab, len(merged.rows), list(merged.titles.values()))
    rows = [[row.get(name) for name in tab.names] for row in merged.rows]
    formats = [_properties(column, draw.color) for column in tab.columns]
    _widths(sheet, tab.names, rows)
    for number, row in enumerate(rows, 1):
        for index, value in enumerate(row):
            draw.put(sheet, number, index, value, formats[index])
        _extras(draw, sheet, number, tab, merged, merged.extras.get(str(row[tab.names.index(tab.key)])))
    for index, identifier in enumerate(merged.titles, len(tab.names)):
        sheet.set_column(index, index, merged.widths.get(identifier, 20))
    for index, column in enumerate(tab.columns):
        if column.accepts:
            _validate(sheet, index, len(rows), column)
    if rows:
        sheet.ignore_errors({"number_stored_as_text": f"A2:{letters(len(tab.names) - 1)}{len(rows) + 1}"})


def _extras(draw: Draw, sheet: Any, number: int, tab: Tab, merged: Merged, extras: RowExtras | None) -> None:
    if extras is None:
        return
    positions = {name: index for index, name in enumerate([*tab.names, *merged.titles])}
    for column, cell in extras.own.items():
        draw.put(sheet, number, positions[column], cell.value, _number_format(cell))
    for column, note in extras.notes.items():
        if column in positions:
            sheet.write_comment(number, positions[column], note)


def _number_format(cell: Cell) -> Properties:
    return {} if cell.number_format == GENERAL else {"num_format": cell.number_format}


def _validate(sheet: Any, index: int, rows: int, column: Column) -> None:
    """A list or a number that rejects anything else, with a message on what it accepts."""
    if not rows or column.accepts is None:
        return
    title, message = MESSAGES[column.accepts]
    given: Properties = {"input_title": title, "input_message": TEXT_MESSAGES.get(column.name, message), "error_title": "Valor no válido"}
    if column.accepts == "text":
        given |= {"validate": "any"}
    elif column.accepts == "whole":
        given |= {"validate": "integer", "criteria": ">=", "value": 0, "error_message": message}
    else:
        source = f"={VALIDATION}!$B$2:$B$3" if column.accepts == "si_no" else f"={VALIDATION}!$A$2:$A$3"
        given |= {"validate": "list", "source": source, "error_message": message}
    sheet.data_validation(1, index, rows, index, given)


def _tracking(draw: Draw, tab: Tab, rows: list[list[Any]]) -> None:
    """Header only, or the rows it already had; the filter reaches to the end, so that filling it changes one part."""
    titles = [str(title) for title in rows[0]] if rows else tab.names
    shown = Tab(tab.name, tuple(Column(title) for title in titles), tab.about, color=tab.color)
    sheet = _headed(draw, shown, MAX_ROWS - 1)
    _widths(sheet, titles, [])
    for number, row in enumerate(rows[1:], 1):
        for index, value in enumerate(row):
            draw.put(sheet, number, index, value, {})


def _table(draw: Draw, tab: Tab, rows: list[list[Any]]) -> None:
    sheet = _headed(draw, tab, len(rows))
    _widths(sheet, tab.names, rows)
    formats = [_properties(column, draw.color) for column in tab.columns]
    for number, row in enumerate(rows, 1):
        for index, value in enumerate(row):
            draw.put(sheet, number, index, value, formats[index])
    if rows:
        sheet.ignore_errors({"number_stored_as_text": f"A2:{letters(len(tab.names) - 1)}{len(rows) + 1}"})
    elif tab.empty:
        sheet.write_string(1, 0, tab.empty, draw.format(italic=True, font_color="#7F7F7F"))


def _consistency(draw: Draw, rows: list[list[Any]]) -> None:
    sheet = _headed(draw, CONSISTENCY, len(rows))
    for index, column in enumerate(CONSISTENCY.columns):
        sheet.set_column(index, index, column.wrap or 14)
    sheet.set_column(5, 5, 34)
    for number, row in enumerate(rows, 1):
        lines = max(
            ceil(len(str(value or "")) * 0.95 / column.wrap) for column, value in zip(CONSISTENCY.columns, row, strict=True) if column.wrap
        )
        sheet.set_row(number, 5 + 15 * max(lines, 1))
        fill, ink = SEVERITIES.get(str(row[0]), ("#FFFFFF", "#000000"))
        for index, (column, value) in enumerate(zip(CONSISTENCY.columns, row, strict=True)):
            properties = {**_properties(column, ""), "valign": "top", "bottom": 1, "bottom_color": "#D9D9D9"}
            if column.name in ("gravedad", "casos"):
                properties |= {"align": "center", "indent": 0}
            if column.name == "gravedad":
                properties |= {"bg_color": fill, "font_color": ink, "bold": True}
            draw.put(sheet, number, index, value, properties)


def _transactions(draw: Draw, fields: Sequence[Field], rows: int) -> None:
    """Header, and one row that says each column's style: the rows themselves are put in afterwards."""
    tab = Tab(TRANSACTIONS, tuple(Column(field.title, field.kind) for field in fields), TRANSACTIONS_ABOUT, color="#7F7F7F")
    sheet = _headed(draw, tab, rows)
    for index, (column, shown) in enumerate(zip(tab.columns, fields, strict=True)):
        sheet.set_column(index, index, shown.width)
        if column.kind in ("date", "datetime"):
            sheet.write_blank(1, index, None, draw.format(num_format=NUMBER_FORMATS[column.kind], align="center"))


def _orphans(draw: Draw, rows: list[list[Any]]) -> None:
    tab = Tab(ORPHANS, tuple(Column(str(title)) for title in rows[0]), ORPHANS_ABOUT, color="#FFC000")
    _table(draw, tab, rows[1:])


def _own(draw: Draw, own: OwnSheet) -> None:
    sheet = draw.workbook.add_worksheet(own.name)
    for row, column, cell in own.cells:
        draw.put(sheet, row, column, cell.value, _number_format(cell))
    for row, column, note in own.notes:
        sheet.write_comment(row, column, note)
    for column, width in own.widths.items():
        sheet.set_column(column, column, width)
    if own.hidden:
        sheet.hide()


def _validation(draw: Draw, marked: Sequence[Merged]) -> None:
    """The lists of the drop-downs, and the keys of this build: a key that is missing later was deleted by a person."""
    sheet = draw.workbook.add_worksheet(VALIDATION)
    keys = {f"{KEYS}{merged.tab.name}": [str(row[merged.tab.key]) for row in merged.rows] for merged in marked}
    lists: dict[str, Sequence[str]] = {"Opciones_Devices_Incluir": DEVICE_CHOICES, "Opciones_Si_No": YES_NO, **keys}
    for column, (title, texts) in enumerate(lists.items()):
        for row, text in enumerate((title, *texts)):
            sheet.write_string(row, column, text)
    sheet.hide()
