"""diff: what two datasets do not share: pictures added, removed, relabelled; classes; parameters.

In: the accepted manifests and the provenance of two datasets. Out: a CSV (`;`, UTF-8 with BOM) with a row per picture that differs, and
lines for the terminal. Pictures are the same when their content is (docs/rules.md, «Diff»).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_manager.analysis.database import dictionaries, quoted
from dataset_manager.csv_text import csv_bytes
from dataset_manager.datasets.content import accepted_file, readable
from dataset_manager.datasets.finding import Dataset
from dataset_manager.duck import duckdb
from dataset_manager.files import read_json, replace
from dataset_manager.wording import number, rest, signed

Json = dict[str, Any]
SHOWN = 30
COLUMNS = ("cambio", "sha256", "clase_antes", "label_antes", "ruta_antes", "clase", "label_id", "ruta", "transaction_id", "device_id")
CHANGES = """
WITH one AS (SELECT *, row_number() OVER (PARTITION BY sha256, class, label_id ORDER BY path) AS n FROM read_parquet('{old}')),
other AS (SELECT *, row_number() OVER (PARTITION BY sha256, class, label_id ORDER BY path) AS n FROM read_parquet('{new}')),
before AS (SELECT *, row_number() OVER (PARTITION BY sha256 ORDER BY path) AS copy
    FROM one ANTI JOIN other USING (sha256, class, label_id, n)),
after AS (SELECT *, row_number() OVER (PARTITION BY sha256 ORDER BY path) AS copy
    FROM other ANTI JOIN one USING (sha256, class, label_id, n))
SELECT CASE WHEN after.path IS NULL THEN 'quitada' WHEN before.path IS NULL THEN 'añadida' ELSE 'otro label' END AS cambio, sha256,
    before.class AS clase_antes, before.label_id AS label_antes, before.path AS ruta_antes,
    after.class AS clase, after.label_id AS label_id, after.path AS ruta,
    coalesce(after.transaction_id, before.transaction_id) AS transaction_id, coalesce(after.device_id, before.device_id) AS device_id
FROM before FULL JOIN after USING (sha256, copy)
ORDER BY cambio, coalesce(before.class, after.class), coalesce(before.label_id, after.label_id), coalesce(before.path, after.path)
"""
CLASSES = """
SELECT coalesce(one.class, other.class) AS class, coalesce(one.pictures, 0) AS before, coalesce(other.pictures, 0) AS after FROM
(SELECT class, count(*) AS pictures FROM read_parquet('{old}') GROUP BY class) AS one
FULL JOIN (SELECT class, count(*) AS pictures FROM read_parquet('{new}') GROUP BY class) AS other ON one.class = other.class ORDER BY 1
"""


@dataclass(frozen=True)
class Diff:
    """Rows of the CSV, counts per class, and parameters as (name, before, after)."""

    rows: list[Json]
    classes: list[Json]
    parameters: list[tuple[str, Any, Any]]


def diff(old: Dataset, new: Dataset) -> Diff:
    """Raises CountError where one has no manifest."""
    read = accepted_file(old), accepted_file(new)
    files = {"old": quoted(read[0]), "new": quoted(read[1])}
    with readable(*read), duckdb.connect() as base:
        rows = dictionaries(base.execute(CHANGES.format(**files)))
        classes = dictionaries(base.execute(CLASSES.format(**files)))
    return Diff(rows, classes, parameters(facts(old), facts(new)))


def facts(dataset: Dataset) -> Json:
    """What a dataset was asked for and made from, flat: `parameters.seed`, `window.lt` …"""
    made = read_json(dataset.beside(".json")) or {}
    shown = {name: made.get(name) for name in ("process", "window", "identity", "analysis", "parents")}
    request = made.get("request") or {}
    marks = {f"References {one['reference_name'] or ''} ({one['reference_id']})": one for one in request.get("references", [])}
    devices = {f"Devices {one['device_id']}": one for one in request.get("devices", [])}
    return dict(flat({**shown, "parameters": request.get("parameters"), **marks, **devices}))


def comparable(old: Json, new: Json) -> list[str]:
    """Names that both have, or that one has of marks where both have marks: a merged dataset has none of its own."""
    asked = [any(name.startswith(("References", "Devices")) for name in one) for one in (old, new)]
    names = sorted(old.keys() | new.keys())
    return names if all(asked) else [name for name in names if name in old and name in new]


def flat(values: Json, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested objects as dotted names."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def parameters(old: Json, new: Json) -> list[tuple[str, Any, Any]]:
    """What differs, by name."""
    return [(name, old.get(name), new.get(name)) for name in comparable(old, new) if old.get(name) != new.get(name)]


def write_csv(found: Diff, path: Path) -> None:
    """For Excel."""
    replace(path, csv_bytes(COLUMNS, found.rows))


def lines(old: Dataset, new: Dataset, found: Diff) -> Iterator[str]:
    """The result as a person reads it."""
    added, removed, other = (number(sum(row["cambio"] == name for row in found.rows)) for name in ("añadida", "quitada", "otro label"))
    yield f"\n{old.name} → {new.name}: añadidas {added}, quitadas {removed}, con otro label {other}"
    differing = [row for row in found.classes if row["before"] != row["after"]]
    if differing:
        width = max(len("clase"), *(len(row["class"]) for row in differing))
        yield f"  {'clase':<{width}}  {'antes':>7} {'ahora':>7} {'cambio':>7}"
        for row in differing:
            before, after, change = number(row["before"]), number(row["after"]), signed(row["after"] - row["before"])
            yield f"  {row['class']:<{width}}  {before:>7} {after:>7} {change:>7}"
    for name, before, after in found.parameters[:SHOWN]:
        yield f"  {name}: {shown(before)} → {shown(after)}"
    if len(found.parameters) > SHOWN:
        yield f"  {rest(len(found.parameters) - SHOWN)} (parámetros o marcas)"


def shown(value: Any) -> str:
    """Nothing is a dash."""
    return "–" if value is None else str(value)
