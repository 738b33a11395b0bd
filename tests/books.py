"""Building, editing and reading workbooks in tests, the way a person and their programs do."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from dataset_manager.workbook.build import WorkbookOptions, build
from python_calamine import CalamineWorkbook

OPTIONS = WorkbookOptions()


def book_of(process: Path) -> Path:
    return process / "reports" / f"{process.name}.xlsx"


def make(process: Path, *, sample: bool = False, **options: Any) -> dict[str, Any]:
    """Builds the workbook of a process folder made by `tables.write_process`; returns the state."""
    reports = process / "reports"
    return build(
        process / "data",
        process / "data/raw/window.json",
        process / "data/parameters.json",
        book_of(process),
        reports / "workbook_state.json",
        options=replace(OPTIONS, **options),
        sample=sample,
    )


def sheet_of(book: Path, name: str) -> list[list[Any]]:
    """A tab as calamine shows it."""
    return CalamineWorkbook.from_path(str(book)).get_sheet_by_name(name).to_python(skip_empty_area=False)


def rows_of(book: Path, name: str) -> list[dict[str, Any]]:
    """A tab as rows by column name."""
    header, *rows = sheet_of(book, name)
    return [dict(zip(header, row, strict=True)) for row in rows]


def row_of(book: Path, name: str, key: str) -> dict[str, Any]:
    """The row whose first column is `key`."""
    return next(row for row in rows_of(book, name) if next(iter(row.values())) == key)


def tabs_of(book: Path) -> list[str]:
    return list(CalamineWorkbook.from_path(str(book)).sheet_names)


def edit(book: Path, change: Callable[[Any], object]) -> None:
    """What a person does in their program: opens, changes, saves (here with openpyxl)."""
    workbook = openpyxl.load_workbook(book)
    change(workbook)
    workbook.save(book)


def mark(book: Path, sheet: str, marks: Mapping[str, Mapping[str, Any]]) -> None:
    """Fills cells by key and column name."""

    def fill(workbook: Any) -> None:
        tab = workbook[sheet]
        columns = {cell.value: cell.column for cell in tab[1]}
        for row in range(2, tab.max_row + 1):
            for column, value in marks.get(str(tab.cell(row, 1).value), {}).items():
                tab.cell(row, columns[column]).value = value

    edit(book, fill)


def soffice() -> str:
    """LibreOffice, or the test is skipped with the line that installs it."""
    program = shutil.which("soffice")
    if not program:
        pytest.skip("needs LibreOffice: apt-get install libreoffice-calc")
    return program


def resave_with_libreoffice(book: Path, scratch: Path) -> None:
    """Opens the book in LibreOffice and saves it in place, as a person would."""
    convert_with_libreoffice(book, scratch, "xlsx:Calc MS Excel 2007 XML")
    shutil.copyfile(scratch / book.name, book)


def convert_with_libreoffice(book: Path, scratch: Path, kind: str) -> None:
    scratch.mkdir(parents=True, exist_ok=True)
    profile = f"-env:UserInstallation=file://{scratch}/profile"
    command = [soffice(), profile, "--headless", "--convert-to", kind, "--outdir", str(scratch), str(book)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
