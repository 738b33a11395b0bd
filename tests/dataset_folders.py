"""Finished datasets for the tests: small, as create_dataset leaves them, and transactions that know more than the dataset."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from dataset_manager.datasets.content import content_id
from dataset_manager.datasets.finding import Dataset
from dataset_manager.files import write_json
from dataset_manager.images.cache import seal
from pictures import picture

Row = dict[str, Any]
SECOND = 1_000_000_000
TIMES = ("transaction_start_time", "transaction_end_time")
TEXTS = (
    "path", "sha256", "format", "class", "label_id", "reference_id", "reference_code", "reference_name", "transaction_id", "device_id",
    "device_name", "kind", "model_id", "predicted", "confidence", "result", "model_result", "key", "reason", "reason_value",
)  # fmt: skip
MANIFEST = pa.schema(
    [(name, pa.string()) for name in TEXTS]
    + [(name, pa.int64()) for name in ("bytes", "width", "height", "rank")]
    + [(name, pa.timestamp("us")) for name in TIMES]
)
TRANSACTIONS = pa.schema(
    [(name, pa.string()) for name in (
        "_index", "_id", "transaction_id", "device_id", "device_name", "kind", "model_id", "result_label_name", "confidence", "Result",
        "Result_modelo", "selected_reference_code", "selected_reference_name",
    )]
    + [(name, pa.timestamp("us")) for name in TIMES]
)  # fmt: skip


def path_of(folder: str, transaction: int | str, hour: int = 10, day: int = 1) -> str:
    """`<folder>/202508…_<transaction>_a.jpg`."""
    return f"{folder}/202508{day:02d}{hour:02d}3000_{transaction}_a.jpg"


def build(home: Path, paths: Iterable[str], rows: Mapping[str, Row] | None = None, **provenance: Any) -> Dataset:
    """A dataset `p_v01` with these pictures; `rows` overrides what the manifest says of a path, `provenance` the JSON."""
    dataset = Dataset("p_v01", "p", home / "p_v01", home)
    found = [manifest_row(path, put(dataset.tree, path)) | (rows or {}).get(path, {}) for path in sorted(paths)]
    home.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(found, MANIFEST), dataset.beside(".manifest.parquet"))
    identity = content_id({row["path"]: row["sha256"] for row in found})
    write_json(dataset.beside(".json"), {"dataset": "p_v01", "process": "p", "sample": False, "dataset_id": identity} | provenance)
    return dataset


def put(tree: Path, path: str, content: str | None = None) -> bytes:
    """A sealed picture, made from its path or from another word."""
    data = picture(content or path, size=(64, 48))
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    moment = 1_750_000_000 * SECOND + seal(hashlib.sha256(data).hexdigest())
    os.utime(file, ns=(moment, moment))
    return data


def manifest_row(path: str, data: bytes) -> Row:
    """What create_dataset knows of a picture: its name says the time and the transaction."""
    clase, label, name = path.split("/")
    moment, transaction, _ = name.split("_", 2)
    picture_facts = {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "width": 64, "height": 48}
    return picture_facts | {
        "format": "jpeg",
        "class": clase,
        "label_id": label,
        "reference_id": "9" + label,
        "reference_code": "000" + label,
        "reference_name": clase.upper(),
        "transaction_id": transaction,
        "device_id": "7",
        "device_name": "Balanza 7",
        "transaction_start_time": datetime.strptime(moment, "%Y%m%d%H%M%S"),
        "kind": "cliente",
        "predicted": clase,
        "confidence": "HIGH",
        "result": "Ok",
        "model_result": "SUCCESS",
        "key": f"fotos/{transaction}/a.jpg",
        "reason": "reference",
        "rank": 1,
    }


def write_transactions(path: Path, rows: Iterable[Row]) -> Path:
    """With `_id` from their number; a customer's, unless they say otherwise."""
    numbered = [{"_index": "i", "_id": f"d{number}", "kind": "cliente"} | row for number, row in enumerate(rows)]
    pq.write_table(pa.Table.from_pylist(numbered, TRANSACTIONS), path)
    return path


def curated(dataset: Dataset) -> list[Row]:
    """The accepted pictures."""
    return list(pq.read_table(dataset.beside(".curated.parquet")).to_pylist())


def products(dataset: Dataset) -> dict[str, bytes]:
    """Everything that a summary writes, by name."""
    own = [dataset.inside(name) for name in (f"_summary_{dataset.name}.csv", f"_summary_{dataset.name}.html", "README.md")]
    files = [*own, dataset.beside(".summary.json"), dataset.beside(".curated.parquet")]
    return {file.name: file.read_bytes() for file in files if file.exists()}
