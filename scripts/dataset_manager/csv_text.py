"""CSV files that people open in Excel: `;`, UTF-8 with a byte order mark, and text that stays text.

In: rows of text and numbers. Out: bytes, and the rows again (docs/rules.md, «CSV files»).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FORMULA = re.compile(r"'*[=+\-@\t\r]")
ESCAPED = re.compile(r"''*[=+\-@\t\r]")


def guarded(text: str) -> str:
    """What Excel would take for a formula gets an apostrophe; `plain` takes exactly that one away again."""
    return f"'{text}" if FORMULA.match(text) else text


def plain(cell: str) -> str:
    """The text that was meant."""
    return cell[1:] if ESCAPED.match(cell) else cell


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Other keys of a row are left out, missing ones are empty."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell_of(row.get(name)) for name in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def cell_of(value: Any) -> Any:
    """Numbers as they are."""
    return guarded(value) if isinstance(value, str) else value


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    """What `csv_bytes` wrote, as it was meant."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle, delimiter=";"):
            yield {name: plain(cell or "") for name, cell in row.items()}
