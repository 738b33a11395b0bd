"""Raw hits to `data/transactions.parquet`: one row per transaction and kind, with every field that the documents had.

In: `data/raw/manifest.json` with its parts, `data/folders.parquet`. Out: `data/transactions.parquet` (columns: docs/rules.md,
«Fields») and `data/flatten.json` (what was counted). Hits == rows + dropped, or CountError.
"""

import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dataset_manager import wording
from dataset_manager.analysis import fields
from dataset_manager.analysis.database import FULL, SMALL, quoted, script, work_folder, working, write_parquet
from dataset_manager.duck import duckdb
from dataset_manager.errors import CountError, SourceError
from dataset_manager.files import read_json, write_json
from dataset_manager.sources.document_keys import DocumentKeys
from dataset_manager.sources.parts import LARGEST_DOCUMENT

log = logging.getLogger("dataset_manager")
Json = dict[str, Any]
# One row per field with values that are not of its type: in how many rows, and up to 20 of the texts.
UNPARSED = """
WITH found AS (
    SELECT unnest(json_keys(unparsed)) AS field, unparsed FROM kept WHERE unparsed IS NOT NULL
)
SELECT field, count(*), list_sort(list(DISTINCT (unparsed ->> ('$."' || field || '"'))[:80]))[:20] FROM found GROUP BY field ORDER BY field
"""
# The keys of each level, and whether a document needs care. Documents of one shape have the same keys: few lists are compared.
KEYS = """
WITH document AS (SELECT json_keys(json, ['$._source', '$._source.transaction_data', '$._source.metric_data']) AS level FROM object),
shape AS (SELECT any_value(level) AS level FROM document GROUP BY hash(level))
SELECT list_distinct(flatten(list(coalesce(level[1], [])))), list_distinct(flatten(list(coalesce(level[2], [])))),
    list_distinct(flatten(list(coalesce(level[3], [])))),
    bool_or(level[2] = [] OR len(level[1]) <> len(list_distinct(level[1])) OR len(level[2]) <> len(list_distinct(level[2])))
FROM shape
"""


def flatten(
    manifest_file: Path,
    folders_file: Path,
    transactions_file: Path,
    counts_file: Path,
    *,
    metrics_cliente: Sequence[str],
    metrics_manual: Sequence[str],
    threads: int = 1,  # measured at 300,000 hits: a second one costs a quarter more CPU
) -> Json:
    """Writes both files and gives the counts. Raises CountError, SourceError, DiskError."""
    manifest = read_json(manifest_file)
    parts = [Path(manifest_file).parent / one["file"] for one in manifest["slices"] if one["hits"]]
    with working(Path(transactions_file).parent, threads, small=manifest["hits"] <= SMALL) as base:
        base.execute(f"CREATE VIEW folder AS FROM read_parquet('{quoted(folders_file)}')")
        with readable(Path(manifest_file).parent):
            read(base, parts, manifest, {"client": texts(metrics_cliente), "manual": texts(metrics_manual)})
        counts = counted(base)
        write_parquet(
            base, "FROM transaction_row", Path(transactions_file), before_name=lambda rows: require_closed(counts, rows, manifest["hits"])
        )
    write_json(counts_file, counts)
    log.info("Tabla: %s de %s transacciones recibidas", wording.counted(counts["rows"], *wording.ROWS), wording.number(counts["hits"]))
    return counts


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """A part that was damaged after its extraction is an error that says how to get it again."""
    try:
        yield
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        if any(sign in str(error) for sign in FULL):
            raise
        cause = str(error).splitlines()[0]
        raise SourceError(f"{folder}: una parte no se puede leer ({cause}). Borre esa carpeta y repita la orden") from error


def read(base: duckdb.DuckDBPyConnection, parts: Sequence[Path], manifest: Json, kinds: dict[str, str]) -> None:
    """Runs flatten.sql: at once where the keys are known and every document is plain, else in two passes with care."""
    known = DocumentKeys.of([manifest["keys"]] if "keys" in manifest else [])
    plan = fields.plan(known)
    if parts and known.top and plan.struct:
        # A key twice in one object, a document of more than 16 MB, a part that cannot be read: the careful way knows what to say.
        with suppress(duckdb.InvalidInputException, duckdb.IOException, FileNotFoundError, PermissionError):
            transform(base, plan, kinds | {"lines": plain_lines(joined(base, parts), plan)})
            return
    read_objects(base, parts, "TABLE" if manifest["hits"] <= SMALL else "VIEW")
    plan = fields.plan(keys(base))
    transform(base, plan, kinds | {"lines": careful_lines(plan)})


