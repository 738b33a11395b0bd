"""The transactions of an export: one hit a line (`_index`, `_id`, `_source`), plain, .gz or .zst, as elasticdump writes it.

In: the file and the same question that Elasticsearch would get. Out: its hits, each with the slice it falls in, and the
count of documents without a usable time. Memory does not grow with the file. Rules: docs/rules.md, «Window».
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import zstandard

from dataset_manager.errors import SourceError
from dataset_manager.sources.hits import hit_line, mended, walk_hit
from dataset_manager.sources.instants import instants
from dataset_manager.sources.query import TIME_FIELD, TimeSlice

Json = dict[str, Any]
CHUNK = 256 * 1024
COMPRESSED_CHUNK = 16 * 1024  # each can grow a hundredfold
DAMAGED = (zstandard.ZstdError, gzip.BadGzipFile, EOFError, zlib.error)
KEY = b'"_source":'


@dataclass
class Question:
    """The clauses of `query.asked`, applied here. `no_time` counts documents that no time range can find."""

    metrics: frozenset[str]
    deployment: int
    model: str
    edges: list[tuple[int, int]]
    no_time: int = 0
    first_no_time: int | None = field(default=None)

    @classmethod
    def of(cls, identity: Mapping[str, Any], slices: Sequence[TimeSlice]) -> "Question":
        """For a process's identity and the slices of its window."""
        edges = [(millis(one.gte.timestamp()), millis(one.lt.timestamp())) for one in slices]
        return cls(frozenset(identity["transaction_metrics"]), identity["deployment_id"], identity["model"], edges)

    def slice_of(self, source: Json, line_number: int) -> int | None:
        """The slice a document belongs to; None when it is not asked for."""
        if not self.wanted(source):
            return None
        times = [one for value in values(source, TIME_FIELD) for one in instants(value)]
        if not times:
            self.no_time += 1
            self.first_no_time = self.first_no_time or line_number
        places = [self.place(one) for one in times]
        return next((place for place in places if place is not None), None)

    def wanted(self, source: Json) -> bool:
        """Metric, deployment and model; of a list any element."""
        return (
            not self.metrics.isdisjoint([value for value in values(source, "transaction_metric") if isinstance(value, str)])
            and any([same_number(value, self.deployment) for value in values(source, "deployment_id")])
            and (not self.model or any(as_text(value) == self.model for value in values(source, "transaction_data", "model_id")))
        )

    def place(self, instant: int) -> int | None:
        """The slice of an instant: all are equally long but the last."""
        if not self.edges or not self.edges[0][0] <= instant < self.edges[-1][1]:
            return None
        first, end = self.edges[0]
        return (instant - first) // (end - first)


def millis(seconds: float) -> int:
    """Of a whole second."""
    return round(seconds) * 1000


def values(source: Any, *path: str) -> list[Any]:
    """All values under a path, as an index sees them: lists are looked into, `{"a.b": 1}` is `{"a": {"b": 1}}`."""
    if len(path) == 1 and isinstance(source, dict) and not isinstance(found := source.get(path[0]), list | dict):
        return [] if found is None else [found]  # nearly always
    if isinstance(source, list):
        return [value for item in source for value in values(item, *path)]
    if not path:
        return [] if source is None else [source]
    if not isinstance(source, dict):
        return []
    found = values(source.get(path[0]), *path[1:])
    dotted = ".".join(path)
    return found + values(source[dotted]) if len(path) > 1 and dotted in source else found


def same_number(value: Any, wanted: int) -> bool:
    """130, "130" and 130.0 are deployment 130 for an integer field."""
    if isinstance(value, int):
        return value == wanted and not isinstance(value, bool)
    return as_text(value) == str(wanted)


def as_text(value: Any) -> str:
    """A scalar's text; a whole float without its fraction."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def matching(path: Path, question: Question) -> Iterator[tuple[int, bytes, Json]]:
    """(slice, line, document) of every hit asked for, in the file's order. SourceError naming file and line for a bad one."""
    for number, written in numbered(path):
        line, hit = parsed(path, number, written)
        place = question.slice_of(hit["_source"], number)
        if place is not None:
            yield place, raw_line(line, hit), hit["_source"]


def parsed(path: Path, number: int, line: bytes) -> tuple[bytes, Json]:
    """The line, mended if it holds half a UTF-16 pair, and its hit with the three keys checked."""
    try:
        hit = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        whole = mended(line.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        if whole == line:
            raise bad_line(path, number, f"no es JSON válido ({error})") from None
        return parsed(path, number, whole)
    if not isinstance(hit, dict):
        raise bad_line(path, number, "no es un objeto JSON")
    for key, kind, called in (("_index", str, "un texto"), ("_id", str, "un texto"), ("_source", dict, "un objeto")):
        if not isinstance(hit.get(key), kind):
            raise bad_line(path, number, f"falta {key}, o no es {called}")
    return line, hit


def bad_line(path: Path, number: int, what: str) -> SourceError:
    """The error for one line."""
    return SourceError(
        f'{path}, línea {number}: {what}. Cada línea debe ser {{"_index": …, "_id": …, "_source": {{…}}}} (formato de elasticdump); '
        "corrija o quite esa línea"
    )


def raw_line(line: bytes, hit: Json) -> bytes:
    """The hit with its source as it is written."""
    if next(reversed(hit)) != "_source" or line.count(KEY) != 1:
        return walk_hit(line.decode())
    source = line[line.index(KEY) + len(KEY) : line.rindex(b"}")]
    return hit_line(orjson.dumps(hit["_index"]), orjson.dumps(hit["_id"]), source.strip())


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, counted from 1. SourceError when the file is missing or damaged."""
    number, rest = 0, b""
    try:
        with path.open("rb") as handle:
            for chunk in chunks(path, handle):
                *lines, rest = (rest + chunk).split(b"\n")
                for number, line in enumerate(lines, number + 1):  # noqa: B020
                    if line.strip():
                        yield number, line.lstrip(b"\xef\xbb\xbf") if number == 1 else line
    except OSError as error:
        raise unreadable(path, error) from None
    except DAMAGED as error:
        raise SourceError(
            f"{path}: el fichero está dañado o incompleto después de la línea {number} ({error}). Vuelva a copiarlo o exportarlo"
        ) from None
    if rest.strip():
        yield number + 1, rest


def unreadable(path: Path, error: OSError) -> SourceError:
    """No such file, a folder, no permission."""
    cause = {FileNotFoundError: "no existe", IsADirectoryError: "es una carpeta", PermissionError: "no hay permiso para leerlo"}.get(
        type(error), str(error)
    )
    return SourceError(f"{path}: {cause}. sources.transactions debe ser «elasticsearch» o un fichero hits.ndjson, .ndjson.gz o .ndjson.zst")


def chunks(path: Path, handle: BinaryIO) -> Iterator[bytes]:
    """The content, decompressed by the file's ending."""
    if path.suffix == ".zst":
        return zstd_chunks(handle)
    stream = gzip.GzipFile(fileobj=handle) if path.suffix == ".gz" else handle
    return iter(lambda: stream.read(CHUNK), b"")


def zstd_chunks(handle: BinaryIO) -> Iterator[bytes]:
    """Frame by frame; EOFError when the last one is cut short (a stream reader would just stop there)."""
    context, frame = zstandard.ZstdDecompressor(), None
    while data := handle.read(COMPRESSED_CHUNK):
        while data:
            frame = frame or context.decompressobj()
            yield frame.decompress(data)
            data, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
    if frame is not None:
        raise EOFError("termina a mitad de un bloque comprimido")
