"""A process's tables as the analysis leaves them, small or large, made by DuckDB.

In: how many rows, and rows a test wants to see. Out: the files under `<process>/data` that the workbook is built from.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from dataset_manager.files import write_json

WINDOW = {"gte": "2025-07-02T00:00:00+00:00", "lt": "2025-08-02T00:00:00+00:00", "read": "2025-08-01T12:00:00+00:00"}
PARAMETERS = {"confidence": 0.7, "min_appearances": 3, "base_model_id": "", "generate_reports": True}
FRUIT = [
    "MANZANA GOLDEN",
    "MANZANA FUJI",
    "PLÁTANO CANARIAS",
    "NARANJA MESA",
    "LIMÓN",
    "PERA CONFERENCIA",
    "TOMATE RAMA",
    "PEPINO",
    "CALABACÍN",
    "AGUACATE HASS",
]

REFERENCES = {
    "reference_id": "VARCHAR",
    "reference_code": "VARCHAR",
    "reference_name": "VARCHAR",
    "label_id": "VARCHAR",
    "producto_trained": "VARCHAR",
    "label_name": "VARCHAR",
    "total_transactions": "BIGINT",
    "num_cliente": "BIGINT",
    "num_manuales": "BIGINT",
    "is_trained_elastic": "BOOLEAN",
    "is_in_dataset": "BOOLEAN",
    "ok_percentage": "DOUBLE",
    "model_ok_percentage": "DOUBLE",
    "revisar_imagenes": "VARCHAR",
    **{
        f"top{n}_{name}": kind
        for n in (1, 2, 3)
        for name, kind in (("result_index", "BIGINT"), ("result_label_name", "VARCHAR"), ("%pesadas", "DOUBLE"), ("pct_ok", "DOUBLE"))
    },
    "incluir_dataset": "VARCHAR",
    "devices_incluir": "VARCHAR",
    "num_imagenes_dataset": "BIGINT",
    "producto_a_entrenar": "VARCHAR",
    "label_considerar": "VARCHAR",
}
DEVICES = {
    "device_id": "VARCHAR",
    "device_name": "VARCHAR",
    "total_transactions": "BIGINT",
    "num_cliente": "BIGINT",
    "num_manual": "BIGINT",
    "ok_percentage": "DOUBLE",
    "model_ok_percentage": "DOUBLE",
    "error_percentage": "DOUBLE",
    "no_result_percentage": "DOUBLE",
    "revisar_imagenes": "VARCHAR",
    "first_transaction_date": "DATE",
    "incluir_dataset": "VARCHAR",
    "num_imagenes_dataset_adicionales": "BIGINT",
}
LABELS = {"label_id": "VARCHAR", "label_name": "VARCHAR", "created_at": "TIMESTAMP", "updated_at": "TIMESTAMP"}
MODEL_DATA = {
    "model_id": "VARCHAR",
    "model_code": "VARCHAR",
    "class_index": "BIGINT",
    "class_name": "VARCHAR",
    "label_id": "VARCHAR",
    "label_name": "VARCHAR",
}
SUMMARY = {"block": "VARCHAR", "metric": "VARCHAR", "value": "VARCHAR", "position": "INTEGER"}
CONSISTENCY = {
    "check_id": "VARCHAR",
    "severity": "VARCHAR",
    "description": "VARCHAR",
    "count": "BIGINT",
    "examples": "VARCHAR",
    "action": "VARCHAR",
    "position": "INTEGER",
}
SUGGESTIONS = {
    "reference_id": "VARCHAR",
    "reference_code": "VARCHAR",
    "reference_name": "VARCHAR",
    "label_id": "VARCHAR",
    "motivo": "VARCHAR",
    "num_cliente": "BIGINT",
    **{
        f"sugerencia_{n}_{name}": kind
        for n in (1, 2, 3)
        for name, kind in (("label_id", "VARCHAR"), ("label_name", "VARCHAR"), ("apariciones", "BIGINT"), ("porcentaje", "DOUBLE"))
    },
    "confianza": "VARCHAR",
}

Rows = Sequence[Sequence[Any]]


def write_table(path: Path, columns: dict[str, str], rows: Rows) -> None:
    """One Parquet file with these columns and rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE made ({', '.join(f'{_quoted(name)} {kind}' for name, kind in columns.items())})")
        if rows:
            connection.executemany(f"INSERT INTO made VALUES ({', '.join('?' * len(columns))})", rows)
        connection.execute(f"COPY made TO '{path}' (FORMAT parquet)")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def reference(number: int, **values: Any) -> list[Any]:
    """One row of `references`; by default included, with a label, and 1,000 − number client transactions."""
    clients = 1000 - number
    row: dict[str, Any] = dict.fromkeys(REFERENCES)
    row |= {
        "reference_id": str(900 + number),
        "reference_code": f"{number:05d}",
        "reference_name": f"{FRUIT[number % len(FRUIT)]} {number}",
        "label_id": str(50 + number),
        "producto_trained": FRUIT[number % len(FRUIT)].title(),
        "label_name": f"label {50 + number}",
        "total_transactions": clients + 12,
        "num_cliente": clients,
        "num_manuales": 12,
        "is_trained_elastic": number % 5 != 0,
        "is_in_dataset": number % 7 != 0,
        "ok_percentage": 91.25 - number,
        "model_ok_percentage": 93.5 - number,
        "revisar_imagenes": "no",
        "incluir_dataset": "si",
        "devices_incluir": "devices_seleccionados",
        "num_imagenes_dataset": 150,
        "producto_a_entrenar": FRUIT[number % len(FRUIT)].title(),
        "label_considerar": str(50 + number),
    }
    for n in (1, 2, 3):
        row |= {
            f"top{n}_result_index": n,
            f"top{n}_result_label_name": FRUIT[(number + n) % len(FRUIT)],
            f"top{n}_%pesadas": 60.5 / n,
            f"top{n}_pct_ok": 99.0 / n,
        }
    return list((row | values).values())


