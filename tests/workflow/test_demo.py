"""The sample's whole run: bare Snakemake, then main.py demo, then every command on what it made."""

import json

import openpyxl

from workflow.conftest import Tool

PROCESS = "dataset_130_010825_v1"


def test_bare_snakemake_and_the_demo_make_one_finished_process_and_nothing_twice(tool: Tool) -> None:
    assert tool.end(tool.start("-m", "snakemake", "--cores", "2")) == 0, tool.text
    folder = tool.root / "output-demo"
    book = folder / f"processes/{PROCESS}/reports/{PROCESS}.xlsx"
    assert not (tool.root / "output").exists()
    assert tool.plain("demo") == 0, tool.text
    assert "datos de ejemplo" in tool.text
    assert str(book.relative_to(tool.root)) in tool.text
    dataset = folder / f"processes/{PROCESS}/datasets/{PROCESS}_v01"
    assert len(list(dataset.rglob("*.jpg"))) == json.loads(dataset.with_suffix(".json").read_text("utf-8"))["counts"]["placed"] > 6000
    assert str(dataset.relative_to(tool.root)) in tool.text
    assert (folder / f"bucket/datasets/{PROCESS}_v01.zip").exists()
    assert "description: Dataset de la demostración (datos de ejemplo)" in tool.text
    assert tool.plain("demo") == 0, tool.text
    assert tool.jobs == ["register_dataset"]
    assert tool.plain("create_dataset", OUTPUT_BASE_DIR="output-demo") == 0, tool.text
    assert tool.jobs == ["create_dataset"]
    before = book.read_bytes()
    for words in (["status", "--check"], ["active-process"], ["download_info", "130"], ["download_info", "130", "--dry-run"]):
        assert tool.plain(*words, OUTPUT_BASE_DIR="output-demo", ELASTIC_HOST="nowhere.example") == 0, tool.text
        assert PROCESS in tool.text
    assert book.read_bytes() == before
    shown = openpyxl.load_workbook(book, read_only=True)["Resumen"]
    assert any("datos de ejemplo" in str(cell.value) for row in shown.iter_rows() for cell in row)


def test_the_demo_is_refused_beside_real_work(downloaded: Tool) -> None:
    assert downloaded.plain("demo", OUTPUT_BASE_DIR="output") == 1
    assert "procesos reales" in downloaded.text
