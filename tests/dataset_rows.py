"""Transactions and frozen requests for tests of the choice of pictures, and the choice itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from dataset_manager.datasets.selection import select
from dataset_manager.files import write_json

Row = dict[str, Any]
PROCESS = "dataset_28_030825_v1"
TEXT = (
    "_index", "_id", "transaction_id", "device_id", "device_name", "kind", "model_id", "confidence", "result_label_name",
    "predicted_names", "Result", "Result_modelo", "image_link", "selected_reference_code",
)  # fmt: skip
SCHEMA = pa.schema(
    [(name, pa.string()) for name in TEXT]
    + [(name, pa.timestamp("us")) for name in ("transaction_start_time", "transaction_end_time")]
    + [(name, pa.int8()) for name in ("Error", "No_result", "has_image")]
    + [("Date", pa.date32()), ("folder_files", pa.list_(pa.string()))]
)
START = datetime(2025, 8, 1, 10)


def transaction(number: int | str, code: str = "00014", *, day: int = 1, **changes: Any) -> Row:
    """A good one of a customer at device 7, with one picture in its own folder."""
    moment = START + timedelta(days=day - 1, seconds=number if isinstance(number, int) else 0)
    files = changes.get("folder_files", [f"{number}.jpg"])
    row: Row = {
        "_index": "device_transaction-2025.08",
        "_id": f"d{number}",
        "transaction_id": str(number),
        "device_id": "7",
        "device_name": "Balanza 7",
        "kind": "cliente",
        "model_id": "5",
        "confidence": "HIGH",
        "result_label_name": "tomate",
        "predicted_names": '["tomate"]',
        "Result": "Ok",
        "Result_modelo": "SUCCESS",
        "image_link": f"folders/c/{number}/",
        "selected_reference_code": code,
        "transaction_start_time": moment,
        "transaction_end_time": moment + timedelta(seconds=9),
        "Error": 0,
        "No_result": 0,
        "has_image": int(bool(files)),
        "folder_files": files,
    }
    return {**row, "Date": moment.date(), **changes}


def reference(number: str = "1", code: str = "00014", **changes: Any) -> Row:
    """A marked one."""
    row = {"reference_id": number, "reference_code": code, "reference_name": f"Producto {number}", "class": "pera", "label_id": "57"}
    return row | {"images": 4, "devices": "todos"} | changes


def request(references: Sequence[Row] = (reference(),), devices: Iterable[tuple[str, int]] = (), **changes: Any) -> Row:
    """A frozen one; `changes` are parameters, or `rejected`, `used_datasets` and `shards`."""
    stored = {"rejected": [], "used_datasets": [], "used_legacy": [], "shards": 1}
    parameters = {
        "selection": "random",
        "seed": 42,
        "filter_used": "process",
        "include_rejected": False,
        "imagenes_por_transaccion": "1",
    }
    return {
        "compared": {
            "references": list(references),
            "devices": [{"device_id": device, "images": images} for device, images in devices],
            "parameters": parameters | {name: value for name, value in changes.items() if name in parameters},
        },
        "stored": stored | {name: value for name, value in changes.items() if name in stored},
    }


class Choice:
    """The manifest that a request gives, and the quotas."""

    def __init__(self, out: Path, rows: Sequence[Row], asked: Row) -> None:
        here = out / "processes" / PROCESS
        self.file = here / "images/manifests/v.parquet"
        for path in (here / "data", here / "datasets"):
            path.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(list(rows), SCHEMA), here / "data/transactions.parquet")
        write_json(here / "datasets/v.request.json", asked)
        self.asked = {one["group"]: one for one in select(here / "datasets/v.request.json", here / "data/transactions.parquet", self.file)}
        self.rows: list[Row] = pq.read_table(self.file).to_pylist()

    def units(self, group: str) -> list[str]:
        """The transactions of a group's candidates, in order of choice."""
        found = sorted((row for row in self.rows if row["group"] == group), key=lambda row: int(row["rank"]))
        return [row["transaction_id"] for row in found]

    def wanted(self, group: str) -> list[str]:
        """Those within the quota (of one picture each)."""
        return self.units(group)[: self.asked[group]["quota"]]

    @property
    def targets(self) -> list[str]:
        return [row["target"] for row in self.rows]
