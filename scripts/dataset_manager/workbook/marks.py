"""What a person marked in References and Devices, read exactly.

In: the workbook. Out: `Marks`. Tolerant of the order of rows and columns, sorting, hidden rows, columns and rows added
around; strict on meaning: what cannot be read is an error that names the cell, all of them at once. Whether an included
row is complete (product, label) is the dataset's check, not this one. Rules: docs/rules.md, «Marks».
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dataset_manager.errors import MarksError, WorkbookError
from dataset_manager.workbook.opening import opened
from dataset_manager.workbook.reading import Table, as_text, read_tables, sheets_of
from dataset_manager.workbook.schema import ACCEPTED, CODE_AND_NAME, DEVICE_CHOICES, MARKED, Column

YES = frozenset({"si", "sí", "s", "x", "true", "verdadero", "1", "yes", "y"})
NO = frozenset({"no", "n", "false", "falso", "0", ""})
DEVICES = {"": "", "todos": DEVICE_CHOICES[0], "devices_seleccionados": DEVICE_CHOICES[1], "seleccionados": DEVICE_CHOICES[1]}


@dataclass(frozen=True)
class ReferenceMark:
    """One row of References; `cells` says where each mark stands, for later messages."""

    reference_id: str
    revisar_imagenes: bool
    incluir_dataset: bool
    devices_incluir: str
    num_imagenes_dataset: int | None
    producto_a_entrenar: str
    label_considerar: str
    name: str = field(default="", compare=False)
    row: int = field(default=0, compare=False)
    cells: dict[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class DeviceMark:
    """One row of Devices; `cells` says where each mark stands, for later messages."""

    device_id: str
    revisar_imagenes: bool
    incluir_dataset: bool
    num_imagenes_dataset_adicionales: int | None
    name: str = field(default="", compare=False)
    row: int = field(default=0, compare=False)
    cells: dict[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Marks:
    """Every row of the two marked tabs, ordered by key."""

    references: tuple[ReferenceMark, ...]
    devices: tuple[DeviceMark, ...]

    def normalised(self) -> dict[str, list[dict[str, Any]]]:
        """The rows that ask for something, as JSON: equal marks give equal values however the tabs are sorted."""
        return {"references": _asking(self.references), "devices": _asking(self.devices)}


def _asking(marks: tuple[ReferenceMark, ...] | tuple[DeviceMark, ...]) -> list[dict[str, Any]]:
    positions = ("name", "row", "cells")
    return [
        {k: v for k, v in asdict(mark).items() if k not in positions} for mark in marks if mark.revisar_imagenes or mark.incluir_dataset
    ]


@dataclass(frozen=True)
class MarksSummary:
    """What the marks ask for, in numbers."""

    references_to_review: int
    devices_to_review: int
    references_included: int
    devices_included: int
    review_pictures: int
    dataset_pictures: int


def summarise(marks: Marks, num_imagenes_revision: int) -> MarksSummary:
    """Counts for `status`. Review counts each marked row's own pictures; an empty number of a dataset counts as none."""
    reviewed = sum(mark.revisar_imagenes for mark in marks.references), sum(mark.revisar_imagenes for mark in marks.devices)
    references = [mark for mark in marks.references if mark.incluir_dataset]
    devices = [mark for mark in marks.devices if mark.incluir_dataset]
    return MarksSummary(
        references_to_review=reviewed[0],
        devices_to_review=reviewed[1],
        references_included=len(references),
        devices_included=len(devices),
        review_pictures=sum(reviewed) * num_imagenes_revision,
        dataset_pictures=sum(mark.num_imagenes_dataset or 0 for mark in references)
        + sum(mark.num_imagenes_dataset_adicionales or 0 for mark in devices),
    )


def read_marks(book: Path) -> Marks:
    """The marks of the workbook.

    Errors: WorkbookError when the file, a tab or a column is not what it should be; MarksError with every cell that
    cannot be read, every repeated key and every marked row without key.
    """
    if not book.is_file():
        raise WorkbookError(f"{book}: el libro no está")
    with opened(book) as archive:
        references, devices = read_tables(book, archive, sheets_of(book, archive, [tab.name for tab in MARKED]), MARKED, every_column=True)
    problems: list[str] = []
    found = Marks(
        tuple(sorted((ReferenceMark(**row) for row in _read(references, problems)), key=lambda mark: mark.reference_id)),
        tuple(sorted((DeviceMark(**row) for row in _read(devices, problems)), key=lambda mark: mark.device_id)),
    )
    if problems:
        raise MarksError(str(book), problems)
    return found


def _read(table: Table, problems: list[str]) -> Iterator[dict[str, Any]]:
    seen: dict[str, int] = {}
    for number, row in table.rows:
        key = table.key(row)
        if not key:
            problems += _without_key(table, number, row)
            continue
        if key in seen:
            problems.append(
                f"{table.tab.name}!{table.cell(number, table.tab.key)}: {table.tab.key} {key} ya está en la fila {seen[key]}; deje una sola"
            )
            continue
        seen[key] = number
        values = {name: _mark(table, number, row, column, problems) for name, column in table.tab.editable.items()}
        name = as_text(table.value(row, CODE_AND_NAME[table.tab.name][1]))
        yield {
            table.tab.key: key,
            **values,
            "name": name,
            "row": number,
            "cells": {column: table.cell(number, column) for column in values},
        }


def _without_key(table: Table, number: int, row: list[Any]) -> list[str]:
    """Rows added around (totals, notes) are nobody's marks, unless they say yes to something."""
    asked = [name for name, column in table.tab.editable.items() if column.accepts == "si_no" and _key_of(table.value(row, name)) in YES]
    return [f"{table.tab.name}!{table.cell(number, name)} ({name}): marcada en una fila sin {table.tab.key}" for name in asked]


def _mark(table: Table, number: int, row: list[Any], column: Column, problems: list[str]) -> Any:
    """The meaning of one cell, or None and one more problem."""
    value = table.value(row, column.name)
    shown = table.errors.get((number, table.columns[column.name]), "")
    assert column.accepts is not None
    if not shown:
        try:
            return READERS[column.accepts](value)
        except ValueError:
            shown = as_text(value)
    problems.append(
        f"{table.tab.name}!{table.cell(number, column.name)} ({column.name}): «{shown}» no es válido; valores: {ACCEPTED[column.accepts]}"
    )
    return None


def _key_of(value: Any) -> str:
    return as_text(value).casefold()


def read_yes(value: Any) -> bool:
    """`si`, `Sí`, `x`, TRUE, 1 … or their opposites; empty is no."""
    text = _key_of(value)
    if text not in YES | NO:
        raise ValueError(text)
    return text in YES


def read_devices(value: Any) -> str:
    """`todos`, `devices_seleccionados`, or empty."""
    text = _key_of(value).replace(" ", "_")
    if text not in DEVICES:
        raise ValueError(text)
    return DEVICES[text]


def read_whole(value: Any) -> int | None:
    """150, 150.0 and `150` alike; empty is None."""
    text = as_text(value)
    if not text:
        return None
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def read_text(value: Any) -> str:
    """A text, or a number as its text (a label_id typed as 57)."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return as_text(value)
    raise ValueError(value)


READERS: dict[str, Callable[[Any], Any]] = {"si_no": read_yes, "devices": read_devices, "whole": read_whole, "text": read_text}
