"""The catalogue of a process: its products, labels, models and picture folders.

In: a database (or its SQLite twin) and the raw transactions already read. Out, in `data/`: `references`, `labels`,
`model`, `deployment` and `folders.parquet`, all from one moment of the database. Every id and code is text.
Rules: docs/rules.md, «Catalogue» and «Pictures of a transaction».
"""

import difflib
import itertools
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import zstandard

from dataset_manager import files, wording
from dataset_manager.errors import SourceError
from dataset_manager.sources.database import CHUNK, Place, Row, Snapshot, as_text, chunked, snapshot, texts
from dataset_manager.sources.parts import LARGEST_DOCUMENT
from dataset_manager.sources.picture_names import picture_names

if TYPE_CHECKING:
    from dataset_manager.duck import duckdb

log = logging.getLogger("dataset_manager")
Json = dict[str, Any]
TIMES = {"created_at": "TIMESTAMP", "updated_at": "TIMESTAMP"}
TEXT = "VARCHAR"
NAMED = f"""
CREATE TEMP TABLE named AS  -- one row per hit: the transaction and the model it names, at any of their levels
SELECT coalesce(v[1], v[2], v[3]) AS id, coalesce(v[4], v[5], v[6]) AS model
FROM (
    SELECT json ->> ['$._source.transaction_id', '$._source.transaction_data.transaction_id', '$._source.metric_data.transaction_id',
        '$._source.transaction_data.model_id', '$._source.metric_data.model_id', '$._source.model_id'] AS v
    FROM read_ndjson_objects($1, maximum_object_size = {LARGEST_DOCUMENT})
)
"""
UNREADABLE = "unreadable_folder_files"
SAID = {  # one, many
    "references": wording.REFERENCES,
    "labels": ("label", "labels"),
    "model": ("modelo", "modelos"),
    "folders": ("carpeta de imágenes", "carpetas de imágenes"),
    UNREADABLE: ("lista de imágenes ilegible", "listas de imágenes ilegibles"),
}
NUMERIC_ORDER = "TRY_CAST({0} AS HUGEINT) NULLS LAST, {0}"


@dataclass(frozen=True)
class Output:
    """One table: its columns with their types, and its order."""

    name: str
    columns: Mapping[str, str]
    order: str


REFERENCES = Output(
    "references",
    dict.fromkeys(("reference_id", "reference_code", "reference_name", "label_id"), TEXT) | TIMES,
    NUMERIC_ORDER.format("reference_id"),
)
LABELS = Output("labels", dict.fromkeys(("label_id", "label_name"), TEXT) | TIMES, NUMERIC_ORDER.format("label_id"))
MODEL = Output("model", dict.fromkeys(("model_id", "model_code", "model_data"), TEXT) | TIMES, NUMERIC_ORDER.format("model_id"))
DEPLOYMENT = Output("deployment", dict.fromkeys(("deployment_id", "model_id"), TEXT), "deployment_id")
FOLDERS = Output(
    "folders", {"transaction_id": TEXT, "folder_url": TEXT, "folder_files": "VARCHAR[]", "parse_ok": "BOOLEAN"}, "transaction_id"
)


def extract_catalogue(
    identity: Mapping[str, Any], parameters: Mapping[str, Any], manifest_file: Path, out_dir: Path, *, source: Place
) -> dict[str, int]:
    """Writes the five tables and gives their row counts, with `unreadable_folder_files`.

    Errors: SourceError for a database that cannot be read, a missing table or column, or a deployment that neither the
    database nor any transaction knows. A deployment without model is no error.
    """
    from dataset_manager.duck import duckdb

    out_dir.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as tables, tempfile.TemporaryDirectory(prefix=".catalogue.", dir=out_dir) as work:
        hits = read_hits(tables, Path(manifest_file))
        with snapshot(source) as database:
            writer = Writer(tables, Path(work), Path(out_dir))
            counts = write_all(database, writer, identity, parameters, hits)
    log.info(
        "Catálogo: %s",
        ", ".join(wording.counted(counts[name], *words) for name, words in SAID.items() if counts[name] or name != UNREADABLE),
    )
    return counts


def write_all(
    database: Snapshot, writer: "Writer", identity: Mapping[str, Any], parameters: Mapping[str, Any], hits: "Hits"
) -> dict[str, int]:
    """In the order of the outputs; the deployment is checked before anything long."""
    asked = str(identity["deployment_id"])
    deployments = list(texts(database.rows("deployment", by="deployment_id", ids=[asked]), "deployment_id", "model_id"))
    check_deployment(database, asked, deployments, hits)
    references = texts(
        database.rows("reference", by="deployment_id", ids=[asked]), "reference_id", "reference_code", "reference_name", "label_id"
    )
    models = wanted_models(parameters, deployments, hits)
    folders, found_models = (
        FolderCount(),
        list(texts(database.rows("model", by="model_id", ids=models), "model_id", "model_code", "model_data")),
    )
    counts = {
        "deployment": writer.write(DEPLOYMENT, deployments),
        "references": writer.write(REFERENCES, references),
        "labels": writer.write(LABELS, texts(database.rows("label"), "label_id", "label_name")),
        "model": writer.write(MODEL, found_models),
        "folders": writer.write(FOLDERS, folders.read(database, hits.transaction_ids)),
    }
    warn(database.place, asked, deployments, counts, folders)
    if unknown := sorted(set(models) - {row["model_id"] for row in found_models}):
        log.warning("Modelos que no están en la tabla model: %s", ", ".join(unknown))
    return counts | {UNREADABLE: folders.unreadable}


