"""Hits to `transactions.parquet`: derived columns, duplicates, times, types, unknown fields (docs/rules.md)."""

import json
import random
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from dataset_manager.errors import CountError, SourceError
from hits import CLIENT, CLIENT_TOO, MANUAL, STRANGE, counts, flattened, flattened_again, hit, only, source
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TRAINED = {"selected_reference_is_trained": True, "result_index": 5, "selected_reference_index": 5}
KNOWN_COLUMNS = [
    "_index", "_id", "transaction_start_time", "transaction_end_time", "transaction_id", "transaction_metric", "kind", "deployment_id",
    "device_id", "device_name", "time", "model_id", "confidence", "topk", "result_index", "result_label_name", "selected_reference_code",
    "selected_reference_name", "selected_reference", "selected_reference_index", "selected_reference_is_trained", "predicted_codes",
    "predicted_names", "unparsed", "Date", "Result", "Ok", "No_result", "Error", "Result_modelo", "Ok_modelo", "folder_url",
    "folder_files", "has_image", "num_images", "image_link",
]  # fmt: skip


# -- derived columns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "result"),
    [
        ({"confidence": "LOW", "topk": 1}, "No_result"),
        ({"confidence": "LOW", "topk": -1}, "No_result"),
        ({"confidence": "HIGH", "topk": -1}, "Error"),
        ({"topk": -1}, "Error"),
        ({"confidence": "HIGH", "topk": 0}, "Ok"),
        ({"confidence": "low", "topk": 3}, "Ok"),
        ({"confidence": None, "topk": None}, "Ok"),
        ({}, "Ok"),
    ],
)
def test_result_is_no_result_when_low_else_error_when_not_in_the_list_else_ok(tmp_path: Path, data: Any, result: str) -> None:
    row = only(tmp_path, hit(data))
    assert row["Result"] == result
    assert {name: row[name] for name in ("Ok", "No_result", "Error")} == {
        name: int(name == result) for name in ("Ok", "No_result", "Error")
    }


@pytest.mark.parametrize(
    ("metric", "data", "result", "ok"),
    [
        (CLIENT, TRAINED, "SUCCESS", 1),
        (CLIENT_TOO, TRAINED, "SUCCESS", 1),
        (CLIENT, TRAINED | {"selected_reference_is_trained": 1}, "SUCCESS", 1),
        (CLIENT, TRAINED | {"result_index": 6}, "FAIL", 0),
        (CLIENT, TRAINED | {"result_index": None}, "FAIL", 0),
        (CLIENT, TRAINED | {"result_index": None, "selected_reference_index": None}, "FAIL", 0),
        (CLIENT, TRAINED | {"selected_reference_is_trained": False}, "NOT_TRAINED", 0),
        (CLIENT, TRAINED | {"selected_reference_is_trained": 0}, "NOT_TRAINED", 0),
        (CLIENT, TRAINED | {"selected_reference_is_trained": None}, "", 0),
        (CLIENT, TRAINED | {"selected_reference_is_trained": "true"}, "", 0),
        (CLIENT, {}, "", 0),
        (MANUAL, TRAINED, "", 0),
        (STRANGE, TRAINED, "", 0),
    ],
)
def test_the_models_result_exists_for_client_rows_of_known_training_only(
    tmp_path: Path, metric: str, data: Any, result: str, ok: int
) -> None:
    row = only(tmp_path, hit(data, transaction_metric=metric))
    assert (row["Result_modelo"], row["Ok_modelo"]) == (result, ok)


def test_date_is_the_utc_day_of_the_start(tmp_path: Path) -> None:
    assert only(tmp_path, hit(transaction_start_time="2025-07-03T01:30:00+02:00"))["Date"] == date(2025, 7, 2)


