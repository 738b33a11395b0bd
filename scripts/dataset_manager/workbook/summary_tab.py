"""`Resumen`: what a person sees first.

In: a `Book`. Out: the tab drawn: title and window, the blocks of the analysis, what each tab is for, how to work here.
"""

from typing import TYPE_CHECKING, Any

from dataset_manager.workbook.draw import Draw, Properties
from dataset_manager.workbook.schema import CONSISTENCY, ORPHANS, ORPHANS_ABOUT, TRACKING, TRANSACTIONS, TRANSACTIONS_ABOUT

if TYPE_CHECKING:
    from dataset_manager.workbook.render import Book

BLOCK: Properties = {"bold": True, "font_color": "#1F4E78", "bg_color": "#DDEBF7"}
HOW = (
    ("Columnas de este color", "Las rellena usted. Nunca se pierden: si el libro se vuelve a construir, cada marca vuelve a su fila."),
    ("Las demás columnas", "Las escribe la herramienta, y las escribe de nuevo cuando hay datos nuevos."),
    ("Lo que usted añada", "Columnas, notas y hojas propias se conservan como valores y fórmulas; gráficos y colores, no."),
    ("(sin dato)", "La transacción llegó sin ese identificador."),
    ("Antes de cada orden", "Guarde y cierre el libro. Cada vez que la herramienta lo cambia, deja una copia en .history."),
    ("Hora", "Las horas son locales, y se dice de qué zona; las columnas y los ejemplos que dicen (UTC) son las excepciones."),
)


def summary_tab(draw: Draw, sheet: Any, book: "Book") -> None:
    """Title, the blocks of the analysis on the left, what each tab is for on the right."""
    sheet.hide_gridlines(2)
    sheet.set_default_row(19)
    for column, width in ((0, 38), (1, 46), (2, 3), (3, 30), (4, 92)):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 32)
    sheet.set_row(3, 24)
    draw.put(sheet, 0, 0, book.title, {"bold": True, "font_size": 18, "font_color": "#1F4E78"})
    draw.put(sheet, 1, 0, book.subtitle, {"font_color": "#595959"})
    if book.sample:
        draw.put(
            sheet,
            0,
            4,
            "datos de ejemplo",
            {"bold": True, "font_size": 14, "font_color": "#FFFFFF", "bg_color": "#C55A11", "align": "center"},
        )
    for column, title in ((0, "Métrica"), (1, "Valor"), (3, "Hoja"), (4, "Qué contiene")):
        sheet.write_string(3, column, title, draw.header())
    sheet.freeze_panes(4, 0)
    last = _blocks(draw, sheet, book.summary)
    sheet.ignore_errors({"number_stored_as_text": f"B5:B{last + 1}"})
    _guide(draw, sheet, book)


def _blocks(draw: Draw, sheet: Any, summary: list[tuple[str, str, str]]) -> int:
    row, block = 3, ""
    for name, metric, value in summary:
        if name != block:
            row += 2 if block else 1
            block = name
            for column in (0, 1):
                draw.put(sheet, row, column, None if column else name, BLOCK)
        row += 1
        draw.put(sheet, row, 0, metric, {"indent": 1})
        draw.put(sheet, row, 1, value, {"align": "left", "text_wrap": True})
    return row


def _guide(draw: Draw, sheet: Any, book: "Book") -> None:
    tabs = [*(merged.tab for merged in book.marked), *TRACKING, *(tab for tab, _ in book.tables), CONSISTENCY]
    lines = [(tab.name, tab.about) for tab in tabs] + [(TRANSACTIONS, TRANSACTIONS_ABOUT)]
    if len(book.orphans) > 1:
        lines.append((ORPHANS, ORPHANS_ABOUT))
    lines += [(own.name, "Hoja suya") for own in book.own if not own.hidden]
    for row, (name, about) in enumerate(lines, 4):
        target = name.replace("'", "''")
        sheet.write_url(row, 3, f"internal:'{target}'!A1", draw.format(font_color="#0563C1", underline=1, indent=1), name)
        draw.put(sheet, row, 4, about, {"indent": 1})
    start = 4 + len(lines) + 1
    for column, text in ((3, "CÓMO TRABAJAR CON ESTE LIBRO"), (4, None)):
        draw.put(sheet, start, column, text, BLOCK)
    for row, (name, about) in enumerate(HOW, start + 1):
        look = {"bg_color": book.color} if name == HOW[0][0] else {}
        draw.put(sheet, row, 3, name, {"indent": 1, **look})
        draw.put(sheet, row, 4, about, {"indent": 1})
