"""The rows of the tabs that the tool fills: what a transaction came without is said, not left blank."""

from zoneinfo import ZoneInfo

from dataset_manager.datasets import tracking
from dataset_manager.review import tracking as reviewed


def test_a_picture_of_a_dataset_whose_transaction_has_no_ids_says_so() -> None:
    empty = dict.fromkeys(tracking.COLUMNS) | {"transaction_start_time": "2025-08-01 10:00:00", "device_id": ""}
    cells = dict(zip(tracking.COLUMNS, tracking.shown(list(empty.values()), ZoneInfo("Europe/Madrid")), strict=True))
    assert (cells["transaction_id"], cells["device_id"]) == ("(sin dato)", "(sin dato)")
    assert cells["transaction_start_time"] == "2025-08-01 12:00:00+02:00" and cells["error_reason"] is None


def test_a_picture_of_a_review_whose_transaction_has_no_ids_says_so() -> None:
    row = dict.fromkeys(reviewed.COLUMNS) | {"status": "ok", "key": "k", "target": "t", "transaction_id": "7"}
    cells = dict(zip(reviewed.COLUMNS, reviewed.line(row), strict=True))
    assert (cells["transaction_id"], cells["device_id"]) == ("7", "(sin dato)")
    assert cells["local_path"] == "t" and cells["reason"] == "" and cells["device_name"] is None
