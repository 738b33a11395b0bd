"""Numbers, counted nouns, sizes, dates and long lists as an operator reads them: the one place that writes them.

In: plain values; times as UTC, the zone by its IANA name. Out: Spanish text: 12.345, 1 imagen, 63,2 MB, 01/08/2025 14:00, «… y 3 más».
"""

from collections.abc import Sequence
from datetime import UTC, datetime

# (one, many), for `counted`
PICTURES = ("imagen", "imágenes")
REFERENCES = ("referencia", "referencias")
DEVICES = ("dispositivo", "dispositivos")
TRANSACTIONS = ("transacción", "transacciones")
FOLDERS = ("carpeta", "carpetas")
FAILED = ("fallida", "fallidas")
PROBLEMS = ("problema", "problemas")
ROWS = ("fila", "filas")
SLICES = ("tramo", "tramos")
SUGGESTIONS = ("sugerencia", "sugerencias")
DIFFERENCES = ("diferencia", "diferencias")


def number(value: float) -> str:
    """12.345"""
    return f"{value:,.0f}".replace(",", ".")


def signed(value: int) -> str:
    """+12.345, -3, 0"""
    return f"+{number(value)}" if value > 0 else number(value)


def counted(count: int, one: str, many: str) -> str:
    """1 imagen, 12.345 imágenes."""
    return f"{number(count)} {one if count == 1 else many}"


def decimal(value: float, places: int = 1) -> str:
    """1.234,5"""
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))


def megabytes(count: float) -> str:
    """For the columns of a table whose head is MB."""
    return decimal(count / 1e6)


def size_of(count: float) -> str:
    """Of bytes: 63,2 MB, in the units of a file manager."""
    if count < 1000:
        return f"{number(count)} B"
    unit, name = next((one for one in ((1e9, "GB"), (1e6, "MB")) if count >= one[0]), (1e3, "kB"))
    return f"{decimal(count / unit)} {name}"


def percent(share: float) -> str:
    """Of a fraction: 93,4 %."""
    return f"{decimal(100 * share)} %"


def day_of(moment: str | None) -> str:
    """ISO to what people write: 31/07/2025."""
    return f"{moment[8:10]}/{moment[5:7]}/{moment[:4]}" if moment else ""


def moment_of(moment: str, zone: str) -> str:
    """ISO (UTC where it names no offset) to the clock on the wall: 01/08/2025 14:00. Who shows it says which zone that is."""
    from zoneinfo import ZoneInfo  # most jobs show no time

    found = datetime.fromisoformat(moment)
    return f"{(found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(ZoneInfo(zone)):%d/%m/%Y %H:%M}"


def rest(hidden: int) -> str:
    """What a list leaves out: «… y 3 más»."""
    return f"… y {number(hidden)} más"


def first_of(items: Sequence[str], most: int) -> list[str]:
    """The first ones, and one more that says how many are left out."""
    return [*items[:most], rest(len(items) - most)] if len(items) > most else list(items)


def few(items: Sequence[str], most: int = 5, separator: str = "; ") -> str:
    """The first ones, for one line."""
    return separator.join(items[:most]) + (f" {rest(len(items) - most)}" if len(items) > most else "")
