"""Verified pictures to the folders a person opens, and what is said of each.

In: the review's manifest and the outcomes of its shards; the shared cache. Out: `images/{productos,devices}/…` as hard links
(copies where links are impossible), `images/review.json` with every row and what is short (docs/rules.md, «Review»).
"""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataset_manager.analysis.database import dictionaries, quoted
from dataset_manager.duck import duckdb
from dataset_manager.files import read_json, write_errors, write_json
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.placing import forgetting, link, require_cached

Json = dict[str, Any]
ROWS = """
SELECT manifest.*, outcome.status, outcome.reason, outcome.bytes, outcome.sha256 FROM read_parquet('{manifest}') AS manifest
JOIN read_parquet([{outcomes}]) AS outcome ON outcome."group" = manifest."group" AND outcome.rank = manifest.rank
WHERE outcome.status <> 'unused' ORDER BY manifest."group", manifest.rank
"""


def place(manifest: Path, outcomes: Sequence[Path], cache: PictureCache, source: Place, images: Path, out: Path, *, clear: bool) -> Json:
    """Removes what an earlier review placed, links what this one got, and writes `out`. Raises DiskError."""
    rows, wanted = read_rows(manifest, outcomes), read_groups(manifest)
    good = [row for row in rows if row["status"] == "ok"]
    with forgetting(outcomes):
        require_cached((cache.file(source, row["key"]), row["sha256"]) for row in good)
    with write_errors(images):
        renew(images, [row["target"] for row in good], clear)
        for row in good:
            put(cache.path(source, row["key"]), images / row["target"])
    placed = Counter(row["group"] for row in good)
    result = {
        "rows": [shown(row) for row in rows],
        "short": [group | {"placed": placed[group["group"]]} for group in wanted if placed[group["group"]] < group["quota"]],
        "tried": len(rows),
        "failed": len(rows) - len(good),
        "placed": len(good),
        "groups": len(wanted),
        "bytes": sum(row["bytes"] or 0 for row in good),
    }
    write_json(out, result)
    return result


def read_rows(manifest: Path, outcomes: Sequence[Path]) -> list[Json]:
    """Every picture that was tried, with its outcome."""
    files = ", ".join(f"'{quoted(path)}'" for path in outcomes)
    with duckdb.connect() as base:
        return dictionaries(base.execute(ROWS.format(manifest=quoted(manifest), outcomes=files)))


def read_groups(manifest: Path) -> list[Json]:
    """Each folder's quota and how many candidates it had."""
    query = (
        'SELECT "group", any_value(quota) AS quota, count(DISTINCT unit) AS available, any_value(reference_name) AS reference_name, '
        f'any_value(product_name) AS product_name FROM read_parquet(\'{quoted(manifest)}\') GROUP BY "group" ORDER BY "group"'
    )
    with duckdb.connect() as base:
        return dictionaries(base.execute(query))


def shown(row: Json) -> Json:
    """JSON-able: times as UTC text."""
    moment = row["transaction_start_time"]
    return row | {"transaction_start_time": moment.isoformat() if moment else None}


def renew(images: Path, targets: list[str], clear: bool) -> None:
    """Forgets what an earlier review placed and this one does not; never anything that the tool did not place."""
    record = images / ".placed.json"
    before = read_json(record) or []
    write_json(record, sorted({*targets, *before}))
    if clear:
        for target in sorted(set(before) - set(targets)):
            (images / target).unlink(missing_ok=True)
            remove_empty((images / target).parent, images)
    write_json(record, sorted({*targets, *(() if clear else before)}))


def remove_empty(folder: Path, top: Path) -> None:
    """The folder and those above it, as long as they are empty."""
    while folder != top and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def put(source: Path, target: Path) -> None:
    """Under a temporary name, then renamed; what is there already stays."""
    if target.exists() and target.stat().st_ino == source.stat().st_ino:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temp = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    temp.unlink(missing_ok=True)
    link(source, temp)
    temp.replace(target)
