"""The number of the next dataset, and which ones are finished: whatever else stands in the folder."""

from pathlib import Path

import pytest
from dataset_manager.datasets import versions

PROCESS = "dataset_28_030825_v1"


def touch(folder: Path, *suffixes: str, name: str = PROCESS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in suffixes:
        (folder / f"{name}{suffix}").touch()
    return folder


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], "_v01"),
        (["_v01.request.json"], "_v02"),
        (["_v07"], "_v08"),
        (["_v02.json", "_v01"], "_v03"),
        (["_v99"], "_v100"),
        (["_v100", "_v20"], "_v101"),
        (["_v05_copia"], "_v01"),
        (["_v05 (copia).zip"], "_v06"),
        (["_v3", "_vx", "_v"], "_v01"),
    ],
)
def test_the_next_number_is_one_more_than_any_file_or_folder_has(tmp_path: Path, there: list[str], expected: str) -> None:
    assert versions.next_free(touch(tmp_path / "datasets", *there), PROCESS) == f"{PROCESS}{expected}"


def test_hidden_files_of_a_version_count_and_those_of_another_process_do_not(tmp_path: Path) -> None:
    folder = touch(tmp_path, "_v04.lock", name=f".{PROCESS}")
    touch(folder, "_v09", name="dataset_28_030825_v10")
    assert versions.next_free(folder, PROCESS) == f"{PROCESS}_v05"


def test_the_first_dataset_needs_no_folder(tmp_path: Path) -> None:
    assert versions.next_free(tmp_path / "datasets", PROCESS) == f"{PROCESS}_v01"
    assert versions.requested(tmp_path / "datasets", PROCESS) == []


def test_versions_are_in_order_of_number_not_of_name(tmp_path: Path) -> None:
    folder = touch(tmp_path, "_v100.request.json", "_v02.request.json", "_v11.request.json", "_v12.json")
    assert versions.requested(folder, PROCESS) == [f"{PROCESS}_v{number}" for number in ("02", "11", "100")]


@pytest.mark.parametrize("lost", [".json", ".manifest.parquet", ".shortage.csv"])
def test_a_dataset_that_lost_a_file_or_is_not_in_the_workbook_is_not_finished(tmp_path: Path, lost: str) -> None:
    folder, name = tmp_path / "datasets", f"{PROCESS}_v01"
    touch(folder, "_v01.request.json", *(f"_v01{suffix}" for suffix in (".json", ".manifest.parquet", ".shortage.csv")))
    assert versions.is_built(folder, name)
    assert versions.unfinished(folder, PROCESS) == [name]
    touch(tmp_path / "reports", "_v01.json", name=f"tracking_{PROCESS}")
    assert versions.unfinished(folder, PROCESS) == []
    (folder / f"{name}{lost}").unlink()
    assert not versions.is_built(folder, name)
    assert versions.unfinished(folder, PROCESS) == [name]
