"""kill -9 anywhere, the same command again: the same tables, the same marks."""

import os
import random
import signal
import time
from pathlib import Path

import duckdb
import pytest
from workflow.conftest import PROCESS, Tool, downloaded, tool  # noqa: F401 - fixtures

TABLES = ["transactions", "folders", "analysis/references", "analysis/devices", "analysis/consistency", "analysis/summary"]


def content(tool: Tool) -> dict[str, list[tuple[object, ...]]]:  # noqa: F811
    files = {name: tool.process() / f"data/{name}.parquet" for name in TABLES}
    return {name: duckdb.sql(f"SELECT * FROM read_parquet('{file}') ORDER BY ALL").fetchall() for name, file in files.items()}


def leftovers(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob(".*") if path.name.endswith(".tmp") or path.name.startswith(".tables-")]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_refresh_killed_at_random_and_repeated_ends_as_if_undisturbed(downloaded: Tool, seed: int) -> None:  # noqa: F811
    chance, words = random.Random(seed), ["download_info", "28", "--process-name", PROCESS]
    downloaded.mark("References", "1", incluir_dataset="si", num_imagenes_dataset=7, producto_a_entrenar="mi clase")
    downloaded.clock("2025-08-04T12:00:00")
    downloaded.hits(1, 2, 3, 4)
    for _ in range(3):
        end = time.monotonic() + chance.uniform(0.5, 6)
        downloaded.kill_when(lambda end=end: time.monotonic() > end, *words, "--refresh")  # type: ignore[misc]
        assert downloaded.book.exists()
        assert downloaded.cell("References", "1", "producto_a_entrenar") == "mi clase"
    assert downloaded.main(*words, "--refresh") == 0, downloaded.text
    assert downloaded.cell("References", "1", "num_cliente") == 12
    assert downloaded.cell("References", "1", "num_imagenes_dataset") == 7
    found = content(downloaded)
    assert downloaded.main(*words, "--refresh") == 0, downloaded.text
    assert content(downloaded) == found
    assert len(found["transactions"]) == 36
    assert leftovers(downloaded.process() / "reports") == []


def test_orphans_of_a_killed_main_process_do_no_harm(tool: Tool) -> None:  # noqa: F811
    run = tool.start("-m", "snakemake", "--cores", "2", "download_info", "--config", "deployment_id=28", "--configfile", str(tool.overlay))
    while run.poll() is None and not (tool.process() / "data/raw/manifest.json").exists():
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)  # its jobs go on
    assert tool.main("download_info", "28") == 0, tool.text
    run.communicate()
    assert "Transacciones: 27" in tool.text
    assert tool.main("download_info", "28") == 0, tool.text
    assert tool.jobs == ["download_info"]


def test_a_gentle_end_leaves_a_process_that_goes_on(tool: Tool) -> None:  # noqa: F811
    run = tool.start("main.py", "download_info", "28", "--config", str(tool.overlay))
    while run.poll() is None and not (tool.process() / "data/raw/window.json").exists():
        time.sleep(0.01)
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=60) != 0
    run.communicate()
    assert tool.main("download_info", "28") == 0, tool.text


def test_two_first_runs_at_once_make_one_process(tool: Tool) -> None:  # noqa: F811
    runs = [tool.start("main.py", "download_info", "28", "--config", str(tool.overlay)) for _ in range(2)]
    said = [run.communicate(timeout=180)[0] for run in runs]
    codes = sorted(run.returncode for run in runs)
    assert codes in ([0, 1], [0, 0]), said
    if codes == [0, 1]:
        refused = next(text for run, text in zip(runs, said, strict=True) if run.returncode)
        assert "está en uso por otra orden" in refused or "acaba de trabajar" in refused
        assert "Traceback" not in refused
    assert tool.main("download_info", "28") == 0, tool.text
    assert [path.name for path in tool.process().parent.iterdir() if not path.name.startswith(".")] == [PROCESS]