@pytest.mark.parametrize(
    ("folder", "has_image", "num_images", "link"),
    [
        (("7", "folders/a/7/", ["a.jpg", "b.jpg"], True), 1, 2, "folders/a/7/"),
        (("7", " /folders/a/7/", ["a.jpg"], True), 1, 1, "folders/a/7/"),
        (("7", "folders/a/7/", [], True), 0, 0, ""),
        (("7", None, ["a.jpg"], True), 1, 1, ""),
        (("8", "folders/a/8/", ["a.jpg"], True), 0, 0, ""),
    ],
)
def test_pictures_come_from_the_folder_of_the_transaction(tmp_path: Path, folder: Any, has_image: int, num_images: int, link: str) -> None:
    row = only(tmp_path, hit(transaction_id=7), folders=[folder])
    assert (row["has_image"], row["num_images"], row["image_link"]) == (has_image, num_images, link)
    assert len(row["folder_files"]) == num_images


@pytest.mark.parametrize(
    ("metric", "kind"), [(CLIENT, "cliente"), (CLIENT_TOO, "cliente"), (MANUAL, "manual"), (STRANGE, "otro"), (None, "otro")]
)
def test_the_metric_decides_the_kind(tmp_path: Path, metric: str | None, kind: str) -> None:
    assert only(tmp_path, hit(transaction_metric=metric))["kind"] == kind


def test_rows_stand_in_the_order_of_time_and_columns_in_a_fixed_one(tmp_path: Path) -> None:
    days = ("2025-07-05", "2025-07-03", "2025-07-04")
    found = flattened(tmp_path, [hit({"zebra": 1}, transaction_start_time=f"{day}T10:00:00Z", apple=2) for day in days])
    assert [str(row["Date"]) for row in found] == sorted(days)
    assert list(found[0]) == [*KNOWN_COLUMNS, "apple", "zebra"]


# -- duplicates -----------------------------------------------------------------------------------------------------


def ends(second: int) -> str:
    return f"2025-07-03T10:00:{second:02d}Z"


def test_a_document_that_came_twice_counts_once(tmp_path: Path) -> None:
    one = hit(id="same", transaction_id=1)
    assert len(flattened(tmp_path, [one, one], [one])) == 1
    assert counts(tmp_path)["dropped_same_document"] == 2


def test_of_two_states_of_one_document_the_newest_end_counts(tmp_path: Path) -> None:
    old, new = (hit(id="same", transaction_id=None, transaction_end_time=ends(second)) for second in (1, 9))
    for part in ([old, new], [new, old]):
        assert [row["transaction_end_time"].second for row in flattened(tmp_path, part)] == [9]


def test_one_transaction_and_kind_is_one_row_the_newest_end(tmp_path: Path) -> None:
    events = [hit(transaction_id=1, transaction_metric=metric, transaction_end_time=end) for metric, end in
              ((CLIENT, ends(3)), (CLIENT_TOO, ends(8)), (CLIENT, None))]  # fmt: skip
    (row,) = flattened(tmp_path, events)
    assert row["transaction_metric"] == CLIENT_TOO
    assert counts(tmp_path)["dropped_by_kind"] == {"cliente": 2}


def test_equal_ends_are_decided_by_the_greatest_index_and_id(tmp_path: Path) -> None:
    events = [hit(transaction_id=1, transaction_end_time=ends(1), index=index, id=id) for index, id in (("a", "9"), ("b", "1"), ("b", "2"))]
    (row,) = flattened(tmp_path, events)
    assert (row["_index"], row["_id"]) == ("b", "2")


def test_the_client_row_and_the_manual_row_of_a_transaction_both_stay(tmp_path: Path) -> None:
    found = flattened(tmp_path, [hit(transaction_id=1), hit(transaction_id=1, transaction_metric=MANUAL)])
    assert sorted(row["kind"] for row in found) == ["cliente", "manual"]


@pytest.mark.parametrize("nobody", [None, ""])
def test_without_a_transaction_id_nothing_is_merged(tmp_path: Path, nobody: str | None) -> None:
    found = flattened(tmp_path, [hit(transaction_id=nobody), hit(transaction_id=nobody)])
    assert [row["transaction_id"] for row in found] == [None, None]
    assert counts(tmp_path)["null_transaction_id"] == 2


def test_other_kinds_are_never_merged(tmp_path: Path) -> None:
    assert (
        len(flattened(tmp_path, [hit(transaction_id=1, transaction_metric=STRANGE), hit(transaction_id=1, transaction_metric=STRANGE)]))
        == 2
    )


