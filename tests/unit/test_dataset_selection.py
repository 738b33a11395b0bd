"""Which transactions become pictures of a dataset: quotas, reserves, devices, what is left out, and that order changes nothing."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_manager.errors import CountError
from dataset_rows import PROCESS, Choice, Row, reference, request, transaction

SEVEN = "devices_seleccionados"


def many(count: int, first: int = 1, **changes: object) -> list[Row]:
    return [transaction(number, **changes) for number in range(first, first + count)]  # type: ignore[arg-type]


def deliver(out: Path, process: str, dataset: str, transactions: list[str]) -> str:
    """The manifest of an earlier dataset; its name as a request keeps it."""
    file = out / f"processes/{process}/datasets/{dataset}.manifest.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"transaction_id": pa.array(transactions, pa.string())}), file)
    return f"{process}/{dataset}"


def test_a_quota_is_filled_and_a_fifth_at_least_five_stands_by(tmp_path: Path) -> None:
    rows = [*many(60), *many(60, 100, code="A7")]
    found = Choice(tmp_path, rows, request([reference(images=4), reference("3", "A7", images=40)]))
    assert len(found.units("r1")) == 4 + 5
    assert len(found.units("r3")) == 40 + 8
    assert {(one["group"], one["quota"]) for one in found.rows} == {("r1", 4), ("r3", 40)}
    assert [one["available"] for one in found.asked.values()] == [60, 60]


def test_ranks_count_from_one_without_a_gap(tmp_path: Path) -> None:
    found = Choice(tmp_path, many(30), request(devices=[("7", 2)]))
    for group in ("r1", "d7"):
        ranks = sorted(one["rank"] for one in found.rows if one["group"] == group)
        assert ranks == list(range(1, len(ranks) + 1))


def test_the_example_of_the_rules(tmp_path: Path) -> None:
    """The newest four are the reference's, the next two the device's, five more the reference's reserve, the last the device's."""
    rows = [transaction(n, day=n) for n in range(1, 13)]
    found = Choice(tmp_path, rows, request(devices=[("7", 2)], selection="recent"))
    assert found.units("r1") == ["12", "11", "10", "9", "6", "5", "4", "3", "2"]
    assert found.units("d7") == ["8", "7", "1"]


def test_no_transaction_is_in_two_groups(tmp_path: Path) -> None:
    rows = [transaction(n, "00014" if n % 2 else "A7", device_id=str(7 + n % 3)) for n in range(1, 200)]
    asked = request([reference(images=20), reference("3", "A7", images=30)], [("7", 10), ("8", 15), ("9", 0)])
    units = [one["transaction_id"] for one in Choice(tmp_path, rows, asked).rows]
    assert len(units) == len(set(units)) > 75


def test_devices_get_what_references_left_with_class_and_label_of_each_reference(tmp_path: Path) -> None:
    rows = [transaction(n, "00014" if n % 2 else "A7") for n in range(1, 41)]
    asked = request([reference(images=3), reference("3", "A7", images=3, **{"class": "manzana", "label_id": "58"})], [("7", 20)])
    found = Choice(tmp_path, rows, asked)
    extra = [one for one in found.rows if one["group"] == "d7"]
    assert {one["reason"] for one in extra} == {"device"}
    assert {(one["class"], one["label_id"], one["reference_id"]) for one in extra} == {("pera", "57", "1"), ("manzana", "58", "3")}
    assert all(one["target"].startswith(f"{one['class']}/{one['label_id']}/") for one in extra)
    assert found.asked["d7"]["available"] == 34


def test_references_come_first_where_both_cannot_be_filled(tmp_path: Path) -> None:
    found = Choice(tmp_path, many(6), request(devices=[("7", 10)]))
    assert (len(found.units("r1")), len(found.units("d7"))) == (4, 2)
    assert (found.asked["d7"]["quota"], found.asked["d7"]["available"]) == (10, 2)


def test_todos_takes_every_device_even_none_and_chosen_only_those(tmp_path: Path) -> None:
    rows = [
        *many(3),
        *many(3, 11, device_id="8"),
        *many(3, 21, device_id=None, device_name=None),
        *(transaction(n, "A7", device_id=device) for n, device in ((31, "7"), (32, "8"), (33, None))),
    ]
    asked = request([reference(images=20), reference("3", "A7", images=20, devices=SEVEN)], [("8", 0)])
    found = Choice(tmp_path, rows, asked)
    assert sorted(found.units("r1")) == ["1", "11", "12", "13", "2", "21", "22", "23", "3"]
    assert found.units("r3") == ["32"]
    assert set(found.asked) == {"r1", "r3"}


def test_codes_00014_and_14_are_two_references(tmp_path: Path) -> None:
    rows = [*many(5), *many(5, 11, code="14")]
    found = Choice(tmp_path, rows, request([reference(), reference("2", "14", images=2)]))
    assert {int(one) < 10 for one in found.units("r1")} == {True}
    assert {int(one) > 10 for one in found.units("r2")} == {True}


def test_a_customers_and_a_manual_row_of_one_transaction_are_sampled_once_as_the_customers(tmp_path: Path) -> None:
    manual = [row | {"kind": "manual", "_id": f"m{number}", "device_id": "99"} for number, row in enumerate(many(4))]
    found = Choice(tmp_path, [*manual, *many(4), transaction(50, kind="manual")], request(imagenes_por_transaccion="todas"))
    assert {one["transaction_id"]: one["kind"] for one in found.rows} == {**dict.fromkeys("1234", "cliente"), "50": "manual"}
    assert len(found.rows) == 5 and found.asked["r1"]["available"] == 5


def test_transactions_without_a_picture_are_no_candidates(tmp_path: Path) -> None:
    rows = [
        transaction(1),
        transaction(2, folder_files=[]),
        transaction(3, folder_files=["nota.txt"]),
        transaction(4, folder_files=["b.PNG"]),
    ]
    assert sorted(Choice(tmp_path, rows, request()).units("r1")) == ["1", "4"]


def test_used_transactions_are_left_out(tmp_path: Path) -> None:
    used = [
        deliver(tmp_path, PROCESS, f"{PROCESS}_v01", ["1", "2"]),
        deliver(tmp_path, "otro", "otro_v03", ["3"]),
    ]
    assert sorted(Choice(tmp_path, many(6), request(used_datasets=used)).units("r1")) == ["4", "5", "6"]


def test_a_dataset_that_was_frozen_as_used_and_is_gone_stops_the_choice(tmp_path: Path) -> None:
    with pytest.raises(CountError, match=r"otro_v03\.manifest\.parquet no está"):
        Choice(tmp_path, many(6), request(used_datasets=["otro/otro_v03"]))


def test_a_rejected_picture_is_left_out_and_the_next_one_of_its_transaction_may_stand_in(tmp_path: Path) -> None:
    rows = [transaction(1), transaction(2, folder_files=["a.jpg", "b.jpg"])]
    found = Choice(tmp_path, rows, request(rejected=["folders/c/1/1.jpg", "folders/c/2/a.jpg"]))
    assert [one["key"] for one in found.rows] == ["folders/c/2/b.jpg"]


def test_no_candidate_at_all_is_an_error_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CountError, match="el proceso tiene 6 transacciones con imagen") as failed:
        Choice(tmp_path, many(6), request([reference(code="nadie")]))
    assert "filter_used=no" in str(failed.value)
    assert not list(tmp_path.rglob("*.request.json")), "what can have no picture is not gone on with"


def test_a_reference_without_candidates_is_a_shortage_not_an_error(tmp_path: Path) -> None:
    found = Choice(tmp_path, many(6), request([reference(), reference("3", "A7")]))
    assert (found.asked["r3"]["available"], found.units("r3")) == (0, [])


def test_one_picture_per_transaction_keeps_the_others_as_replacements(tmp_path: Path) -> None:
    rows = many(10, folder_files=["a.jpg", "b.jpg", "c.jpg"])
    found = Choice(tmp_path, rows, request())
    assert found.asked["r1"]["available"] == 10
    assert len({one["unit"] for one in found.rows}) == 4 + 5
    first = sorted(found.rows, key=lambda one: one["rank"])[:3]
    assert [one["key"][-5:] for one in first] == ["a.jpg", "b.jpg", "c.jpg"] and len({one["unit"] for one in first}) == 1


def test_every_picture_counts_on_its_own_with_todas(tmp_path: Path) -> None:
    rows = many(10, folder_files=["a.jpg", "b.jpg", "c.jpg"])
    found = Choice(tmp_path, rows, request([reference(images=7)], imagenes_por_transaccion="todas"))
    assert found.asked["r1"]["available"] == 30
    assert len({one["unit"] for one in found.rows}) == len(found.rows) == 7 + 5


@pytest.mark.parametrize("per_transaction", ["1", "todas"])
def test_a_file_that_the_folder_lists_twice_is_one_picture(tmp_path: Path, per_transaction: str) -> None:
    found = Choice(tmp_path, many(2, folder_files=["a.jpg", "a.jpg"]), request(imagenes_por_transaccion=per_transaction))
    assert sorted(one["key"] for one in found.rows) == ["folders/c/1/a.jpg", "folders/c/2/a.jpg"]
    assert found.asked["r1"]["available"] == 2


@pytest.mark.parametrize("strategy", ["random", "balanced", "uncertain", "errors", "recent"])
def test_the_order_of_rows_changes_nothing(tmp_path: Path, strategy: str) -> None:
    rows = [
        transaction(n, ("00014", "A7")[n % 2], day=1 + n % 4, device_id=str(7 + n % 3), confidence=("LOW", "HIGH", None)[n % 3])
        for n in range(1, 120)
    ]
    asked = request([reference(images=9), reference("3", "A7", images=11)], [("7", 5), ("8", 3)], selection=strategy, shards=3)
    first = Choice(tmp_path / "1", rows, asked).file.read_bytes()
    for seed in (1, 2):
        assert Choice(tmp_path / f"s{seed}", random.Random(seed).sample(rows, len(rows)), asked).file.read_bytes() == first


def test_another_seed_draws_others(tmp_path: Path) -> None:
    drawn = {tuple(Choice(tmp_path / str(seed), many(50), request(seed=seed)).wanted("r1")) for seed in range(4)}
    assert len(drawn) == 4


def test_random_follows_no_order_of_time_or_number(tmp_path: Path) -> None:
    numbers = [int(one) for one in Choice(tmp_path, many(100), request([reference(images=20)])).wanted("r1")]
    assert numbers != sorted(numbers) and max(numbers) > 50 > min(numbers)


def test_balanced_takes_each_device_in_turn_and_within_it_each_day(tmp_path: Path) -> None:
    rows = [*many(100, day=1), *many(2, 200, day=2), *many(3, 300, device_id="8")]
    found = Choice(tmp_path, rows, request(selection="balanced")).wanted("r1")
    assert sorted(int(one) // 300 for one in found) == [0, 0, 1, 1]
    assert len([one for one in found if 200 <= int(one) < 300]) == 1


def test_uncertain_takes_low_then_medium_unknown_high_and_the_longer_list_first(tmp_path: Path) -> None:
    names = {1: '["a"]', 2: '["a", "b", "c"]', 3: "no es una lista"}
    rows = [
        transaction(10 * place + n, confidence=confidence, predicted_names=names[n])
        for place, confidence in enumerate(("HIGH", None, "MEDIUM", "LOW"))
        for n in names
    ]
    found = Choice(tmp_path, rows, request([reference(images=12)], selection="uncertain")).wanted("r1")
    assert found == ["32", "31", "33", "22", "21", "23", "12", "11", "13", "2", "1", "3"]


def test_errors_takes_wrong_ones_then_those_without_result_then_the_rest(tmp_path: Path) -> None:
    rows = [
        *many(20),
        transaction(50, Error=1, Result="Error"),
        transaction(51, Result_modelo="FAIL"),
        transaction(52, No_result=1, Result="No_result"),
    ]
    found = Choice(tmp_path, rows, request(selection="errors")).wanted("r1")
    assert (set(found[:2]), found[2]) == ({"50", "51"}, "52")


def test_recent_takes_the_newest_and_the_undated_last(tmp_path: Path) -> None:
    rows = [transaction(n, day=n) for n in range(1, 6)] + [transaction(9, transaction_start_time=None)]
    found = Choice(tmp_path, rows, request([reference(images=6)], selection="recent")).wanted("r1")
    assert found == ["5", "4", "3", "2", "1", "9"]


def test_groups_are_never_split_over_shards(tmp_path: Path) -> None:
    rows = [transaction(n, f"c{n % 6}") for n in range(1, 200)]
    asked = request([reference(str(n), f"c{n}", images=5 + n) for n in range(6)], shards=4)
    found = Choice(tmp_path, rows, asked)
    shard_of = {(one["group"], one["shard"]) for one in found.rows}
    assert len(shard_of) == 6 and {shard for _, shard in shard_of} == {0, 1, 2, 3}