def device(number: int, **values: Any) -> list[Any]:
    """One row of `devices`; by default selected."""
    row: dict[str, Any] = {
        "device_id": str(500 + number),
        "device_name": f"Balanza {number}",
        "total_transactions": 3000 - number,
        "num_cliente": 2900 - number,
        "num_manual": 100,
        "ok_percentage": 90.1,
        "model_ok_percentage": 92.3,
        "error_percentage": 6.2,
        "no_result_percentage": 3.7,
        "revisar_imagenes": "no",
        "first_transaction_date": "2025-07-02",
        "incluir_dataset": "si",
        "num_imagenes_dataset_adicionales": 0,
    }
    return list((row | values).values())


def write_transactions(path: Path, rows: int, extra: Sequence[str] = ()) -> None:
    """`rows` transactions with the columns of the flattened table and about ten unknown ones; `extra` is SQL `expression AS name`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        added = "".join(f", {one}" for one in extra)
        query = f"{_TRANSACTIONS}{added} FROM range({rows}) made(i)"
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


_TRANSACTIONS = """
SELECT 'device_transaction-2025.07' AS _index, 'AZq' || md5(i::VARCHAR)[:17] AS _id,
    TIMESTAMP '2025-07-02 06:00:00' + INTERVAL (i * 97) SECOND AS transaction_start_time,
    TIMESTAMP '2025-07-02 06:00:07' + INTERVAL (i * 97) SECOND AS transaction_end_time,
    (70000000 + i)::VARCHAR AS transaction_id,
    CASE WHEN i % 25 = 0 THEN 'WSREFERENCEIMAGEAC01' ELSE 'WSPROCESSCOMPLETED03' END AS transaction_metric,
    CASE WHEN i % 25 = 0 THEN 'manual' ELSE 'cliente' END AS kind, '130' AS deployment_id,
    (501 + i % 9)::VARCHAR AS device_id, 'Balanza ' || (i % 9) AS device_name, NULL::TIMESTAMP AS "time",
    CASE WHEN i % 3 = 0 THEN '32' ELSE '33' END AS model_id, CASE WHEN i % 11 = 0 THEN 'LOW' ELSE 'HIGH' END AS confidence,
    (i % 6 - 1)::BIGINT AS topk, (i % 70)::BIGINT AS result_index, 'MANZANA ' || (i % 70) AS result_label_name,
    lpad((i % 74)::VARCHAR, 5, '0') AS selected_reference_code, 'REFERENCIA ' || (i % 74) AS selected_reference_name,
    NULL::VARCHAR AS selected_reference, (i % 70)::BIGINT AS selected_reference_index, i % 5 <> 0 AS selected_reference_is_trained,
    '["' || (i % 74) || '", "' || (i % 50) || '"]' AS predicted_codes, '["MANZANA", "PERA"]' AS predicted_names, NULL::VARCHAR AS unparsed,
    CAST(TIMESTAMP '2025-07-02 06:00:00' + INTERVAL (i * 97) SECOND AS DATE) AS "Date",
    CASE WHEN i % 11 = 0 THEN 'No_result' WHEN i % 6 = 0 THEN 'Error' ELSE 'Ok' END AS Result,
    (i % 2)::TINYINT AS Ok, (i % 11 = 0)::TINYINT AS No_result, (i % 6 = 0)::TINYINT AS Error,
    'SUCCESS' AS Result_modelo, 1::TINYINT AS Ok_modelo,
    'https://s3.eu-west-2.amazonaws.com/grabit-data/130/' || (501 + i % 9) || '/' || (70000000 + i) AS folder_url,
    ['a.jpg', 'b.jpg'] AS folder_files, 1::TINYINT AS has_image, 2 AS num_images,
    'https://s3.eu-west-2.amazonaws.com/grabit-data/130/' || (501 + i % 9) || '/' || (70000000 + i) AS image_link,
    (i * 0.37)::DOUBLE AS weight, (i % 400)::BIGINT AS duration_ms, 'v2.' || (i % 4) AS "software.version", 'kg' AS unit,
    'tienda ' || (i % 3) AS "store.name", 28013 AS "store.zip", (i % 2 = 0) AS "flags.bag", NULL::VARCHAR AS "flags.note",
    'es-ES' AS locale, (i % 100) / 100.0 AS "top.confidence"
