"""What is done with finished datasets: `venv/bin/python benchmarks/datasets.py [--quick]` (Linux, 30 GB of disk, 2 GB with --quick).

Two datasets of 50,000 pictures of 75 kB are made by the library from a cache. Then, in turn, ours and a baseline in the same run:
the tree against `cp -rl`, the zip against `cp -r` and against a deflated one (the way of before), the merge against copying file by
file (the way of before); summary and verify by their rates. Every figure is of a whole child process, its start included.
Prints a table and keeps it as benchmarks/datasets.json.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "benchmarks")]
if "--step" not in sys.argv:  # a step is measured: it must not start by loading the servers of the tests
    from run import Row, shown, spend

SIZE = 75_000
CLASSES = 50
PROCESS = "dataset_130_010825_v1"
MADE = ("class", "label_id", "reference_id", "reference_code", "reference_name", "transaction_id", "device_id", "device_name", "kind")
TEXTS = (*MADE, "model_id", "predicted", "confidence", "result", "model_result")


def prepare(base: Path, number: int, pictures: int) -> None:
    """The cache, the candidates and the outcomes of dataset `number`: what build_dataset starts from."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from dataset_manager.images.cache import PictureCache, Place
    from dataset_manager.images.verify import Verified

    cache, place, filler = PictureCache(base / "cache"), Place("file", "benchmark"), os.urandom(SIZE - 16)
    keys = [f"folders/{number}/{one}/a.jpg" for one in range(pictures)]
    stored = [cache.store(place, key, key.encode()[-16:].rjust(16) + filler, Verified("jpeg", 640, 480)) for key in keys]
    groups, moment = [f"r{one % CLASSES}" for one in range(pictures)], datetime(2025, 8, 1)
    table = {name: [f"{one % CLASSES}" for one in range(pictures)] for name in TEXTS}
    table |= {"key": keys, "group": groups, "rank": [one // CLASSES + 1 for one in range(pictures)], "reason": ["reference"] * pictures}
    table["target"] = [f"clase {one % CLASSES}/{one % CLASSES}/20250801000000_{number}{one:06d}_a.jpg" for one in range(pictures)]
    table |= {"transaction_start_time": [moment] * pictures, "transaction_end_time": [moment] * pictures}
    pq.write_table(pa.table(table), base / f"{number}.manifest.parquet")
    facts = {name: [getattr(one, name) for one in stored] for name in ("bytes", "sha256", "width", "height", "format")}
    said = {"group": groups, "rank": table["rank"], "status": ["ok"] * pictures, "reason": [""] * pictures}
    pq.write_table(pa.table(said | facts), base / f"{number}.outcome.parquet")
    names = {name: "" for name in ("reference_id", "reference_code", "reference_name", "label_id")}
    quota = names | {"reason": "reference", "device_id": None, "quota": pictures // CLASSES, "available": pictures // CLASSES}
    asked = [quota | {"group": f"r{one}", "class": str(one)} for one in range(CLASSES)]
    (base / f"{number}.asked.json").write_text(json.dumps(asked))


def dataset(base: Path, name: str) -> Any:
    """Where dataset `name` is."""
    from dataset_manager.datasets.finding import Dataset

    home = base / "processes" / PROCESS / "datasets"
    return Dataset(name, PROCESS, home / name, home)


def tree(base: Path, number: int) -> None:
    """The tree and its manifest."""
    from dataset_manager.datasets.building import Work, build
    from dataset_manager.images.cache import PictureCache, Place

    files = [base / f"{number}.{name}" for name in ("manifest.parquet", "asked.json", "outcome.parquet")]
    work = Work(files[0], files[1], [files[2]], PictureCache(base / "cache"), Place("file", "benchmark"), 0.05)
    target, started = dataset(base, f"{PROCESS}_v0{number}").tree, time.perf_counter()
    build(work, target, {"dataset": f"{PROCESS}_v0{number}", "process": PROCESS, "sample": False})
    (base / "tree.seconds").write_text(f"{time.perf_counter() - started}")


def ours_zip(base: Path) -> None:
    """Stored, hashed, every CRC read back, the folder compared before and after."""
    from dataset_manager.datasets.zipping import zip_dataset

    zip_dataset(dataset(base, f"{PROCESS}_v01"), base / "ours.zip")


def zip_alone(base: Path) -> None:
    """Only written, to the disk as the product does it: nothing hashed, compared or read back, like the way of before."""
    from dataset_manager.datasets import stored_zip, zipping
    from dataset_manager.datasets.content import accepted
    from dataset_manager.images.parallel import in_order

    def contents(paths: list[str]) -> list[stored_zip.Content]:
        return [
            stored_zip.Content.of(f"{made.name}/{path}", zipping.read_whole(f"{made.tree}/{path}", known[path].bytes)) for path in paths
        ]

    made = dataset(base, f"{PROCESS}_v01")
    known = accepted(made)
    with (base / "alone.zip").open("wb") as out, zipfile.ZipFile(out, "w") as archive:
        windows = stored_zip.windows(out, archive, in_order(contents, zipping.batches(known), zipping.READERS))
        for _ in in_order(partial(stored_zip.flush, out.fileno()), windows, 1):
            pass


def before_zip(base: Path) -> None:
    """The way of before: deflate, file by file, nothing checked."""
    top = dataset(base, f"{PROCESS}_v01").tree
    with zipfile.ZipFile(base / "before.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in top.rglob("*"):
            archive.write(path, path.relative_to(top.parent))


def ours_summary(base: Path) -> None:
    """CSV, page, card, accepted content."""
    from dataset_manager.datasets.summary import summarise

    summarise(dataset(base, f"{PROCESS}_v01"), None, timezone="Europe/Madrid")


def ours_verify(base: Path) -> None:
    """Every byte."""
    from dataset_manager.datasets.verifying import verify

    if verify(dataset(base, f"{PROCESS}_v01"), fast=False).problems:
        raise SystemExit("verify found problems in a whole dataset")


def ours_merge(base: Path) -> None:
    """By content, with its report."""
    from dataset_manager.datasets.merging import merge

    parents = [dataset(base, f"{PROCESS}_v0{number}") for number in (1, 2)]
    merge(parents, dataset(base, "both").tree, "error", {"dataset": "both", "parents": []})


def before_merge(base: Path) -> None:
    """The way of before: every file copied with its times."""
    for number in (1, 2):
        top = dataset(base, f"{PROCESS}_v0{number}").tree
        for path in top.rglob("*.jpg"):
            target = base / "copied" / path.relative_to(top)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


STEPS: dict[str, Callable[..., None]] = {
    "prepare": prepare,
    "tree": tree,
    "ours_zip": ours_zip,
    "zip_alone": zip_alone,
    "before_zip": before_zip,
    "summary": ours_summary,
    "verify": ours_verify,
    "ours_merge": ours_merge,
    "before_merge": before_merge,
}


def step(base: Path, name: str, *words: object) -> Any:
    """One of them as a process of its own."""
    return spend([sys.executable, __file__, "--step", name, str(base), *map(str, words)])


def against(what: str, ours: Any, before: Any, promise: str) -> "Row":
    """By wall time."""
    return Row(what, ours, before, "wall", before.wall / ours.wall, promise)


def measure(base: Path, pictures: int) -> "list[Row]":
    """Ours first, then its baseline; what is not needed any more makes room."""
    for number in (1, 2):
        step(base, "prepare", number, pictures)
    os.sync()
    top, made = dataset(base, f"{PROCESS}_v01").tree, step(base, "tree", 1)
    linked = spend(["cp", "-rl", str(top), str(base / "linked")])
    rows = [against(f"tree + manifest, {pictures:,}", made, linked, "≥ 0.9 of cp -rl")]
    alone = replace(made, wall=float((base / "tree.seconds").read_text()))
    rows.append(against("the same, once the job has started", alone, linked, ""))
    zipped = step(base, "ours_zip")
    rows.append(against("zip + hashes + CRC read back", zipped, spend(["cp", "-r", str(top), str(base / "copied")]), "≥ 0.5 of cp -r"))
    shutil.rmtree(base / "copied")
    deflated = step(base, "before_zip")
    rows.append(against("the same, beside deflate as before", zipped, deflated, ""))
    rows.append(against("zip alone, beside deflate as before", step(base, "zip_alone"), deflated, "≥ 10×"))
    for name in ("ours.zip", "before.zip", "alone.zip"):
        (base / name).unlink()
    rows += [Row(name, step(base, name), None, "wall", None, "") for name in ("summary", "verify")]
    step(base, "tree", 2)
    rows.append(against(f"merge of 2 × {pictures:,}", step(base, "ours_merge"), step(base, "before_merge"), "≥ 10× copying"))
    return rows


def main() -> None:
    """The table, or one step of it in a child process."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--step", nargs="+")
    given = options.parse_args()
    if given.step:
        name, base, *numbers = given.step
        STEPS[name](Path(base), *map(int, numbers))
        return
    pictures, started = (5_000 if given.quick else 50_000), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        rows = measure(Path(folder), pictures)
    print(*map(shown, rows), sep="\n")
    print(f"{pictures:,} pictures of {SIZE / 1000:.0f} kB; {time.perf_counter() - started:.0f} s in all")
    kept = {"pictures": pictures, "rows": [asdict(row) for row in rows]}
    (ROOT / "benchmarks/datasets.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
