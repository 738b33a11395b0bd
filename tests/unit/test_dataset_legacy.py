"""Datasets of the tool of before are read, summarised, merged and compared, and nothing in their folders ever changes."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from dataset_folders import Row, curated, path_of
from dataset_manager.datasets import commands, diffing, earlier, finding, legacy, merge_request, merging
from dataset_manager.datasets.finding import Dataset
from dataset_manager.datasets.verifying import verify
from dataset_manager.datasets.zipping import zip_dataset
from dataset_manager.errors import CountError, ProcessError, WorkbookError
from dataset_manager.files import write_json
from dataset_sets import KIWI, PERA, accept, dataset, process, rows_of, settings, tree, write_book
from dataset_sets import legacy as left_by_before

OLD = "dataset_130_010725_v1"
SET = f"{OLD}_v01"
A, B = path_of(PERA, 1030), path_of(KIWI, 1031)
MOMENT = datetime(2025, 8, 1, 10, 30)
ROWS = [
    {"transaction_id": 1030, "device_id": 501.0, "transaction_start_time": "2025-08-01 10:30:00", "download_status": "success"},
    {"transaction_id": 1031, "device_id": "502.0", "transaction_start_time": MOMENT, "download_status": "merged"},
    {"transaction_id": 1032, "device_id": 503, "transaction_start_time": "2025-08-01T10:30:00Z", "download_status": "failed"},
]


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    """A legacy process with one dataset; whatever the test does, its folder is the same at the end."""
    here = left_by_before(tmp_path, OLD, {SET: {A: "a", B: "b"}}, tab=ROWS)
    before = tree(here)
    yield here
    assert {name: now for name, now in tree(here).items() if name in before} == before


def found(root: Path, name: str = SET) -> Dataset:
    return finding.find(settings(root), name)


def told(root: Path, name: str = SET) -> dict[str, Row]:
    """What write_metadata knows, by transaction."""
    file = legacy.write_metadata(found(root, name), root / "told.parquet")
    return {row["transaction_id"]: row for row in pq.read_table(file).to_pylist()}


def summarise(root: Path, name: str = SET) -> Dataset:
    made = found(root, name)
    accept(made, metadata=commands.sources_of(settings(root), made)[1])
    return made


def csv(here: Path, text: str, name: str = "reports/elastic_data.csv") -> None:
    (here / name).write_bytes(text.encode("utf-8-sig"))


# ---- what that tool knew


def test_devices_are_whole_numbers_whatever_the_cell_held(tmp_path: Path, old: Path) -> None:
    assert {number: row["device_id"] for number, row in told(tmp_path).items()} == {"1030": "501", "1031": "502", "1032": "503"}


def test_times_are_read_from_text_and_from_dates(tmp_path: Path, old: Path) -> None:
    assert {row["transaction_start_time"] for row in told(tmp_path).values()} == {MOMENT}


@pytest.mark.parametrize("separator", [",", ";"])
def test_the_csv_of_the_window_is_read_with_either_separator(tmp_path: Path, separator: str) -> None:
    here = left_by_before(tmp_path, OLD, {SET: {A: "a"}})
    rows = [
        "selected_reference_code,transaction_id,device_id,transaction_start_time",
        "00014,2001,601.0,2025-08-01 10:30:00",
        "14,2002,602,2025-08-01T10:30:00.000Z",
        "A7,2003,,",
    ]
    csv(here, "\n".join(rows).replace(",", separator) + "\n")
    assert {number: row["device_id"] for number, row in told(tmp_path).items()} == {"2001": "601", "2002": "602", "2003": None}
    assert told(tmp_path)["2001"]["transaction_start_time"] == told(tmp_path)["2002"]["transaction_start_time"] == MOMENT


def test_ids_that_a_missing_value_made_decimal_are_read_as_they_were(tmp_path: Path) -> None:
    here = left_by_before(tmp_path, OLD, {SET: {A: "a"}}, tab=[{"transaction_id": "1030.0", "device_id": "501.0"}])
    csv(here, "transaction_id,device_id\n2001.0,601.0\n,602.0\n")
    assert {number: row["device_id"] for number, row in told(tmp_path).items()} == {"1030": "501", "2001": "601"}


def test_cells_with_line_breaks_separators_and_quotes_are_one_cell(tmp_path: Path) -> None:
    here = left_by_before(tmp_path, OLD, {SET: {A: "a"}})
    rows = "".join(f'{n},"Piña; ""ñ"",\nmás",7\n' for n in range(3000))
    csv(here, "transaction_id,selected_reference_name,device_id\n" + rows)
    known = told(tmp_path)
    assert len(known) == 3000 and {row["device_id"] for row in known.values()} == {"7"}


def test_a_row_that_ends_early_loses_only_its_last_cells(tmp_path: Path) -> None:
    here = left_by_before(tmp_path, OLD, {SET: {A: "a"}})
    csv(here, "transaction_id,device_id,transaction_start_time\n" + "".join(f"{n},7,2025-08-01 10:30:00\n" for n in range(50)) + "99,8\n")
    assert len(told(tmp_path)) == 51 and told(tmp_path)["99"]["device_id"] == "8"


def test_the_older_cache_is_read_too_and_the_workbook_counts_first(tmp_path: Path, old: Path) -> None:
    csv(old, "transaction_id,device_id\n1030,999\n2001,601\n", "data/elastic_cache.csv")
    known = told(tmp_path)
    assert (known["1030"]["device_id"], known["2001"]["device_id"]) == ("501", "601")


@pytest.mark.parametrize("text", ["", "\n", "transaction_id,device_id\n", "otra,cosa\n1,2\n"])
def test_a_csv_that_knows_nothing_is_no_obstacle(tmp_path: Path, old: Path, text: str) -> None:
    csv(old, text)
    assert len(told(tmp_path)) == 3


def test_a_csv_that_is_none_is_one_clear_error(tmp_path: Path, old: Path) -> None:
    (old / "reports/elastic_data.csv").write_bytes(b"transaction_id,device_id\n" + bytes(range(128, 256)) * 40)
    with pytest.raises(WorkbookError, match=r"elastic_data\.csv"):
        told(tmp_path)


def test_every_workbook_with_the_tab_is_read_and_locks_of_excel_are_not(tmp_path: Path, old: Path) -> None:
    write_book(old / "reports/otro.xlsx", [{"transaction_id": 3001, "device_id": 701}])
    for lock in ("~$otro.xlsx", ".~lock.otro.xlsx#", ".oculto.xlsx"):
        (old / "reports" / lock).write_bytes(b"x")
    book = openpyxl.Workbook()
    book.save(old / "reports/sin.xlsx")
    assert told(tmp_path).keys() == {"1030", "1031", "1032", "3001"}


def test_a_process_without_reports_knows_nothing(tmp_path: Path) -> None:
    here = left_by_before(tmp_path, OLD, {SET: {A: "a"}}, apart=True)
    (here / f"reports/{OLD}.xlsx").unlink()
    (here / "reports").rmdir()
    assert told(tmp_path) == {}


def test_a_workbook_that_cannot_be_read_is_named_and_stays(tmp_path: Path, old: Path) -> None:
    (old / "reports/roto.xlsx").write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(WorkbookError, match=r"roto\.xlsx.*no se toca"):
        told(tmp_path)
    assert (old / "reports/roto.xlsx").read_bytes() == b"PK\x03\x04 and nothing else"


# ---- summarised, merged, compared


def test_a_summary_gives_device_and_time_and_writes_apart(tmp_path: Path, old: Path) -> None:
    before = tree(old)
    made = summarise(tmp_path)
    assert tree(old) == before
    facts = {row["path"]: (row["device_id"], row["transaction_start_time"], row["class"], row["label_id"]) for row in curated(made)}
    assert facts == {A: ("501", MOMENT, "pera", "57"), B: ("502", MOMENT, "kiwi", "60")}
    rows = rows_of(tmp_path / f"output/registry/legacy/{OLD}/{SET}/_summary_{SET}.csv")
    assert [(row["transaction_id"], row["device_id"], row["file_name_path"]) for row in rows] == [
        ("1031", "502", KIWI),
        ("1030", "501", PERA),
    ]


def test_pictures_that_nobody_knows_are_accepted_without_device(tmp_path: Path) -> None:
    left_by_before(tmp_path, OLD, {SET: {f"{PERA}/foto.jpg": "x", path_of(PERA, 9): "y"}})
    assert {row["device_id"] for row in curated(summarise(tmp_path))} == {None}


def test_its_own_summary_and_overwritten_count_are_no_pictures(tmp_path: Path) -> None:
    here = left_by_before(tmp_path, OLD, {SET: {A: "a"}})
    (here / f"datasets/{SET}/_summary_{SET}.csv").write_text("x")
    assert [row["path"] for row in curated(summarise(tmp_path))] == [A]


def test_a_merged_one_of_that_tool_is_accepted_with_its_count_of_overwritten(tmp_path: Path) -> None:
    here = left_by_before(tmp_path, OLD, {SET: {A: "a"}})
    (here / f"datasets/{SET}/merge_overwritten.txt").write_text("3\n")
    assert [row["path"] for row in curated(summarise(tmp_path))] == [A]


def test_without_a_summary_a_merge_says_to_make_one(tmp_path: Path, old: Path) -> None:
    dataset(tmp_path, "p_v01", {A: "a"})
    with pytest.raises(CountError, match="summary_dataset"):
        merge_request.plan(settings(tmp_path, datasets=["p_v01", SET]))


def test_it_is_merged_into_a_process_of_this_version(tmp_path: Path, old: Path) -> None:
    before = tree(old)
    dataset(tmp_path, "p_v01", {A: "a", path_of(PERA, 5): "c"})
    summarise(tmp_path)
    plan = merge_request.plan(settings(tmp_path, datasets=["p_v01", SET], name="todo"))
    into = tmp_path / "output/processes/p/datasets/todo"
    result = merging.merge(merge_request.parents_at(settings(tmp_path), plan.parents), into, "error", {"parents": plan.parents})
    assert (result["counts"]["wanted"], result["counts"]["placed"]) == (4, 3)
    rows = {row["path"]: row for row in pq.read_table(into.with_name("todo.manifest.parquet")).to_pylist()}
    assert (rows[B]["source_dataset"], rows[B]["device_id"]) == (SET, "502")
    assert tree(old) == before


def test_it_is_compared_zipped_and_verified(tmp_path: Path, old: Path) -> None:
    before = tree(old)
    new = dataset(tmp_path, "p_v01", {path_of(KIWI, 1030): "a", B: "b"})
    made = summarise(tmp_path)
    assert [row["cambio"] for row in diffing.diff(made, new).rows] == ["otro label"]
    zip_dataset(made, made.beside(".zip"))
    assert verify(made, fast=False).problems == []
    assert tree(old) == before
    (made.tree / A).rename(tmp_path / "aparte")
    assert verify(made, fast=True).problems == [f"carpeta: falta: {A}"]
    (tmp_path / "aparte").rename(made.tree / A)


def test_two_processes_of_one_name_are_told_apart(tmp_path: Path) -> None:
    left_by_before(tmp_path, OLD, {"uno": {A: "a"}})
    left_by_before(tmp_path, OLD, {"dos": {B: "b"}}, apart=True)
    assert [row["path"] for row in curated(summarise(tmp_path, "uno"))] == [A]
    assert [row["path"] for row in curated(summarise(tmp_path, "dos"))] == [B]


# ---- what it delivered is used


def test_delivered_are_recorded_downloads_and_what_stands_in_the_folders(tmp_path: Path) -> None:
    here = left_by_before(tmp_path, OLD, {SET: {path_of(PERA, 77): "x", f"{PERA}/foto.jpg": "y"}}, tab=ROWS)
    assert legacy.delivered(here) == {"1030", "1031", "77"}


def test_decimal_ids_of_the_tab_are_the_transactions_they_were(tmp_path: Path) -> None:
    here = left_by_before(tmp_path, OLD, {}, tab=[{"transaction_id": "1030.0", "download_status": "success"}])
    assert legacy.delivered(here) == {"1030"}


def test_files_of_the_tool_of_before_name_no_transaction(tmp_path: Path) -> None:
    here = left_by_before(tmp_path, OLD, {SET: {A: "a"}})
    (here / f"datasets/{SET}/_summary_{SET}.csv").write_text("x")
    (here / "datasets/folder_structure_20250801103000.csv").write_text("x")
    assert legacy.delivered(here) == {"1030"}


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(("scope", "expected"), [("deployment", ["1030", "1031"]), ("process", []), ("no", [])])
def test_they_count_as_used_for_their_deployment_when_that_is_asked(tmp_path: Path, scope: str, expected: list[str], apart: bool) -> None:
    process(tmp_path)
    left_by_before(tmp_path, OLD, {SET: {A: "a"}}, tab=ROWS, apart=apart, deployment="130")
    left_by_before(tmp_path, "dataset_28_010725_v1", {"x": {path_of(PERA, 2828): "z"}}, apart=apart, deployment=28)
    parameters = {"filter_used": scope, "include_rejected": False}
    assert earlier.earlier(settings(tmp_path), "p", parameters)["used_legacy"] == expected


@pytest.mark.parametrize("scope", ["process", "no"])
def test_what_a_later_version_delivered_is_never_counted_as_nothing(tmp_path: Path, scope: str) -> None:
    process(tmp_path)
    write_json(tmp_path / "output/processes/nuevo/process_metadata.json", {"format": 99})
    assert earlier.earlier(settings(tmp_path), "p", {"filter_used": scope, "include_rejected": False})["used_datasets"] == []
    with pytest.raises(ProcessError, match=r"processes/nuevo\. Actualice la herramienta, aparte esa carpeta"):
        earlier.earlier(settings(tmp_path), "p", {"filter_used": "deployment", "include_rejected": False})


def test_a_table_of_its_folders_is_written_apart(tmp_path: Path, old: Path) -> None:
    before = tree(old)
    commands.folder_structure(settings(tmp_path, input=str(old / "datasets" / SET)))
    assert tree(old) == before
    assert (tmp_path / f"output/registry/legacy/{OLD}/folder_structure_{SET}.csv").exists()
