"""Each consistency check finds its case and not its opposite (docs/rules.md, «Consistency»)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hits import MANUAL, STRANGE, analysed, checks, hit, table

LABELS = [("57", "manzana"), ("58", "pera")]
MODEL = [{"index": 0, "index_name": "Manzana", "trained_labels": [57]}, {"index": 1, "index_name": "Pera", "trained_labels": [58]}]
APPLE = ("1", "00014", "MANZANA", "57")
FOLDERS = [(str(number), "folders/a/", ["a.jpg"], True) for number in range(1, 10)]


def sale(number: int = 1, data: Mapping[str, Any] | None = None, /, **top: Any) -> Any:
    """A transaction that no check complains about."""
    return hit({"model_id": 32, "selected_reference_code": "00014"} | dict(data or {}), **{"transaction_id": number} | top)


def found(tmp_path: Path, *hits: Any, **catalogue: Any) -> dict[str, int]:
    given = {"references": [APPLE], "labels": LABELS, "models": {"32": MODEL}, "folders": FOLDERS} | catalogue
    return checks(analysed(tmp_path, hits, **given))


def test_nothing_is_found_where_nothing_is_wrong(tmp_path: Path) -> None:
    assert found(tmp_path, sale(1), sale(2, transaction_metric=MANUAL)) == {}


WRONG_HITS: list[tuple[dict[str, int], list[Any]]] = [
    ({"sin_transacciones": 1}, []),
    ({"sin_device": 2}, [sale(1, device_id=None), sale(2, device_id="")]),
    ({"sin_codigo": 1}, [sale(1, {"selected_reference_code": None})]),
    ({"codigo_fuera_del_catalogo": 1}, [sale(1, {"selected_reference_code": "14"}), sale(2, {"selected_reference_code": "14"})]),
    ({"sin_transaction_id": 1, "sin_imagenes": 1}, [sale(None)]),  # type: ignore[arg-type]
    ({"sin_hora": 1}, [sale(1, transaction_start_time=None)]),
    ({"sin_hora": 1, "hora_ilegible": 1}, [sale(1, transaction_start_time="ayer")]),
    ({"hora_ilegible": 2}, [sale(1, time="ayer", transaction_end_time="hoy")]),
    ({"fin_antes_de_inicio": 1}, [sale(1, transaction_end_time="2025-07-03T09:59:59Z")]),
    ({"sin_imagenes": 1}, [sale(999)]),
    ({"metrica_desconocida": 1}, [sale(1, transaction_metric=STRANGE), sale(2, transaction_metric=STRANGE)]),
    ({"device_con_varios_nombres": 1}, [sale(1, device_name="A"), sale(2, device_name="B")]),
    ({"documento_repetido": 1}, [sale(1, id="same"), sale(1, id="same")]),
    ({"transaccion_repetida": 2}, [sale(1), sale(1), sale(2, transaction_metric=MANUAL), sale(2, transaction_metric=MANUAL)]),
    ({"tipo_inesperado": 2}, [sale(1, {"topk": "x", "result_index": "y"})]),
    ({"modelo_cambiado": 2, "otro_modelo": 1}, [sale(1), sale(2), sale(3, {"model_id": 31})]),
]


@pytest.mark.parametrize(("expected", "hits"), WRONG_HITS, ids=lambda value: "+".join(value) if isinstance(value, dict) else "")
def test_what_is_wrong_in_transactions_is_found(tmp_path: Path, expected: dict[str, int], hits: list[Any]) -> None:
    assert found(tmp_path, *hits) == expected


BOTH = [{"index": 0, "index_name": "Manzana", "trained_labels": [57]}, {"index": 1, "index_name": "Golden", "trained_labels": [57]}]
WRONG_CATALOGUE: list[tuple[dict[str, int], dict[str, Any]]] = [
    ({"referencia_sin_label": 1}, {"references": [APPLE, ("2", "b", "B", None)]}),
    ({"label_desconocido": 1}, {"references": [APPLE, ("2", "b", "B", "77")]}),
    ({"label_en_dos_clases": 1}, {"models": {"32": BOTH}}),
    ({"fuera_del_modelo_con_volumen": 1}, {"models": {"32": MODEL[1:]}, "min_transacciones_cliente": 1}),
    ({}, {"models": {"32": MODEL[1:]}, "min_transacciones_cliente": 2}),
    ({"codigo_repetido": 1}, {"references": [APPLE, ("2", "00014", "GOLDEN", "57")]}),
    ({"codigos_parecidos": 1}, {"references": [APPLE, ("2", "14", "GOLDEN", "57")]}),
    ({"codigos_parecidos": 1}, {"references": [APPLE, ("2", "a-7", "A", "57"), ("3", "A-7 ", "B", "57")]}),
    ({"referencia_sin_codigo": 2}, {"references": [APPLE, ("2", None, "B", "57"), ("3", "  ", "C", "57")]}),
    ({"deployment_sin_modelo": 1}, {"deployment": None}),
    ({"modelo_no_asignado": 1}, {"deployment": "40"}),
    ({"modelo_sin_datos": 1}, {"models": {}}),
    ({"modelo_sin_datos": 1}, {"models": {"32": []}}),
    ({"modelo_ilegible": 1, "modelo_sin_datos": 1}, {"models": {"32": "{no json"}}),
    ({"modelo_ilegible": 1, "modelo_sin_datos": 1}, {"models": {"32": {"kinds": []}}}),
    ({"modelo_ilegible": 1}, {"models": {"32": [*MODEL, {"index": 3}, {"index": 4, "index_name": "X", "trained_labels": "57"}]}}),
    ({"modelo_sin_uso": 1, "otro_modelo": 1}, {"models": {"40": MODEL}, "parameters": {"base_model_id": "40"}, "deployment": "40"}),
    ({"folder_files_ilegible": 1}, {"folders": [*FOLDERS, ("77", "folders/b/", [], False)]}),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "catalogue"), WRONG_CATALOGUE)
def test_what_is_wrong_in_the_catalogue_is_found(tmp_path: Path, expected: dict[str, int], catalogue: dict[str, Any]) -> None:
    assert found(tmp_path, sale(1), **catalogue) == expected


def test_every_check_has_a_case_here(tmp_path: Path) -> None:
    tried = {check for expected, _ in [*WRONG_HITS, *WRONG_CATALOGUE] for check in expected}
    assert tried == {row["check_id"] for row in table(analysed(tmp_path), "consistency")}


def test_checks_stand_in_a_fixed_order_and_say_what_to_do(tmp_path: Path) -> None:
    rows = table(analysed(tmp_path), "consistency")
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    assert all(row["action"] and row["description"] and row["severity"] in ("error", "aviso", "info") for row in rows)


def test_examples_are_the_heaviest_and_at_most_twenty(tmp_path: Path) -> None:
    hits = [sale(None, {"selected_reference_code": f"x{n:02d}"}) for n in range(30) for _ in range(1 + (n == 25))]  # type: ignore[arg-type]
    rows = table(analysed(tmp_path, hits), "consistency", "check_id")
    examples = rows["codigo_fuera_del_catalogo"]["examples"].split("; ")
    assert (rows["codigo_fuera_del_catalogo"]["count"], len(examples), examples[:2]) == (30, 20, ["x25 (2)", "x00 (1)"])


def test_examples_count_in_words_a_person_would_write(tmp_path: Path) -> None:
    rows = table(analysed(tmp_path, [*(sale(n) for n in range(1_200)), sale(5_000, {"model_id": 31})]), "consistency", "check_id")
    assert rows["otro_modelo"]["examples"] == "modelo 31: 1 transacción"
    assert rows["modelo_cambiado"]["examples"].startswith("modelo 32: 1.200 transacciones, de 0")


def test_an_example_names_a_reference_even_without_code_or_name(tmp_path: Path) -> None:
    rows = table(analysed(tmp_path, references=[("5", None, None, None), ("6", "c6", "SEIS", None)]), "consistency", "check_id")
    assert rows["referencia_sin_label"]["examples"] == "c6 SEIS; referencia 5"


def test_examples_of_wrong_values_say_field_and_text(tmp_path: Path) -> None:
    rows = table(analysed(tmp_path, [sale(1, {"topk": "n/a"}, time="ayer")]), "consistency", "check_id")
    assert (rows["tipo_inesperado"]["examples"], rows["hora_ilegible"]["examples"]) == ("topk: n/a", "time: ayer")


def test_errors_and_warnings_are_counted_in_the_summary(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, [sale(1, device_id=None)], references=[APPLE, ("2", "b", "B", None)], labels=LABELS, models={"32": MODEL})
    shown = {row["metric"]: row["value"] for row in table(analysis, "summary")}
    assert (shown["Errores de consistencia"], shown["Avisos de consistencia"]) == ("1", "1")
