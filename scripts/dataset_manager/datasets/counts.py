"""Counts that close: wanted == placed + short, per quota and per class; and the file that names every failure and shortage.

In: the table `tried` (building.py) and the quotas. Out: `<dataset>.shortage.csv` (`;`, UTF-8 with BOM) and the counts that the
dataset's JSON carries. Rules: docs/rules.md, «Shortages».
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dataset_manager.analysis.database import dictionaries
from dataset_manager.csv_text import csv_bytes
from dataset_manager.duck import duckdb
from dataset_manager.errors import CountError
from dataset_manager.files import replace

Json = dict[str, Any]
COLUMNS = (
    "tipo", "motivo_descarga", "reference_id", "reference_name", "clase", "label_id", "device_id", "transaction_id",
    "transaction_start_time", "s3_key", "motivo", "pedidas", "colocadas", "faltan", "disponibles",
)  # fmt: skip
BY_GROUP = """
SELECT "group", count_if(status = 'ok') AS placed, count_if(status = 'failed') AS failed FROM tried GROUP BY "group"
"""
FAILED = """
SELECT 'fallida' AS tipo, reason AS motivo_descarga, reference_id, reference_name, class AS clase, label_id, device_id, transaction_id,
    strftime(transaction_start_time, '%Y-%m-%d %H:%M:%S') AS transaction_start_time, key AS s3_key, failure AS motivo
FROM tried WHERE status = 'failed' ORDER BY "group", rank
"""
BY_CLASS = """
SELECT class, count_if(status = 'ok' AND reason = 'reference') AS placed, count_if(status = 'ok' AND reason = 'device') AS extra,
    count_if(status = 'failed') AS failed, coalesce(sum(bytes) FILTER (status = 'ok'), 0)::BIGINT AS bytes FROM tried GROUP BY class
"""
DOUBLED = """
SELECT list(path ORDER BY path) AS paths, count(DISTINCT label_id) > 1 AS labels_differ FROM placed
GROUP BY sha256 HAVING count(*) > 1 ORDER BY paths[1]
"""
DOUBLED_SHOWN = 20


def write_shortage(base: duckdb.DuckDBPyConnection, asked: list[Json], shortage_file: Path) -> Json:
    """Raises CountError when a quota holds more than it asked for."""
    by_group = {row["group"]: row for row in dictionaries(base.execute(BY_GROUP))}
    quotas = [quota | counted(quota, by_group.get(quota["group"], {})) for quota in asked]
    replace(shortage_file, csv_bytes(COLUMNS, [*dictionaries(base.execute(FAILED)), *short_rows(quotas)]))
    doubled = dictionaries(base.execute(DOUBLED))
    totals = {name: sum(one[name] for one in quotas) for name in ("wanted", "placed", "short", "failed")}
    return {
        "counts": totals,
        "classes": by_class(quotas, dictionaries(base.execute(BY_CLASS))),
        "short": [one for one in quotas if one["short"]],
        "duplicates": {"groups": len(doubled), "labels_differ": sum(one["labels_differ"] for one in doubled)}
        | {"examples": [one["paths"] for one in doubled[:DOUBLED_SHOWN]]},
    }


def counted(quota: Json, found: Json) -> Json:
    """wanted == placed + short."""
    wanted, placed = quota["quota"], found.get("placed", 0)
    if placed > wanted:
        raise CountError(
            f"{quota['group']}: se colocaron {placed} imágenes y se pedían {wanted}; borre los manifiestos del dataset y repita"
        )
    return {"wanted": wanted, "placed": placed, "short": wanted - placed, "failed": found.get("failed", 0)}


def short_rows(quotas: Iterable[Json]) -> Iterator[Json]:
    """One line per quota that was not filled."""
    for one in quotas:
        if one["short"]:
            why = {"tipo": "faltan", "motivo_descarga": one["reason"], "clase": one["class"], "motivo": reason_of(one)}
            numbers = {"pedidas": one["wanted"], "colocadas": one["placed"], "faltan": one["short"], "disponibles": one["available"]}
            yield one | why | numbers


def reason_of(quota: Json) -> str:
    """Why a quota is short, for a person."""
    if quota["available"] == 0:
        return "ninguna transacción con imagen que cumpla lo marcado y no se haya usado ya"
    spare = f"; {quota['failed']} imágenes fallaron y no quedaban más de reserva" if quota["failed"] else ""
    return f"solo hay {quota['available']} transacciones con imagen que cumplan lo marcado y no se hayan usado ya{spare}"


def by_class(quotas: list[Json], found: list[Json]) -> list[Json]:
    """Per class, by name: what references asked for and got, what devices added, failures, bytes."""
    got = {row["class"]: row for row in found}
    names = sorted({one["class"] for one in quotas if one["class"]} | got.keys())
    return [
        {
            "class": name,
            "wanted": sum(one["wanted"] for one in quotas if one["class"] == name),
            "short": sum(one["short"] for one in quotas if one["class"] == name),
            **{key: got.get(name, {}).get(key, 0) for key in ("placed", "extra", "failed", "bytes")},
        }
        for name in names
    ]
