"""Documents and a catalogue as a test wants them, taken through the tables: hits -> transactions -> analysed tables.

In: hits (dicts, or their line as it stands in a part), folders, catalogue rows. Out: the files of a process's `data`
folder, and their rows as dicts.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import zstandard
from dataset_manager.analysis.analyse import DatasetDefaults, analyse
from dataset_manager.analysis.flatten import flatten
from dataset_manager.files import read_json, write_json
from dataset_manager.sources.document_keys import DocumentKeys

Row = dict[str, Any]
CLIENT, CLIENT_TOO, MANUAL, STRANGE = "WSPROCESSCOMPLETED03", "GFRSUSERPROCESSCOM03", "WSREFERENCEIMAGEAC01", "SOMETHINGELSE"
WINDOW = {"gte": "2025-07-02T00:00:00+00:00", "lt": "2025-08-02T00:00:00+00:00", "read": "2025-08-01T12:00:00+00:00"}
IDENTITY = {"deployment_id": 130, "days_back": 30, "model": "", "sources": {}}
PARAMETERS = {"confidence": 0.7, "min_appearances": 3, "base_model_id": "", "generate_reports": True}
CATALOGUE = {
    "references": "reference_id VARCHAR, reference_code VARCHAR, reference_name VARCHAR, label_id VARCHAR, "
    "created_at TIMESTAMP, updated_at TIMESTAMP",
    "labels": "label_id VARCHAR, label_name VARCHAR, created_at TIMESTAMP, updated_at TIMESTAMP",
    "model": "model_id VARCHAR, model_code VARCHAR, model_data VARCHAR, created_at TIMESTAMP, updated_at TIMESTAMP",
    "deployment": "deployment_id VARCHAR, model_id VARCHAR",
    "folders": "transaction_id VARCHAR, folder_url VARCHAR, folder_files VARCHAR[], parse_ok BOOLEAN",
}
_numbers = itertools.count(1)


def hit(data: Mapping[str, Any] | None = None, /, *, index: str = "tx-2025.07", id: str | None = None, **fields: Any) -> Row:
    """A client transaction; `data` goes into transaction_data, `fields` to the top."""
    number = next(_numbers)
    top = {
        "transaction_id": 70_000 + number,
        "transaction_metric": CLIENT,
        "device_id": 501,
        "transaction_start_time": "2025-07-03T10:00:00Z",
    }
    return {"_index": index, "_id": id or f"id-{number:06d}", "_source": top | fields | {"transaction_data": dict(data or {})}}


def source(**source: Any) -> Row:
    """A hit with exactly this document."""
    return {"_index": "tx-2025.07", "_id": f"id-{next(_numbers):06d}", "_source": source}


def flattened(
    data: Path, *parts: Sequence[Row | str], folders: Sequence[Sequence[Any]] = (), reported: int | None = None, keys_known: bool = True
) -> list[Row]:
    """The rows of `transactions.parquet`; each positional argument is a part."""
    raw = data / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    slices, keys = [], DocumentKeys()
    for number, part in enumerate(parts):
        lines = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in part)
        (raw / f"{number}.ndjson.zst").write_bytes(zstandard.compress(lines.encode("utf-8", "surrogatepass")))
        for line in part:
            keys.add((json.loads(line) if isinstance(line, str) else line)["_source"])
        slices.append({"file": f"{number}.ndjson.zst", "hits": len(part)})
    hits = sum(one["hits"] for one in slices) if reported is None else reported
    known = {"keys": keys.to_json()} if keys_known else {}
    write_json(raw / "manifest.json", {"slices": slices, "hits": hits} | known)
    write_catalogue(data, "folders", folders)
    return flattened_again(data)


def flattened_again(data: Path) -> list[Row]:
    """The same from the parts that are there."""
    flatten(
        data / "raw/manifest.json",
        data / "folders.parquet",
        data / "transactions.parquet",
        data / "flatten.json",
        metrics_cliente=[CLIENT, CLIENT_TOO],
        metrics_manual=[MANUAL],
    )
    return rows(data / "transactions.parquet")


def only(data: Path, one: Row | str, **options: Any) -> Row:
    """The row of one document."""
    (row,) = flattened(data, [one], **options)
    return row


def counts(data: Path) -> Row:
    """What flatten counted."""
    return dict(read_json(data / "flatten.json"))


def analysed(
    data: Path,
    hits: Sequence[Row | str] = (),
    *,
    references: Sequence[Sequence[Any]] = (),
    labels: Sequence[Sequence[Any]] = (),
    models: Mapping[str, Any] | None = None,
    deployment: str | None = "32",
    folders: Sequence[Sequence[Any]] = (),
    parameters: Mapping[str, Any] | None = None,
    sample: bool = False,
    **defaults: Any,
) -> Path:
    """Everything up to `data/analysis`: references are (id, code, name, label), labels (id, name), models id -> model_data."""
    flattened(data, hits, folders=folders)
    write_catalogue(data, "references", [(*one, None, None) for one in references])
    write_catalogue(data, "labels", [(*one, None, None) for one in labels])
    texts = {key: value if isinstance(value, str | None) else json.dumps(value) for key, value in (models or {}).items()}
    write_catalogue(data, "model", [(key, f"M{key}", value, None, None) for key, value in texts.items()])
    write_catalogue(data, "deployment", [("130", deployment)])
    analyse(
        data,
        data / "analysis",
        parameters=PARAMETERS | dict(parameters or {}),
        identity=IDENTITY,
        window=WINDOW,
        defaults=DatasetDefaults(**defaults),
        sample=sample,
    )
    return data / "analysis"


def write_catalogue(data: Path, name: str, values: Sequence[Sequence[Any]]) -> None:
    """One table of the catalogue as extract_catalogue leaves it."""
    with duckdb.connect() as base:
        base.execute(f"CREATE TABLE made ({CATALOGUE[name]})")
        if values:
            base.executemany(f"INSERT INTO made VALUES ({', '.join('?' * len(values[0]))})", values)
        base.execute(f"COPY made TO '{data / f'{name}.parquet'}' (FORMAT parquet)")


def rows(path: Path) -> list[Row]:
    """A Parquet file's rows, in its order."""
    with duckdb.connect() as base:
        cursor = base.execute("FROM read_parquet(?)", [str(path)])
        names = [str(column[0]) for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def table(analysis: Path, name: str, key: str = "") -> Any:
    """An analysed table: its rows, or with `key` its rows by that column."""
    found = rows(analysis / f"{name}.parquet")
    return {row[key]: row for row in found} if key else found


def checks(analysis: Path) -> dict[str, int]:
    """How many each consistency check found, of those that found something."""
    return {row["check_id"]: row["count"] for row in table(analysis, "consistency") if row["count"]}
