"""Elasticsearch 8: one client, its requests repeated while that can help, its failures said in Spanish.

In: an ElasticConnection and request bodies. Out: pages of raw hits from a point in time, and totals. Every answer's
`timed_out` and `_shards` are looked at: fewer rows than the server holds never pass for all of them.
"""

import logging
import random
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from dataset_manager.errors import SourceError
from dataset_manager.sources import elastic_errors
from dataset_manager.sources.connection_types import ElasticConnection
from dataset_manager.sources.hits import Page, read_page
from dataset_manager.sources.query import DEPLOYMENT_FIELD, METRIC_FIELD, MODEL_FIELD, TIME_FIELD, Json, TimeSlice, asked, totals_body

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

log = logging.getLogger("dataset_manager")
Answer = TypeVar("Answer")
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0  # seconds before a repetition: doubled each time, ± half at random
LOCAL = {"localhost", "127.0.0.1", "::1"}  # near servers answer faster uncompressed


class PitExpiredError(Exception):
    """The point in time is gone: what was being read must be read from its start."""


class PartialAnswerError(Exception):
    """The server answered for some shards only, or ran out of time."""


class Server:
    """A cluster under the index pattern of one process. A context manager: leaves no connection and no point in time."""

    def __init__(self, connection: ElasticConnection, pattern: str, *, page_size: int = 5_000, keep_alive: str = "5m") -> None:
        self.connection, self.pattern, self.page_size, self.keep_alive = connection, pattern, page_size, keep_alive
        self.reached = False
        self.stopped = threading.Event()
        self.client = make_client(connection)
        self.pit: str | None = None
        self.lock = threading.Lock()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close_pit()
        self.client.close()

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """One request, repeated on 429, 502, 503, 504, timeouts, broken connections and partial answers.

        Errors: SourceError in words an operator can act on; PitExpiredError.
        """
        failures: tuple[type[Exception], ...] = (*elastic_errors.failures(), PartialAnswerError)
        for attempt in range(self.connection.max_retries + 1):
            try:
                answer = request()
            except failures as error:
                self.give_up_or_wait(error, attempt)
            else:
                self.reached = True
                return answer
        raise AssertionError("unreachable")  # pragma: no cover

    def give_up_or_wait(self, error: Exception, attempt: int) -> None:
        """Returns only when repeating may help."""
        if elastic_errors.is_expired_pit(error):
            raise PitExpiredError from error
        if attempt >= self.connection.max_retries or self.stopped.is_set() or not elastic_errors.is_passing(error, self.reached):
            raise SourceError(elastic_errors.explained(error, self.connection, self.pattern, attempt + 1)) from error
        pause = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt) * random.uniform(0.5, 1.5)
        log.warning("Elasticsearch: %s; se repite en %.1f s", elastic_errors.short(error), pause)
        self.stopped.wait(pause)

    def search(self, body: Mapping[str, Any]) -> Json:
        """A search whose answer is whole: no failed shard, no time-out. `hits.hits` comes as a Page under `page`."""

        def once() -> Json:
            answer: Json = self.client.perform_request(
                "POST",
                "/_search",
                params={"allow_partial_search_results": "false"},
                headers=JSON_HEADERS,
                body=body,
            ).body
            return whole(answer)

        return self.ask(once)

    def go_on(self) -> None:
        """Raises when another thread's error has already ended the job."""
        if self.stopped.is_set():
            raise SourceError("Lectura detenida por el error de otro tramo")

    # -- point in time ----------------------------------------------------------------------------------------------

    def open_pit(self) -> str:
        """The one of this job; opened at the first need, and again after `lose_pit`."""
        with self.lock:
            if self.pit is None:
                self.pit = str(self.ask(lambda: self.client.open_point_in_time(index=self.pattern, keep_alive=self.keep_alive))["id"])
            return self.pit

    def lose_pit(self, pit: str) -> None:
        """Forgets an expired one, unless another thread has already opened the next."""
        with self.lock:
            if self.pit == pit:
                self.pit = None

    def close_pit(self) -> None:
        """Frees the server's memory; if that fails the server does it itself after the keep-alive."""
        if self.pit is None:
            return
        try:
            self.client.close_point_in_time(id=self.pit)
        except elastic_errors.failures() as error:
            log.debug("No se pudo cerrar el punto en el tiempo: %s", elastic_errors.short(error))
        self.pit = None

    # -- questions --------------------------------------------------------------------------------------------------

    def totals(self, identity: Mapping[str, Any], slices: Sequence[TimeSlice]) -> dict[str, int]:
        """Hits of each slice by its name, in one request. SourceError when no index answers to the pattern."""
        body = totals_body(identity, slices)
        try:
            answer = self.search({**body, "pit": {"id": self.open_pit(), "keep_alive": self.keep_alive}})
        except PitExpiredError:  # younger than its keep-alive: the node that held it went away
            raise SourceError(elastic_errors.lost_pit(self.connection)) from None
        if not answer["_shards"]["total"]:
            raise SourceError(elastic_errors.no_index(self.connection, self.pattern))
        buckets = answer["aggregations"]["slices"]["buckets"]
        return {one.name: int(buckets[one.name]["doc_count"]) for one in slices}

    def documents(self) -> int:
        """Of all indices under the pattern. SourceError when there is none."""
        answer = self.ask(lambda: whole(self.client.search(index=self.pattern, size=0, track_total_hits=True).body))
        if not answer["_shards"]["total"]:
            raise SourceError(elastic_errors.no_index(self.connection, self.pattern))
        return int(answer["hits"]["total"]["value"])

    def unmapped(self, identity: Mapping[str, Any]) -> list[str]:
        """Fields of the question that no index knows: why nothing may have been found."""
        fields = [METRIC_FIELD, DEPLOYMENT_FIELD, TIME_FIELD, *([MODEL_FIELD] if identity["model"] else [])]
        known = self.ask(lambda: self.client.field_caps(index=self.pattern, fields=fields))["fields"]
        return [field for field in fields if field not in known]

    def pages(self, identity: Mapping[str, Any], one: TimeSlice, share: Json | None) -> Iterator[tuple[Page, int]]:
        """Pages of a slice (or of a `share` of it: {"id": 0, "max": 4}), each with the total the server reports."""
        pit = self.open_pit()
        body: Json = {
            "size": self.page_size,
            "track_total_hits": True,
            "query": asked(identity, one.gte, one.lt),
            "sort": [{"_shard_doc": "asc"}],
            **({"slice": share} if share else {}),
        }
        with expiring(self, pit):
            while True:
                self.go_on()
                answer = self.search({**body, "pit": {"id": pit, "keep_alive": self.keep_alive}})
                page: Page = answer["page"]
                yield page, int(answer["hits"]["total"]["value"])
                if len(page.lines) < self.page_size:
                    return
                body["search_after"] = page.last_sort


