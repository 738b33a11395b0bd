"""A small export in the embedded form: enough for a whole process, small enough to read in a test."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

REFERENCES = [("1", "00014", "Tomate", 11), ("2", "14", "Tomate rama", 12), ("3", "A7", "Pera", None)]
LABELS = [(11, "tomate"), (12, "tomate rama"), (13, "pera")]
CLASSES = [
    {"index": 0, "index_name": "tomate", "trained_labels": [11]},
    {"index": 1, "index_name": "tomate rama", "trained_labels": [12]},
    {"index": 2, "index_name": "pera", "trained_labels": [13]},
]


def hit(number: int, day: str, code: str = "00014", **changes: Any) -> dict[str, Any]:
    """One customer transaction of deployment 28."""
    data = {
        "model_id": 5,
        "confidence": "HIGH",
        "topk": 0,
        "result_index": 0,
        "result_label_name": "tomate",
        "selected_reference_code": code,
        "selected_reference_name": "Tomate",
        "selected_reference_index": 0,
        "selected_reference_is_trained": True,
    }
    source = {
        "transaction_id": number,
        "transaction_metric": "WSPROCESSCOMPLETED03",
        "deployment_id": 28,
        "device_id": 7,
        "device_name": "Balanza 7",
        "transaction_start_time": f"{day}T10:{number % 60:02d}:00Z",
        "transaction_end_time": f"{day}T10:{number % 60:02d}:09Z",
        "transaction_data": data | {key: value for key, value in changes.items() if key in data},
    }
    return source | {key: value for key, value in changes.items() if key not in data}


def write_hits(path: Path, hits: Iterable[dict[str, Any]]) -> None:
    """hits.ndjson; the document id is the transaction's."""
    lines = [json.dumps({"_index": "device_transaction-2025", "_id": f"d{n}", "_source": source}) for n, source in enumerate(hits)]
    path.write_text("".join(line + "\n" for line in lines), "utf-8")


def write_catalogue(path: Path, references: Iterable[tuple[str, str, str, int | None]] = REFERENCES, deployment: int = 28) -> None:
    """catalogue.sqlite with the tables of the real database."""
    path.unlink(missing_ok=True)
    stamp = "2025-01-01 00:00:00"
    with sqlite3.connect(path) as base:
        base.executescript(
            "create table deployment(deployment_id integer, model_id integer);"
            "create table reference(reference_id integer, reference_code text, reference_name text, label_id integer,"
            " deployment_id integer, created_at text, updated_at text);"
            "create table label(label_id integer, label_name text, created_at text, updated_at text);"
            "create table model(model_id integer, model_code text, model_data text, created_at text, updated_at text);"
            "create table folder(transaction_id integer, folder_url text, folder_files text);"
        )
        base.execute("insert into deployment values (?, 5)", (deployment,))
        base.executemany(f"insert into reference values (?, ?, ?, ?, {deployment}, '{stamp}', '{stamp}')", list(references))
        base.executemany(f"insert into label values (?, ?, '{stamp}', '{stamp}')", LABELS)
        base.execute(f"insert into model values (5, 'm5', ?, '{stamp}', '{stamp}')", (json.dumps(CLASSES),))
        base.executemany("insert into folder values (?, ?, ?)", [(n, f"folders/c/{n}/", f"['{n}.jpg']") for n in range(1, 400)])
    base.close()
