"""Several finished datasets in one output folder, as the tool and the tool of before leave them."""

import csv
import io
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from dataset_folders import MANIFEST, Row, manifest_row, path_of, put
from dataset_manager import settings as loading
from dataset_manager.datasets import summary
from dataset_manager.datasets.content import content_id
from dataset_manager.datasets.finding import Dataset
from dataset_manager.files import sha256_of, write_json
from dataset_manager.settings import ProcessAwareSettings

PERA, KIWI = "pera/57", "kiwi/60"
EXPORT = {"sources": {"transactions": "h.ndjson", "catalogue": "c.sqlite", "pictures": "p"}}
TAB = ("transaction_id", "device_id", "transaction_start_time", "download_status")
Pictures = Mapping[str, str]


def settings(root: Path, **typed: Any) -> ProcessAwareSettings:
    """Of a command typed in a checkout whose output is `<root>/output`."""
    return loading.load(root, typed, EXPORT, {})


def process(root: Path, name: str = "p", **metadata: Any) -> Path:
    """A process of this version; the last one made is the active one."""
    here = root / "output/processes" / name
    write_json(here / "process_metadata.json", {"format": 1, "name": name, "identity": {"deployment_id": 130}} | metadata)
    write_json(root / "output/active_process.json", {"process": name})
    return here


def dataset(root: Path, name: str, pictures: Pictures, owner: str = "p", **provenance: Any) -> Dataset:
    """Finished; `pictures` is path -> word: equal words are equal content."""
    here = root / "output/processes" / owner
    if not here.exists():
        process(root, owner)
    made = Dataset(name, owner, here / "datasets" / name, here / "datasets")
    made.tree.mkdir(parents=True)
    rows = [manifest_row(path, put(made.tree, path, word)) for path, word in sorted(pictures.items())]
    write_manifest(made, rows, **provenance)
    return made


def write_manifest(made: Dataset, rows: list[Row], **provenance: Any) -> None:
    """The two files that create_dataset leaves last."""
    manifest = made.beside(".manifest.parquet")
    pq.write_table(pa.Table.from_pylist(rows, MANIFEST), manifest)
    identity = content_id({row["path"]: row["sha256"] for row in rows})
    facts = {"dataset": made.name, "process": made.process, "dataset_id": identity, "manifest_sha256": sha256_of(manifest)}
    write_json(made.beside(".json"), facts | provenance)


def accept(made: Dataset, **more: Any) -> Row:
    """What summary_dataset does."""
    return summary.summarise(made, None, timezone="Europe/Madrid", **more)


def pictures(count: int, folder: str = PERA, first: int = 100) -> dict[str, str]:
    """path -> word, each with its own content."""
    return {path_of(folder, number): f"{number}" for number in range(first, first + count)}


def rows_of(path: Path) -> list[dict[str, str]]:
    """A table for Excel."""
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig")), delimiter=";"))


def manifest(made: Dataset) -> list[Row]:
    """The rows of a finished dataset, by path."""
    return list(pq.read_table(made.beside(".manifest.parquet")).to_pylist())


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below with time and content."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def copied(made: Dataset, root: Path) -> Dataset:
    """The whole output folder elsewhere, times and all, as `cp -a` or a backup does."""
    shutil.copytree(made.home.parents[2], root / "output")
    home = root / "output" / made.home.relative_to(made.home.parents[2])
    return Dataset(made.name, made.process, home / made.name, home)


def legacy(
    root: Path, name: str, sets: Mapping[str, Pictures], *, apart: bool = False, tab: Iterable[Row] = (), deployment: int | str = 130
) -> Path:
    """A process folder of the tool of before: metadata without a format, a workbook, no manifest anywhere."""
    here = root / "output" / ("legacy" if apart else "processes") / name
    for folder in ("reports", "images/revisar_imagenes", "data", "logs", "datasets"):
        (here / folder).mkdir(parents=True)
    metadata = {"name": name, "created_at": "2025-08-01T10:00:00", "deployment_id": deployment, "download_images": False}
    (here / "process_metadata.json").write_text(json.dumps(metadata))
    for dataset_name, found in sets.items():
        (here / "datasets" / dataset_name).mkdir()
        for path, word in found.items():
            put(here / "datasets" / dataset_name, path, word)
    write_book(here / f"reports/{name}.xlsx", tab)
    return here


def write_book(path: Path, tab: Iterable[Row]) -> None:
    """As the tool of before left it: marks, and the tab of what it downloaded."""
    book = openpyxl.Workbook()
    book.active.title = "References"
    book.active.append(["reference_id", "reference_name"])
    sheet = book.create_sheet("datasets_creados")
    rows = list(tab)
    columns = list(dict.fromkeys([*TAB, *(name for row in rows for name in row)]))
    sheet.append(columns)
    for row in rows:
        sheet.append([row.get(column) for column in columns])
    book.save(path)