def test_a_number_and_the_same_digits_as_text_are_one_transaction_but_leading_zeros_are_not(tmp_path: Path) -> None:
    assert [row["transaction_id"] for row in flattened(tmp_path, [hit(transaction_id=one) for one in (7, "7", "007")])] == ["007", "7"]


def test_counts_close_or_the_job_fails(tmp_path: Path) -> None:
    with pytest.raises(CountError, match="el manifiesto dice 3 transacciones, se leyeron 1"):
        flattened(tmp_path, [hit()], reported=3)
    assert not (tmp_path / "transactions.parquet").exists()


def test_a_damaged_part_says_how_to_read_it_again(tmp_path: Path) -> None:
    flattened(tmp_path, [hit()])
    (tmp_path / "raw/0.ndjson.zst").write_bytes(zstandard.compress(b'{"_index": "a", "_id": '))
    with pytest.raises(SourceError, match=r"una parte no se puede leer .*Borre esa carpeta y repita la orden"):
        flattened_again(tmp_path)


# -- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "2025-07-03T10:11:12Z",
        "2025-07-03T10:11:12",
        "2025-07-03T10:11:12.000000Z",
        "2025-07-03T12:11:12+02:00",
        "2025-07-03T12:11:12.000+0200",
        "2025-07-03T05:11:12-05",
        "2025-07-03 10:11:12",
        1751537472000,
        "1751537472000",
        1751537472000.0,
    ],
)
def test_one_instant_in_many_forms(tmp_path: Path, value: Any) -> None:
    assert only(tmp_path, hit(transaction_start_time=value))["transaction_start_time"] == datetime(2025, 7, 3, 10, 11, 12)


def test_times_with_and_without_fraction_live_side_by_side(tmp_path: Path) -> None:
    found = flattened(
        tmp_path, [hit(transaction_start_time=text) for text in ("2025-07-03T10:00:00Z", "2025-07-03T10:00:00.262Z", ends(2))]
    )
    assert [row["transaction_start_time"].microsecond for row in found] == [0, 262000, 0]
    assert counts(tmp_path)["unparsed_times"] == 0


def test_a_time_without_an_offset_is_utc_wherever_the_tool_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    assert only(tmp_path, hit(transaction_start_time="2025-07-03 10:00:00"))["transaction_start_time"].hour == 10


@pytest.mark.parametrize(
    "value",
    ["03/07/2025 10:00", "ayer", "2025-02-30T00:00:00Z", True, "infinity", "epoch", 9 * 10**18, -(10**30), 1e300, ["2025-07-03"], {"a": 1}],
)
def test_what_is_no_time_is_null_its_text_kept_and_counted(tmp_path: Path, value: Any) -> None:
    row = only(tmp_path, hit(transaction_end_time=value))
    assert row["transaction_end_time"] is None
    assert list(json.loads(row["unparsed"])) == ["transaction_end_time"]
    assert counts(tmp_path)["unparsed_times"] == 1


# -- types ----------------------------------------------------------------------------------------------------------


def test_codes_are_text_as_written(tmp_path: Path) -> None:
    codes = ["00014", "14", 14, "A-7", "0x10", "1e3", "[X]1", "ñ 🥝"]
    found = flattened(tmp_path, [hit({"selected_reference_code": code}) for code in codes])
    assert sorted(row["selected_reference_code"] for row in found) == sorted(str(code) for code in codes)


@pytest.mark.parametrize(("value", "number"), [(3, 3), ("3", 3), (3.0, 3), (-1, -1), ("-1", -1), (2**62, 2**62), ("007", 7)])
def test_whole_numbers(tmp_path: Path, value: Any, number: int) -> None:
    row = only(tmp_path, hit({"topk": value}))
    assert (row["topk"], row["unparsed"]) == (number, None)


@pytest.mark.parametrize(
    ("value", "text"),
    [("n/a", "n/a"), (1.5, "1.5"), (True, "true"), ([1], "[1]"), (2**70, str(2**70)), ("0x10", "0x10"), ("1_000", "1_000")],
)
def test_what_is_no_whole_number_is_null_its_text_kept_and_counted(tmp_path: Path, value: Any, text: str) -> None:
    row = only(tmp_path, hit({"topk": value}))
    assert (row["topk"], json.loads(row["unparsed"])) == (None, {"topk": text})
    assert counts(tmp_path)["unparsed"] == {"topk": 1}
    assert counts(tmp_path)["unparsed_examples"] == {"topk": [text]}


