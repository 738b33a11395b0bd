"""Filling one tab of a workbook that other programs have saved, and leaving the rest byte for byte."""

import datetime
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from books import book_of, edit, make, mark, resave_with_libreoffice, row_of, sheet_of, tabs_of
from dataset_manager.errors import WorkbookError
from dataset_manager.files import sha256_of
from dataset_manager.workbook import locking, parts
from dataset_manager.workbook.history import copies
from dataset_manager.workbook.marks import read_marks
from dataset_manager.workbook.opening import sheet_parts
from dataset_manager.workbook.parts import fill_tab
from tables import write_process

TAB = "datasets_creados"
COLUMNS = ["reference_name", "clase_name", "label_id", "images"]
ROWS = [["Pera", "=1+1", "00014", 3], ["  a & <b> \x01 _x0041_", None, "", 2.5], ["Ñ🍎\nb", "x" * 40_000, "1", 10**17]]
SHOWN = [COLUMNS, ["Pera", "=1+1", "00014", 3], ["  a & <b> \x01 _x0041_", "", "", 2.5], ["Ñ🍎\nb", "x" * 32_766 + "…", "1", str(10**17)]]


@pytest.fixture
def process(tmp_path: Path) -> Path:
    process = write_process(tmp_path / "p")
    make(process)
    return process


@pytest.fixture
def book(process: Path) -> Path:
    return book_of(process)


def contents(book: Path) -> dict[str, tuple[bytes, int]]:
    with zipfile.ZipFile(book) as archive:
        assert archive.testzip() is None
        return {info.filename: (archive.read(info), info.CRC) for info in archive.infolist()}


def part_of(book: Path, tab: str) -> str:
    with zipfile.ZipFile(book) as archive:
        return sheet_parts(archive)[tab]


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_only_that_tabs_part_changes(book: Path) -> None:
    before = contents(book)
    fill_tab(book, TAB, COLUMNS, ROWS)
    assert changed(before, contents(book)) == {part_of(book, TAB)}
    assert sheet_of(book, TAB) == SHOWN
    assert len(openpyxl.load_workbook(book)[TAB]["A"]) == 4


def test_header_keeps_its_style_and_filter_and_the_rows_before_are_gone(book: Path) -> None:
    fill_tab(book, TAB, COLUMNS, [["antes"] * 4] * 9)
    fill_tab(book, TAB, COLUMNS, ROWS[:1])
    sheet = openpyxl.load_workbook(book)[TAB]
    assert sheet_of(book, TAB) == SHOWN[:2]
    assert (sheet["A1"].font.b, sheet["D1"].fill.fgColor.rgb, sheet.freeze_panes) == (True, "FF366092", "A2")


def test_a_tab_that_was_deleted_is_added_again_with_only_what_announces_it(book: Path) -> None:
    edit(book, lambda workbook: workbook.remove(workbook[TAB]))
    before = contents(book)
    fill_tab(book, TAB, COLUMNS, ROWS)
    assert changed(before, contents(book)) == {part_of(book, TAB), "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"}
    assert tabs_of(book)[-1] == TAB
    assert sheet_of(book, TAB) == SHOWN
    sheet = openpyxl.load_workbook(book)[TAB]
    assert (sheet["A1"].font.b, sheet.freeze_panes) == (True, "A2")


def test_what_excel_and_people_put_in_other_tabs_survives(book: Path) -> None:
    def add(workbook: Any) -> None:
        sheet = workbook.create_sheet("Mía", 0)
        sheet["A1"] = 5
        sheet["A1"].comment = openpyxl.comments.Comment("nota", "Ana")
        chart = openpyxl.chart.BarChart()
        chart.add_data(openpyxl.chart.Reference(sheet, min_col=1, min_row=1, max_row=1))
        sheet.add_chart(chart, "C3")

    edit(book, add)
    before = contents(book)
    fill_tab(book, TAB, COLUMNS, ROWS)
    assert changed(before, contents(book)) == {part_of(book, TAB)}
    sheet = openpyxl.load_workbook(book)["Mía"]
    assert (len(sheet._charts), sheet["A1"].comment.text) == (1, "nota")


