"""Which pictures a dataset would take, best first: a pure function of request, tables and earlier manifests.

In: `datasets/<dataset>.request.json`, `data/transactions.parquet`, the manifests that the request names. Out:
`images/manifests/<dataset>.parquet`, one row per candidate picture, and every quota with what was available for it.
Rules: docs/rules.md, «Dataset pictures», «Strategies».
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dataset_manager.analysis.database import dictionaries, quoted, script, working, write_parquet
from dataset_manager.duck import duckdb
from dataset_manager.errors import CountError
from dataset_manager.files import read_json
from dataset_manager.images.packing import pack
from dataset_manager.names import path_parts
from dataset_manager.wording import TRANSACTIONS, counted, number

log = logging.getLogger("dataset_manager")
Json = dict[str, Any]

# Each strategy is a short order over a group's transactions; ties are drawn with the seed.
RANKING = {
    "random": "dice",
    "recent": "transaction_start_time DESC NULLS LAST",
    "errors": """CASE WHEN "Error" = 1 OR "Result_modelo" = 'FAIL' THEN 0 WHEN "No_result" = 1 THEN 1 ELSE 2 END""",
    "uncertain": """CASE confidence WHEN 'LOW' THEN 0 WHEN 'MEDIUM' THEN 1 WHEN 'HIGH' THEN 3 ELSE 2 END,
        CASE WHEN json_valid(predicted_names) THEN json_array_length(predicted_names) ELSE 0 END DESC""",
    "balanced": "turn",
}
MANIFEST = """
SELECT key, target, candidate."group", group_quota::INTEGER AS quota, rank::INTEGER AS rank, candidate.unit, shard::INTEGER AS shard,
    class, label_id, reference_id, reference_code, reference_name, transaction_id, device_id, device_name, transaction_start_time,
    transaction_end_time, kind, model_id, result_label_name AS predicted, confidence, "Result" AS result,
    "Result_modelo" AS model_result, reason
FROM candidate JOIN shard_of USING ("group") ORDER BY shard, candidate."group", rank
"""


def select(request_file: Path, transactions: Path, manifest_file: Path) -> list[Json]:
    """Writes the manifest; gives the quotas with what was available. Raises CountError when there is no candidate at all, DiskError."""
    request = read_json(request_file)
    with working(manifest_file.parent, small=True) as base:
        lay(base, request, transactions)
        for statement in statements(request["compared"]["parameters"]["selection"]):
            base.execute(statement)
        asked = dictionaries(base.execute('FROM asked ORDER BY "group"'))
        require_candidates(base, request, request_file)
        lay_shards(base, request["stored"]["shards"])
        write_parquet(base, MANIFEST, manifest_file)
        found = base.execute("SELECT count(*) FROM candidate").fetchall()[0][0]
    log.info("Dataset: imágenes pedidas %s, candidatas %s", number(sum(one["quota"] for one in asked)), number(found))
    return asked


def statements(strategy: str) -> Iterable[str]:
    """The macros of pictures, then candidates.sql with the order of the strategy."""
    here = Path(__file__).parent
    return [*script(here.parent / "images/pictures.sql"), *script(here / "candidates.sql", ranking=RANKING[strategy])]


def lay(base: duckdb.DuckDBPyConnection, request: Json, transactions: Path) -> None:
    """The tables that candidates.sql starts from."""
    compared, stored = request["compared"], request["stored"]
    base.execute(f"CREATE VIEW transactions AS FROM read_parquet('{quoted(transactions)}')")
    lay_included(base, compared["references"])
    base.execute("CREATE TABLE selected_device (device_id VARCHAR, quota BIGINT)")
    fill(base, "selected_device", [(one["device_id"], one["images"]) for one in compared["devices"]])
    base.execute("CREATE TABLE setting (seed VARCHAR, every_file BOOLEAN)")
    parameters = compared["parameters"]
    fill(base, "setting", [(str(parameters["seed"]), parameters["imagenes_por_transaccion"] == "todas")])
    base.execute("CREATE TABLE unwanted (key VARCHAR)")
    base.execute("INSERT INTO unwanted SELECT unnest(?::VARCHAR[])", [stored["rejected"]])
    lay_used(base, [manifest_of(transactions.parents[2], name) for name in stored["used_datasets"]], stored["used_legacy"])


def lay_included(base: duckdb.DuckDBPyConnection, references: list[Json]) -> None:
    """With the folder of each class and label, from names that may be anything."""
    classes, labels = path_parts(one["class"] for one in references), path_parts(one["label_id"] for one in references)
    names = ("reference_id", "reference_code", "reference_name", "class", "label_id", "images", "devices")
    base.execute(
        "CREATE TABLE included (reference_id VARCHAR, reference_code VARCHAR, reference_name VARCHAR, class VARCHAR, label_id VARCHAR, "
        "quota BIGINT, devices VARCHAR, folder VARCHAR)"
    )
    fill(base, "included", [(*(one[name] for name in names), f"{classes[one['class']]}/{labels[one['label_id']]}") for one in references])


def fill(base: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """A handful of rows."""
    if rows:
        base.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def manifest_of(processes: Path, name: str) -> Path:
    """Of `<process>/<dataset>`. Raises CountError: without it the choice would be another one."""
    process, dataset = name.split("/")
    found = processes / process / f"datasets/{dataset}.manifest.parquet"
    if not found.exists():
        raise CountError(
            f"{found} no está, y este dataset se pidió sin las transacciones de {name}. Recupérelo, o borre el .request.json de este "
            "dataset para pedirlo de nuevo"
        )
    return found


def lay_used(base: duckdb.DuckDBPyConnection, manifests: list[Path], legacy: list[str]) -> None:
    """Transactions that earlier datasets delivered; those of the tool of before stand in the request."""
    base.execute("CREATE TABLE used_transaction (transaction_id VARCHAR)")
    base.execute("INSERT INTO used_transaction SELECT unnest(?::VARCHAR[])", [legacy])
    for manifest in manifests:
        base.execute(
            f"INSERT INTO used_transaction SELECT transaction_id FROM read_parquet('{quoted(manifest)}') WHERE transaction_id IS NOT NULL"
        )


def require_candidates(base: duckdb.DuckDBPyConnection, request: Json, request_file: Path) -> None:
    """A dataset without a single picture is nobody's wish: its request goes too, or every later run would go on with it."""
    if base.execute("SELECT count(*) FROM candidate").fetchall()[0][0]:
        return
    request_file.unlink()
    used = len(request["stored"]["used_datasets"])
    with_pictures = base.execute("SELECT count(*) FROM transactions WHERE has_image = 1").fetchall()[0][0]
    raise CountError(
        f"No hay ninguna imagen para este dataset: el proceso tiene {counted(with_pictures, *TRANSACTIONS)} con imagen, pero no son de las "
        f"referencias y dispositivos marcados, o ya están en otros datasets ({used}). Cambie las marcas, amplíe los datos "
        "(download_info --refresh) o use --no-filter-used (filter_used=no)"
    )


def lay_shards(base: duckdb.DuckDBPyConnection, count: int) -> None:
    """Whole groups, packed by size."""
    sizes = dict(base.execute('SELECT "group", count(*) FROM candidate GROUP BY "group" ORDER BY "group"').fetchall())
    base.execute('CREATE TABLE shard_of ("group" VARCHAR, shard INTEGER)')
    fill(base, "shard_of", list(pack(sizes, count).items()))