def test_an_id_that_is_a_list_or_an_object_is_none(tmp_path: Path) -> None:
    row = only(tmp_path, hit({"model_id": {"id": 32}}, device_id=[501]))
    assert (row["device_id"], row["model_id"]) == (None, None)
    assert json.loads(row["unparsed"]) == {"device_id": "[501]", "model_id": '{"id":32}'}


@pytest.mark.parametrize("field", ["device_id", "topk", "transaction_start_time", "selected_reference_is_trained"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_text_are_no_value_and_no_complaint(tmp_path: Path, field: str, nothing: Any) -> None:
    row = only(tmp_path, source(transaction_id=1, transaction_metric=CLIENT, **{field: nothing}))
    assert (row[field], row["unparsed"]) == (None, None)


def test_several_wrong_values_of_a_document_are_kept_together(tmp_path: Path) -> None:
    row = only(tmp_path, hit({"topk": "x", "result_index": "y"}, time="z"))
    assert json.loads(row["unparsed"]) == {"time": "z", "topk": "x", "result_index": "y"}


def test_wrong_values_of_dropped_documents_are_not_counted_and_twenty_examples_are_the_first_by_text(tmp_path: Path) -> None:
    twice = [hit({"topk": "dropped"}, transaction_id=1, transaction_end_time=ends(1)), hit(transaction_id=1, transaction_end_time=ends(2))]
    flattened(tmp_path, [*twice, *(hit({"topk": f"bad {n:02d}" + "." * 200}) for n in range(30))])
    assert counts(tmp_path)["unparsed"] == {"topk": 30}
    assert [text[:6] for text in counts(tmp_path)["unparsed_examples"]["topk"]] == [f"bad {n:02d}" for n in range(20)]
    assert {len(text) for text in counts(tmp_path)["unparsed_examples"]["topk"]} == {80}


# -- other fields ---------------------------------------------------------------------------------------------------


def test_unknown_fields_survive_as_text_objects_and_lists_as_json(tmp_path: Path) -> None:
    row = only(tmp_path, hit({"timings": {"ms": 3}}, weight=0.164, tags=["a", 1], bag=True, big=2**70, note="x\0y", none=None))
    expected = {"timings": '{"ms":3}', "weight": "0.164", "tags": '["a",1]', "bag": "true", "big": str(2**70), "note": "x\0y", "none": None}
    assert {name: row[name] for name in expected} == expected


def test_a_field_of_one_document_is_null_in_the_others(tmp_path: Path) -> None:
    found = flattened(tmp_path, [hit(transaction_start_time=ends(1))], [hit(transaction_start_time=ends(2), rare="here")])
    assert [row["rare"] for row in found] == [None, "here"]


@pytest.mark.parametrize("name", ["label_id", "class", "reference_name", "kind_of", "select", "raw_topk", "other_0", "s", "n", "content"])
def test_a_nested_field_whose_name_means_something_elsewhere_keeps_it(tmp_path: Path, name: str) -> None:
    assert only(tmp_path, hit({name: "mine"}))[name] == "mine"


@pytest.mark.parametrize("name", ["Ok", "Error", "Date", "kind", "unparsed", "_id", "folder_files", "Topk", "DEVICE_ID"])
def test_a_name_that_clashes_is_kept_with_its_origin(tmp_path: Path, name: str) -> None:
    row = only(tmp_path, hit({name: "nested"}, **{name: "top"}))
    assert (row[f"transaction_data.{name}"], row[f"top.{name}"]) == ("nested", "top")


def test_a_known_field_in_both_places_keeps_both_values(tmp_path: Path) -> None:
    row = only(tmp_path, hit({"confidence": "LOW", "device_id": 9}, confidence="HIGH", device_id=501))
    assert (row["confidence"], row["top.confidence"]) == ("LOW", "HIGH")
    assert (row["device_id"], row["transaction_data.device_id"]) == ("501", "9")


def test_a_known_field_is_found_in_the_other_place(tmp_path: Path) -> None:
    row = only(tmp_path, source(transaction_metric=CLIENT, topk=-1, model_id=32, transaction_data={"device_id": 7, "transaction_id": 1}))
    assert (row["topk"], row["Result"], row["model_id"], row["device_id"], row["transaction_id"]) == (-1, "Error", "32", "7", "1")


def test_names_that_differ_in_case_only_are_different_columns(tmp_path: Path) -> None:
    row = only(tmp_path, hit({"topk": 2, "Topk": "x", "TOPK": "y", "Peso": 1, "peso": 2}, PESO=3))
    assert row["topk"] == 2
    found = {name: value for name, value in row.items() if "topk" in name.lower() or "peso" in name.lower()}
    assert sorted(str(value) for value in found.values()) == ["1", "2", "2", "3", "x", "y"]
    assert len({name.casefold() for name in row}) == len(row)


HOSTILE = [
    'it"s',
    "it's",
    "a.b",
    "a/b",
    "a~1b",
    "with space",
    "🥝",
    "\u202etxet",
    "x" * 300,
    "line\nbreak;\nDROP",
    "@nested",
    "$.a",
    "%s",
    "{0}",
    "É",
    "é",
]


@pytest.mark.parametrize("level", ["top", "nested"])
def test_keys_may_hold_any_character(tmp_path: Path, level: str) -> None:
    fields = {key: f"value {number}" for number, key in enumerate(HOSTILE)}
    row = only(tmp_path, hit(fields) if level == "nested" else hit(**fields))
    prefix = {"top": "top", "nested": "transaction_data"}[level]
    found = {key: row.get(key, row.get(f"{prefix}.{key}")) for key in fields}
    assert found == fields


def test_empty_keys_and_keys_with_nul_get_a_name_that_can_be_shown(tmp_path: Path) -> None:
    row = only(tmp_path, hit({"": "empty", "a\0b": "nul"}))
    assert (row["(vacío)"], row["a\ufffdb"]) == ("empty", "nul")


# -- containers -----------------------------------------------------------------------------------------------------


def test_metric_data_is_opened_where_transaction_data_is_absent(tmp_path: Path) -> None:
    row = only(tmp_path, source(transaction_metric=CLIENT, metric_data={"topk": -1, "own": 5}))
    assert (row["topk"], row["own"], row["metric_data"]) == (-1, "5", None)


def test_of_both_containers_the_first_is_opened_and_the_second_kept_whole(tmp_path: Path) -> None:
    row = only(tmp_path, source(transaction_data={"topk": 1}, metric_data={"topk": 2}))
    assert (row["topk"], row["metric_data"]) == (1, '{"topk":2}')


@pytest.mark.parametrize(("value", "kept"), [("text", "text"), (5, "5"), ([{"topk": 1}], '[{"topk":1}]'), ("", "")])
def test_a_container_that_is_no_object_is_kept_as_text(tmp_path: Path, value: Any, kept: str) -> None:
    row = only(tmp_path, source(transaction_id=1, transaction_data=value, metric_data={"topk": 4}))
    assert (row["transaction_data"], row["topk"]) == (kept, 4)


@pytest.mark.parametrize("value", [None, {}])
def test_an_empty_container_has_no_fields(tmp_path: Path, value: Any) -> None:
    row = only(tmp_path, source(transaction_id=1, transaction_data=value))
    assert (row["transaction_id"], row["topk"], row["unparsed"]) == ("1", None, None)


def test_one_document_that_needs_care_changes_nothing_in_the_others(tmp_path: Path) -> None:
    plain = [hit({"topk": 2, "extra": {"a": 1}}, id="a", transaction_id=1, note="x"), hit({"topk": "n/a"}, id="b", transaction_id=2)]
    (alone_a, alone_b) = flattened(tmp_path / "plain", plain)
    careful = [hit({"topk": 1, "Topk": 9}, transaction_start_time="2025-07-09T00:00:00Z"), source(transaction_data="no object")]
    found = {row["_id"]: row for row in flattened(tmp_path / "careful", [*plain, *careful])}
    assert {name: found["a"][name] for name in alone_a} == alone_a
    assert {name: found["b"][name] for name in alone_b} == alone_b


def test_a_part_that_is_gone_says_how_to_read_it_again(tmp_path: Path) -> None:
    flattened(tmp_path, [hit()], [hit()])
    (tmp_path / "raw/1.ndjson.zst").unlink()
    with pytest.raises(SourceError, match=r"una parte no se puede leer .*1\.ndjson\.zst.*Borre esa carpeta y repita la orden"):
        flattened_again(tmp_path)


def test_a_document_of_twenty_megabytes_is_a_row(tmp_path: Path) -> None:
    assert len(only(tmp_path, hit(note="x" * 20_000_000))["note"]) == 20_000_000


def test_a_key_twice_in_one_document_counts_once(tmp_path: Path) -> None:
    row = only(tmp_path, '{"_index": "i", "_id": "1", "_source": {"transaction_id": 1, "note": "first", "note": "second"}}')
    assert (row["transaction_id"], row["note"]) == ("1", "first")


PLAIN = [
    hit({"topk": 2, "extra": {"a": [1, 2.50]}, "selected_reference_is_trained": "true"}, big=2**70, text='{"a":1}', flag=True, none=None),
    hit({"topk": "n/a", **dict.fromkeys(HOSTILE[:-2], 1e2)}, HOSTILE="🥝\u2028\0", metric_data={"topk": 1}),
    source(transaction_id=1, transaction_metric=CLIENT, metric_data={"topk": -1, "own": [5]}),
    source(),
]
TWICE = '{"_index": "i", "_id": "1", "_source": {"transaction_id": 1, "note": "first", "note": "second"}}'


@pytest.mark.parametrize(
    "more", [[], [hit({"a": 1, "A": 2})], [source(transaction_data=5)], [TWICE]], ids=["plain", "case", "odd", "twice"]
)
def test_whether_the_keys_are_known_beforehand_changes_no_byte_of_the_table(tmp_path: Path, more: Any) -> None:
    for name in ("known", "sought"):
        flattened(tmp_path / name, PLAIN, more, keys_known=name == "known")
    assert (tmp_path / "known/transactions.parquet").read_bytes() == (tmp_path / "sought/transactions.parquet").read_bytes()
    assert counts(tmp_path / "known") == counts(tmp_path / "sought")


def test_an_empty_window_gives_an_empty_table_of_the_same_columns(tmp_path: Path) -> None:
    assert flattened(tmp_path) == []
    assert counts(tmp_path)["rows"] == 0


def test_nothing_of_a_killed_run_stays_beside_the_tables(tmp_path: Path) -> None:
    (tmp_path / ".tables-killed").mkdir(parents=True)
    flattened(tmp_path, [hit()])
    assert not list(tmp_path.glob(".tables-*"))


# -- order ----------------------------------------------------------------------------------------------------------

times = st.sampled_from([None, "x", *(ends(second) for second in range(3))])
documents = st.builds(
    lambda id, number, metric, start, end, more: hit(
        {"topk": more}, id=id, transaction_id=number, transaction_metric=metric, transaction_start_time=start, transaction_end_time=end
    ),
    st.sampled_from(["a", "b", "c", "d", "e"]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([CLIENT, MANUAL, STRANGE]),
    times,
    times,
    st.sampled_from([1, "n/a", [1]]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hits=st.lists(documents, min_size=1, max_size=12), seed=st.integers(0, 2**32), cut=st.integers(0, 12))
def test_the_order_of_hits_and_the_cut_into_parts_change_no_byte_of_the_table(tmp_path: Path, hits: list[Any], seed: int, cut: int) -> None:
    flattened(tmp_path / "one", hits)
    shuffled = random.Random(seed).sample(hits, len(hits))
    flattened(tmp_path / "two", *[part for part in (shuffled[:cut], shuffled[cut:]) if part])
    assert (tmp_path / "one/transactions.parquet").read_bytes() == (tmp_path / "two/transactions.parquet").read_bytes()
    assert counts(tmp_path / "one") == counts(tmp_path / "two")
