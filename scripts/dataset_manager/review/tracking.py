"""The two tracking tabs of a review in the workbook.

In: `images/review.json`. Out: the tabs `revisar_imagenes_bajadas` and `devices_imagenes_bajadas`, every other part of the file
untouched, and `reports/tracking_review.json`.
"""

from pathlib import Path
from typing import Any

from dataset_manager.files import read_json, write_json
from dataset_manager.workbook.history import require_book
from dataset_manager.workbook.parts import fill_tab
from dataset_manager.workbook.schema import IDS, NO_ID

Json = dict[str, Any]
COLUMNS = (
    "reference_name", "product_name", "product_type", "download_status", "transaction_id", "device_id", "device_name",
    "result_label_name", "s3_key", "local_path", "reason",
)  # fmt: skip
TABS = {"revisar_imagenes_bajadas": False, "devices_imagenes_bajadas": True}


def update(review_file: Path, book: Path, state_file: Path) -> Json:
    """Raises WorkbookError when the workbook is missing or open at the end; the tabs are filled whole or not at all."""
    require_book(book, book.parent / "workbook_state.json")
    rows = read_json(review_file)["rows"]
    counts = {}
    for tab, devices in TABS.items():
        lines = [line(row) for row in rows if (row["product_type"] == "device") == devices]
        fill_tab(book, tab, COLUMNS, lines)
        counts[tab] = len(lines)
    write_json(state_file, counts)
    return counts


def line(row: Json) -> list[Any]:
    """One picture, in the columns that operators know."""
    good = row["status"] == "ok"
    values = row | {
        "download_status": "success" if good else "failed",
        "s3_key": row["key"],
        "local_path": row["target"] if good else "",
        "reason": "" if good else row["reason"],
    }
    return [values[name] or (NO_ID if name in IDS else values[name]) for name in COLUMNS]