@contextmanager
def expiring(server: Server, pit: str) -> Iterator[None]:
    """An expired point in time is forgotten before anyone hears of it."""
    try:
        yield
    except PitExpiredError:
        server.lose_pit(pit)
        raise


JSON_HEADERS = {
    "accept": "application/vnd.elasticsearch+json; compatible-with=8",
    "content-type": "application/vnd.elasticsearch+json; compatible-with=8",
}


def whole(answer: Json) -> Json:
    """The answer itself, or PartialAnswerError."""
    shards = answer["_shards"]
    if shards["failed"] or answer["timed_out"]:
        reasons = [str(failure.get("reason", {}).get("reason", "")) for failure in shards.get("failures", [])]
        cause = (
            "el servidor agotó su tiempo"
            if answer["timed_out"]
            else f"fallaron {shards['failed']} de {shards['total']} fragmentos (shards)"
        )
        raise PartialAnswerError(f"{cause}{': ' + reasons[0] if reasons else ''}")
    return answer


def make_client(connection: ElasticConnection) -> "Elasticsearch":
    """The official client; repeating is our own business. SourceError when the CA file cannot be read."""
    client = client_class()
    from elasticsearch.serializer import JsonSerializer

    class RawHits(JsonSerializer):
        """Gives search answers with their hits uncut."""

        def loads(self, data: bytes) -> Any:
            if b'"hits":{' not in data[:4096]:
                return super().loads(data)
            page = read_page(data)
            return {**page.envelope, "page": page}

    raw = RawHits()
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # it warns of what is said here in Spanish
    try:
        return client(
            connection.url,
            **credentials(connection),
            **tls(connection),
            request_timeout=connection.timeout,
            max_retries=0,
            retry_on_timeout=False,
            http_compress=connection.host not in LOCAL,
            serializers={"application/json": raw, "application/vnd.elasticsearch+json": raw},
        )
    except (OSError, ValueError) as error:
        raise SourceError(elastic_errors.bad_settings(error, connection)) from None


def client_class() -> "type[Elasticsearch]":
    """The official client, imported without Arrow: a serializer that nothing here uses would load it, which is half of 350 ms."""
    unknown = "pyarrow" not in sys.modules
    if unknown:
        sys.modules["pyarrow"] = None  # type: ignore[assignment]  # as Python marks what must not be imported
    try:
        from elasticsearch import Elasticsearch
    finally:
        if unknown:
            del sys.modules["pyarrow"]
    return Elasticsearch


def credentials(connection: ElasticConnection) -> dict[str, Any]:
    """An API key wins over user and password; neither is allowed too (a server without security)."""
    if connection.api_key:
        return {"api_key": connection.api_key}
    if connection.username:
        return {"basic_auth": (connection.username, connection.password or "")}
    return {}


def tls(connection: ElasticConnection) -> dict[str, Any]:
    """`use_ssl` chose the scheme; here is only whether the certificate must be valid and by which authority."""
    if not connection.use_ssl:
        return {}
    if not connection.verify_certs:
        return {"verify_certs": False, "ssl_show_warn": False}
    return {"ssl_context": ssl.create_default_context(cafile=connection.ca_certs)} if connection.ca_certs else {}
