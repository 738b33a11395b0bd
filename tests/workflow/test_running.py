"""How runs behave: one at a time, dry runs, text that arrives intact, the demo, profiles."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow.conftest import PROCESS, Tool

HOLD = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); time.sleep(60)"


def test_a_second_run_on_the_same_process_says_who_holds_it(downloaded: Tool) -> None:
    lock = downloaded.root / f"output/processes/.locks/{PROCESS}.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert downloaded.main("download_info", "28") == 1
        assert f"El proceso {PROCESS} está en uso por otra orden (pid " in downloaded.text
        assert downloaded.main("download_info", "28", "--dry-run") == 0, downloaded.text
    finally:
        holder.kill()
        holder.communicate()
    assert downloaded.main("download_info", "28") == 0, downloaded.text


def test_an_error_is_said_once_and_without_traceback(tool: Tool) -> None:
    (tool.root / "export/hits.ndjson").write_text('{"_index": \n')
    assert tool.main("download_info", "28") == 1
    assert "Traceback" not in tool.text
    said = [line for line in tool.text.splitlines() if "hits.ndjson" in line and not line.startswith("$")]
    assert len(said) == 1
    assert said[0].startswith("Error: ")
    assert "1" in said[0]
    assert not (tool.root / "output/active_process.json").exists()


def test_an_unknown_deployment_names_those_there_are(tool: Tool) -> None:
    assert tool.main("download_info", "29") == 1
    assert "29" in tool.text and "28" in tool.text
    assert "Traceback" not in tool.text


def test_text_arrives_intact_through_main_and_is_refused_through_config(tool: Tool) -> None:
    assert tool.main("download_info", "28", "--base-model-id", "0005") == 0, tool.text
    assert tool.json("data/parameters.json")["base_model_id"] == "0005"
    assert tool.snakemake("download_info", "-n", "--config", "deployment_id=28", "base_model_id=0005") == 1
    assert "main.py (--base-model-id)" in tool.text


def test_an_unknown_key_names_the_nearest(tool: Tool) -> None:
    assert tool.snakemake("download_info", "-n", "--config", "deploymnet_id=28") == 1
    assert "¿quería decir «deployment_id»?" in tool.text


def test_plain_snakemake_does_the_same(tool: Tool) -> None:
    assert tool.snakemake("download_info", "--config", "deployment_id=28", "days_back=30") == 0, tool.text
    assert tool.book.exists()
    assert tool.snakemake() == 0
    assert "Nothing to be done" in tool.text


def test_status_and_active_process_by_snakemake(downloaded: Tool) -> None:
    assert downloaded.snakemake("status") == 0, downloaded.text
    assert f"{PROCESS}: completo" in downloaded.text
    assert downloaded.snakemake("active_process", "--config", "clear=true") == 0, downloaded.text
    assert downloaded.main("status") == 0
    assert "ninguno: download_info crea uno" in downloaded.text


def test_a_bare_dry_run_of_a_fresh_clone_plans_the_sample_and_writes_nothing(tool: Tool) -> None:
    before = tool.tree()
    assert tool.end(tool.start("-m", "snakemake", "-n")) == 0, tool.text
    assert "dataset_130_010825_v1" in tool.text
    assert "make_sample" in tool.text
    assert tool.tree() == before


def test_the_cluster_profile_plans(tool: Tool) -> None:
    assert tool.end(tool.start("-m", "snakemake", "-n", "--profile", "profiles/slurm")) == 0, tool.text


def test_status_tells_what_is_stale_and_what_the_marks_ask_for(downloaded: Tool) -> None:
    downloaded.mark("References", "1", revisar_imagenes="si")
    (downloaded.process() / "data/raw/manifest.json").touch()
    assert downloaded.main("status") == 0, downloaded.text
    assert "anticuado: data/raw/manifest.json es más nuevo" in downloaded.text
    assert "Marcas del libro" in downloaded.text
    downloaded.mark("References", "1", revisar_imagenes="quizá")
    assert downloaded.main("status") == 0
    assert "References!" in downloaded.text and "quizá" in downloaded.text


def test_an_existing_process_reads_its_frozen_sources(downloaded: Tool) -> None:
    downloaded.clock("2025-08-04T12:00:00")
    downloaded.hits(1, 2, 3, 4)
    downloaded.sources(transactions="other.ndjson", catalogue="export/catalogue.sqlite", pictures="export/pictures")
    assert downloaded.main("download_info", "--process-name", PROCESS, "28", "--refresh") == 0, downloaded.text
    assert "Transacciones: 36" in downloaded.text


def test_a_file_where_the_output_folder_should_be_is_one_clear_error(tool: Tool) -> None:
    (tool.root / "output").write_text("a file")
    assert tool.main("download_info", "28") == 1
    assert "Traceback" not in tool.text
    assert "output" in tool.text


def test_a_read_only_output_folder_is_one_clear_error(tool: Tool, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert tool.main("download_info", "28", OUTPUT_BASE_DIR=str(small_disk)) == 1
    assert "Traceback" not in tool.text
    assert "el disco es de solo lectura" in tool.text


@pytest.fixture
def small_disk(tool: Tool) -> Iterator[Path]:
    """A real file system of 700 kB."""
    if os.geteuid() != 0:
        pytest.skip("montar un disco pequeño pide root")
    disk = tool.root / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_loses_nothing_and_the_same_command_goes_on(tool: Tool, small_disk: Path) -> None:
    tool.env["OUTPUT_BASE_DIR"] = str(small_disk)
    assert tool.main("download_info", "28", "--process-name", "p") == 0, tool.text
    book = small_disk / "processes/p/reports/p.xlsx"
    before = book.read_bytes()
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as out:
        while True:
            out.write(b"x" * 4096)
    tool.clock("2025-08-04T12:00:00")
    tool.hits(1, 2, 3, 4, per_day=9)
    assert tool.main("download_info", "28", "--process-name", "p", "--refresh") == 1
    assert "Traceback" not in tool.text
    assert "el disco está lleno" in tool.text
    assert book.read_bytes() == before
    filler.unlink()
    assert tool.main("download_info", "28", "--process-name", "p", "--refresh") == 0, tool.text
    assert "Transacciones: 108" in tool.text
