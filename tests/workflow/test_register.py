"""register_dataset and verify by real runs, into a folder that stands for a bucket."""

import csv
import json
import os
import zipfile
from pathlib import Path

import pytest

from workflow.conftest import PROCESS, Tool
from workflow.pictured import beside, create, marked, original

__all__ = ["marked", "original"]
DATASET = f"{PROCESS}_v01"


def register(tool: Tool, *line: str) -> int:
    (tool.root / "bucket").mkdir(exist_ok=True)
    return tool.main("register_dataset", "-d", DATASET, "--s3-base", (tool.root / "bucket").as_uri(), *line)


def rows(tool: Tool) -> list[dict[str, str]]:
    with (tool.root / "output/registry/datasets_gfresh.csv").open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=";"))


def state(*folders: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for folder in folders
        for path in folder.rglob("[!.]*")
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.fixture
def registered(marked: Tool) -> Tool:
    create(marked)
    assert register(marked, "--description", "verano", "--trained-model", "m7") == 0, marked.text
    return marked


def test_a_dataset_is_zipped_uploaded_and_registered_in_one_command(registered: Tool) -> None:
    (row,) = rows(registered)
    made = json.loads(beside(registered, "v01", ".json").read_text("utf-8"))
    assert {
        name: row[name] for name in ("dataset_name", "deployment_id", "description", "trained_model", "images", "classes", "labels")
    } == {
        "dataset_name": DATASET,
        "deployment_id": "28",
        "description": "verano",
        "trained_model": "m7",
        "images": "7",
        "classes": "2",
        "labels": "2",
    }
    assert row["dataset_id"] == row["content_id"] == made["dataset_id"]
    assert (registered.root / f"bucket/{DATASET}.zip").read_bytes() == beside(registered, "v01", ".zip").read_bytes()
    assert (registered.root / f"output/registry/{DATASET}/_summary.csv").exists()


def test_the_same_again_looks_at_everything_and_changes_nothing(registered: Tool) -> None:
    places = [registered.root / "bucket", registered.root / "output/registry", registered.process() / "datasets"]
    before = state(*places)
    assert register(registered) == 0, registered.text
    assert registered.jobs == ["register_dataset"]
    assert state(*places) == before


@pytest.mark.parametrize("lost", ["object", "row"])
def test_what_vanished_is_put_back(registered: Tool, lost: str) -> None:
    if lost == "object":
        (registered.root / f"bucket/{DATASET}.zip").unlink()
    else:
        (registered.root / "output/registry/datasets_gfresh.csv").unlink()
    assert registered.main("verify", "-d", DATASET) == 1
    assert register(registered, "--description", "verano", "--trained-model", "m7") == 0, registered.text
    assert registered.main("verify", "-d", DATASET) == 0, registered.text
    assert rows(registered)[0]["description"] == "verano"


def test_a_folder_that_changed_stops_it_before_anything_and_a_summary_accepts_it(registered: Tool) -> None:
    gone = next(beside(registered, "v01").rglob("*.jpg"))
    name = str(gone.relative_to(beside(registered, "v01")))
    gone.unlink()
    before = state(registered.root / "bucket", registered.root / "output/registry")
    assert register(registered) == 1
    assert name in registered.text and "summary_dataset" in registered.text and "Traceback" not in registered.text
    assert registered.main("verify", "-d", DATASET) == 1
    assert f"falta: {name}" in registered.text
    assert registered.main("summary_dataset", "-d", DATASET) == 0, registered.text
    assert state(registered.root / "bucket", registered.root / "output/registry") == before
    assert register(registered) == 1, "another content under the same name is refused"
    assert "overwrite" in registered.text
    assert register(registered, "--overwrite") == 0, registered.text
    assert [row["images"] for row in rows(registered)] == ["6"]
    assert registered.main("verify", "-d", DATASET) == 0, registered.text


def test_plain_snakemake_stops_at_a_changed_folder_too(registered: Tool) -> None:
    next(beside(registered, "v01").rglob("*.jpg")).unlink()
    assert registered.snakemake("register_dataset", "--config", f"dataset_name={DATASET}", "upload=false") == 1
    assert "no es lo último que se aceptó" in registered.text
    assert "Finished jobid" not in registered.text


def test_without_s3_only_the_row_is_written(marked: Tool) -> None:
    create(marked)
    assert marked.main("register_dataset", "-d", PROCESS, "--no-s3", "--skip-summary-copy") == 0, marked.text
    assert [row["s3_path"] for row in rows(marked)] == [""]
    assert not (marked.root / f"output/registry/{DATASET}").exists()


def test_a_dry_run_says_what_would_be_uploaded_and_writes_nothing(marked: Tool) -> None:
    create(marked)
    (marked.root / "bucket").mkdir()
    before = marked.tree()
    assert register(marked, "--dry-run") == 0, marked.text
    assert marked.tree() == before
    assert "se subirá a file://" in marked.text and "se añadirá la fila" in marked.text


def test_verify_names_what_is_wrong_and_changes_nothing(registered: Tool) -> None:
    one, other = sorted(beside(registered, "v01").rglob("*.jpg"))[:2]
    content = bytearray(one.read_bytes())
    content[-3] ^= 1
    stat = one.stat()
    one.unlink()
    one.write_bytes(content)
    os.utime(one, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    before = state(registered.root / "output/processes")
    assert registered.main("verify", "-d", DATASET) == 1
    assert f"cambiada: {one.relative_to(beside(registered, 'v01'))}" in registered.text
    assert other.name not in registered.text
    assert state(registered.root / "output/processes").keys() == before.keys()
    assert registered.main("verify", "-d", DATASET, "--fast") == 0, registered.text


def test_a_wrong_name_lists_what_there_is(registered: Tool) -> None:
    for command in ("register_dataset", "verify", "summary_dataset"):
        assert registered.main(command, "-d", "nada") == 2
        assert DATASET in registered.text


def test_a_report_of_snakemake_holds_the_page(registered: Tool) -> None:
    words = ("summary_dataset", "--config", f"dataset_name={DATASET}", "--report", "report.zip")
    assert registered.snakemake(*words) == 0, registered.text
    with zipfile.ZipFile(registered.root / "report.zip") as report:
        assert any(name.endswith(f"_summary_{DATASET}.html") for name in report.namelist())
