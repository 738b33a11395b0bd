"""One XlsxWriter workbook: its formats, its tabs, and how a value of any type becomes a cell.

In: values. Out: the bytes of an .xlsx.
"""

import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from dataset_manager.workbook.carry import Formula
from dataset_manager.workbook.schema import HEADER_COLOR, Kind
from dataset_manager.workbook.xml_text import cut

Properties = dict[str, Any]
NUMBER_FORMATS: dict[Kind, str] = {
    "boolean": '"VERDADERO";;"FALSO"',
    "integer": "#,##0",
    "decimal1": "0.0",
    "decimal2": "0.00",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm:ss",
}


class Draw:
    """One XlsxWriter workbook with its formats, each made once."""

    def __init__(self, title: str, color: str, created: datetime) -> None:
        import xlsxwriter

        self.color = color
        self.target = io.BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self.workbook = xlsxwriter.Workbook(self.target, options)
        self.workbook.set_properties({"title": title, "created": created.replace(tzinfo=None)})
        self._formats: dict[str, Any] = {}

    def format(self, **properties: Any) -> Any:
        """The format with these properties."""
        if properties.get("indent"):
            properties.setdefault("align", "left")
        key = repr(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.workbook.add_format({"valign": "vcenter", **properties})
        return self._formats[key]

    def header(self) -> Any:
        """White on blue, centred."""
        return self.format(bold=True, font_color="#FFFFFF", bg_color=HEADER_COLOR, align="center", border=1, border_color="#FFFFFF")

    def sheet(self, name: str, color: str = "") -> Any:
        """A new tab, set up to print on landscape pages as wide as the tab, with its header on each."""
        sheet = self.workbook.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&8&F&C&8&A&R&8Página &P de &N")
        if color:
            sheet.set_tab_color(color)
        return sheet

    def put(self, sheet: Any, row: int, column: int, value: Any, properties: Properties) -> None:
        """One cell: text stays text, whatever it looks like."""
        if value is None or value == "":
            if properties:
                sheet.write_blank(row, column, None, self.format(**properties))
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, self.format(**properties))
        elif isinstance(value, int | float | Decimal) and isfinite(value):
            sheet.write_number(row, column, value, self.format(**properties))
        elif isinstance(value, date | time | timedelta):
            sheet.write_datetime(row, column, value, self.format(**_dated(value, properties)))
        elif isinstance(value, Formula):
            sheet.write_formula(row, column, value.text, self.format(**properties), value.value)
        else:
            sheet.write_string(row, column, cut(str(value)), self.format(**properties))


def _dated(value: date | time | timedelta, properties: Properties) -> Properties:
    """A date typed where none is expected still shows, and reads, as one."""
    if any(letter in str(properties.get("num_format", "")).lower() for letter in "ymdhs"):
        return properties
    plain = (
        NUMBER_FORMATS["datetime"] if isinstance(value, datetime) else NUMBER_FORMATS["date"] if isinstance(value, date) else "[h]:mm:ss"
    )
    return {**properties, "num_format": plain}
