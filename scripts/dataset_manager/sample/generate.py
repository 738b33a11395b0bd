"""The sample deployment in the embedded form: `hits.ndjson.zst`, `catalogue.sqlite`, `pictures/`, `sample.json`.

In: a size, a seed and the last day. Out: the folder, whole or not at all: it is built aside and renamed, and `sample.json`
(what it was made with, counts, the damaged pictures) means finished. Equal arguments give equal bytes; memory is flat.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from dataset_manager import wording
from dataset_manager.errors import ConfigurationError
from dataset_manager.files import locked, read_json, sync, write_errors, write_json
from dataset_manager.logs import LOGGER
from dataset_manager.sample import catalogue, folders, oddities
from dataset_manager.sample.hits import iter_hits
from dataset_manager.sample.pictures import write_pictures
from dataset_manager.sample.transactions import Plan, chunk

FORMAT = 1
SEED = 20250801
END = date(2025, 8, 1)
HITS, CATALOGUE, PICTURES, FINISHED = "hits.ndjson.zst", "catalogue.sqlite", "pictures", "sample.json"
OURS = {HITS, CATALOGUE, PICTURES, FINISHED}
TABLES = {
    "deployment": "deployment_id INTEGER PRIMARY KEY, model_id INTEGER",
    "reference": "reference_id INTEGER PRIMARY KEY, reference_code VARCHAR(32), reference_name VARCHAR(255), label_id INTEGER,"
    " deployment_id INTEGER, created_at DATETIME, updated_at DATETIME",
    "label": "label_id INTEGER PRIMARY KEY, label_name VARCHAR(255), created_at DATETIME, updated_at DATETIME",
    "model": "model_id INTEGER PRIMARY KEY, model_code VARCHAR(64), model_data TEXT, created_at DATETIME, updated_at DATETIME",
    "folder": "transaction_id BIGINT PRIMARY KEY, folder_url VARCHAR(255), folder_files TEXT",
    "transaction": "transaction_id BIGINT PRIMARY KEY",
}  # column types that SQLite, MySQL and MariaDB all take


def generate(
    out_dir: Path, *, transactions: int = 26_000, seed: int = SEED, end: date = END, pictures: bool = True, workers: int | None = None
) -> dict[str, Any]:
    """Makes the sample in `out_dir` unless it is there; its `sample.json`.

    ConfigurationError when the folder holds a sample made with other arguments, or files that are no sample's.
    """
    arguments = {"format": FORMAT, "transactions": transactions, "seed": seed, "end": end.isoformat(), "pictures": pictures}
    with locked(out_dir.with_name(f".{out_dir.name}.lock")):
        found = finished(out_dir, arguments)
        if found is None:
            with aside(out_dir) as temp:
                write_json(temp / FINISHED, arguments | fill(temp, Plan(transactions, seed, end), pictures, workers or os.cpu_count() or 1))
            found = read_json(out_dir / FINISHED)
    return dict(found)


def finished(out_dir: Path, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """What is there already, if it is finished and complete."""
    found = read_json(out_dir / FINISHED)
    if found is None or not all((out_dir / name).exists() for name in (HITS, CATALOGUE, *([PICTURES] if arguments["pictures"] else []))):
        return None
    differing = [f"{name}: {found.get(name)!r} en vez de {value!r}" for name, value in arguments.items() if found.get(name) != value]
    if differing:
        found_and_wanted = "; ".join(differing)
        raise ConfigurationError(
            f"{out_dir}: los datos de ejemplo se hicieron con otros valores ({found_and_wanted}). Borre esa carpeta y repita"
        )
    return dict(found)


@contextmanager
def aside(out_dir: Path) -> Iterator[Path]:
    """A folder beside `out_dir` that takes its name when all went well; what a killed run left is removed."""
    foreign = sorted({one.name for one in out_dir.iterdir()} - OURS) if out_dir.is_dir() else []
    if foreign:
        names = ", ".join(foreign[:5])
        raise ConfigurationError(f"{out_dir}: hay ficheros que no son de los datos de ejemplo ({names}). Muévalos a otro sitio y repita")
    for old in out_dir.parent.glob(f".{out_dir.name}.*.tmp"):
        shutil.rmtree(old, ignore_errors=True)
    temp = out_dir.with_name(f".{out_dir.name}.{os.getpid()}.tmp")
    with write_errors(temp):
        try:
            temp.mkdir(parents=True)
            yield temp
            shutil.rmtree(out_dir, ignore_errors=True)
            temp.rename(out_dir)
            sync(out_dir.parent)
        finally:
            shutil.rmtree(temp, ignore_errors=True)


def fill(folder: Path, plan: Plan, pictures: bool, workers: int) -> dict[str, Any]:
    """Everything but `sample.json`; its counts."""
    LOGGER.info("Generando %s de ejemplo", wording.counted(plan.transactions, *wording.TRANSACTIONS))
    hits = write_hits(folder / HITS, plan)
    write_catalogue(folder / CATALOGUE, plan)
    counts = {"hits": hits, "hits_asked": plan.transactions + oddities.added(plan.transactions)[1]}
    if not pictures:
        return counts
    LOGGER.info("Dibujando las imágenes de ejemplo (menos de un minuto)")
    (folder / PICTURES).mkdir()
    written = write_pictures(folder / PICTURES, plan, workers)
    LOGGER.info("%s, %s", wording.counted(written.files, *wording.PICTURES), wording.size_of(written.bytes))
    return counts | {"picture_files": written.files, "picture_bytes": written.bytes, "damaged": damaged(plan)}


def damaged(plan: Plan) -> list[dict[str, str]]:
    """The pictures that are damaged or missing on purpose."""
    found = (one for which in range(plan.chunks) for one in folders.pictures(chunk(plan, which)) if one.damage)
    return [{"key": one.key, "damage": one.damage} for one in found]


def write_hits(path: Path, plan: Plan) -> int:
    """One hit a line; how many."""
    import zstandard

    count = 0
    with path.open("wb") as file, zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False) as packed:
        for hit in iter_hits(plan):
            packed.write(orjson.dumps(hit, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    sync(path)
    return count


def write_catalogue(path: Path, plan: Plan) -> None:
    """The tables of the real database."""
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA synchronous = OFF")
        for table, columns in TABLES.items():
            base.execute(f'CREATE TABLE "{table}" ({columns})')
        for table, rows in table_rows(plan):
            places = ", ".join("?" * (TABLES[table].count(",") + 1))
            base.executemany(f'INSERT INTO "{table}" VALUES ({places})', rows)
        base.commit()
    sync(path)


def table_rows(plan: Plan) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """(table, some rows of it), until all are given."""
    yield "deployment", catalogue.deployment_rows()
    yield "reference", catalogue.reference_rows()
    yield "label", catalogue.label_rows()
    yield "model", catalogue.model_rows()
    for which in range(plan.chunks):
        rows = chunk(plan, which)
        yield "folder", list(folders.folder_rows(rows))
        yield "transaction", [(identifier,) for identifier in rows.identifier.tolist()]
