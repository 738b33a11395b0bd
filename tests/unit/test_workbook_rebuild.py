"""A workbook built again: what the person wrote stays, whatever happened to the data or to the file."""

import datetime
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from books import book_of, edit, make, mark, row_of, rows_of, sheet_of, tabs_of
from dataset_manager.errors import DiskError, WorkbookError
from dataset_manager.files import sha256_of
from dataset_manager.workbook import build as building
from dataset_manager.workbook import locking
from dataset_manager.workbook.history import copies, require_book
from dataset_manager.workbook.parts import fill_tab
from tables import DEVICES, REFERENCES, device, reference, write_process, write_table


@pytest.fixture
def process(tmp_path: Path) -> Path:
    process = write_process(tmp_path / "p")
    make(process)
    return process


@pytest.fixture
def book(process: Path) -> Path:
    return book_of(process)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "pause", lambda seconds: None)


def new_references(process: Path, rows: Sequence[Sequence[Any]]) -> None:
    write_table(process / "data/analysis/references.parquet", REFERENCES, rows)


MINE = {
    "revisar_imagenes": "Sí",
    "incluir_dataset": "quizá",
    "devices_incluir": "todos",
    "num_imagenes_dataset": 12.5,
    "producto_a_entrenar": "  Mi clase ",
    "label_considerar": "00014",
}


def test_marks_stay_exactly_as_typed_even_the_wrong_ones(process: Path, book: Path) -> None:
    mark(book, "References", {"901": MINE})
    mark(book, "Devices", {"502": {"incluir_dataset": "no", "num_imagenes_dataset_adicionales": 25, "revisar_imagenes": True}})
    make(process)
    row, other = row_of(book, "References", "901"), row_of(book, "Devices", "502")
    assert {name: row[name] for name in MINE} == MINE
    assert (other["incluir_dataset"], other["num_imagenes_dataset_adicionales"], other["revisar_imagenes"]) == ("no", 25, True)


def test_an_emptied_cell_stays_empty_and_a_date_stays_a_date(process: Path, book: Path) -> None:
    mark(book, "References", {"901": {"num_imagenes_dataset": None, "label_considerar": datetime.date(2025, 1, 5)}})
    make(process)
    make(process)
    row = row_of(book, "References", "901")
    assert (row["num_imagenes_dataset"], row["label_considerar"]) == ("", datetime.date(2025, 1, 5))


def test_marks_follow_their_key_when_the_data_are_sorted_anew_and_new_rows_get_defaults(process: Path, book: Path) -> None:
    mark(book, "References", {"900": {"num_imagenes_dataset": 7}, "903": {"incluir_dataset": "no"}})
    new_references(process, [reference(9), *(reference(n, num_cliente=5000) for n in (3, 2, 1, 0))])
    make(process)
    found = {
        row["reference_id"]: (row["incluir_dataset"], row["num_imagenes_dataset"], row["num_cliente"])
        for row in rows_of(book, "References")
    }
    assert found == {
        "909": ("si", 150, 991),
        "903": ("no", 150, 5000),
        "902": ("si", 150, 5000),
        "901": ("si", 150, 5000),
        "900": ("si", 7, 5000),
    }


def test_sorted_rows_and_moved_columns_of_the_person_do_not_matter(process: Path, book: Path) -> None:
    mark(book, "References", {"901": {"num_imagenes_dataset": 33}})

    def shuffle(workbook: Any) -> None:
        sheet = workbook["References"]
        header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        sheet.delete_rows(1, sheet.max_row)
        for row in [header[::-1], *(row[::-1] for row in reversed(rows))]:
            sheet.append(row)

    edit(book, shuffle)
    make(process)
    assert row_of(book, "References", "901")["num_imagenes_dataset"] == 33
    assert sheet_of(book, "References")[0] == list(REFERENCES)


