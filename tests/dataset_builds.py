"""A dataset that is chosen and downloaded, ready to be built any number of times.

In: a folder. Out: `Ready`, whose `build()` is the last step. `python -m dataset_builds <folder> <step>` builds it and dies there.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from dataset_manager.datasets import building, counts, tree
from dataset_manager.files import write_json
from dataset_manager.images import placing
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.fetch import Patience
from dataset_manager.images.placing import link
from dataset_manager.images.shards import download_shard
from dataset_manager.images.store import FolderSource
from dataset_rows import PROCESS, Choice, Row, reference, request, transaction
from pictures import picture

DATASET = f"{PROCESS}_v01"
PROVENANCE = {"dataset": DATASET, "sample": False}
QUICK = Patience(threads=4, attempts=2, first_wait=0.0001)
ROWS = [transaction(n) for n in range(1, 21)] + [transaction(n, "A7", device_id="8") for n in range(31, 36)]
ASKED = request([reference(images=5), reference("3", "A7", images=4, **{"class": "Piña ñ", "label_id": "58"})], [("7", 3)], shards=2)


class Ready:
    """Where everything of one dataset lies."""

    def __init__(self, out: Path) -> None:
        self.here = out / "processes" / PROCESS
        self.tree = self.here / "datasets" / DATASET
        outcomes = [self.here / f"images/manifests/v.shards/{shard}-of-2.parquet" for shard in range(2)]
        manifest = self.here / "images/manifests/v.parquet"
        self.bucket, self.cache = out / "bucket", PictureCache(out / "cache/pictures")
        source = Place.of(self.bucket)
        self.work = building.Work(manifest, manifest.with_suffix(".asked.json"), outcomes, self.cache, source, 0.05)

    def download(self) -> None:
        """What the jobs before the last one do; pictures that are there cost nothing."""
        for shard, outcome in enumerate(self.work.outcomes):
            source = FolderSource(self.bucket)
            download_shard(self.work.manifest, shard, 2, source=source, cache=self.cache, outcome_file=outcome, patience=QUICK)

    def build(self, most_failed: float = 0.05) -> Row:
        return building.build(replace(self.work, most_failed=most_failed), self.tree, PROVENANCE)

    def beside(self, suffix: str) -> Path:
        return self.tree.with_name(DATASET + suffix)

    @property
    def manifest(self) -> list[Row]:
        found: list[Row] = pq.read_table(self.beside(".manifest.parquet")).to_pylist()
        return found

    def files(self) -> dict[str, bytes]:
        """The tree, by path."""
        return {path.relative_to(self.tree).as_posix(): path.read_bytes() for path in self.tree.rglob("*") if path.is_file()}

    def left(self) -> list[str]:
        """What stands in `datasets/` by name, without the lock that stays."""
        return sorted(path.name for path in self.tree.parent.iterdir() if path.suffix != ".lock" and path.name != "v.request.json")


def ready(out: Path, bad: int = 0, rows: list[Row] = ROWS, asked: Row = ASKED) -> Ready:
    """Everything but the last step; the first `bad` candidates of reference 1 are no pictures."""
    found = Ready(out)
    choice = Choice(out, rows, asked)
    write_json(found.work.asked, list(choice.asked.values()))
    spoiled = {one["key"] for one in choice.rows if one["group"] == "r1" and one["rank"] <= bad}
    for row in rows:
        for file in row["folder_files"]:
            path = found.bucket / row["image_link"] / file
            path.parent.mkdir(parents=True, exist_ok=True)
            broken = f"{row['image_link']}{file}" in spoiled
            path.write_bytes(b"<html>no</html>" if broken else picture(f"{row['transaction_id']}", size=(32, 24)))
    found.download()
    return found


def die(*_: Any, **__: Any) -> Any:
    """As kill -9: nothing is tidied."""
    os._exit(9)


def third(link: Callable[..., None]) -> Callable[..., None]:
    """Dies instead of the third call."""
    calls = iter(range(3))
    return lambda *words: link(*words) if next(calls) < 2 else die()


STEPS = {
    "in the middle of the tree": lambda: setattr(placing, "link", third(link)),
    "before the tree has its name": lambda: setattr(tree, "sync", die),
    "while the tree is made": lambda: setattr(building, "write_parquet", die),
    "after tree and manifest": lambda: setattr(counts, "write_shortage", die),
    "after the shortages": lambda: setattr(building, "write_json", die),
    "never": lambda: None,
}

if __name__ == "__main__":
    STEPS[sys.argv[2]]()
    Ready(Path(sys.argv[1])).build()
