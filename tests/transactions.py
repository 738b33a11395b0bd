"""Transactions as a test wants them, and the small process folder that an extraction works in."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard
from dataset_manager.files import write_json
from dataset_manager.sources.connection_types import ElasticConnection
from dataset_manager.sources.extraction import ExtractionOptions, extract

Json = dict[str, Any]
METRICS = ["WSPROCESSCOMPLETED03", "GFRSUSERPROCESSCOM03", "WSREFERENCEIMAGEAC01"]
PAGES = ExtractionOptions(threads=3, page_size=7, big_slice=1000)
READ = "2025-07-05T12:00:00+00:00"
WINDOW = {"gte": "2025-07-02T00:00:00+00:00", "lt": "2025-07-06T00:00:00+00:00", "read": READ}


def identity(**other: Any) -> Json:
    """Of a process of three days."""
    return {
        "deployment_id": 130,
        "days_back": 3,
        "model": "",
        "transaction_metrics": METRICS,
        "index_pattern": "device_transaction-*",
        "sources": {"transactions": "elasticsearch", "catalogue": "mysql", "pictures": "s3"},
    } | other


def hit(number: int, start: Any = "2025-07-03T10:00:00.000Z", **fields: Any) -> Json:
    """A transaction of deployment 130; `data` goes into transaction_data."""
    data = {"model_id": 32, "confidence": "HIGH", "topk": 1, "selected_reference_code": "00014"} | fields.pop("data", {})
    source = {"transaction_id": 1000 + number, "transaction_metric": METRICS[0], "deployment_id": 130, "transaction_start_time": start}
    return {"_index": "device_transaction-2025.07", "_id": f"id-{number}", "_source": source | fields | {"transaction_data": data}}


def spread(count: int) -> list[Json]:
    """Transactions over the four days of the window, in no order of time."""
    return [hit(n, f"2025-07-{2 + n % 4:02d}T{n % 24:02d}:{n % 60:02d}:07.250Z") for n in range(count)]


def export(path: Path, hits: Iterable[Mapping[str, Any] | str]) -> Path:
    """A file of hits; a text is written as it is."""
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in hits), "utf-8")
    return path


def raw_folder(process: Path, **window: str) -> tuple[Path, Path]:
    """(window.json, manifest.json) of a process folder."""
    folder = process / "data/raw"
    write_json(folder / "window.json", WINDOW | window)
    return folder / "window.json", folder / "manifest.json"


def part_lines(manifest_file: Path) -> list[bytes]:
    """All lines of all parts, sorted."""
    manifest = json.loads(manifest_file.read_text())
    parts = [zstandard.open(manifest_file.parent / one["file"], "rb").read() for one in manifest["slices"]]
    return sorted(line for part in parts for line in part.splitlines())


def part_hits(manifest_file: Path) -> list[Json]:
    """The same, read as JSON."""
    return [json.loads(line) for line in part_lines(manifest_file)]


@dataclass(frozen=True)
class Place:
    """The same documents somewhere: what `extract` needs to find them."""

    source: ElasticConnection | Path
    pattern: str

    def read(self, process: Path, options: ExtractionOptions = PAGES, window: Json | None = None, **other: Any) -> Json:
        window_file, manifest = raw_folder(process, **(window or {}))
        return extract(identity(index_pattern=self.pattern, **other), window_file, manifest, source=self.source, options=options)


def manifest_of(process: Path) -> Path:
    """Of a process folder."""
    return process / "data/raw/manifest.json"


def renamed(hits: list[Json], name: str) -> list[Json]:
    """In the indices of this test."""
    return [one | {"_index": f"{name}-{one['_index'][-7:]}"} for one in hits]