def check_deployment(database: Snapshot, asked: str, found: Sequence[Row], hits: "Hits") -> None:
    """Unknown to the database and without transactions: a typing mistake, not an empty process."""
    if found or hits.count:
        return
    known = sorted((str(row["deployment_id"]) for row in database.rows("deployment")), key=lambda text: (len(text), text))
    near = sorted(difflib.get_close_matches(asked, known, n=3, cutoff=0.5))
    listed = ", ".join(known[:20]) + (f" … ({len(known)} en total)" if len(known) > 20 else "")
    hint = f"¿Quería decir {' o '.join(near)}? " if near else ""
    raise SourceError(
        f"El deployment {asked} no existe en {database.place} y no tiene transacciones en la ventana. {hint}"
        f"Deployments que hay: {listed or 'ninguno'}"
    )


def warn(place: str, asked: str, found: Sequence[Row], counts: Mapping[str, int], folders: "FolderCount") -> None:
    """What an operator should know although nothing failed."""
    if not found:
        log.warning("El deployment %s tiene transacciones pero no está en la tabla deployment de %s", asked, place)
    elif found[0]["model_id"] is None:
        log.warning("El deployment %s no tiene model_id en la base de datos: se usa el modelo que indiquen las transacciones", asked)
    if not counts["references"]:
        log.warning("El deployment %s no tiene ninguna referencia en la tabla reference de %s", asked, place)
    if folders.unreadable:
        log.warning(
            "folder_files: %d valores no son una lista de nombres y cuentan como vacíos (p. ej. %s)", folders.unreadable, folders.example
        )


def wanted_models(parameters: Mapping[str, Any], deployments: Sequence[Row], hits: "Hits") -> list[str]:
    """Those seen in the transactions, the one percentages refer to, and the deployment's own."""
    named = [parameters["base_model_id"], *(row["model_id"] for row in deployments)]
    return sorted({*hits.models, *(text for text in named if text)})


# -- what the transactions name -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hits:
    """Of the raw parts: how many, and the distinct ids they name, as text."""

    count: int
    transaction_ids: list[str]
    models: list[str]


def read_hits(tables: "duckdb.DuckDBPyConnection", manifest_file: Path) -> Hits:
    """Distinct ids only: memory grows with them, not with the documents."""
    manifest = files.read_json(manifest_file)
    parts = [str(manifest_file.parent / one["file"]) for one in manifest["slices"] if one["hits"]]
    if not parts:
        return Hits(0, [], [])
    tables.execute(NAMED, [parts])
    ids = tables.execute("SELECT DISTINCT id FROM named WHERE id IS NOT NULL ORDER BY length(id), id").fetchall()
    models = tables.execute("SELECT DISTINCT model FROM named WHERE model IS NOT NULL ORDER BY model").fetchall()
    tables.execute("DROP TABLE named")
    return Hits(manifest["hits"], [row[0] for row in ids], [row[0] for row in models])


# -- folders --------------------------------------------------------------------------------------------------------


class FolderCount:
    """Reads the folders of many transactions and counts the lists that cannot be read."""

    def __init__(self) -> None:
        self.unreadable = 0
        self.example = ""

    def read(self, database: Snapshot, ids: Sequence[str]) -> Iterator[Row]:
        """One row per transaction that has a folder. Of several rows the last by primary key wins."""
        for chunk in chunked(ids, CHUNK):
            wanted = set(chunk)
            found = database.values("folder", by="transaction_id", ids=chunk, last_key=True)
            last = {as_text(transaction): (url, names) for transaction, url, names in found}
            yield from (self.parsed(transaction, *last[transaction]) for transaction in last if transaction in wanted)

    def parsed(self, transaction: str | None, url: Any, text: Any) -> Row:
        """With the list of names in place of its text."""
        names, readable = picture_names(as_text(text))
        if not readable:
            self.unreadable += 1
            self.example = self.example or f"transacción {transaction}: {as_text(text)!s:.80}"
        return {"transaction_id": transaction, "folder_url": as_text(url), "folder_files": names, "parse_ok": readable}


# -- tables ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Writer:
    """Rows of any number into Parquet: a compressed line file on the way, so that memory stays flat."""

    tables: "duckdb.DuckDBPyConnection"
    work: Path
    out_dir: Path

    def write(self, output: Output, rows: Iterable[Row]) -> int:
        """The whole table under its name; how many rows."""
        lines = self.work / f"{output.name}.ndjson.zst"
        with zstandard.open(lines, "wb") as handle:
            for batch in batches(rows):
                handle.write(b"".join(batch))
        read_as = {name: TEXT if name in TIMES else kind for name, kind in output.columns.items()}
        wanted = ", ".join(f"TRY_CAST({name} AS {kind}) AS {name}" if name in TIMES else name for name, kind in output.columns.items())
        limit = f"maximum_object_size = {LARGEST_DOCUMENT}"
        source = f"read_json($1, format = 'newline_delimited', columns = $2, compression = 'zstd', {limit})"
        self.tables.execute(
            f"CREATE OR REPLACE TEMP TABLE out AS SELECT {wanted} FROM {source} ORDER BY {output.order}", [str(lines), read_as]
        )
        files.replace_with(
            self.out_dir / f"{output.name}.parquet",
            lambda temp: self.tables.execute(f"COPY out TO '{quoted(temp)}' (FORMAT parquet, COMPRESSION zstd)"),
        )
        counted = self.tables.execute("SELECT count(*) FROM out").fetchone()
        self.tables.execute("DROP TABLE out")
        lines.unlink()
        return int(counted[0]) if counted else 0


def batches(rows: Iterable[Row], size: int = 1_000) -> Iterator[list[bytes]]:
    """Rows as JSON lines, many at once."""
    iterator = iter(rows)
    while batch := [orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE) for row in itertools.islice(iterator, size)]:
        yield batch


def quoted(path: Path) -> str:
    """For a place in SQL that takes no parameter."""
    return str(path).replace("'", "''")