def test_marks_of_a_vanished_row_wait_and_come_back_with_it(process: Path, book: Path) -> None:
    mark(book, "References", {"901": MINE})
    mark(book, "Devices", {"502": {"num_imagenes_dataset_adicionales": 4}})
    new_references(process, [reference(0)])
    write_table(process / "data/analysis/devices.parquet", DEVICES, [device(1)])
    state = make(process)
    assert tabs_of(book)[-2:] == ["marks_huerfanas", "Validacion"]
    orphans = {(row["hoja"], row["clave"]): row for row in rows_of(book, "marks_huerfanas")}
    assert {name: orphans["References", "901"][name] for name in MINE} == MINE
    assert orphans["References", "901"]["código"] == "00001"
    assert state["orphans"] == {"References": ["901", "902", "903"], "Devices": ["502", "503"]}
    make(process)
    assert len(rows_of(book, "marks_huerfanas")) == 5
    new_references(process, [reference(n) for n in range(4)])
    write_table(process / "data/analysis/devices.parquet", DEVICES, [device(n) for n in (1, 2, 3)])
    state = make(process)
    assert {name: row_of(book, "References", "901")[name] for name in MINE} == MINE
    assert row_of(book, "Devices", "502")["num_imagenes_dataset_adicionales"] == 4
    assert "marks_huerfanas" not in tabs_of(book)
    assert state["orphans"] == {"References": [], "Devices": []}


def test_a_row_that_the_person_deleted_comes_back_with_defaults_and_is_named(process: Path, book: Path) -> None:
    mark(book, "References", {"901": {"num_imagenes_dataset": 7}})
    edit(book, lambda workbook: workbook["References"].delete_rows(3))
    make(process)
    assert row_of(book, "References", "901")["num_imagenes_dataset"] == 150
    checks = {row["comprobación"]: row for row in rows_of(book, "Consistencia")}
    assert checks["filas_borradas"]["ejemplos"] == "References 901"
    make(process)
    assert "filas_borradas" not in {row["comprobación"] for row in rows_of(book, "Consistencia")}


