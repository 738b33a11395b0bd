"""create_dataset that was interrupted, refused or given other keys: what is frozen stays, and the same command goes on."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_manager.datasets.tracking import COLUMNS

from workflow.conftest import PROCESS, Tool
from workflow.pictured import beside, counts, create, dataset_id, manifest, marked, names, original, said, tab, transactions

__all__ = ["marked", "original"]
CHAIN = {"select_dataset", "download_shard", "build_dataset", "track_dataset", "create_dataset"}


def hide_pictures(tool: Tool) -> Path:
    """The source cannot be read: what is asked for is frozen, and then everything stops."""
    return (tool.root / "export/pictures").rename(tool.root / "export/away")


def show_pictures(tool: Tool) -> None:
    (tool.root / "export/away").rename(tool.root / "export/pictures")


def stopped(tool: Tool, *line: str) -> None:
    """A request is frozen, its pictures are not there yet."""
    hide_pictures(tool)
    assert tool.main("create_dataset", *line) == 1
    assert "no existe esa carpeta" in tool.text
    show_pictures(tool)
    assert "v01.request.json" in names(tool) and "v01" not in names(tool)


def configure(tool: Tool, text: str) -> None:
    tool.overlay.write_text(tool.overlay.read_text() + text + "\n")


def test_what_was_frozen_is_made_and_not_frozen_again(marked: Tool) -> None:
    stopped(marked)
    frozen = beside(marked, "v01", ".request.json").read_bytes()
    assert create(marked) == "v01"
    assert set(marked.jobs) == CHAIN - {"select_dataset"}
    assert beside(marked, "v01", ".request.json").read_bytes() == frozen


def test_other_keys_with_the_same_meaning_never_freeze_a_version_again(marked: Tool) -> None:
    assert create(marked, "--process", PROCESS, "--seed", "42") == "v01"
    frozen = beside(marked, "v01", ".request.json").read_bytes()
    for line in ([], ["--selection", "random"]):
        assert create(marked, *line) == "v01"
        assert marked.jobs == ["create_dataset"]
    assert marked.snakemake() == 0, marked.text
    assert beside(marked, "v01", ".request.json").read_bytes() == frozen


def test_snakemake_alone_goes_on_with_a_frozen_dataset_whatever_the_marks_say_now(marked: Tool) -> None:
    stopped(marked, "--fast", "--images-per-ref", "2")
    marked.mark("References", "1", label_considerar=99)
    assert marked.snakemake() == 0, marked.text
    assert counts(marked, "v01") == {"wanted": 4, "placed": 4, "short": 0, "failed": 0}
    assert {row["dataset_folder"] for row in tab(marked, "datasets_creados")} == {f"{PROCESS}_v01"}
    assert marked.snakemake() == 0, marked.text
    assert "Nothing to be done" in marked.text


def test_snakemake_alone_never_begins_a_dataset(marked: Tool) -> None:
    assert marked.snakemake() == 0, marked.text
    assert names(marked) == set()


def test_new_version_goes_on_with_one_that_is_not_finished(marked: Tool) -> None:
    stopped(marked)
    assert create(marked, "--new-version") == "v01"
    assert create(marked, "--new-version") == "v02"


def test_other_marks_leave_the_unfinished_one_to_be_finished_later(marked: Tool) -> None:
    stopped(marked)
    marked.mark("References", "1", num_imagenes_dataset=2)
    assert create(marked) == "v02"
    assert transactions(marked, "v02")
    marked.mark("References", "1", num_imagenes_dataset=4)
    assert create(marked) == "v01"
    assert counts(marked, "v01")["placed"] == 7


def test_another_number_of_shards_is_for_the_next_dataset(marked: Tool) -> None:
    stopped(marked)
    configure(marked, "images: {shard_size: 2}")
    create(marked)
    shards = marked.process() / f"images/manifests/{PROCESS}_v01.shards"
    assert [path.name for path in shards.iterdir()] == ["0-of-1.parquet"]
    marked.overlay.write_text(marked.overlay.read_text().replace("shard_size: 2", "shard_size: 1"))
    create(marked)
    assert marked.jobs == ["create_dataset"]
    create(marked, "--new-version")
    assert len(list((marked.process() / f"images/manifests/{PROCESS}_v02.shards").iterdir())) == 7


def newer(name: str) -> Callable[[Tool], None]:
    return lambda tool: os.utime(tool.process() / name)


@pytest.mark.parametrize(
    "disturb",
    [
        newer("data/parameters.json"),
        newer("process_metadata.json"),
        lambda tool: configure(tool, "elasticsearch: {client_metrics: [x]}"),
    ],
    ids=["parameters", "metadata", "configuration"],
)
def test_a_stale_table_and_a_missing_last_file_need_one_run(marked: Tool, disturb: Callable[[Tool], None]) -> None:
    create(marked)
    identity = dataset_id(marked)
    beside(marked, "v01", ".json").unlink()
    disturb(marked)
    assert create(marked) == "v01"
    assert dataset_id(marked) == identity
    assert {"build_dataset", "track_dataset", "create_dataset"} <= set(marked.jobs)


@pytest.mark.parametrize(
    "files", ["process_metadata.json", "data/parameters.json", "data/**/*.parquet", "images/**/*", "datasets/*.request.json"]
)
def test_anything_newer_leaves_a_finished_dataset_alone_and_its_result_is_still_said(marked: Tool, files: str) -> None:
    create(marked)
    before = [beside(marked, "v01", suffix).stat().st_mtime_ns for suffix in (".json", ".manifest.parquet", ".shortage.csv")]
    touched = [path for path in marked.process().glob(files) if path.is_file()]
    assert touched
    for path in touched:
        os.utime(path)
    assert create(marked) == "v01"
    assert "ya estaba hecho" in marked.text
    assert marked.jobs == ["create_dataset"]
    assert [beside(marked, "v01", suffix).stat().st_mtime_ns for suffix in (".json", ".manifest.parquet", ".shortage.csv")] == before


@pytest.mark.parametrize(
    "text",
    [
        "reference_analysis: {top_suggestions: 2}",
        "excel: {timezone: UTC}",
        "images: {shard_size: 1}",
        "elasticsearch: {client_metrics: [x]}",
    ],
)
def test_another_configuration_leaves_a_finished_dataset_alone_and_its_result_is_still_said(marked: Tool, text: str) -> None:
    create(marked)
    before = beside(marked, "v01", ".json").read_bytes()
    configure(marked, text)
    assert create(marked) == "v01"
    assert "ya estaba hecho" in marked.text
    assert beside(marked, "v01", ".json").read_bytes() == before


def test_a_cache_that_lost_a_picture_before_the_tree_was_made_is_said_and_filled_again(marked: Tool) -> None:
    create(marked)
    identity = dataset_id(marked)
    for path in marked.process().glob("datasets/*_v01.[jms]*"):
        path.unlink()
    shutil.rmtree(beside(marked, "v01"))
    next((marked.root / "output/cache/pictures").glob("??/*")).unlink()
    assert marked.main("create_dataset") == 1
    assert "1 imágenes ya no están en la caché" in marked.text and "Traceback" not in marked.text
    assert create(marked) == "v01"
    assert dataset_id(marked) == identity


def test_a_manifest_that_was_lost_is_made_again(marked: Tool) -> None:
    create(marked)
    rows, identity = manifest(marked, "v01"), dataset_id(marked)
    beside(marked, "v01", ".manifest.parquet").unlink()
    assert create(marked) == "v01"
    assert (manifest(marked, "v01"), dataset_id(marked)) == (rows, identity)


def test_a_refresh_gives_new_transactions_to_a_new_version_and_changes_no_old_one(marked: Tool) -> None:
    create(marked)
    identity = dataset_id(marked)
    marked.clock("2025-08-04T12:00:00")
    marked.hits(1, 2, 3, 4)
    assert marked.main("download_info", "28", "--process-name", PROCESS, "--refresh") == 0, marked.text
    assert create(marked) == "v01"
    assert marked.jobs == ["create_dataset"]
    assert dataset_id(marked) == identity
    assert len(tab(marked, "datasets_creados")) == 7


def test_an_open_workbook_costs_nothing_but_the_tab(marked: Tool) -> None:
    lock = marked.book.with_name(f"~${marked.book.name}")
    lock.write_text("alguien")
    assert marked.main("create_dataset") == 1
    assert "está abierto en otro programa" in marked.text and "las marcas sin guardar no se ven" in marked.text
    assert tab(marked, "datasets_creados") == []
    identity = dataset_id(marked)
    lock.unlink()
    assert create(marked) == "v01"
    assert marked.jobs == ["track_dataset", "create_dataset"]
    assert dataset_id(marked) == identity
    assert len(tab(marked, "datasets_creados")) == 7 and set(tab(marked, "datasets_creados")[0]) == set(COLUMNS)


def test_a_deleted_workbook_is_one_error_with_the_way_back(marked: Tool) -> None:
    marked.book.unlink()
    assert marked.main("create_dataset") == 1
    assert "el libro no está" in marked.text and "-R build_workbook" in marked.text
    assert "Traceback" not in marked.text
    assert names(marked) == set()


def test_too_many_failures_are_asked_for_again_by_the_same_command(marked: Tool) -> None:
    away = {path: path.read_bytes() for path in (marked.root / "export/pictures").rglob("*.jpg")}
    for path in list(away)[::2]:
        path.unlink()
    assert marked.main("create_dataset") == 1
    assert "images.max_failed_fraction" in marked.text and "folders/c/" in marked.text
    assert "v01" not in names(marked)
    for path, content in away.items():
        path.write_bytes(content)
    assert create(marked) == "v01"
    assert counts(marked, "v01") == {"wanted": 7, "placed": 7, "short": 0, "failed": 0}


def test_a_second_command_at_once_says_who_holds_the_process(marked: Tool) -> None:
    words = ["main.py", "create_dataset", "--config", str(marked.overlay)]
    first = marked.start(*words)
    end = time.monotonic() + 120
    while not list(marked.process().glob("datasets/*.request.json")) and first.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    second = marked.start(*words)
    refused = second.communicate(timeout=180)[0]
    assert marked.end(first) == 0, marked.text
    assert second.returncode == 1
    assert "está en uso por otra orden (pid " in refused and "create_dataset" in refused
    assert "Traceback" not in refused
    assert said(marked) == "v01"
    assert json.loads(beside(marked, "v01", ".json").read_text())["counts"]["placed"] == 7
