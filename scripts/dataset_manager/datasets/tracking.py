"""The tab `datasets_creados`: every picture of every finished dataset of the process, and what failed.

In: the manifests and shortage files of the datasets. Out: that tab of the workbook, every other part of the file untouched, and
`reports/tracking_<dataset>.json`. The tab is written anew from the files each time, so nothing in it can be lost.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dataset_manager.analysis.database import quoted
from dataset_manager.csv_text import csv_rows
from dataset_manager.datasets import versions
from dataset_manager.datasets.finding import finished_of
from dataset_manager.duck import duckdb
from dataset_manager.files import write_json
from dataset_manager.workbook.history import require_book
from dataset_manager.workbook.parts import fill_tab
from dataset_manager.workbook.schema import IDS, MAX_ROWS, NO_ID

log = logging.getLogger("dataset_manager")
Row = list[Any]
TAB = "datasets_creados"
COLUMNS = (
    "reference_name", "clase_name", "label_id", "transaction_id", "transaction_start_time", "device_id", "s3_key", "local_path",
    "download_status", "error_reason", "dataset_folder", "motivo_descarga", "valor_motivo", "origen", "dataset_original",
    "relative_folder",
)  # fmt: skip
TIME = COLUMNS.index("transaction_start_time")
BUILT = "'success', NULL, $name, reason, reason_value, 'crear_dataset', NULL"
MERGED = "'merged', NULL, $name, reason, reason_value, 'juntar_datasets', source_dataset"
PICTURES = """
SELECT reference_name, class, label_id, transaction_id, strftime(transaction_start_time, '%Y-%m-%d %H:%M:%S'), device_id,
    key, 'datasets/' || $name || '/' || path, {origin}, regexp_replace(path, '/[^/]*$', '')
FROM read_parquet('{manifest}') ORDER BY path
"""


def update(dataset: str, folder: Path, book: Path, timezone: str) -> int:
    """Raises WorkbookError when the workbook is missing or open at the end; the tab is filled whole or not at all."""
    require_book(book, book.parent / "workbook_state.json")
    names = sorted((one.name for one in finished_of(folder.parent)), key=lambda name: age(folder, name), reverse=True)
    found = (row for name in names for row in rows_of(folder, name))
    rows = [shown(row, ZoneInfo(timezone)) for row in islice(found, MAX_ROWS)]
    if len(rows) == MAX_ROWS:
        rows.pop()
        log.warning("La hoja %s no admite más filas: se muestran las de los datasets más nuevos; los manifiestos las tienen todas", TAB)
    fill_tab(book, TAB, COLUMNS, rows)
    write_json(versions.tracking_of(folder, dataset), {"rows": len(rows), "datasets": names})
    return len(rows)


def age(folder: Path, name: str) -> tuple[int, str]:
    """By the version's number; merged ones, which have none, by name after them."""
    number = versions.number_of(folder.parent.name, name)
    return (number or 10**9, name)


def rows_of(folder: Path, dataset: str) -> Iterator[Row]:
    """The pictures of a dataset, then its failures."""
    shortage = folder / f"{dataset}.shortage.csv"
    with duckdb.connect() as base:
        origin = BUILT if shortage.exists() else MERGED
        query = PICTURES.format(manifest=quoted(folder / f"{dataset}.manifest.parquet"), origin=origin)
        yield from (list(row) for row in base.execute(query, {"name": dataset}).fetchall())
    if shortage.exists():
        yield from (failure(row, dataset) for row in csv_rows(shortage) if row["tipo"] == "fallida")


def shown(row: Row, zone: ZoneInfo) -> Row:
    """The time as a person reads it, with its offset (files and names are in UTC), and ids that a transaction came without."""
    moment = row[TIME]
    local = datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(zone).isoformat(sep=" ") if moment else ""
    cells = dict(zip(COLUMNS, row, strict=True)) | {"transaction_start_time": local}
    return list((cells | {name: cells[name] or NO_ID for name in IDS}).values())


def failure(row: dict[str, str], dataset: str) -> Row:
    """A picture that was tried and is not in the dataset."""
    value = row["device_id"] if row["motivo_descarga"] == "device" else row["reference_name"]
    return [
        row["reference_name"], row["clase"], row["label_id"], row["transaction_id"], row["transaction_start_time"], row["device_id"],
        row["s3_key"], "", "failed", row["motivo"], dataset, row["motivo_descarga"], value, "crear_dataset", "", "",
    ]  # fmt: skip