def transform(base: duckdb.DuckDBPyConnection, plan: fields.Plan, words: Mapping[str, str]) -> None:
    """The tables of flatten.sql."""
    statements = script(
        "flatten.sql",
        container=plan.container,
        raw_columns=fields.raw_columns(plan),
        known_names=fields.known_names(),
        typed_columns=fields.typed_columns(),
        unparsed=fields.unparsed_column(),
        other_numbers=fields.other_numbers(plan),
        other_names=fields.other_names(plan),
        **words,
    )
    for statement in statements:
        base.execute(statement)


def joined(base: duckdb.DuckDBPyConnection, parts: Sequence[Path]) -> Path:
    """All parts as one file, which vanishes with the job: opening them one by one takes a millisecond each."""
    whole = work_folder(base) / "hits.ndjson.zst"
    with whole.open("wb") as out:
        for part in parts:
            with part.open("rb") as one:
                shutil.copyfileobj(one, out)
    return whole


def plain_lines(hits: Path, plan: fields.Plan) -> str:
    """A query for each hit with its document opened as it is read. It fails where an object has a key twice."""
    columns = {"_index": "VARCHAR", "_id": "VARCHAR", "_source": fields.struct_type(plan.top)}
    wanted = ", ".join(f"{name}: {fields.literal(kind)}" for name, kind in columns.items())
    return f"SELECT _index, _id, _source AS s FROM read_ndjson({fields.literal(str(hits))}, compression = 'zstd', columns = {{{wanted}}})"


def read_objects(base: duckdb.DuckDBPyConnection, parts: Sequence[Path], kind: str) -> None:
    """The hits as JSON: read twice, so a few of them are kept in memory. None at all in an empty window."""
    source = f"read_ndjson_objects({paths(parts)}, compression = 'zstd', maximum_object_size = {LARGEST_DOCUMENT})"
    base.execute(f"CREATE {kind} object AS SELECT json FROM {source if parts else '(SELECT NULL::JSON AS json WHERE false)'}")


def keys(base: duckdb.DuckDBPyConnection) -> DocumentKeys:
    """Those of all documents; odd too where a key stands twice in one object."""
    top, nested, second, odd = base.execute(KEYS).fetchall()[0]
    return DocumentKeys(set(top or []), set(nested or []), set(second or []), bool(odd))


def careful_lines(plan: fields.Plan) -> str:
    """A query for each hit with its document opened, and the document itself."""
    shape = {"_index": "VARCHAR", "_id": "VARCHAR", "_source": plan.top if plan.struct else "JSON"}
    opened = "AS s" if plan.struct else f", json_transform(hit._source, {fields.literal(json.dumps(plan.top))}) AS s"
    hits = f"SELECT json_transform(json, {fields.literal(json.dumps(shape))}) AS hit FROM object"
    return f"SELECT hit._index, hit._id, hit._source {opened} FROM ({hits})"


def paths(parts: Sequence[Path]) -> str:
    """An SQL list of file names."""
    return "[" + ", ".join(fields.literal(str(part)) for part in parts) + "]"


def texts(values: Sequence[str]) -> str:
    """An SQL list of strings."""
    return "[" + ", ".join(fields.literal(value) for value in values) + "]::VARCHAR[]"


def counted(base: duckdb.DuckDBPyConnection) -> Json:
    """What `Consistencia` and the closing step need to know; the rows are counted when they are written."""
    total, without_id = base.execute("SELECT count(*), count(*) FILTER (transaction_id IS NULL) FROM hit").fetchall()[0]
    dropped = dict(base.execute("SELECT kind, count(*) FROM dropped GROUP BY kind ORDER BY kind").fetchall())
    same_document = dropped.pop(None, 0)
    unparsed = base.execute(UNPARSED).fetchall()
    return {
        "hits": total,
        "rows": 0,
        "dropped_same_document": same_document,
        "dropped_same_transaction": sum(dropped.values()),
        "dropped_by_kind": dropped,
        "null_transaction_id": without_id,
        "unparsed": {field: count for field, count, _ in unparsed},
        "unparsed_examples": {field: sorted(found) for field, _, found in unparsed},
        "unparsed_times": sum(count for field, count, _ in unparsed if fields.KNOWN[field][1] == "instant"),
    }


def require_closed(counts: Json, rows: int, hits: int) -> None:
    """Hits in the manifest == hits read == rows written + dropped."""
    counts["rows"] = rows
    dropped = counts["dropped_same_document"] + counts["dropped_same_transaction"]
    if counts["hits"] != hits or counts["hits"] != rows + dropped:
        raise CountError(
            f"Las cuentas no cuadran: el manifiesto dice {hits} transacciones, se leyeron {counts['hits']}, quedan "
            f"{rows} filas y {dropped} duplicadas. Borre data/raw y repita la orden"
        )
