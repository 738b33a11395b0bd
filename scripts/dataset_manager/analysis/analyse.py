"""Tables to what the workbook shows: references, devices, summary, consistency, model_data, label_suggestions.

In: `data/transactions.parquet`, `data/flatten.json` and the catalogue's Parquet files. Out: `data/analysis/*.parquet`, one .sql
file each. Rules: docs/rules.md.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dataset_manager import wording
from dataset_manager.analysis import fields, model_classes
from dataset_manager.analysis.database import SMALL, quoted, script, working, write_parquet
from dataset_manager.duck import duckdb
from dataset_manager.files import read_json

log = logging.getLogger("dataset_manager")
Json = Mapping[str, Any]
TABLES = {
    "transactions": "transactions",
    "reference": "references",
    "label": "labels",
    "model": "model",
    "deployment": "deployment",
    "folder": "folders",
}
COLUMNS = {  # of these tables only what is asked for: a document's other fields may be called like anything
    "folder": ("transaction_id", "parse_ok"),
    "transactions": (
        *fields.BEFORE, "kind", "transaction_start_time", "transaction_end_time", "transaction_id", "transaction_metric", "device_id",
        "device_name", "model_id", "result_index", "result_label_name", "selected_reference_code", "selected_reference_name",
        "selected_reference_is_trained", "Ok", "No_result", "Error", "Ok_modelo", "has_image",
    ),
}  # fmt: skip
ORDER = ("references", "devices", "model_data", "label_suggestions", "consistency", "summary")  # the later read the earlier


@dataclass(frozen=True)
class DatasetDefaults:
    """What the editable columns hold before a person changes them (section `dataset` of the configuration)."""

    min_transacciones_cliente: int = 150
    num_imagenes_dataset_default: int = 150
    devices_incluir_default: str = "devices_seleccionados"
    num_imagenes_dataset_adicionales_default: int = 0
    top_suggestions: int = 3


def analyse(
    data_dir: Path,
    out_dir: Path,
    *,
    parameters: Json,
    identity: Json,
    window: Json,
    defaults: DatasetDefaults,
    sample: bool,
    threads: int = 1,
) -> dict[str, int]:
    """Writes the six tables and gives their row counts. Raises DiskError."""
    counts = read_json(data_dir / "flatten.json")
    with working(Path(out_dir), threads, small=True) as base:
        for table, file in TABLES.items():
            columns = ", ".join(fields.quoted(name) for name in COLUMNS.get(table, ())) or "*"
            kind = "VIEW" if counts["hits"] > SMALL else "TABLE"  # read by every statement
            base.execute(f"CREATE {kind} {table} AS SELECT {columns} FROM read_parquet('{quoted(data_dir / file)}.parquet')")
        write_setting(base, settings_of(parameters, identity, window, defaults, sample, counts))
        write_classes(base)
        for statement in script("base.sql"):
            base.execute(statement)
        made = {name: write(base, name, Path(out_dir), counts) for name in ORDER}
    nouns = {"references": wording.REFERENCES, "devices": wording.DEVICES, "label_suggestions": wording.SUGGESTIONS}
    log.info("Análisis: %s", ", ".join(wording.counted(made[name], *words) for name, words in nouns.items()))
    return made


def settings_of(parameters: Json, identity: Json, window: Json, defaults: DatasetDefaults, sample: bool, counts: Json) -> dict[str, Any]:
    """Everything that the SQL needs to know, as one row."""
    first, end = (datetime.fromisoformat(window[name]) for name in ("gte", "lt"))
    return asdict(defaults) | {
        "deployment_id": str(identity["deployment_id"]),
        "base_model_id": str(parameters["base_model_id"]),
        "confidence": float(parameters["confidence"]),
        "min_appearances": int(parameters["min_appearances"]),
        "sample": sample,
        "hits": int(counts["hits"]),
        "window_text": f"{first:%Y-%m-%d} ≤ inicio < {end:%Y-%m-%d}",
    }


def write_setting(base: duckdb.DuckDBPyConnection, values: Json) -> None:
    """The one row of `setting`."""
    kinds = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR"}
    columns = ", ".join(f"{name} {kinds[type(value)]}" for name, value in values.items())
    base.execute(f"CREATE TABLE setting ({columns})")
    base.execute(f"INSERT INTO setting VALUES ({', '.join('?' * len(values))})", list(values.values()))


def write_classes(base: duckdb.DuckDBPyConnection) -> None:
    """`model_class` and `model_problem` from the JSON of each model."""
    base.execute(
        "CREATE TABLE model_class (model_id VARCHAR, model_code VARCHAR, position INTEGER, class_index BIGINT, class_name VARCHAR, "
        "label_id VARCHAR)"
    )
    base.execute("CREATE TABLE model_problem (model_id VARCHAR, problem VARCHAR)")
    for model_id, code, data in base.execute("SELECT model_id, model_code, model_data FROM model ORDER BY model_id").fetchall():
        rows, problem = model_classes.rows(model_id, code, data)
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            base.execute("INSERT INTO model_class SELECT " + ", ".join(["unnest(?)"] * len(columns)), columns)
        if problem:
            base.execute("INSERT INTO model_problem VALUES (?, ?)", [model_id, problem])


def write(base: duckdb.DuckDBPyConnection, name: str, out_dir: Path, counts: Json) -> int:
    """One table under its own name, for the later ones, and its file."""
    if name == "consistency":
        for statement in script("findings.sql"):
            base.execute(statement)
        write_counted(base, counts)
    base.execute(f'CREATE TABLE "{name}" AS {script(f"{name}.sql")[-1]}')
    return write_parquet(base, f'FROM "{name}"', out_dir / f"{name}.parquet")


def write_counted(base: duckdb.DuckDBPyConnection, counts: Json) -> None:
    """What flatten dropped or could not read: (check_id, example, amount)."""
    base.execute("CREATE TABLE counted (check_id VARCHAR, example VARCHAR, amount BIGINT)")
    rows = [("documento_repetido", "mismo _index y _id", counts["dropped_same_document"])]
    rows += [("transaccion_repetida", kind, amount) for kind, amount in counts["dropped_by_kind"].items()]
    for field, amount in counts["unparsed"].items():
        check = "hora_ilegible" if field in ("time", "transaction_start_time", "transaction_end_time") else "tipo_inesperado"
        rows.append((check, f"{field}: {', '.join(dict.fromkeys(counts['unparsed_examples'][field]))}", amount))
    base.execute("INSERT INTO counted SELECT unnest(?), unnest(?), unnest(?)", [list(column) for column in zip(*rows, strict=True)])
