"""The instants a date field of Elasticsearch sees in a JSON value (its default format).

In: a value of a document. Out: milliseconds since 1970, UTC; none for what Elasticsearch would refuse.
The format is `strict_date_optional_time||epoch_millis`; tests/servers compares this module with the real server. Not read:
zones by name (`Europe/Madrid`) and years outside 1 to 9999.
"""

import re
from datetime import date
from functools import lru_cache
from typing import Any

STRICT = re.compile(
    r"([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)"
    r"(?:T(?:([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?(Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2}|:[0-9]{2}:[0-9]{2})?)?)?)?"
)
EPOCH_MILLIS = re.compile(r"(-?[0-9]{1,19})(?:\.([0-9]{0,6}))?")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
FIRST_DAY = date(1970, 1, 1).toordinal()


def instants(value: Any) -> list[int]:
    """Of a text or a number; a list gives one for each element that can be read."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return []
    text = value if isinstance(value, str) else str(value)
    found = calendar(text)
    if found is None:
        found = epoch(text)
    return [] if found is None else [found]


def calendar(text: str) -> int | None:
    """strict_date_optional_time: what is missing is the first of its kind, and UTC."""
    parts = STRICT.fullmatch(text)
    if parts is None:
        return None
    day, hour, minute, second, fraction, zone = parts.groups()
    start, shift = midnight(day), offset(zone)
    clock = (int(hour or 0), int(minute or 0), int(second or 0))
    if start is None or shift is None or clock > (23, 59, 59) or clock[1] > 59 or clock[2] > 59:
        return None
    fine = int((fraction or "0").ljust(3, "0")[:3])
    return start + clock[0] * HOUR + clock[1] * MINUTE + clock[2] * 1000 + fine - shift


@lru_cache(maxsize=1024)
def midnight(day: str) -> int | None:
    """Of a year, month or day; None when there is no such day."""
    try:
        return (date.fromisoformat(day + "-01" * ((10 - len(day)) // 3)).toordinal() - FIRST_DAY) * DAY
    except ValueError:
        return None


@lru_cache(maxsize=256)
def offset(zone: str | None) -> int | None:
    """Milliseconds east of UTC; None when there is no such offset."""
    if zone is None or zone in ("Z", "UTC", "GMT"):
        return 0
    digits = zone[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    shift = hours * HOUR + minutes * MINUTE + seconds * 1000
    if minutes > 59 or seconds > 59 or shift > 18 * HOUR:
        return None
    return -shift if zone[0] == "-" else shift


def epoch(text: str) -> int | None:
    """epoch_millis: whole, or with a fraction that is rounded down."""
    parts = EPOCH_MILLIS.fullmatch(text)
    if parts is None:
        return None
    below = 1 if text[0] == "-" and int(parts[2] or 0) else 0
    return int(parts[1]) - below
