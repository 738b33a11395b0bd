"""The check of the marks before a dataset is frozen: every wrong cell at once, each with what a person needs to find and fix it."""

from pathlib import Path
from typing import Any

import pytest
from dataset_manager.configuration import Dataset
from dataset_manager.datasets.checking import Catalogue, Included, IncludedReference, check
from dataset_manager.errors import MarksError, WorkbookError
from dataset_manager.workbook.marks import DeviceMark, Marks, ReferenceMark

BOOK = Path("reports/libro.xlsx")
COLUMNS = {
    "incluir_dataset": "AA",
    "devices_incluir": "AB",
    "num_imagenes_dataset": "AC",
    "producto_a_entrenar": "AD",
    "label_considerar": "AE",
}
CATALOGUE = Catalogue(frozenset({"57", "58"}), {"1": "00014", "2": "14", "3": "A7", "4": "00014", "5": ""})
CATALOGUE_6 = Catalogue(CATALOGUE.labels, {**CATALOGUE.codes, "6": ""})


def reference(number: str, **changes: Any) -> ReferenceMark:
    """A complete, included row; the one of reference n stands in row n + 10."""
    row = int(number) + 10
    values: dict[str, Any] = {
        "revisar_imagenes": False,
        "incluir_dataset": True,
        "devices_incluir": "todos",
        "num_imagenes_dataset": 4,
        "producto_a_entrenar": "Pera",
        "label_considerar": "57",
        "name": f"Producto {number}",
        "row": row,
        "cells": {name: f"{letter}{row}" for name, letter in COLUMNS.items()},
    }
    return ReferenceMark(number, **(values | changes))


def device(number: str, *, included: bool = True, more: int | None = 0) -> DeviceMark:
    return DeviceMark(number, False, included, more)


def checked(*rows: ReferenceMark, devices: tuple[DeviceMark, ...] = (), known: Catalogue = CATALOGUE, **defaults: Any) -> Included:
    return check(BOOK, Marks(rows, devices), known, Dataset(**defaults))


def problems(*rows: ReferenceMark, **options: Any) -> list[str]:
    with pytest.raises(MarksError) as failed:
        checked(*rows, **options)
    assert str(failed.value).startswith(f"{BOOK}: hay {len(failed.value.problems)} celdas que corregir")
    return failed.value.problems


def test_complete_rows_become_the_request_in_the_order_of_the_sheet() -> None:
    found = checked(reference("2", label_considerar="58", devices_incluir="devices_seleccionados"), reference("1"), devices=(device("7"),))
    assert found.references == (
        IncludedReference("1", "00014", "Producto 1", "Pera", "57", 4, "todos"),
        IncludedReference("2", "14", "Producto 2", "Pera", "58", 4, "devices_seleccionados"),
    )
    assert found.devices == (("7", 0),)


def test_nothing_included_is_said_with_what_to_do() -> None:
    with pytest.raises(WorkbookError, match="ninguna referencia tiene incluir_dataset = si") as failed:
        checked(reference("1", incluir_dataset=False), devices=(device("7"),))
    assert str(BOOK) in str(failed.value) and not isinstance(failed.value, MarksError)


def test_rows_that_are_not_included_may_hold_anything() -> None:
    wrong = reference("9", incluir_dataset=False, producto_a_entrenar="", label_considerar="no", num_imagenes_dataset=0)
    assert [one.reference_id for one in checked(reference("1"), wrong).references] == ["1"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"producto_a_entrenar": ""}, "References!AD11 (producto_a_entrenar) de Producto 1: vacío; ponga la clase"),
        ({"label_considerar": ""}, "References!AE11 (label_considerar) de Producto 1: vacío; ponga un label_id de la hoja Labels"),
        ({"label_considerar": "570"}, "References!AE11 (label_considerar) de Producto 1: «570» no está en la hoja Labels"),
        ({"num_imagenes_dataset": 0}, "References!AC11 (num_imagenes_dataset) de Producto 1: «0»; ponga un número desde 1"),
    ],
)
def test_an_incomplete_row_is_named_by_sheet_cell_column_and_value(change: dict[str, Any], expected: str) -> None:
    (line,) = problems(reference("1", **change))
    assert line.startswith(expected)


def test_a_row_that_the_tables_do_not_know_is_named_by_its_row() -> None:
    (line,) = problems(reference("99"))
    assert line == "References, fila 109: 99 no está en los datos del proceso; quite incluir_dataset o la fila"