def test_a_deleted_editable_column_comes_back_with_defaults_and_a_warning(
    process: Path, book: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mark(book, "References", {"901": {"num_imagenes_dataset": 7, "incluir_dataset": "no"}})
    edit(book, lambda workbook: workbook["References"].delete_cols(29))
    make(process)
    row = row_of(book, "References", "901")
    assert (row["num_imagenes_dataset"], row["incluir_dataset"]) == (150, "no")
    warning = next(record.getMessage() for record in caplog.records if "num_imagenes_dataset" in record.getMessage())
    assert str(copies(book)[-1]) in warning


def test_references_over_the_threshold_that_say_no_are_listed(process: Path, book: Path) -> None:
    mark(book, "References", {"902": {"incluir_dataset": "no"}})
    make(process)
    checks = {row["comprobación"]: row for row in rows_of(book, "Consistencia")}
    assert (checks["umbral_sin_incluir"]["casos"], checks["umbral_sin_incluir"]["ejemplos"]) == (1, "902 PLÁTANO CANARIAS 2")


def test_tracking_tabs_keep_their_rows(process: Path, book: Path) -> None:
    rows = [["Pera", "Pera", "main", "success", f"00{n}", n, "", "", "k", "p", ""] for n in range(3)]
    fill_tab(book, "revisar_imagenes_bajadas", sheet_of(book, "revisar_imagenes_bajadas")[0], rows)
    before = sheet_of(book, "revisar_imagenes_bajadas")
    make(process)
    assert sheet_of(book, "revisar_imagenes_bajadas") == before
    assert before[1][4] == "000"


def test_own_columns_and_notes_follow_their_row(process: Path, book: Path) -> None:
    def add(workbook: Any) -> None:
        sheet = workbook["References"]
        for row, (title, share) in enumerate([("mi nota", "doble"), ("ver con Ana", "=H2*2"), (14, "=H3*2"), ("", "=SUM(H2:H5)")], 1):
            sheet.cell(row, 32).value = title
            sheet.cell(row, 33).value = share
        sheet["AF1"].comment = openpyxl.comments.Comment("sobre mi columna", "Ana")
        sheet["C3"].comment = openpyxl.comments.Comment("comprobar foto", "Ana")
        sheet["AF3"].number_format = "0.000"
        sheet.column_dimensions["AF"].width = 33

    edit(book, add)
    new_references(process, [reference(n) for n in (3, 2, 1, 0)])
    state = make(process)
    sheet = openpyxl.load_workbook(book)["References"]
    assert [sheet["AF1"].value, sheet["AG1"].value] == ["mi nota", "doble"]
    by_key = {sheet.cell(row, 1).value: row for row in range(2, 6)}
    assert sheet.cell(by_key["900"], 32).value == "ver con Ana"
    assert sheet.cell(by_key["901"], 32).value == 14
    assert sheet.cell(by_key["901"], 32).number_format == "0.000"
    assert sheet.cell(by_key["901"], 3).comment.text == "comprobar foto"
    assert sheet.cell(by_key["901"], 33).value == f"=H{by_key['901']}*2"
    assert sheet.column_dimensions["AF"].width == pytest.approx(33, abs=0.1)
    assert state["not_carried"] == ["References, columna doble, fila 4: la fórmula =SUM(H2:H5) queda como su valor"]


def test_own_columns_of_a_vanished_row_come_back_too(process: Path, book: Path) -> None:
    def add(workbook: Any) -> None:
        workbook["References"]["AF1"] = "nota"
        workbook["References"]["AF3"] = "mía"
        workbook["References"]["C3"].comment = openpyxl.comments.Comment("aquí", "Ana")

    edit(book, add)
    new_references(process, [reference(0)])
    make(process)
    new_references(process, [reference(n) for n in range(4)])
    make(process)
    assert row_of(book, "References", "901")["nota"] == "mía"
    assert openpyxl.load_workbook(book)["References"]["C3"].comment.text == "aquí"


def test_own_sheets_are_carried_and_what_cannot_be_is_named(process: Path, book: Path) -> None:
    def add(workbook: Any) -> None:
        sheet = workbook.create_sheet("Mi plan", 1)
        sheet["A1"], sheet["B2"], sheet["C3"], sheet["D4"] = "=texto", 12.5, "=B2*2", datetime.datetime(2025, 8, 1, 10, 30)
        sheet["A1"].data_type = "s"
        sheet["D4"].number_format = "dd/mm/yyyy"
        sheet["E5"] = "=VLOOKUP(901,References!A1:C5,3)"
        sheet["B2"].comment = openpyxl.comments.Comment("una nota", "Ana")
        sheet.column_dimensions["B"].width = 41
        chart = openpyxl.chart.BarChart()
        chart.add_data(openpyxl.chart.Reference(sheet, min_col=2, min_row=2, max_row=2))
        sheet.add_chart(chart, "G2")
        workbook.create_sheet("Oculta").sheet_state = "hidden"

    edit(book, add)
    state = make(process)
    make(process)
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["Mi plan"]
    assert [sheet["A1"].value, sheet["A1"].data_type, sheet["B2"].value, sheet["C3"].value] == ["=texto", "s", 12.5, "=B2*2"]
    assert (sheet["D4"].value, sheet["D4"].number_format) == (datetime.datetime(2025, 8, 1, 10, 30), "dd/mm/yyyy")
    assert sheet["B2"].comment.text == "una nota"
    assert sheet.column_dimensions["B"].width == pytest.approx(41, abs=0.1)
    assert workbook["Oculta"].sheet_state == "hidden"
    assert "hoja «Mi plan»: gráficos (1)" in state["not_carried"]
    assert any("E5" in line and "compruébelas" in line for line in state["not_carried"])
    assert workbook.sheetnames[-3:] == ["Mi plan", "Oculta", "Validacion"]


def test_every_replacement_leaves_a_copy_and_the_newest_stay(process: Path, book: Path) -> None:
    seen = []
    for number in range(5):
        mark(book, "References", {"901": {"num_imagenes_dataset": number}})
        seen.append(sha256_of(book))
        make(process, history=3)
    assert [sha256_of(copy) for copy in copies(book)] == seen[-3:]


def test_an_unchanged_book_is_not_copied_twice(process: Path, book: Path) -> None:
    make(process)
    make(process)
    assert len(copies(book)) == 1


def test_a_missing_book_is_named_with_its_newest_copy_and_the_line_that_rebuilds(
    process: Path, book: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(process)
    book.unlink()
    state_file = process / "reports/workbook_state.json"
    with pytest.raises(WorkbookError) as caught:
        require_book(book, state_file)
    assert f"cp '{copies(book)[-1]}' '{book}'" in str(caught.value)
    assert f"snakemake --cores 1 {state_file} -R build_workbook" in str(caught.value)
    caplog.set_level(logging.WARNING)
    make(process)
    assert book.exists()
    assert str(copies(book)[-1]) in caplog.text


def test_saved_by_somebody_while_it_was_being_built_is_read_again(process: Path, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def save_meanwhile(*args: Any) -> None:
        if not calls:
            mark(book, "References", {"901": {"num_imagenes_dataset": 77}})
        calls.append(args)

    monkeypatch.setattr(building, "verify", save_meanwhile)
    make(process)
    assert len(calls) == 2
    assert row_of(book, "References", "901")["num_imagenes_dataset"] == 77


@pytest.mark.parametrize("lock", ["~${name}", ".~lock.{name}#"])
def test_a_book_that_stays_open_is_left_alone_and_the_result_kept_beside_it(
    process: Path, book: Path, lock: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(locking, "pause", waits.append)
    mark(book, "References", {"901": {"num_imagenes_dataset": 5}})
    before = sha256_of(book)
    (process / "reports/workbook_state.json").unlink()
    held = book.with_name(lock.format(name=book.name))
    held.write_text("Ana")
    with pytest.raises(WorkbookError) as caught:
        make(process)
    (backup,) = book.parent.glob("p_pendiente_*.xlsx")
    assert f"El resultado está en {backup}" in str(caught.value)
    assert f"borre {held}" in str(caught.value)
    assert sha256_of(book) == before
    assert row_of(backup, "References", "901")["num_imagenes_dataset"] == 5
    assert len(waits) == 2
    assert "las marcas sin guardar no se ven" in caplog.text
    assert not (process / "reports/workbook_state.json").exists()
    held.unlink()
    make(process)
    assert row_of(book, "References", "901")["num_imagenes_dataset"] == 5


def test_closed_between_the_tries_is_replaced(process: Path, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = book.with_name(f"~${book.name}")
    held.write_text("Ana")
    monkeypatch.setattr(locking, "pause", lambda seconds: held.unlink())
    make(process)
    assert not list(book.parent.glob("*_pendiente_*"))


def test_a_share_that_refuses_the_rename_counts_as_open(process: Path, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.replace

    def refused(path: Path, target: Path) -> Path:
        if Path(target) == book:
            raise PermissionError(13, "sharing violation")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(WorkbookError, match="abierto en otro programa"):
        make(process)
    assert list(book.parent.glob("p_pendiente_*.xlsx"))


def test_a_full_disk_leaves_the_old_book_and_no_rubbish(process: Path, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark(book, "References", {"901": {"num_imagenes_dataset": 5}})
    before = sha256_of(book)

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(building.parts, "rewrite", full)
    with pytest.raises(DiskError, match="el disco está lleno"):
        make(process)
    assert sha256_of(book) == before
    assert not list(book.parent.glob(".*.tmp"))


def test_a_book_that_does_not_pass_its_check_never_takes_the_place(process: Path, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sha256_of(book)
    monkeypatch.setattr(building.big_sheet, "rows", lambda *args: iter([b'<row><c t="inlineStr"><is><t>a<b</t></is></c></row>']))
    with pytest.raises(WorkbookError, match=r"no pasó la comprobación \(Datos_Elasticsearch: 1 filas en vez de 30\)"):
        make(process)
    assert sha256_of(book) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda workbook: workbook["References"].__setitem__("A1", "id"), "la hoja References no está, o no tiene la columna reference_id"),
        (lambda workbook: workbook.remove(workbook["Devices"]), "la hoja Devices no está"),
        (lambda workbook: workbook["References"].append(["901"]), "reference_id 901 está en las filas 3 y 6"),
    ],
)
def test_a_book_whose_rows_cannot_be_told_is_left_alone(process: Path, book: Path, change: Any, message: str) -> None:
    edit(book, change)
    before = sha256_of(book)
    with pytest.raises(WorkbookError, match=message):
        make(process)
    assert sha256_of(book) == before


def test_a_copy_of_the_history_put_back_is_a_book_again(process: Path, book: Path) -> None:
    mark(book, "References", {"901": {"num_imagenes_dataset": 5}})
    make(process)
    shutil.copyfile(copies(book)[-1], book)
    make(process)
    assert row_of(book, "References", "901")["num_imagenes_dataset"] == 5
