"""Instants as a date field of Elasticsearch reads them (tests/servers compares with the real one)."""

from typing import Any

import pytest
from dataset_manager.sources.instants import instants

NOON = 1751451072000  # 2025-07-02T10:11:12Z


@pytest.mark.parametrize(
    "value",
    [
        "2025-07-02T10:11:12",
        "2025-07-02T10:11:12Z",
        "2025-07-02T10:11:12.000Z",
        "2025-07-02T10:11:12.0009999",
        "2025-07-02T12:11:12+02:00",
        "2025-07-02T12:11:12.000+0200",
        "2025-07-02T07:41:12-02:30",
        "1751451072000",
        1751451072000,
        1751451072000.0,
    ],
)
def test_one_instant_in_many_forms(value: Any) -> None:
    assert instants(value) == [NOON]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2025", 1735689600000), ("2025-07", 1751328000000), ("2025-07-02T", 1751414400000), ("1969-12-31T23:59:59.999Z", -1), ("-5.7", -6)],
)
def test_what_is_missing_is_the_first_of_its_kind(value: str, expected: int) -> None:
    assert instants(value) == [expected]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2025-07-02 10:11:12",
        "02/07/2025",
        "2025-02-30",
        "2025-13-01",
        "2025-07-02T24:00:00",
        "2025-07-02T10:11:60",
        "mañana",
        None,
        True,
        {},
        [],
    ],
)
def test_what_elasticsearch_refuses_has_no_instant(value: Any) -> None:
    assert instants(value) == []
