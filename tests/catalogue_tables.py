"""A small catalogue, the same for SQLite and for a real MySQL or MariaDB."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

Rows = Sequence[Sequence[Any]]
MOMENT = "2025-01-02 03:04:05"
SCHEMA = {
    "deployment": "deployment_id INTEGER PRIMARY KEY, model_id INTEGER",
    "reference": "reference_id INTEGER PRIMARY KEY, reference_code VARCHAR(64), reference_name VARCHAR(500), label_id INTEGER, "
    "deployment_id INTEGER, created_at DATETIME, updated_at DATETIME",
    "label": "label_id INTEGER PRIMARY KEY, label_name VARCHAR(255), created_at DATETIME, updated_at DATETIME",
    "model": "model_id INTEGER PRIMARY KEY, model_code VARCHAR(64), model_data TEXT, created_at DATETIME, updated_at DATETIME",
    "folder": "folder_id INTEGER PRIMARY KEY, transaction_id BIGINT, folder_url VARCHAR(500), folder_files TEXT",
}
ROWS: dict[str, Rows] = {
    "deployment": [(122, 31), (130, 32), (131, None)],
    "reference": [
        (10, "00014", "Manzana Golden", 5, 130, MOMENT, MOMENT),
        (9, "14", "=cmd|' /C calc'!A0", None, 130, MOMENT, None),
        (11, "A-7", "Ñame", 6, 122, MOMENT, MOMENT),
    ],
    "label": [(6, "ñame", MOMENT, None), (5, "manzana", MOMENT, MOMENT)],
    "model": [(31, "M31", "[]", MOMENT, None), (32, "M32", '{"classes": [{"index": 0}]}', MOMENT, MOMENT), (40, "M40", "[]", None, None)],
    "folder": [
        (1, 1001, "/folders/a/1001/", "['old.jpg']"),
        (2, 1002, "folders/a/1002/", "['a.jpg', \"b'c.jpg\"]"),
        (3, 1001, "/folders/b/1001/", "['new.jpg']"),
        (4, 1003, None, None),
        (5, 1004, "folders/a/1004/", "not a list"),
        (6, 9999, "folders/a/9999/", "['other.jpg']"),
    ],
}


def statements(schema: Mapping[str, str] = SCHEMA) -> list[str]:
    """The tables, quoted as both kinds of database accept."""
    return [f"CREATE TABLE `{name}` ({columns})" for name, columns in schema.items()]


def fill(insert: Callable[[str, Rows], object], rows: Mapping[str, Rows] = ROWS) -> None:
    """All rows through the given function."""
    for table, values in rows.items():
        insert(table, values)


def sqlite_catalogue(path: Path, rows: Mapping[str, Rows] = ROWS, schema: Mapping[str, str] = SCHEMA) -> Path:
    """An SQLite file with these tables and rows."""
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements(schema):
            database.execute(statement)
        fill(lambda table, values: database.executemany(f"INSERT INTO `{table}` VALUES ({', '.join('?' * len(values[0]))})", values), rows)
    return path
