"""Which pictures a review would show, best first: a pure function of tables, marks and parameters.

In: `images/review.request.json`, `data/transactions.parquet`, `data/analysis/references.parquet`. Out:
`images/manifests/review.parquet`, one row per candidate picture (docs/rules.md, «Review»).
"""

import logging
from pathlib import Path
from typing import Any

from dataset_manager.analysis.database import quoted, script, working, write_parquet
from dataset_manager.duck import duckdb
from dataset_manager.files import read_json
from dataset_manager.images.packing import pack
from dataset_manager.names import path_parts
from dataset_manager.wording import FOLDERS, PICTURES, counted

log = logging.getLogger("dataset_manager")
Json = dict[str, Any]
RESERVE = 5  # at least; and a fifth of the quota
MANIFEST = """
SELECT key, folder.folder || '/' || regexp_replace(owner, '[^A-Za-z0-9._-]', '_', 'g')
        || CASE WHEN setting.every_file THEN '_' || file_number ELSE '' END || lower(regexp_extract(key, '\\.[A-Za-z]+$')) AS target,
    candidate."group", candidate.quota::INTEGER AS quota, place::INTEGER AS rank, unit, shard::INTEGER AS shard,
    reference_id, coalesce(reference_name, 'unknown') AS reference_name, product_name, product_type, candidate.label_id, transaction_id,
    transaction_start_time, device_id, device_name, kind, model_id, confidence, result_label_name, selected_reference_code,
    selected_reference_name, "Ok", "Ok_modelo"
FROM candidate JOIN folder USING ("group") JOIN shard_of USING ("group") CROSS JOIN setting
LEFT JOIN (SELECT reference_id, reference_name FROM wanted) USING (reference_id)
ORDER BY shard, candidate."group", place
"""


def select(request_file: Path, data_dir: Path, manifest_file: Path) -> Json:
    """Writes the manifest; gives counts of groups and candidates. Raises DiskError."""
    request = read_json(request_file)
    with working(Path(manifest_file).parent, small=True) as base:
        lay(base, request, Path(data_dir))
        run(base)
        folders(base)
        shards(base, request["shards"])
        write_parquet(base, MANIFEST, Path(manifest_file))
        groups, candidates = base.execute('SELECT count(DISTINCT "group"), count(*) FROM candidate').fetchall()[0]
    log.info("Revisión: %s, %s entre las que elegir", counted(groups, *FOLDERS), counted(candidates, *PICTURES))
    return {"carpetas": groups, "candidatas": candidates}


def lay(base: duckdb.DuckDBPyConnection, request: Json, data_dir: Path) -> None:
    """The views and tables that candidates.sql starts from."""
    base.execute(f"CREATE VIEW transactions AS FROM read_parquet('{quoted(data_dir / 'transactions.parquet')}')")
    base.execute(f"CREATE VIEW \"references\" AS FROM read_parquet('{quoted(data_dir / 'analysis/references.parquet')}')")
    for table, column in (("wanted_reference", "reference_id"), ("wanted_device", "device_id")):
        base.execute(f"CREATE TABLE {table} ({column} VARCHAR)")
        base.execute(f"INSERT INTO {table} SELECT unnest(?)", [request[f"{table.removeprefix('wanted_')}s"]])
    asked = request["parameters"]
    quota = int(asked["num_imagenes_revision"])
    base.execute(
        "CREATE TABLE setting (tipo VARCHAR, origen VARCHAR, similar_too BOOLEAN, every_file BOOLEAN, quota BIGINT, reserve BIGINT)"
    )
    base.execute(
        "INSERT INTO setting VALUES (?, ?, ?, ?, ?, ?)",
        [
            asked["tipo_transacciones"],
            asked["origen_transacciones"],
            asked["tipo_imagenes_bajar"] == "clase_y_similares",
            asked["imagenes_por_transaccion"] == "todas",
            quota,
            max(RESERVE, -(-quota // 5)),
        ],
    )


def run(base: duckdb.DuckDBPyConnection) -> None:
    """The macros of pictures, then candidates.sql."""
    here = Path(__file__).parent
    for statement in [*script(here.parent / "images/pictures.sql"), *script(here / "candidates.sql")]:
        base.execute(statement)


def folders(base: duckdb.DuckDBPyConnection) -> None:
    """Each group's folder below `images/`, from names that may be anything."""
    rows = base.execute(
        'SELECT "group", product_type, class, label_id, product_name, reference_folder, device FROM product '
        'LEFT JOIN reference_folder ON reference_folder.reference_id = product.reference_id ORDER BY "group"'
    ).fetchall()
    named = {row[0]: pieces(*row[1:]) for row in rows}
    siblings: dict[tuple[str, ...], set[str]] = {}
    for path in named.values():
        for depth, name in enumerate(path):
            siblings.setdefault(path[:depth], set()).add(name)
    parts = {parent: path_parts(names) for parent, names in siblings.items()}  # names only collide within one folder
    base.execute('CREATE TABLE folder ("group" VARCHAR, folder VARCHAR)')
    for group, path in named.items():
        base.execute("INSERT INTO folder VALUES (?, ?)", [group, "/".join(parts[path[:depth]][name] for depth, name in enumerate(path))])


def pieces(
    kind: str, class_name: str | None, label: str | None, product: str | None, reference: str | None, device: str | None
) -> tuple[str, ...]:
    """The folders of a product, outermost first."""
    if kind == "device":
        return ("devices", str(device))
    outer = ("productos", str(reference))
    if kind == "clase_principal":
        return (*outer, str(product))
    return (*outer, f"Reference_similar_{class_name}", f"{label}_{product}" if label else str(product))


def shards(base: duckdb.DuckDBPyConnection, count: int) -> None:
    """Whole groups, packed by their quota."""
    sizes = dict(base.execute('SELECT "group", count(*) FROM candidate GROUP BY "group" ORDER BY "group"').fetchall())
    base.execute('CREATE TABLE shard_of ("group" VARCHAR, shard INTEGER)')
    packed = pack(sizes, count)
    for group, shard in packed.items():
        base.execute("INSERT INTO shard_of VALUES (?, ?)", [group, shard])
