"""Reading what a person marked: tolerant of how the tabs look, strict on what the cells mean."""

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from books import book_of, edit, make, mark
from dataset_manager.errors import MarksError, WorkbookError
from dataset_manager.workbook.marks import Marks, MarksSummary, read_marks, summarise
from tables import device, reference, write_process


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [reference(n, incluir_dataset="no", num_imagenes_dataset=None) for n in range(4)]
    process = write_process(
        tmp_path_factory.mktemp("marks") / "p", references=rows, devices=[device(n, incluir_dataset="no") for n in range(1, 4)]
    )
    make(process)
    return book_of(process)


@pytest.fixture
def book(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(built, tmp_path / "p.xlsx"))


def reference_mark(marks: Marks, key: str) -> Any:
    return next(one for one in marks.references if one.reference_id == key)


@pytest.mark.parametrize("value", ["si", "sí", "Sí", "SI", " si ", "x", "X", "TRUE", "true", True, 1, "1", "verdadero"])
def test_every_usual_way_of_saying_yes_is_yes(book: Path, value: Any) -> None:
    mark(book, "References", {"901": {"incluir_dataset": value, "revisar_imagenes": value}})
    found = reference_mark(read_marks(book), "901")
    assert (found.incluir_dataset, found.revisar_imagenes) == (True, True)


@pytest.mark.parametrize("value", ["no", "No", "NO ", "n", False, 0, "FALSE", None])
def test_every_usual_way_of_saying_no_is_no(book: Path, value: Any) -> None:
    mark(book, "References", {"901": {"incluir_dataset": value}})
    assert reference_mark(read_marks(book), "901").incluir_dataset is False


@pytest.mark.parametrize(("value", "meant"), [(150, 150), ("150", 150), (150.0, 150), (" 150 ", 150), (0, 0), (None, None)])
def test_whole_numbers_are_read_however_they_were_typed(book: Path, value: Any, meant: int | None) -> None:
    mark(book, "References", {"901": {"num_imagenes_dataset": value}})
    assert reference_mark(read_marks(book), "901").num_imagenes_dataset == meant


@pytest.mark.parametrize("value", [150.5, -1, "-1", "ciento", "1.000", "1e3", True, datetime.date(2025, 1, 5)])
def test_what_is_not_a_whole_number_is_a_problem_with_its_cell(book: Path, value: Any) -> None:
    mark(book, "References", {"901": {"num_imagenes_dataset": value}})
    with pytest.raises(MarksError) as caught:
        read_marks(book)
    (problem,) = caught.value.problems
    assert problem.startswith("References!AC3 (num_imagenes_dataset): «")
    assert problem.endswith("» no es válido; valores: un número entero, 0 o mayor")


@pytest.mark.parametrize(("value", "meant"), [("todos", "todos"), ("Devices seleccionados", "devices_seleccionados"), (None, "")])
def test_devices_incluir_is_one_of_two_or_undecided(book: Path, value: Any, meant: str) -> None:
    mark(book, "References", {"901": {"devices_incluir": value}})
    assert reference_mark(read_marks(book), "901").devices_incluir == meant


def test_labels_keep_their_zeros_and_a_number_is_its_text(book: Path) -> None:
    mark(book, "References", {"901": {"label_considerar": "00014"}, "902": {"label_considerar": 57, "producto_a_entrenar": " Pera "}})
    marks = read_marks(book)
    assert reference_mark(marks, "901").label_considerar == "00014"
    assert (reference_mark(marks, "902").label_considerar, reference_mark(marks, "902").producto_a_entrenar) == ("57", "Pera")


def test_all_unreadable_cells_of_both_tabs_come_in_one_error(book: Path) -> None:
    mark(book, "References", {"901": {"incluir_dataset": "quizá", "devices_incluir": "algunos"}, "903": {"num_imagenes_dataset": 1.5}})
    mark(book, "Devices", {"502": {"num_imagenes_dataset_adicionales": "muchas"}})
    with pytest.raises(MarksError) as caught:
        read_marks(book)
    assert caught.value.problems == [
        "References!AA3 (incluir_dataset): «quizá» no es válido; valores: si, no",
        "References!AB3 (devices_incluir): «algunos» no es válido; valores: todos, devices_seleccionados",
        "References!AC5 (num_imagenes_dataset): «1.5» no es válido; valores: un número entero, 0 o mayor",
        "Devices!M3 (num_imagenes_dataset_adicionales): «muchas» no es válido; valores: un número entero, 0 o mayor",
    ]
    assert "hay 4 celdas que corregir" in str(caught.value)


def test_order_of_rows_and_columns_hidden_rows_and_added_columns_change_nothing(book: Path) -> None:
    mark(book, "References", {"901": {"incluir_dataset": "si", "num_imagenes_dataset": 40}, "903": {"revisar_imagenes": "si"}})
    before = read_marks(book)

    def shuffle(workbook: Any) -> None:
        sheet = workbook["References"]
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        header, body = rows[0], rows[1:]
        new = [["mi columna", *reversed(header), "otra"], *(["nota", *reversed(row), 7] for row in reversed(body))]
        sheet.delete_rows(1, sheet.max_row)
        for row in new:
            sheet.append(row)
        sheet.row_dimensions[3].hidden = True
        sheet.insert_rows(1)
        sheet["A1"] = "Revisado por Ana"

    edit(book, shuffle)
    after = read_marks(book)
    assert after == before
    assert after.normalised() == before.normalised()
    assert [row["reference_id"] for row in after.normalised()["references"]] == ["901", "903"]
    assert reference_mark(after, "901").cells["incluir_dataset"] == "F5"