def test_a_row_without_a_name_is_named_by_its_id() -> None:
    (line,) = problems(reference("1", name="", label_considerar=""))
    assert "(label_considerar) de 1: vacío" in line


def test_two_rows_of_one_code_name_both_cells() -> None:
    (line,) = problems(reference("1"), reference("4"))
    assert line == (
        "References!AA14 (incluir_dataset) de Producto 4: su código 00014 es también el de Producto 1 (References!AA11); "
        "incluya solo una de las dos"
    )


def test_codes_00014_and_14_are_two_and_no_code_is_nobodys_twin() -> None:
    assert len(checked(reference("1"), reference("2")).references) == 2
    assert len(checked(reference("5"), reference("6"), known=CATALOGUE_6).references) == 2


def test_one_label_in_two_classes_names_both_cells() -> None:
    (line,) = problems(reference("1"), reference("2", producto_a_entrenar="pera limonera"))
    assert line == (
        "References!AD12 (producto_a_entrenar) de Producto 2: el label 57 va a la clase «pera limonera» y en References!AD11 a «Pera»; "
        "un label solo puede estar en una clase"
    )


@pytest.mark.parametrize("twin", ["pera", "Péra", "P era", "PERA", "Pera\u0301"])
def test_two_classes_that_read_alike_name_both_cells(twin: str) -> None:
    (line,) = problems(reference("1"), reference("2", producto_a_entrenar=twin, label_considerar="58"))
    assert line.startswith(f"References!AD12 (producto_a_entrenar) de Producto 2: la clase «{twin}» solo se distingue en mayúsculas")
    assert "«Pera» (References!AD11)" in line


def test_twins_with_one_label_are_one_problem_not_two() -> None:
    assert len(problems(reference("1"), reference("2", producto_a_entrenar="PERA"))) == 1


def test_the_example_of_the_rules_gives_its_two_errors() -> None:
    lines = problems(
        reference("1"),
        reference("2", producto_a_entrenar="pera limonera"),
        reference("3", producto_a_entrenar="Péra", label_considerar="58"),
    )
    assert ["AD11" in line for line in lines] == [True, True]
    assert ["limonera" in line for line in lines] == [True, False]


def test_a_class_may_hold_several_labels_and_several_references() -> None:
    found = checked(reference("1"), reference("2", label_considerar="58"), reference("3"))
    assert {one.clase for one in found.references} == {"Pera"}


def test_chosen_devices_without_any_chosen_is_an_error_never_everybody() -> None:
    rows = [reference(number, devices_incluir="devices_seleccionados") for number in ("1", "2")]
    (line,) = problems(*rows, devices=(device("7", included=False),))
    assert line.startswith("References!AB11 (devices_incluir) de Producto 1 (y 1 más): devices_seleccionados, y en la hoja Devices ninguno")
    assert line.endswith("o ponga todos")


def test_an_empty_devices_incluir_is_checked_as_the_configured_default() -> None:
    assert "devices_incluir" in problems(reference("1", devices_incluir=""))[0]
    assert checked(reference("1", devices_incluir=""), devices_incluir_default="todos").references[0].devices == "todos"


def test_empty_numbers_take_the_configured_default_and_a_typed_zero_stays() -> None:
    found = checked(
        reference("1", num_imagenes_dataset=None),
        devices=(device("7", more=None), device("8", more=0), device("9", included=False, more=5)),
        num_imagenes_dataset_default=33,
        num_imagenes_dataset_adicionales_default=2,
    )
    assert found.references[0].images == 33
    assert found.devices == (("7", 2), ("8", 0))


def test_an_empty_number_with_a_default_of_zero_is_named() -> None:
    (line,) = problems(reference("1", num_imagenes_dataset=None), num_imagenes_dataset_default=0)
    assert line.startswith("References!AC11 (num_imagenes_dataset) de Producto 1: vacío")
    assert "num_imagenes_dataset_default" in line


def test_every_problem_of_every_row_is_said_at_once() -> None:
    lines = problems(
        reference("1", producto_a_entrenar="", num_imagenes_dataset=0),
        reference("2", label_considerar="x"),
        reference("3", producto_a_entrenar="Manzana"),
        reference("4", producto_a_entrenar="manzana", label_considerar="58", devices_incluir="devices_seleccionados"),
        reference("99", label_considerar=""),
    )
    cells = ["AD11", "AC11", "AE12", "AE109", "fila 109", "AA14", "AD14", "AB14"]
    assert all(any(cell in line for line in lines) for cell in cells)
    assert len(lines) == len(cells)
