"""Analysed tables: references, devices, the active model, suggestions, classes, summary (docs/rules.md)."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hits import CLIENT_TOO, MANUAL, STRANGE, analysed, hit, table

APPLE = ("1", "00014", "MANZANA", "57")
PEAR = ("2", "14", "PERA", "58")
LABELS = [("57", "manzana"), ("58", "pera"), ("59", "kiwi")]
MODEL = [{"index": 0, "index_name": "Manzana", "trained_labels": [57]}, {"index": 1, "index_name": "Pera", "trained_labels": [58]}]


def sale(code: str = "00014", day: int = 3, /, *, count: int = 1, top: Any = None, **data: Any) -> list[Any]:
    """`count` client transactions of a code."""
    made = {"model_id": 32, "selected_reference_code": code} | data
    return [hit(made, **{"transaction_start_time": f"2025-07-{day:02d}T10:00:00Z"} | (top or {})) for _ in range(count)]


def reference(tmp_path: Path, hits: list[Any], key: str = "1", **options: Any) -> Any:
    options = {"references": [APPLE, PEAR], "labels": LABELS, "models": {"32": MODEL}} | options
    return table(analysed(tmp_path, hits, **options), "references", "reference_id")[key]


# -- references -----------------------------------------------------------------------------------------------------


def test_a_row_that_agrees_in_code_and_name_counts_once(tmp_path: Path) -> None:
    row = reference(tmp_path, sale(count=3, selected_reference_name="MANZANA", selected_reference="MANZANA"))
    assert (row["num_cliente"], row["num_manuales"], row["total_transactions"]) == (3, 0, 3)


def test_a_name_alone_makes_no_row_belong(tmp_path: Path) -> None:
    assert reference(tmp_path, sale("99", selected_reference_name="MANZANA", selected_reference="MANZANA"))["num_cliente"] == 0


def test_codes_are_text(tmp_path: Path) -> None:
    hits = [*sale("00014", count=3), *sale("14", count=2), *sale(14), *sale("A-7")]  # type: ignore[arg-type]
    found = table(analysed(tmp_path, hits, references=[APPLE, PEAR, ("3", "A-7", "ÑAME", None)]), "references", "reference_code")
    assert {code: row["num_cliente"] for code, row in found.items()} == {"00014": 3, "14": 3, "A-7": 1}


def test_client_and_manual_rows_are_counted_apart_and_others_not_at_all(tmp_path: Path) -> None:
    metrics = [CLIENT_TOO, MANUAL, MANUAL, STRANGE]
    hits = sale() + [one for metric in metrics for one in sale(top={"transaction_metric": metric})]
    row = reference(tmp_path, hits)
    assert (row["num_cliente"], row["num_manuales"], row["total_transactions"]) == (2, 2, 4)


@pytest.mark.parametrize(("trained", "untrained", "expected"), [(1, 1, True), (1, 2, False), (0, 0, False), (2, 1, True)])
def test_trained_means_at_least_half_of_the_client_rows(tmp_path: Path, trained: int, untrained: int, expected: bool) -> None:
    hits = sale(count=trained, selected_reference_is_trained=True) + sale(count=untrained)
    assert reference(tmp_path, hits)["is_trained_elastic"] is expected


def test_percentages_are_of_client_rows_of_the_active_model(tmp_path: Path) -> None:
    trained = {"selected_reference_is_trained": True, "selected_reference_index": 5}
    hits = [
        *sale(count=2, result_index=5, **trained),
        *sale(result_index=6, topk=-1, **trained),
        *sale(count=3, model_id=31, topk=-1, result_index=6, **trained),
        *sale(count=4, top={"transaction_metric": MANUAL}, topk=-1),
        *sale(count=3, confidence="LOW"),
    ]
    row = reference(tmp_path, hits)
    assert (row["ok_percentage"], row["model_ok_percentage"]) == (33.33, 66.67)


def test_without_rows_percentages_are_zero(tmp_path: Path) -> None:
    row = reference(tmp_path, sale("14"))
    assert {row[name] for name in ("ok_percentage", "model_ok_percentage", "top1_%pesadas", "top1_pct_ok")} == {0}
    assert (row["top1_result_index"], row["top1_result_label_name"]) == (None, None)


def test_top_three_are_the_most_frequent_predictions_of_any_model(tmp_path: Path) -> None:
    guesses = [(1, "Pera", 3, {"topk": -1}), (0, "Manzana", 4, {}), (2, "Kiwi", 2, {"model_id": 31}), (3, "Uva", 1, {})]
    hits = [one for index, name, count, data in guesses for one in sale(count=count, result_index=index, result_label_name=name, **data)]
    row = reference(tmp_path, [*hits, *sale(count=6, result_index=9)])
    found = [tuple(row[f"top{n}_{name}"] for name in ("result_index", "result_label_name", "%pesadas", "pct_ok")) for n in (1, 2, 3)]
    assert found == [(0, "Manzana", 25.0, 100.0), (1, "Pera", 18.75, 0.0), (2, "Kiwi", 12.5, 100.0)]


def test_the_class_of_a_label_is_the_last_one_that_holds_it(tmp_path: Path) -> None:
    model = [*MODEL, {"index": 2, "index_name": "Golden", "trained_labels": [57]}]
    row = reference(tmp_path, sale(), models={"32": model})
    assert (row["producto_trained"], row["label_name"], row["is_in_dataset"]) == ("Golden", "manzana", True)


def test_a_label_outside_the_model_has_no_class(tmp_path: Path) -> None:
    row = reference(tmp_path, sale(), models={"32": MODEL[1:]})
    assert (row["producto_trained"], row["is_in_dataset"]) == (None, False)


def test_a_reference_with_volume_starts_included_with_its_class_and_label(tmp_path: Path) -> None:
    defaults = {"min_transacciones_cliente": 3, "num_imagenes_dataset_default": 80, "devices_incluir_default": "todos"}
    included = {"incluir_dataset": "si", "num_imagenes_dataset": 80, "producto_a_entrenar": "Manzana", "label_considerar": "57"}
    others = {"incluir_dataset": "no", "num_imagenes_dataset": None, "producto_a_entrenar": None, "label_considerar": None}
    hits = sale(count=3) + sale("14", count=2)
    for key, expected in (("1", included), ("2", others)):
        row = reference(tmp_path, hits, key, **defaults)
        assert {name: row[name] for name in expected} == expected
        assert (row["revisar_imagenes"], row["devices_incluir"]) == ("no", "todos")


def test_references_stand_by_client_rows_then_by_number(tmp_path: Path) -> None:
    references = [("10", "a", "A", None), ("9", "b", "B", None), ("x", "c", "C", None), ("11", "d", "D", None)]
    found = table(analysed(tmp_path, sale("d"), references=references), "references")
    assert [row["reference_id"] for row in found] == ["11", "9", "10", "x"]


# -- the active model -----------------------------------------------------------------------------------------------


def model_of(analysis: Path) -> Any:
    return {row["metric"]: row["value"] for row in table(analysis, "summary") if row["block"] == "MODELO ACTIVO"}


def test_the_active_model_is_the_most_frequent_of_the_newest_thousand_client_rows(tmp_path: Path) -> None:
    hits = [*sale("00014", 5, count=600, model_id=32), *sale("00014", 4, count=400, model_id=31), *sale("00014", 3, count=900, model_id=31)]
    assert model_of(analysed(tmp_path, hits)) == {"Model ID": "32", "Frecuencia": "600 de las últimas 1.000", "Porcentaje uso": "60,0 %"}


def test_the_numbers_of_the_summary_are_written_as_here_and_ids_stay_as_they_are(tmp_path: Path) -> None:
    hits = sale("00014", 5, count=1200, model_id=12345)
    found = {row["metric"]: row["value"] for row in table(analysed(tmp_path, hits), "summary")}
    assert (found["Total registros Elasticsearch"], found["De cliente"], found["Model ID"]) == ("1.200", "1.200", "12345")
    assert found["Total devices"] == "1" and not any("(UTC)" in metric for metric in found)


def test_manual_rows_do_not_choose_the_model(tmp_path: Path) -> None:
    hits = sale(count=1, model_id=32) + sale(count=5, model_id=31, top={"transaction_metric": MANUAL})
    assert model_of(analysed(tmp_path, hits))["Model ID"] == "32"


def test_of_two_equally_frequent_models_the_one_seen_last_is_active(tmp_path: Path) -> None:
    assert model_of(analysed(tmp_path, sale("1", 3, model_id=40) + sale("1", 4, model_id=31)))["Model ID"] == "31"


def test_a_given_model_is_active_even_when_nobody_used_it(tmp_path: Path) -> None:
    found = model_of(analysed(tmp_path, sale(count=2, model_id=31), parameters={"base_model_id": "40"}))
    assert found == {"Model ID": "40", "Frecuencia": "N/A (modelo indicado)"}


def test_without_any_model_the_tables_are_still_made(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, sale(model_id=None), references=[APPLE], deployment=None)
    assert model_of(analysis)["Model ID"].startswith("desconocido")
    assert table(analysis, "model_data") == []
    assert table(analysis, "references")[0]["num_cliente"] == 1


# -- devices --------------------------------------------------------------------------------------------------------


def test_a_device_is_one_row_with_its_percentages(tmp_path: Path) -> None:
    device = {"device_id": 501, "device_name": "Balanza 1"}
    hits = [
        *sale(top=device),
        *sale(top=device, topk=-1),
        *sale(top=device, confidence="LOW"),
        *sale(top=device | {"transaction_metric": MANUAL}),
    ]
    (row,) = table(analysed(tmp_path, hits, num_imagenes_dataset_adicionales_default=5), "devices")
    assert row == {
        "device_id": "501", "device_name": "Balanza 1", "total_transactions": 4, "num_cliente": 3, "num_manual": 1, "ok_percentage": 33.3,
        "model_ok_percentage": 0.0, "error_percentage": 33.3, "no_result_percentage": 33.3, "revisar_imagenes": "no",
        "first_transaction_date": date(2025, 7, 3), "incluir_dataset": "si", "num_imagenes_dataset_adicionales": 5,
    }  # fmt: skip


def test_one_null_device_changes_no_other_device(tmp_path: Path) -> None:
    found = table(analysed(tmp_path, sale(top={"device_id": None}) + sale(top={"device_id": ""}) + sale(count=2)), "devices")
    assert [(row["device_id"], row["num_cliente"]) for row in found] == [("501", 2)]


def test_a_device_without_a_name_shows_its_id(tmp_path: Path) -> None:
    assert [row["device_name"] for row in table(analysed(tmp_path, sale()), "devices")] == ["501"]


@pytest.mark.parametrize("start", ["2025-07-03T10:00:00Z", None])
def test_a_device_shows_its_first_name(tmp_path: Path, start: str | None) -> None:
    names = [("ZETA", "2025-07-05T10:00:00Z"), ("BETA", start), ("", "2025-07-02T10:00:00Z")]
    hits = [one for name, time in names for one in sale(top={"device_name": name, "transaction_start_time": time})]
    (row,) = table(analysed(tmp_path, hits), "devices")
    assert row["device_name"] == ("BETA" if start else "ZETA")


# -- the model's classes --------------------------------------------------------------------------------------------

CLASSES = [
    {"index": 0, "index_name": "Manzana", "trained_labels": [57, "58", 58, None, 59.0]},
    {"index": "1", "index_name": "Uva", "trained_labels": []},
    {"index_name": "Kiwi", "trained_labels": [9999]},
]


@pytest.mark.parametrize("model", [CLASSES, {"classes": CLASSES}])
def test_both_forms_of_a_model_give_one_row_per_class_and_label(tmp_path: Path, model: Any) -> None:
    found = table(analysed(tmp_path, sale(), labels=LABELS, models={"32": model, "31": MODEL}), "model_data")
    assert [tuple(row.values()) for row in found] == [
        ("32", "M32", 0, "Manzana", "57", "manzana"),
        ("32", "M32", 0, "Manzana", "58", "pera"),
        ("32", "M32", 0, "Manzana", "59", "kiwi"),
        ("32", "M32", 1, "Uva", None, None),
        ("32", "M32", None, "Kiwi", "9999", "Label 9999"),
    ]


# -- label suggestions ----------------------------------------------------------------------------------------------

WANTING = ("7", "00007", "PEPINO", None)


def suggestion(tmp_path: Path, hits: list[Any], reference: Any = WANTING, **options: Any) -> Any:
    analysis = analysed(tmp_path, hits, references=[reference], labels=LABELS, models={"32": MODEL}, **options)
    found = table(analysis, "label_suggestions")
    return found[0] if found else None


def guess(name: str, count: int) -> list[Any]:
    return sale("00007", count=count, result_index=1, result_label_name=name)


def test_the_labels_most_often_predicted_are_suggested_with_their_share(tmp_path: Path) -> None:
    row = suggestion(tmp_path, guess("Manzana", 1) + guess("Pera", 7) + guess("Otro", 2))
    shown = {name: row[name] for name in row if name.startswith("sugerencia_1") or name.startswith("sugerencia_2_a")}
    assert shown == {
        "sugerencia_1_label_id": "58", "sugerencia_1_label_name": "pera", "sugerencia_1_apariciones": 7, "sugerencia_1_porcentaje": 70.0,
        "sugerencia_2_apariciones": 1,
    }  # fmt: skip
    assert (row["motivo"], row["num_cliente"], row["confianza"]) == ("sin label", 10, "alta")


@pytest.mark.parametrize(
    ("hits", "parameters", "expected"),
    [
        ([("Pera", 7), ("Otro", 3)], {"confidence": 0.7}, "alta"),
        ([("Pera", 69), ("Otro", 31)], {"confidence": 0.7}, "baja"),
        ([("Pera", 55), ("Otro", 45)], {"confidence": 0.55}, "alta"),
        ([("Pera", 3)], {"min_appearances": 3}, "alta"),
        ([("Pera", 2)], {"min_appearances": 3}, "baja"),
    ],
)
def test_confidence_is_high_with_enough_appearances_and_share(tmp_path: Path, hits: Any, parameters: Any, expected: str) -> None:
    made = [one for name, count in hits for one in guess(name, count)]
    assert suggestion(tmp_path, made, parameters=parameters)["confianza"] == expected


def test_no_more_suggestions_than_asked_for(tmp_path: Path) -> None:
    row = suggestion(tmp_path, guess("Manzana", 1) + guess("Pera", 2), top_suggestions=1)
    assert (row["sugerencia_1_label_id"], row["sugerencia_2_label_id"]) == ("58", None)


def test_a_label_that_is_not_in_the_model_is_a_reason_too(tmp_path: Path) -> None:
    row = suggestion(tmp_path, guess("Pera", 3), reference=("7", "00007", "PEPINO", "59"))
    assert (row["label_id"], row["motivo"]) == ("59", "label no está en el modelo")


@pytest.mark.parametrize("reference", [("7", "00007", "PERA", "58"), ("8", "00008", "NUNCA VISTA", None)])
def test_no_suggestion_for_a_reference_in_the_model_or_never_seen(tmp_path: Path, reference: Any) -> None:
    assert suggestion(tmp_path, guess("Pera", 3), reference=reference) is None


def test_a_class_with_several_labels_suggests_the_one_of_its_own_name(tmp_path: Path) -> None:
    model = [{"index": 0, "index_name": "Pera", "trained_labels": [57, 58]}]
    analysis = analysed(tmp_path, guess("Pera", 3), references=[WANTING], labels=LABELS, models={"32": model})
    assert table(analysis, "label_suggestions")[0]["sugerencia_1_label_id"] == "58"


def test_suggestions_are_counted_in_the_summary(tmp_path: Path) -> None:
    hits = guess("Pera", 3) + sale("8", count=1, result_label_name="Pera")
    analysis = analysed(tmp_path, hits, references=[WANTING, ("8", "8", "X", None)], labels=LABELS, models={"32": MODEL})
    found = {row["metric"]: row["value"] for row in table(analysis, "summary")}
    assert (found["Sugerencias alta confianza"], found["Sugerencias baja confianza"]) == ("1", "1")


# -- all tables -----------------------------------------------------------------------------------------------------

TABLES = ("references", "devices", "model_data", "label_suggestions", "consistency", "summary")
COLUMNS = {
    "references": 31, "devices": 13, "model_data": 6, "label_suggestions": 19, "consistency": 7, "summary": 4,
}  # fmt: skip


def columns(analysis: Path, name: str) -> list[str]:
    import duckdb

    with duckdb.connect() as base:
        return [row[0] for row in base.execute("DESCRIBE FROM read_parquet(?)", [str(analysis / f"{name}.parquet")]).fetchall()]


def test_an_empty_window_gives_all_tables(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, [], deployment=None)
    assert {name: len(columns(analysis, name)) for name in TABLES} == COLUMNS
    assert {name: len(table(analysis, name)) for name in TABLES[:4]} == dict.fromkeys(TABLES[:4], 0)


def test_total_stands_before_its_parts_and_an_editable_column_twice_nowhere(tmp_path: Path) -> None:
    names = columns(analysed(tmp_path), "references")
    assert names[6:9] == ["total_transactions", "num_cliente", "num_manuales"]
    assert names[-5:] == ["incluir_dataset", "devices_incluir", "num_imagenes_dataset", "producto_a_entrenar", "label_considerar"]


def test_a_catalogue_without_references_gives_all_other_tables(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, sale(count=2), models={"32": MODEL}, labels=LABELS)
    assert (table(analysis, "references"), len(table(analysis, "devices")), len(table(analysis, "model_data"))) == ([], 1, 2)


def test_fields_of_a_document_named_like_the_analysis_own_change_nothing(tmp_path: Path) -> None:
    words = ["label_id", "label_name", "class_name", "model_code", "position", "frequency", "seen", "reference_code", "reference_id"]
    words += ["place", "given", "example", "weight", "name", "code", "num_cliente", "ok", "considered", "bare", "parse_ok", "classes"]
    hits = [
        hit({"model_id": 32, "selected_reference_code": "00007", "result_label_name": "Pera"} | dict.fromkeys(words, "x")) for _ in range(3)
    ]
    row = suggestion(tmp_path, hits)
    assert (row["sugerencia_1_label_id"], row["num_cliente"]) == ("58", 3)


def test_the_summary_says_when_the_data_are_examples(tmp_path: Path) -> None:
    for sample, text in ((True, "datos de ejemplo"), (False, "producción")):
        found = {row["metric"]: row["value"] for row in table(analysed(tmp_path, sample=sample), "summary")}
        assert found["Origen de los datos"] == text


def test_hostile_names_pass_as_they_are(tmp_path: Path) -> None:
    names = ["../x", "=cmd|' /C calc'!A0", "a\0b", "x" * 300, "🥝", "\u202ekiwi", "Kiwi", "kiwi"]
    references = [(str(n), f"c{n}", name, None) for n, name in enumerate(names)]
    hits = [one for n, name in enumerate(names) for one in sale(f"c{n}", top={"device_id": n, "device_name": name})]
    analysis = analysed(tmp_path, hits, references=references)
    assert [row["reference_name"] for row in table(analysis, "references")] == names
    assert [row["device_name"] for row in table(analysis, "devices")] == names
