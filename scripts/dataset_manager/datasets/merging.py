"""merge_datasets: several datasets as one, by content.

In: datasets with their accepted manifests. Out: `datasets/<name>/` of hard links, its manifest, `merge_report.csv` inside, and last
`<name>.json` with the parents and their ids (docs/rules.md, «Merge»). Nothing is overwritten: a picture stands once, a clash of names
keeps both, and one content under two labels is an error unless `on_conflict` says what to do.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_manager.analysis.database import dictionaries, quoted, script, working, write_parquet
from dataset_manager.csv_text import csv_bytes
from dataset_manager.datasets.content import EXAMPLES, Known, accepted_file, known_id, require_accepted
from dataset_manager.datasets.finding import Dataset
from dataset_manager.datasets.tree import Paths, place, require_same, tidy
from dataset_manager.duck import duckdb
from dataset_manager.errors import CountError
from dataset_manager.files import locked, replace, sha256_of, write_errors, write_json
from dataset_manager.images.placing import link_all

Json = dict[str, Any]
Picture = tuple[str, str, str, int]  # path in the result, file it lies in, sha256, bytes
REPORT = "merge_report.csv"
COLUMNS = ("caso", "dataset", "ruta", "clase", "label_id", "sha256", "incluida", "ruta_final")
INTERNAL = "'path', 'parent', 'source_path', 'tree', 'mtime_ns', 'origin'"
MANIFEST = f"SELECT path, COLUMNS(lambda c: c NOT IN ({INTERNAL})) FROM named ORDER BY path"
NAMED = "SELECT path, tree || '/' || source_path, sha256, bytes FROM named ORDER BY path"
BY_CLASS = "SELECT class, count(*) AS placed, sum(bytes)::BIGINT AS bytes FROM named GROUP BY class ORDER BY class"


def merge(parents: Sequence[Dataset], tree: Path, on_conflict: str, provenance: Json) -> Json:
    """Raises CountError for a parent that changed since it was accepted, for conflicts, and for a folder that is in the way; DiskError."""
    for parent in parents:
        require_accepted(parent)
    paths = Paths(tree)
    with locked(paths.lock), working(tree.parent, small=True) as base, write_errors(tree):
        tidy(paths)
        lay(base, parents, on_conflict)
        report = dictionaries(base.execute("FROM report"))
        require_no_conflict(report, on_conflict, paths)
        pictures = base.execute(NAMED).fetchall()
        known = {path: Known(sha256, size) for path, _, sha256, size in pictures}
        require_distinct(pictures, known)
        require_some(pictures, paths)
        if tree.exists():
            require_same(tree, known)
        else:
            notes = {REPORT: csv_bytes(COLUMNS, report)}
            place(paths, known, lambda aside: link_all([(file, f"{aside}/{path}") for path, file, _, _ in pictures]), notes)
        write_parquet(base, MANIFEST, paths.beside(".manifest.parquet"))
        result = result_of(base, report) | {"dataset_id": known_id(known)}
        result |= {"manifest_sha256": sha256_of(paths.beside(".manifest.parquet")), **provenance}
        write_json(paths.beside(".json"), result)
    return result


def lay(base: duckdb.DuckDBPyConnection, parents: Sequence[Dataset], on_conflict: str) -> None:
    """The table `source`, then merge.sql."""
    base.execute("CREATE TABLE setting (on_conflict VARCHAR)")
    base.execute("INSERT INTO setting VALUES (?)", [on_conflict])
    parts = [
        f"SELECT COLUMNS(lambda c: c <> 'source_dataset'), {number} AS parent, '{quoted(parent.name)}' AS source_dataset, "
        f"'{quoted(parent.tree)}' AS tree "
        f"FROM read_parquet('{quoted(accepted_file(parent))}')"
        for number, parent in enumerate(parents)
    ]
    base.execute(f"CREATE TABLE source AS {' UNION ALL BY NAME '.join(parts)}")
    for statement in script(Path(__file__).parent / "merge.sql"):
        base.execute(statement)


def require_no_conflict(report: list[Json], on_conflict: str, paths: Paths) -> None:
    """Unless the person said what to do with them. The report is left beside where the dataset would be."""
    beside = paths.beside(f".{REPORT}")
    conflicts = [row for row in report if row["caso"] == "conflicto de label"]
    if not conflicts or on_conflict != "error":
        beside.unlink(missing_ok=True)
        return
    replace(beside, csv_bytes(COLUMNS, report))
    named = "".join(f"\n  - {row['dataset']}/{row['ruta']} (label {row['label_id']})" for row in conflicts[:EXAMPLES])
    raise CountError(
        f"{paths.tree.name}: la misma imagen está con labels distintos en {len(conflicts)} sitios; están todos en {beside}. Corrija "
        f"los datasets de origen, o diga --on-conflict first (on_conflict=first, vale el primero) o --on-conflict skip (on_conflict=skip, "
        f"ninguna). No se ha hecho nada:{named}"
    )


def require_some(pictures: Sequence[Picture], paths: Paths) -> None:
    """A dataset without pictures serves nobody."""
    if not pictures:
        raise CountError(
            f"{paths.tree.name}: no queda ninguna imagen (con --on-conflict skip, todas están con dos labels); no se ha hecho nada"
        )


def require_distinct(pictures: Sequence[Picture], known: Mapping[str, Known]) -> None:
    """Every picture has a path of its own."""
    if doubled := len(pictures) - len(known):
        raise CountError(f"{doubled} imágenes tendrían el nombre de otra; no se ha hecho nada. Cambie su nombre y repita")


def result_of(base: duckdb.DuckDBPyConnection, report: list[Json]) -> Json:
    """Counts that close: pictures of the parents == pictures of the result + those left out."""
    total, placed = (base.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in ("source", "named"))
    left_out = sum(row["incluida"] == "no" for row in report)
    if total != placed + left_out:
        raise CountError(
            f"Las cuentas no cuadran: {total} imágenes de origen, {placed} colocadas, {left_out} listadas; no se ha hecho el dataset"
        )
    cases = ("repetida", "renombrada", "conflicto de label")
    return {
        "kind": "merged",
        "counts": {"wanted": total, "placed": placed, "short": 0, "failed": 0},
        "report": {name: sum(row["caso"] == name for row in report) for name in cases},
        "classes": dictionaries(base.execute(BY_CLASS)),
        "labels_twice": dictionaries(base.execute("FROM label_twice")),
        "short": [],
    }
