"""The workbook that a person opens for the first time."""

from pathlib import Path

import duckdb
import openpyxl
import pytest
from books import book_of, make, row_of, rows_of, sheet_of, tabs_of
from dataset_manager.files import read_json, sha256_of
from tables import REFERENCES, WINDOW, device, reference, write_process

TABS = [
    "Resumen",
    "References",
    "Devices",
    "revisar_imagenes_bajadas",
    "devices_imagenes_bajadas",
    "datasets_creados",
    "Labels",
    "Model_Data",
    "Sugerencias_Labels",
    "Consistencia",
    "Datos_Elasticsearch",
    "Validacion",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    process = write_process(tmp_path_factory.mktemp("first") / "dataset_130_010825_v1")
    make(process)
    return book_of(process)


def test_tabs_stand_in_the_known_order_and_only_the_lists_are_hidden(book: Path) -> None:
    workbook = openpyxl.load_workbook(book)
    assert workbook.sheetnames == TABS
    assert [sheet.title for sheet in workbook if sheet.sheet_state != "visible"] == ["Validacion"]


def test_references_has_exactly_the_promised_columns(book: Path) -> None:
    assert sheet_of(book, "References")[0] == list(REFERENCES)
    assert len(REFERENCES) == 31


def test_devices_has_exactly_the_promised_columns(book: Path) -> None:
    assert sheet_of(book, "Devices")[0] == [
        "device_id",
        "device_name",
        "total_transactions",
        "num_cliente",
        "num_manual",
        "ok_percentage",
        "model_ok_percentage",
        "error_percentage",
        "no_result_percentage",
        "revisar_imagenes",
        "first_transaction_date",
        "incluir_dataset",
        "num_imagenes_dataset_adicionales",
    ]


def test_tracking_tabs_are_there_and_empty(book: Path) -> None:
    pictures = sheet_of(book, "revisar_imagenes_bajadas")
    names = (
        "reference_name product_name product_type download_status transaction_id device_id device_name result_label_name s3_key local_path"
    )
    assert pictures == [[*names.split(), "reason"]]
    assert sheet_of(book, "devices_imagenes_bajadas") == pictures
    assert sheet_of(book, "datasets_creados")[0][-1] == "relative_folder"
    assert len(sheet_of(book, "datasets_creados")) == 1


def test_codes_and_ids_are_text_and_numbers_are_numbers(book: Path) -> None:
    row = row_of(book, "References", "903")
    assert (row["reference_code"], row["label_id"], row["label_considerar"]) == ("00003", "53", "53")
    assert (row["num_cliente"], row["num_imagenes_dataset"], row["is_trained_elastic"]) == (997.0, 150.0, True)


def test_header_is_frozen_filtered_white_on_blue_and_explains_itself(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["References"]
    header = sheet["A1"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("D2", "A1:AE5")
    assert (header.font.b, header.font.color.rgb, header.fill.fgColor.rgb) == (True, "FFFFFFFF", "FF366092")
    notes = {cell.value: cell.comment.text for cell in sheet[1] if cell.comment}
    assert "pct_ok_sistema" in notes["ok_percentage"]
    assert "pct_ok_modelo" in notes["model_ok_percentage"]


def test_only_the_columns_a_person_fills_have_the_colour(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["References"]
    coloured = [
        title.value for title, cell in zip(sheet[1], sheet[2], strict=True) if cell.fill.fill_type and cell.fill.fgColor.rgb == "FF87CEEB"
    ]
    assert coloured == [
        "revisar_imagenes",
        "incluir_dataset",
        "devices_incluir",
        "num_imagenes_dataset",
        "producto_a_entrenar",
        "label_considerar",
    ]


def test_dropdowns_reject_what_is_not_accepted_and_say_what_is(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["References"]
    rules = {sheet.cell(1, next(iter(rule.sqref.ranges)).min_col).value: rule for rule in sheet.data_validations.dataValidation}
    assert rules["incluir_dataset"].formula1 == "Validacion!$B$2:$B$3"
    assert rules["devices_incluir"].formula1 == "Validacion!$A$2:$A$3"
    whole = rules["num_imagenes_dataset"]
    assert (whole.type, whole.operator, whole.formula1) == ("whole", "greaterThanOrEqual", "0")
    assert all(rule.showErrorMessage and rule.errorStyle in (None, "stop") and rule.prompt for rule in rules.values())
    lists = sheet_of(book, "Validacion")
    assert [row[:2] for row in lists[:3]] == [
        ["Opciones_Devices_Incluir", "Opciones_Si_No"],
        ["todos", "si"],
        ["devices_seleccionados", "no"],
    ]


def test_times_of_the_transactions_are_local_and_say_so(book: Path) -> None:
    first = rows_of(book, "Datos_Elasticsearch")[0]
    assert str(first["transaction_start_time (Europe/Madrid)"]) == "2025-07-02 08:00:00"
    assert str(first["Date (UTC)"]) == "2025-07-02"


def test_state_says_what_was_built_and_comes_with_the_books_digest(tmp_path: Path) -> None:
    process = write_process(tmp_path / "p")
    state = make(process)
    assert state == read_json(process / "reports/workbook_state.json")
    assert (state["window"], state["rows"], state["capped"]) == (WINDOW, 30, False)
    assert state["book_sha256"] == sha256_of(book_of(process))
    assert state["sheets"]["References"] == 4


def test_the_same_tables_give_the_same_file(tmp_path: Path) -> None:
    process = write_process(tmp_path / "p")
    assert make(process)["book_sha256"] == make(process)["book_sha256"]


def test_a_process_without_any_data_has_a_valid_empty_workbook(tmp_path: Path) -> None:
    empty = {"labels": [], "model_data": [], "label_suggestions": [], "consistency": []}
    process = write_process(tmp_path / "p", transactions=0, references=[], devices=[], tables=empty)
    make(process)
    assert tabs_of(book_of(process)) == TABS
    assert sheet_of(book_of(process), "Model_Data")[1][0] == "No se conoce el modelo activo, o no tiene clases"
    assert len(sheet_of(book_of(process), "Datos_Elasticsearch")) == 1


@pytest.mark.parametrize("sample", [True, False])
def test_sample_data_are_called_so_on_the_first_tab(tmp_path: Path, sample: bool) -> None:
    process = write_process(tmp_path / "p")
    make(process, sample=sample)
    words = [cell for row in sheet_of(book_of(process), "Resumen") for cell in row]
    assert ("datos de ejemplo" in words) == sample


def test_more_transactions_than_the_tab_holds_keeps_the_newest_and_says_so(tmp_path: Path) -> None:
    process = write_process(tmp_path / "p", transactions=50)
    state = make(process, max_rows=20)
    ids = [row["transaction_id"] for row in rows_of(book_of(process), "Datos_Elasticsearch")]
    assert ids == [str(70000000 + n) for n in range(30, 50)]
    assert (state["capped"], state["rows"], state["sheets"]["Datos_Elasticsearch"]) == (True, 50, 20)
    summary = {row[0]: row[1] for row in sheet_of(book_of(process), "Resumen")}
    assert summary["Datos_Elasticsearch"] == "las 20 más recientes de 50 transacciones"
    checks = {row["comprobación"]: row for row in rows_of(book_of(process), "Consistencia")}
    assert checks["datos_recortados"]["gravedad"] == "info"


def test_consistency_shows_what_needs_a_person_first_and_passed_checks_last(tmp_path: Path) -> None:
    found = [("nada", "error", 0), ("para_saber", "info", 4), ("mirar", "aviso", 2), ("corregir", "error", 1)]
    checks = [[name, severity, "texto", count, "", "hacer", position] for position, (name, severity, count) in enumerate(found)]
    process = write_process(tmp_path / "p", tables={"consistency": checks})
    make(process)
    shown = rows_of(book_of(process), "Consistencia")
    rows = [(row["comprobación"], row["gravedad"]) for row in shown]
    assert rows == [("corregir", "error"), ("mirar", "aviso"), ("para_saber", "info"), ("nada", "bien")]
    assert [row["descripción"] for row in shown] == ["texto", "texto", "texto", "Comprobado, sin incidencias: «texto»"]


@pytest.mark.parametrize(
    ("zone", "window", "read"),
    [
        ("Europe/Madrid", "de 02/07/2025 02:00 a 02/08/2025 02:00", "01/08/2025 14:00"),
        ("America/Bogota", "de 01/07/2025 19:00 a 01/08/2025 19:00", "01/08/2025 07:00"),
    ],
)
def test_the_times_of_the_first_tab_are_those_of_the_configured_zone_and_say_it(tmp_path: Path, zone: str, window: str, read: str) -> None:
    process = write_process(tmp_path / "p")
    make(process, timezone=zone)
    rows = sheet_of(book_of(process), "Resumen")
    summary = {row[0]: row[1] for row in rows}
    assert summary[f"Ventana (hora de {zone})"] == window
    assert summary["Fecha de análisis"] == f"{read} (hora de {zone})"
    start, end = window.removeprefix("de ").split(" a ")
    assert rows[1][0] == f"Transacciones desde {start} hasta {end}, leídas el {read} (hora de {zone})"
    names = [row[0] for row in rows]
    assert names.index("Deployment ID") < names.index("Fecha de análisis") < names.index("DATOS EXTRAÍDOS")


def test_a_transaction_without_an_id_says_so(tmp_path: Path) -> None:
    process = write_process(tmp_path / "p", transactions=2)
    table, other = process / "data/transactions.parquet", tmp_path / "other.parquet"
    nothing = "CASE WHEN transaction_id LIKE '%1' THEN {0} END AS {0}"
    replaced = ", ".join(nothing.format(name) for name in ("device_id", "transaction_id"))
    with duckdb.connect() as base:
        base.execute(f"COPY (SELECT * REPLACE ({replaced}) FROM read_parquet('{table}')) TO '{other}' (FORMAT parquet)")
    other.replace(table)
    make(process)
    rows = [(row["device_id"], row["transaction_id"]) for row in rows_of(book_of(process), "Datos_Elasticsearch")]
    assert rows == [("(sin dato)", "(sin dato)"), ("502", "70000001")]
    assert "(sin dato)" in [row[3] for row in sheet_of(book_of(process), "Resumen")]


HOSTILE = [
    "=cmd|' /C calc'!A0",
    "=1+1",
    "+34 600",
    "@SUM(A1)",
    "../../etc/passwd",
    "a\x00b\x01c",
    "_x0041_ no es A",
    "  con espacios  ",
    "línea 1\nlínea 2",
    "Ñandú 🍎👩‍🌾",
    "\u202eoditrevni",
    "<b>&amp;</b>",
    "x" * 300,
    "y" * 40_000,
]


def test_hostile_names_stay_the_text_they_are(tmp_path: Path) -> None:
    names = [[reference(n, reference_name=name), device(n, device_name=name)] for n, name in enumerate(HOSTILE)]
    process = write_process(tmp_path / "p", references=[pair[0] for pair in names], devices=[pair[1] for pair in names])
    make(process)
    for sheet, column in (("References", "reference_name"), ("Devices", "device_name")):
        found = [row[column] for row in rows_of(book_of(process), sheet)]
        assert found[:-1] == HOSTILE[:-1]
        assert found[-1] == "y" * 32_766 + "…"
    cells = openpyxl.load_workbook(book_of(process))["References"]
    assert all(cell.data_type != "f" for row in cells.iter_rows() for cell in row)


def test_names_that_differ_in_case_only_and_codes_with_zeros_are_separate_rows(tmp_path: Path) -> None:
    rows = [reference(1, reference_code="00014", reference_name="Pera"), reference(2, reference_code="14", reference_name="PERA")]
    process = write_process(tmp_path / "p", references=rows)
    make(process)
    assert [(row["reference_code"], row["reference_name"]) for row in rows_of(book_of(process), "References")] == [
        ("00014", "Pera"),
        ("14", "PERA"),
    ]