def test_formulas_a_person_put_in_that_tab_leave_no_trace_in_excels_list(book: Path) -> None:
    edit(book, lambda workbook: workbook[TAB].__setitem__("Z1", "=1+1"))
    with zipfile.ZipFile(book, "a") as archive:
        archive.writestr(
            "xl/calcChain.xml", '<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="Z1" i="6"/></calcChain>'
        )
    fill_tab(book, TAB, COLUMNS, ROWS)
    assert "xl/calcChain.xml" not in contents(book)
    assert sheet_of(book, TAB) == SHOWN


def test_namespace_prefixes_of_other_programs_are_kept(book: Path) -> None:
    name = part_of(book, TAB)
    before = contents(book)
    with zipfile.ZipFile(book, "w") as archive:
        for other, (content, _) in before.items():
            if other == name:
                content = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", content).replace(b" xmlns=", b" xmlns:x=", 1)
            archive.writestr(other, content)
    fill_tab(book, TAB, COLUMNS, ROWS)
    assert sheet_of(book, TAB) == SHOWN
    assert b"<x:row " in contents(book)[name][0]


@pytest.mark.parametrize("program", ["openpyxl", "LibreOffice"])
def test_a_book_saved_by_another_program_keeps_working(process: Path, book: Path, tmp_path: Path, program: str) -> None:
    mark(book, "References", {"901": {"incluir_dataset": "no", "num_imagenes_dataset": 7, "label_considerar": "00014"}})
    expected = read_marks(book)
    if program == "LibreOffice":
        resave_with_libreoffice(book, tmp_path / "scratch")
    else:
        edit(book, lambda workbook: None)
    assert read_marks(book) == expected
    before = contents(book)
    fill_tab(book, TAB, COLUMNS, ROWS)
    assert changed(before, contents(book)) == {part_of(book, TAB)}
    assert sheet_of(book, TAB) == SHOWN
    state = make(process)
    assert state["not_carried"] == []
    assert read_marks(book) == expected
    assert row_of(book, "References", "901")["label_considerar"] == "00014"
    assert sheet_of(book, TAB) == SHOWN


def test_libreoffice_opens_the_result_whole(book: Path, tmp_path: Path) -> None:
    fill_tab(book, TAB, COLUMNS, [*ROWS, [datetime.date(2025, 8, 1), True, "", ""]])
    transactions = sheet_of(book, "Datos_Elasticsearch")
    resave_with_libreoffice(book, tmp_path / "scratch")
    assert sheet_of(book, TAB)[:2] == SHOWN[:2]
    assert sheet_of(book, TAB)[4][:2] == ["2025-08-01", "True"]
    assert sheet_of(book, "Datos_Elasticsearch") == transactions


def test_a_copy_is_kept_and_an_open_book_is_left_alone(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "pause", lambda seconds: None)
    before = sha256_of(book)
    held = book.with_name(f"~${book.name}")
    held.write_text("Ana")
    with pytest.raises(WorkbookError, match="abierto en otro programa"):
        fill_tab(book, TAB, COLUMNS, ROWS)
    assert sha256_of(book) == before
    (backup,) = book.parent.glob("p_pendiente_*.xlsx")
    assert sheet_of(backup, TAB) == SHOWN
    held.unlink()
    fill_tab(book, TAB, COLUMNS, ROWS)
    assert sha256_of(copies(book)[-1]) == before


def test_marks_saved_while_the_tab_is_written_are_not_overwritten(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = parts.rewrite, []

    def save_meanwhile(*args: Any) -> None:
        real(*args)
        if not calls:
            mark(book, "References", {"901": {"num_imagenes_dataset": 77}})
        calls.append(1)

    monkeypatch.setattr(parts, "rewrite", save_meanwhile)
    fill_tab(book, TAB, COLUMNS, ROWS)
    assert row_of(book, "References", "901")["num_imagenes_dataset"] == 77
    assert sheet_of(book, TAB) == SHOWN


def test_without_a_book_there_is_nothing_to_fill(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="el libro no está"):
        fill_tab(tmp_path / "p.xlsx", TAB, COLUMNS, ROWS)
