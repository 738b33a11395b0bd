"""The tree `class/label_id/picture`, its manifest, what is short, and last the provenance that means finished.

In: the candidates' manifest, the quotas, the outcomes of the shards, the cache. Out: `datasets/<dataset>/`,
`<dataset>.manifest.parquet`, `<dataset>.shortage.csv`, `<dataset>.json` (docs/rules.md, «Dataset files», «dataset_id»).

The tree is built aside and renamed whole, under an OS lock of this dataset: the job of a run that was killed lives on. A tree
that is already there is compared with the manifest and never replaced.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_manager.analysis.database import quoted, working, write_parquet
from dataset_manager.datasets import counts
from dataset_manager.datasets.content import EXAMPLES, Known, known_id
from dataset_manager.datasets.tree import Paths, place, require_same, tidy
from dataset_manager.duck import duckdb
from dataset_manager.errors import SourceError
from dataset_manager.files import locked, read_json, sha256_of, write_errors, write_json
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.placing import forgetting, link_all, require_cached

Json = dict[str, Any]
Picture = tuple[str, str, str, int]  # path, key, sha256, bytes

TRIED = """
CREATE TABLE tried AS
SELECT manifest.*, outcome.status, outcome.reason AS failure, outcome.bytes, outcome.sha256, outcome.width, outcome.height,
    outcome.format
FROM read_parquet('{manifest}') AS manifest
JOIN read_parquet([{outcomes}]) AS outcome ON outcome."group" = manifest."group" AND outcome.rank = manifest.rank
WHERE outcome.status <> 'unused'
"""
PLACED = """
CREATE VIEW placed AS
SELECT target AS path, sha256, bytes, width, height, format, class, label_id, reference_id, reference_code, reference_name, transaction_id,
    device_id, device_name, transaction_start_time, transaction_end_time, kind, model_id, predicted, confidence, result, model_result, key,
    reason, CASE reason WHEN 'device' THEN device_id ELSE reference_name END AS reason_value, rank
FROM tried WHERE status = 'ok' ORDER BY path
"""


@dataclass(frozen=True)
class Work:
    """What a build starts from."""

    manifest: Path
    asked: Path
    outcomes: Sequence[Path]
    cache: PictureCache
    source: Place
    most_failed: float


def build(work: Work, tree: Path, provenance: Json) -> Json:
    """Raises SourceError above the failed fraction or when the cache lost a picture, CountError when a tree is in the way, DiskError."""
    paths = Paths(tree)
    with locked(paths.lock), working(tree.parent, small=True) as base, write_errors(tree), ThreadPoolExecutor(1) as pool:
        tidy(paths)
        outcomes = ", ".join(f"'{quoted(path)}'" for path in work.outcomes)
        base.execute(TRIED.format(manifest=quoted(work.manifest), outcomes=outcomes))
        base.execute(PLACED)
        require_few_failures(base, work)
        pictures = base.execute("SELECT path, key, sha256, bytes FROM placed").fetchall()
        known = {path: Known(sha256, size) for path, _, sha256, size in pictures}
        made = pool.submit(make, work, paths, pictures, known)
        # The manifest is written meanwhile; it gets its name when the tree is there.
        result = {"dataset_id": known_id(known)} | provenance
        write_parquet(base, "FROM placed", paths.beside(".manifest.parquet"), before_name=lambda _: made.result())
        result |= {"manifest_sha256": sha256_of(paths.beside(".manifest.parquet"))}
        result |= counts.write_shortage(base, read_json(work.asked), paths.beside(".shortage.csv"))
        write_json(paths.beside(".json"), result)
    return result


def make(work: Work, paths: Paths, pictures: Sequence[Picture], known: Mapping[str, Known]) -> None:
    """The tree, unless it is there already."""
    if paths.tree.exists():
        require_same(paths.tree, known)
        return
    files = list(work.cache.files(work.source, (key for _, key, _, _ in pictures)))
    with forgetting(work.outcomes):
        require_cached(zip(files, (sha256 for _, _, sha256, _ in pictures), strict=True))
    place(paths, known, lambda aside: link_all([(file, f"{aside}/{path}") for file, (path, *_) in zip(files, pictures, strict=True)]))


def require_few_failures(base: duckdb.DuckDBPyConnection, work: Work) -> None:
    """failed ÷ tried over the whole command. The outcomes are forgotten: the same command asks for the failed pictures once more."""
    tried, failed = base.execute("SELECT count(*), count_if(status = 'failed') FROM tried").fetchall()[0]
    allowed = not tried or failed / tried <= work.most_failed
    if allowed and failed < tried:
        return
    named = base.execute("SELECT key, failure FROM tried WHERE status = 'failed' ORDER BY key LIMIT ?", [EXAMPLES]).fetchall()
    for outcome in work.outcomes:
        outcome.unlink(missing_ok=True)
    beyond = "todas" if allowed else f"más de images.max_failed_fraction ({work.most_failed:.0%})"
    raise SourceError(
        f"Fallaron {failed} de {tried} imágenes, {beyond}. No se ha hecho el dataset; lo descargado se conserva y la misma orden vuelve a "
        "pedir las que fallaron:\n  " + "\n  ".join(f"{key}: {why}" for key, why in named)
    )
