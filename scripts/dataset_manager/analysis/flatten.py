"""Raw hits to `data/transactions.parquet`: one row per transaction and kind, with every field that the documents had.

In: `data/raw/manifest.json` with its parts, `data/folders.parquet`. Out: `data/transactions.parquet` (columns: docs/rules.md,
«Fields») and `data/flatten.json` (what was counted). Hits == rows + dropped, or CountError.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from dataset_manager.analysis import fields
from dataset_manager.analysis.database import quoted, script, working, write_parquet
from dataset_manager.errors import CountError
from dataset_manager.files import read_json, write_json

log = logging.getLogger("dataset_manager")
Json = dict[str, Any]
LARGEST_DOCUMENT = 64 * 1024 * 1024  # bytes; DuckDB's own limit is 16 MB
# One row per field with values that are not of its type: how many documents, and up to 20 of the texts.
UNPARSED = """
WITH found AS (SELECT DISTINCT unnest(json_keys(unparsed)) AS field, unparsed, _index, _id FROM hit WHERE unparsed IS NOT NULL)
SELECT field, count(*), list(DISTINCT unparsed ->> ('$."' || field || '"'))[:20] FROM found GROUP BY field ORDER BY field
"""


def flatten(
    manifest_file: Path,
    folders_file: Path,
    transactions_file: Path,
    counts_file: Path,
    *,
    metrics_cliente: Sequence[str],
    metrics_manual: Sequence[str],
    threads: int = 2,
) -> Json:
    """Writes both files and gives the counts. Raises CountError, DiskError."""
    manifest = read_json(manifest_file)
    with working(Path(transactions_file).parent, threads) as base:
        read_lines(base, [Path(manifest_file).parent / one["file"] for one in manifest["slices"] if one["hits"]])
        base.execute(f"CREATE VIEW folder AS FROM read_parquet('{quoted(folders_file)}')")
        transform(base, metrics_cliente, metrics_manual)
        counts = counted(base)
        require_closed(counts, manifest["hits"])
        write_parquet(base, "FROM transaction_row", Path(transactions_file))
    write_json(counts_file, counts)
    log.info("Tabla: %d filas de %d transacciones recibidas", counts["rows"], counts["hits"])
    return counts


def read_lines(base: duckdb.DuckDBPyConnection, parts: list[Path]) -> None:
    """The hits as JSON; an empty window gives an empty view of the same shape."""
    if not parts:
        base.execute("CREATE VIEW line AS SELECT ''::VARCHAR AS _index, ''::VARCHAR AS _id, '{}'::JSON AS _source WHERE false")
        return
    files = ", ".join(f"'{quoted(part)}'" for part in parts)
    shape = "{'_index': 'VARCHAR', '_id': 'VARCHAR', '_source': 'JSON'}"
    options = f"format = 'newline_delimited', compression = 'zstd', maximum_object_size = {LARGEST_DOCUMENT}"
    base.execute(f"CREATE VIEW line AS FROM read_json([{files}], columns = {shape}, {options})")


def transform(base: duckdb.DuckDBPyConnection, client: Sequence[str], manual: Sequence[str]) -> None:
    """Runs flatten.sql for the keys that these documents have."""
    plan = fields.plan(keys(base))
    statements = script(
        "flatten.sql",
        shape=fields.literal(plan.shape),
        nested=plan.nested,
        raw_struct=fields.raw_struct(),
        other_columns=fields.other_columns(plan),
        typed_columns=fields.typed_columns(),
        unparsed=fields.unparsed_column(),
        other_names=fields.other_names(plan),
        client=texts(client),
        manual=texts(manual),
    )
    for statement in statements:
        base.execute(statement)


def texts(values: Sequence[str]) -> str:
    """An SQL list of strings."""
    return "[" + ", ".join(fields.literal(value) for value in values) + "]::VARCHAR[]"


def keys(base: duckdb.DuckDBPyConnection) -> fields.Keys:
    """The keys at the top and those of both containers; a container without keys is `{}` or no object at all."""
    paths = "['$', '$.transaction_data', '$.metric_data']"
    shapes = [found for (found,) in base.execute(f"SELECT DISTINCT json_keys(_source, {paths}) FROM line").fetchall()]
    top, first, second = (frozenset(key for found in shapes for key in found[place] or ()) for place in range(3))
    return fields.Keys(top, (first, second), odd=any(found[place] == [] for found in shapes for place in (1, 2)))


def counted(base: duckdb.DuckDBPyConnection) -> Json:
    """What `Consistencia` and the closing step need to know."""
    total, same_document, same_transaction, rows = base.execute(
        "SELECT count(*), count(*) FILTER (copy > 1), count(*) FILTER (place > 1), count(*) FILTER (place = 1) FROM survivor"
    ).fetchall()[0]
    kinds = base.execute("SELECT kind, count(*) FROM survivor WHERE place > 1 GROUP BY kind ORDER BY kind").fetchall()
    unparsed = base.execute(UNPARSED).fetchall()
    without_id = base.execute("SELECT count(*) FROM hit WHERE transaction_id IS NULL").fetchall()[0][0]
    return {
        "hits": total,
        "rows": rows,
        "dropped_same_document": same_document,
        "dropped_same_transaction": same_transaction,
        "dropped_by_kind": dict(kinds),
        "null_transaction_id": without_id,
        "unparsed": {field: count for field, count, _ in unparsed},
        "unparsed_examples": {field: sorted(found) for field, _, found in unparsed},
        "unparsed_times": sum(count for field, count, _ in unparsed if fields.KNOWN[field][1] == "instant"),
    }


def require_closed(counts: Json, hits: int) -> None:
    """Hits in the manifest == hits read == rows + dropped."""
    dropped = counts["dropped_same_document"] + counts["dropped_same_transaction"]
    if counts["hits"] != hits or counts["hits"] != counts["rows"] + dropped:
        raise CountError(
            f"Las cuentas no cuadran: el manifiesto dice {hits} transacciones, se leyeron {counts['hits']}, quedan "
            f"{counts['rows']} filas y {dropped} duplicadas. Borre data/raw y repita la orden"
        )
