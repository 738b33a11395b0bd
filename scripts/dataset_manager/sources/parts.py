"""The parts an extraction leaves in `data/raw`: one compressed file of hits per slice, and beside it what is known of it.

In: lines of hits. Out: `<slice>.ndjson.zst` and, last, `<slice>.json`: a slice whose JSON exists is whole.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import zstandard

from dataset_manager import files
from dataset_manager.sources.document_keys import DocumentKeys
from dataset_manager.sources.query import TimeSlice

Record = dict[str, Any]
LARGEST_DOCUMENT = 64 * 1024 * 1024  # bytes of a line, for who reads the parts with DuckDB: its own limit is 16 MB


class PartFile:
    """A slice being written; nothing carries its name before `finish`."""

    def __init__(self, folder: Path, one: TimeSlice) -> None:
        self.slice = one
        self.path = folder / f"{one.name}.ndjson.zst"
        self.temp = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        self.hits, self.keys = 0, DocumentKeys()
        with files.write_errors(self.path):
            self.handle = self.temp.open("wb")

    def write(self, lines: Sequence[bytes]) -> None:
        """Appends whole lines, as a frame of their own: a compressor kept open takes 3 MB for each slice of a window."""
        with files.write_errors(self.path):
            self.handle.write(zstandard.compress(b"".join(lines), level=1))
        self.hits += len(lines)

    def finish(self, total: int, read: datetime, asked: str) -> Record:
        """The file gets its name, then its record. A record of before goes first: it would speak of another file."""
        if not self.hits:
            self.write([])  # a compressed nothing: an empty file is no such thing
        with files.write_errors(self.path):
            self.handle.close()
            files.sync(self.temp)
            record_file(self.path.parent, self.slice).unlink(missing_ok=True)
            self.temp.replace(self.path)
        record = {
            "file": self.path.name,
            "gte": self.slice.gte.isoformat(),
            "lt": self.slice.lt.isoformat(),
            "hits": self.hits,
            "total": total,
            "bytes": self.path.stat().st_size,
            "keys": self.keys.to_json(),
            "final": self.slice.final(read),
            "read": read.isoformat(),
            "asked": asked,
        }
        keep_record(self.path.parent, self.slice, record)
        return record

    def discard(self) -> None:
        """After a failure; harmless after `finish`."""
        self.handle.close()
        self.temp.unlink(missing_ok=True)


def record_file(folder: Path, one: TimeSlice) -> Path:
    """Where a slice's record stands."""
    return folder / f"{one.name}.json"


def keep_record(folder: Path, one: TimeSlice, record: Record) -> None:
    """Says that the slice is whole."""
    files.write_json(record_file(folder, one), record)


def stored(folder: Path, one: TimeSlice) -> Record | None:
    """The record of a slice that is there and whole: same edges, the file as long as it was, its keys known."""
    record: Record | None = files.read_json(record_file(folder, one))
    if record is None or "keys" not in record or (record["gte"], record["lt"]) != (one.gte.isoformat(), one.lt.isoformat()):
        return None
    part = folder / record["file"]
    return record if part.is_file() and part.stat().st_size == record["bytes"] else None


def sweep(folder: Path) -> None:
    """Removes what killed runs left half written; only under the extraction's lock."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)
