"""Transactions from their source to the raw parts of a process.

In: the identity and the window of a process, and where its transactions are: Elasticsearch or an export. Out: one
compressed part per time slice in `data/raw`, and last `manifest.json`, which says what was asked and how much came.
A run that was killed goes on with the slices that are missing. Rules: docs/rules.md, «Window».
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from dataset_manager import files
from dataset_manager.errors import CountError, SourceError
from dataset_manager.sources import elastic_errors
from dataset_manager.sources import embedded as export
from dataset_manager.sources.connection_types import ElasticConnection
from dataset_manager.sources.document_keys import DocumentKeys
from dataset_manager.sources.elastic import PitExpiredError, Server
from dataset_manager.sources.parts import PartFile, Record, keep_record, stored, sweep
from dataset_manager.sources.query import Json, TimeSlice, asked, described, moment, time_slices
from dataset_manager.wording import SLICES, counted, number

log = logging.getLogger("dataset_manager")
Item = TypeVar("Item")
ATTEMPTS = 3  # clean readings of one slice: the point in time may expire, the total may not match


@dataclass(frozen=True)
class ExtractionOptions:
    """How hard to ask. A slice of more than `big_slice` hits is read in `threads` shares at once."""

    threads: int = 6  # the server has the next page ready while one is looked at; with 4 a tenth slower, with 8 the same
    page_size: int = 5_000
    keep_alive: str = "5m"
    big_slice: int = 50_000


@dataclass(frozen=True)
class Job:
    """One extraction: what every step needs to know."""

    identity: Mapping[str, Any]
    window: Mapping[str, str]
    folder: Path
    options: ExtractionOptions
    read: datetime

    @property
    def slices(self) -> list[TimeSlice]:
        """Of the window, oldest first."""
        return time_slices(self.window, self.identity["days_back"])

    def record(self, part: PartFile, total: int) -> Record:
        """Closes a part. CountError when it has not what the source promised."""
        if part.hits != total:
            raise CountError(
                f"Tramo {part.slice}: se leyeron {part.hits} transacciones y el servidor anunció {total}. "
                "No se ha guardado el tramo; repita la orden: continúa donde quedó"
            )
        return part.finish(total, self.read, self.window["read"])


def extract(
    identity: Mapping[str, Any],
    window_file: Path,
    manifest_file: Path,
    *,
    source: ElasticConnection | Path,
    options: ExtractionOptions = ExtractionOptions(),
) -> Json:
    """Makes the parts that are missing, then the manifest, and gives the manifest.

    A slice asked for this very window (`window["read"]`) is kept without asking. One of an earlier reading is kept only
    if it was final and its total is still the same. Errors: SourceError, CountError (naming the slice), DiskError.
    """
    window = files.read_json(window_file)
    job = Job(identity, window, Path(manifest_file).parent, options, files.now())
    with files.locked(job.folder / ".extract.lock"):
        sweep(job.folder)
        records = from_file(job, source) if isinstance(source, Path) else from_server(job, source)
        manifest = {
            "window": window,
            "query": asked(identity, moment(window["gte"]), moment(window["lt"])),
            "source": "embedded" if isinstance(source, Path) else "elasticsearch",
            "slices": [{name: value for name, value in records[one.name].items() if name != "keys"} for one in job.slices],
            "hits": sum(record["hits"] for record in records.values()),
            "keys": DocumentKeys.of(record["keys"] for record in records.values()).to_json(),
        }
        files.write_json(manifest_file, manifest)
    report(job, manifest)
    return manifest


def report(job: Job, manifest: Json) -> None:
    """The closing line; nothing found is a warning that repeats the question."""
    if manifest["hits"]:
        log.info("Transacciones: %s leídas en %s", number(manifest["hits"]), counted(len(manifest["slices"]), *SLICES))
    else:
        log.warning("No hay transacciones: se preguntó por %s. El proceso queda vacío pero válido", described(job.identity, job.window))


def current(job: Job) -> dict[str, Record]:
    """Slices already read for this very window."""
    found = {one.name: stored(job.folder, one) for one in job.slices}
    return {name: record for name, record in found.items() if record and record["asked"] == job.window["read"]}


def count_hits(identity: Mapping[str, Any], window: Mapping[str, str], *, source: ElasticConnection | Path) -> int:
    """How many transactions an extraction of this window would read; writes nothing."""
    slices = time_slices(window, identity["days_back"])
    if isinstance(source, Path):
        return sum(1 for _ in export.matching(source, export.Question.of(identity, slices)))
    with Server(source, identity["index_pattern"]) as server:
        return sum(server.totals(identity, slices).values())


# -- an export ------------------------------------------------------------------------------------------------------


def from_file(job: Job, path: Path) -> dict[str, Record]:
    """One pass over the file writes every slice; nothing at all when all are there for this window."""
    records = current(job)
    if len(records) == len(job.slices):
        return records
    question = export.Question.of(job.identity, job.slices)
    with ExitStack() as stack:
        parts = [PartFile(job.folder, one) for one in job.slices]
        for part in parts:
            stack.callback(part.discard)
        for place, lines in batched(noted(export.matching(path, question), parts)):
            parts[place].write(lines)
        if question.no_time:
            log.warning(
                "%s: %d documentos sin fecha legible en transaction_start_time no entran en ninguna ventana (el primero, línea %s)",
                path,
                question.no_time,
                question.first_no_time,
            )
        return {part.slice.name: job.record(part, part.hits) for part in parts}


def noted(hits: Iterable[tuple[int, bytes, Json]], parts: Sequence[PartFile]) -> Iterator[tuple[int, bytes]]:
    """The lines, the keys of their documents noted at their part."""
    for place, line, source in hits:
        parts[place].keys.add(source)
        yield place, line


def batched(hits: Iterable[tuple[int, bytes]], size: int = 250) -> Iterator[tuple[int, list[bytes]]]:
    """Lines of one slice together: the compressor is called seldom."""
    waiting: dict[int, list[bytes]] = {}
    for place, line in hits:
        lines = waiting.setdefault(place, [])
        lines.append(line)
        if len(lines) >= size:
            yield place, waiting.pop(place)
    yield from waiting.items()


# -- Elasticsearch --------------------------------------------------------------------------------------------------


def from_server(job: Job, connection: ElasticConnection) -> dict[str, Record]:
    """Counts every slice not yet asked for in one request, keeps what may be kept, reads the rest."""
    records = current(job)
    missing = [one for one in job.slices if one.name not in records]
    if not missing:
        return records
    with Server(connection, job.identity["index_pattern"], page_size=job.options.page_size, keep_alive=job.options.keep_alive) as server:
        totals = server.totals(job.identity, missing)
        kept = {one.name: keep(job, one, totals[one.name]) for one in missing}
        records |= {name: record for name, record in kept.items() if record}
        todo = [one for one in missing if kept[one.name] is None]
        log.info(
            "Elasticsearch: %s transacciones en %s; tramos que ya estaban: %s",
            number(sum(totals.values())),
            counted(len(missing), *SLICES),
            number(len(job.slices) - len(todo)),
        )
        records |= read_all(job, server, todo, totals)
        if not any(record["hits"] for record in records.values()) and (unmapped := server.unmapped(job.identity)):
            log.warning("%s", elastic_errors.unmapped(unmapped, server.pattern))
    return records


def keep(job: Job, one: TimeSlice, total: int) -> Record | None:
    """An older reading that may stand: it was final, and as many documents as then are there now."""
    record = stored(job.folder, one)
    if record is None or not record["final"] or record["total"] != total:
        return None
    record["asked"] = job.window["read"]
    keep_record(job.folder, one, record)
    return record


def read_all(job: Job, server: Server, todo: list[TimeSlice], totals: Mapping[str, int]) -> dict[str, Record]:
    """Small slices several at once, big ones one by one in shares."""
    small = [one for one in todo if totals[one.name] <= job.options.big_slice]
    expected, records = sum(totals[one.name] for one in todo), {}
    for name, record in at_once(small, lambda one: read_slice(job, server, one, totals[one.name]), job.options.threads, server):
        records[name] = record
        announce(records, record, expected)
    for one in todo:
        if one.name not in records:
            records[one.name] = read_slice(job, server, one, totals[one.name])
            announce(records, records[one.name], expected)
    return records


def announce(records: Mapping[str, Record], newest: Record, expected: int) -> None:
    """A line at each fifth of the way."""
    done = sum(record["hits"] for record in records.values())
    if expected and done * 5 // expected > (done - newest["hits"]) * 5 // expected:
        log.info("Elasticsearch: %s de %s transacciones leídas", number(done), number(expected))


def at_once(slices: list[TimeSlice], read: Callable[[TimeSlice], Record], threads: int, server: Server) -> Iterator[tuple[str, Record]]:
    """Results as they come; the first error stops the others after their page."""
    with ThreadPoolExecutor(threads) as pool:
        futures = {pool.submit(read, one): one.name for one in slices}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            server.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def read_slice(job: Job, server: Server, one: TimeSlice, total: int) -> Record:
    """One slice, again from its start when the point in time expired or the counts do not close."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return read_once(job, server, one, total)
        except PitExpiredError:
            if attempt == ATTEMPTS:
                raise SourceError(elastic_errors.lost_pit(server.connection)) from None
            log.warning("Tramo %s: el punto en el tiempo caducó; se lee de nuevo", one)
        except CountError as error:
            if attempt > 1:
                raise
            log.warning("%s. Se lee de nuevo", str(error).split(". ")[0])
    raise AssertionError("unreachable")  # pragma: no cover


def read_once(job: Job, server: Server, one: TimeSlice, expected: int) -> Record:
    """Streams a slice's pages into its part."""
    part = PartFile(job.folder, one)
    try:
        if not expected:
            return job.record(part, 0)
        count = job.options.threads if expected > job.options.big_slice else 1
        shares: list[Json | None] = [{"id": n, "max": count} for n in range(count)] if count > 1 else [None]
        totals = [0] * count
        for n, (page, total) in interleaved([server.pages(job.identity, one, share) for share in shares]):
            part.write(page.lines)
            part.keys.update(page.keys)
            totals[n] = total
        return job.record(part, sum(totals))
    finally:
        part.discard()


def interleaved(streams: list[Iterator[Item]]) -> Iterator[tuple[int, Item]]:
    """Items of several streams as they come, each stream one item ahead in a thread of its own."""
    with ThreadPoolExecutor(len(streams)) as pool:
        pending: dict[Future[Item | None], int] = {pool.submit(next, stream, None): n for n, stream in enumerate(streams)}
        while pending:
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                n = pending.pop(future)
                item = future.result()
                if item is not None:
                    pending[pool.submit(next, streams[n], None)] = n
                    yield n, item
