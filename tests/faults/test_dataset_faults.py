"""kill -9 anywhere in create_dataset, the same command again: the same dataset, and what was downloaded is not downloaded again."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from workflow.conftest import PROCESS, Tool
from workflow.pictured import another, beside, create, dataset_id, manifest, marked, original, tab

__all__ = ["marked", "original"]
Files = dict[str, tuple[int, int]]
SHARDED = "images: {shard_size: 2}\n"


def cached(tool: Tool) -> Files:
    """Every whole picture of the cache, with what changes when it is written anew."""
    found = ((path, path.stat()) for path in (tool.root / "output/cache/pictures").glob("??/*"))
    return {path.name: (stat.st_ino, stat.st_mtime_ns) for path, stat in found}


def moments(tool: Tool) -> dict[str, Callable[[], bool]]:
    """Where a run can be killed: each is a sign of one more step."""
    datasets, manifests = tool.process() / "datasets", tool.process() / "images/manifests"
    return {
        "request": lambda: any(datasets.glob("*.request.json")),
        "choice": lambda: any(manifests.glob("*.parquet")),
        "first pictures": lambda: len(cached(tool)) >= 2,
        "half the pictures": lambda: len(cached(tool)) >= 4,
        "a shard": lambda: any(manifests.glob("*.shards/*.parquet")),
        "tree aside": lambda: any(datasets.glob(".*.building")),
        "tree": lambda: beside(tool, "v01").exists(),
        "manifest": lambda: beside(tool, "v01", ".manifest.parquet").exists(),
        "built": lambda: beside(tool, "v01", ".json").exists(),
    }


def kill_after(tool: Tool, seen: Callable[[], bool], seconds: float) -> None:
    """A moment later than what is seen."""
    first: list[float] = []

    def due() -> bool:
        if seen() and not first:
            first.append(time.monotonic())
        return bool(first) and time.monotonic() >= first[0] + seconds

    tool.kill_when(due, "create_dataset")


def leftovers(tool: Tool) -> list[str]:
    return [str(path) for path in (tool.process() / "datasets").glob(".*") if path.suffix != ".lock"]


@pytest.fixture
def undisturbed(original: Path, tmp_path: Path) -> Tool:
    tool = another(original, tmp_path / "undisturbed")
    tool.overlay.write_text(tool.overlay.read_text() + SHARDED)
    create(tool)
    return tool


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_and_repeated_it_is_the_undisturbed_dataset(marked: Tool, undisturbed: Tool, seed: int) -> None:
    marked.overlay.write_text(marked.overlay.read_text() + SHARDED)
    chance, had = random.Random(seed), Files()
    for name in sorted(chance.sample(range(9), 4)):
        kill_after(marked, list(moments(marked).values())[name], chance.uniform(0, 0.2))
        assert marked.book.exists()
        now = cached(marked)
        assert {key: now.get(key) for key in had} == had
        had = now
    assert create(marked) == "v01"
    assert dataset_id(marked) == dataset_id(undisturbed)
    assert manifest(marked, "v01") == manifest(undisturbed, "v01")
    now = cached(marked)
    assert {key: now[key] for key in had} == had
    assert len(now) == len(cached(undisturbed)) == 7
    assert leftovers(marked) == []
    assert len(tab(marked, "datasets_creados")) == 7


def test_jobs_that_outlive_a_killed_run_do_no_harm(marked: Tool, undisturbed: Tool) -> None:
    marked.overlay.write_text(marked.overlay.read_text() + SHARDED)
    run = marked.start("-m", "snakemake", "--cores", "2", "create_dataset", "--configfile", str(marked.overlay))
    while run.poll() is None and not moments(marked)["choice"]():
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)  # its jobs go on
    assert create(marked) == "v01"
    run.communicate()
    assert dataset_id(marked) == dataset_id(undisturbed)
    assert create(marked) == "v01"
    assert marked.jobs == ["create_dataset"]


def test_a_gentle_end_keeps_what_is_there_and_the_same_command_goes_on(marked: Tool, undisturbed: Tool) -> None:
    run = marked.start("main.py", "create_dataset", "--config", str(marked.overlay))
    while run.poll() is None and not moments(marked)["request"]():
        time.sleep(0.01)
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=120) != 0
    run.communicate()
    frozen = beside(marked, "v01", ".request.json").read_bytes()
    assert create(marked) == "v01"
    assert beside(marked, "v01", ".request.json").read_bytes() == frozen
    assert dataset_id(marked) == dataset_id(undisturbed)
    assert beside(marked, "v01").name == f"{PROCESS}_v01"