def test_a_formula_counts_as_the_value_it_shows(book: Path, tmp_path: Path) -> None:
    def formulas(workbook: Any) -> None:
        workbook["References"]["AA3"] = '=IF(H3>10,"si","no")'

    edit(book, formulas)
    with pytest.raises(MarksError) as caught:
        read_marks(book)
    assert caught.value.problems == [
        'References!AA3 (incluir_dataset): «=IF(H3>10,"si","no") (fórmula sin calcular)» no es válido; valores: si, no',
    ]


def test_a_cell_with_an_error_is_a_problem(book: Path) -> None:
    def error(workbook: Any) -> None:
        cell = workbook["References"]["AD3"]
        cell.value, cell.data_type = "#N/A", "e"

    edit(book, error)
    with pytest.raises(MarksError, match=r"References!AD3 \(producto_a_entrenar\): «#N/A» no es válido"):
        read_marks(book)


def test_a_repeated_key_is_a_problem_that_names_both_rows(book: Path) -> None:
    edit(book, lambda workbook: workbook["References"].append([cell.value for cell in workbook["References"][3]]))
    with pytest.raises(MarksError) as caught:
        read_marks(book)
    assert caught.value.problems == ["References!A6: reference_id 901 ya está en la fila 3; deje una sola"]


def test_rows_without_key_are_ignored_unless_they_say_yes(book: Path) -> None:
    def totals(workbook: Any) -> None:
        sheet = workbook["References"]
        sheet["AC8"] = 600
        sheet["AB8"] = "total"

    edit(book, totals)
    assert len(read_marks(book).references) == 4
    edit(book, lambda workbook: workbook["References"].__setitem__("AA8", "si"))
    with pytest.raises(MarksError, match=r"References!AA8 \(incluir_dataset\): marcada en una fila sin reference_id"):
        read_marks(book)


def rename(sheet: str, cell: str, value: str) -> Callable[[Any], None]:
    def change(workbook: Any) -> None:
        workbook[sheet][cell] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename("References", "A1", "id"), "la hoja References no está, o no tiene la columna reference_id"),
        (rename("References", "AA1", "incluir"), "References: falta la columna incluir_dataset"),
        (rename("Devices", "B1", "incluir_dataset"), "Devices: la columna incluir_dataset está 2 veces"),
        (lambda workbook: workbook.remove(workbook["Devices"]), "la hoja Devices no está, o no tiene la columna device_id"),
    ],
)
def test_a_tab_or_column_that_is_not_there_is_named(book: Path, change: Callable[[Any], None], message: str) -> None:
    edit(book, change)
    with pytest.raises(WorkbookError, match="Devuelva a esas hojas y columnas su nombre") as caught:
        read_marks(book)
    assert message in str(caught.value)


def test_status_gets_counts_and_pictures_wanted(book: Path) -> None:
    mark(
        book,
        "References",
        {
            "900": {"revisar_imagenes": "si", "incluir_dataset": "si", "num_imagenes_dataset": 150},
            "901": {"incluir_dataset": "si", "num_imagenes_dataset": 20},
            "902": {"num_imagenes_dataset": 999},
        },
    )
    mark(book, "Devices", {"501": {"revisar_imagenes": "si"}, "502": {"incluir_dataset": "si", "num_imagenes_dataset_adicionales": 30}})
    assert summarise(read_marks(book), 5) == MarksSummary(1, 1, 2, 1, 10, 200)


def test_ids_turned_into_numbers_still_name_their_rows(book: Path) -> None:
    def convert(workbook: Any) -> None:
        for row in range(2, 6):
            cell = workbook["References"].cell(row, 1)
            cell.value = int(cell.value)

    mark(book, "References", {"901": {"incluir_dataset": "si"}})
    edit(book, convert)
    assert reference_mark(read_marks(book), "901").incluir_dataset


def test_values_that_a_formula_computed_are_read(book: Path) -> None:
    import xlsxwriter

    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(book)["References"].iter_rows()]
    devices = [[cell.value for cell in row] for row in openpyxl.load_workbook(book)["Devices"].iter_rows()]
    with xlsxwriter.Workbook(str(book)) as workbook:
        for name, table in (("References", rows), ("Devices", devices)):
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(table):
                sheet.write_row(number, 0, row)
            if name == "References":
                sheet.write_formula("AA3", '=IF(1>0,"si","no")', None, "si")
                sheet.write_formula("AC3", "=100+20", None, 120)
    found = reference_mark(read_marks(book), "901")
    assert (found.incluir_dataset, found.num_imagenes_dataset) == (True, 120)