"""


def write_process(
    folder: Path,
    *,
    transactions: int = 30,
    references: Rows | None = None,
    devices: Rows | None = None,
    tables: dict[str, Rows] | None = None,
    extra: Sequence[str] = (),
) -> Path:
    """Everything `build` reads, under `folder`; returns the folder."""
    data, given = folder / "data", tables or {}
    write_transactions(data / "transactions.parquet", transactions, extra)
    write_table(data / "labels.parquet", LABELS, given.get("labels", _labels()))
    write_table(data / "analysis/references.parquet", REFERENCES, [reference(n) for n in range(4)] if references is None else references)
    write_table(data / "analysis/devices.parquet", DEVICES, [device(n) for n in range(1, 4)] if devices is None else devices)
    write_table(data / "analysis/summary.parquet", SUMMARY, given.get("summary", _summary(transactions)))
    write_table(data / "analysis/consistency.parquet", CONSISTENCY, given.get("consistency", _consistency()))
    write_table(data / "analysis/model_data.parquet", MODEL_DATA, given.get("model_data", _model_data()))
    write_table(data / "analysis/label_suggestions.parquet", SUGGESTIONS, given.get("label_suggestions", _suggestions()))
    write_json(data / "raw/window.json", WINDOW)
    write_json(data / "parameters.json", PARAMETERS)
    return folder


def _labels() -> Rows:
    return [[str(50 + n), f"label {50 + n}", "2024-03-01 09:00:00", "2025-01-10 10:30:00"] for n in range(12)]


def _model_data() -> Rows:
    return [["33", "M33", n, name.title(), str(50 + n), f"label {50 + n}"] for n, name in enumerate(FRUIT)]


def _suggestions() -> Rows:
    return [
        [
            "907",
            "00007",
            "PEPINO 7",
            None,
            "sin label",
            993,
            "57",
            "label 57",
            640,
            71.3,
            "58",
            "label 58",
            120,
            13.4,
            None,
            None,
            None,
            None,
            "alta",
        ]
    ]


def _summary(transactions: int) -> Rows:
    blocks = {
        "RESUMEN EJECUTIVO - ANÁLISIS DE DATASET": {"Deployment ID": "130", "Origen de los datos": "producción"},
        "DATOS EXTRAÍDOS": {"Total registros Elasticsearch": str(transactions), "Total referencias": "74", "Total labels": "12"},
        "MODELO ACTIVO": {"Model ID": "33", "Frecuencia": "1000", "Porcentaje uso": "100,0 %"},
        "ANÁLISIS DE REFERENCIAS": {
            "Referencias no entrenadas": "15",
            "Sugerencias alta confianza": "1",
            "Sugerencias baja confianza": "0",
        },
        "ANÁLISIS DE DEVICES": {"Total devices": "9", "Devices activos (>50 trans)": "9"},
    }
    rows = [[block, metric, value] for block, metrics in blocks.items() for metric, value in metrics.items()]
    return [[*row, position] for position, row in enumerate(rows)]


def _consistency() -> Rows:
    return [
        [
            "label_en_dos_clases",
            "error",
            "Labels que están en dos clases del modelo",
            1,
            "57 (Pepino, Calabacín)",
            "Pida que se corrija el modelo",
            1,
        ],
        [
            "referencia_sin_label",
            "aviso",
            "Referencias sin label",
            3,
            "00007 PEPINO 7; 00012 LIMÓN 12; 00031 PERA 31",
            "Vea Sugerencias_Labels y rellene label_considerar",
            2,
        ],
        ["sin_imagen", "info", "Transacciones sin imágenes", 412, "70000012; 70000031", "Nada que hacer: no se usan para entrenar", 3],
    ]
