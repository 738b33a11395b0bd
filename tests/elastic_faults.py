"""An Elasticsearch on a loopback port that counts its requests and fails when told to.

In: what stands behind it (`FakeElastic`, a few documents in memory, or `forward`, a real server) and faults, each used
once, by the first request it fits. Out: `requests`, to see what was really asked.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Json:
        return dict(json.loads(self.body)) if self.body else {}

    @property
    def is_page(self) -> bool:
        """A page of hits, not the totals of the slices."""
        return "/_search" in self.path and self.json.get("size", 0) > 0

    @property
    def slice(self) -> str:
        """First day of the slice that is asked for."""
        ranges = [clause["range"] for clause in self.json["query"]["bool"]["filter"] if "range" in clause]
        return str(ranges[0]["transaction_start_time"]["gte"][:10])


@dataclass(frozen=True)
class Response:
    """What goes out; `None` in its place cuts the connection."""

    status: int
    body: bytes

    def edited(self, change: Callable[[Json], None]) -> "Response":
        """With another JSON."""
        content = json.loads(self.body)
        change(content)
        return replace(self, body=json.dumps(content, separators=(",", ":")).encode())


Upstream = Callable[[Request], Response]
Fault = Callable[[Request, Upstream], Response | None]


def status(code: int, reason: str = "inyectado") -> Fault:
    """The server refuses."""
    error = {"error": {"type": "injected", "reason": reason, "root_cause": [{"type": "injected", "reason": reason}]}, "status": code}
    return lambda request, upstream: Response(code, json.dumps(error).encode())


def cut(request: Request, upstream: Upstream) -> None:
    """The connection breaks without an answer."""


def stall(seconds: float) -> Fault:
    """The answer comes after the client has given up."""

    def slow(request: Request, upstream: Upstream) -> Response:
        time.sleep(seconds)
        return upstream(request)

    return slow


def failed_shard(request: Request, upstream: Upstream) -> Response:
    """An answer without the hits of one shard, and with status 200."""

    def change(answer: Json) -> None:
        answer["_shards"] |= {"failed": 1, "failures": [{"reason": {"reason": "disco dañado"}}]}
        answer["hits"]["hits"] = answer["hits"]["hits"][::2]

    return upstream(request).edited(change)


def timed_out(request: Request, upstream: Upstream) -> Response:
    """The server stopped searching early."""
    return upstream(request).edited(lambda answer: answer.update(timed_out=True))


def lost_hits(request: Request, upstream: Upstream) -> Response:
    """One hit less than the total says."""
    return upstream(request).edited(lambda answer: answer["hits"].update(hits=answer["hits"]["hits"][:-1]))


def expired(request: Request, upstream: Upstream) -> Response:
    """The point in time is closed behind the client's back, then used."""
    upstream(Request("DELETE", "/_pit", json.dumps({"id": request.json["pit"]["id"]}).encode()))
    return upstream(request)


class FaultyServer:
    """Listens in a thread; see the module."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.faults: list[tuple[Callable[[Request], bool], Fault]] = []
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.http.daemon_threads = True
        self.port: int = self.http.server_address[1]

    def fail(self, *faults: Fault, when: Callable[[Request], bool] = lambda request: request.is_page) -> None:
        """Each for one request."""
        self.faults += [(when, fault) for fault in faults]

    def answer(self, request: Request) -> Response | None:
        """By the first fault that fits, else by what stands behind."""
        with self.lock:
            self.requests.append(request)
            found = next((number for number, (when, _) in enumerate(self.faults) if when(request)), None)
            fault = self.faults.pop(found)[1] if found is not None else None
        return fault(request, self.upstream) if fault else self.upstream(request)

    @property
    def pages(self) -> list[Request]:
        """The requests for hits."""
        return [request for request in self.requests if request.is_page]


@contextmanager
def listening(upstream: Upstream) -> Iterator[FaultyServer]:
    """A server for as long as the block lasts."""
    server = FaultyServer(upstream)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


def handler_of(server: FaultyServer) -> type[BaseHTTPRequestHandler]:
    """The request handler, bound to its server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            response = server.answer(Request(self.command, self.path, body, dict(self.headers)))
            if response is None:
                self.close_connection = True
                return
            self.send_response(response.status)
            self.send_header("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8")
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # the client has given up
                self.wfile.write(response.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = any

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler


def forward(url: str) -> Upstream:
    """To a real server."""
    place = urlsplit(url)

    def ask(request: Request) -> Response:
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
        kept = {name: value for name, value in request.headers.items() if name.lower() in ("content-type", "accept", "authorization")}
        connection.request(request.method, request.path, request.body, kept or {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return Response(answer.status, answer.read())

    return ask


@dataclass
class FakeElastic:
    """Answers the requests of an extraction from hits in memory; only their time is looked at."""

    hits: Sequence[Json]
    indices: bool = True
    opened: int = 0
    open: set[str] = field(default_factory=set)

    def __call__(self, request: Request) -> Response:
        path = request.path.split("?")[0]
        if path.endswith("/_pit") and request.method == "POST":
            self.opened += 1
            self.open.add(f"pit-{self.opened}")
            return answered({"id": f"pit-{self.opened}"})
        if path == "/_pit":
            self.open.discard(request.json["id"])
            return answered({"succeeded": True})
        if path.endswith("/_field_caps"):
            return answered({"indices": ["uno"], "fields": {"transaction_start_time": {}, "transaction_metric.keyword": {}}})
        return self.search(request.json)

    def search(self, body: Json) -> Response:
        """A page, or the totals of the slices."""
        if body["pit"]["id"] not in self.open:
            reason = {"type": "search_context_missing_exception", "reason": "No search context found for id [1]"}
            return answered({"error": {"type": "search_phase_execution_exception", "root_cause": [reason]}, "status": 404}, 404)
        shards = {"total": 1 if self.indices else 0, "successful": 1, "skipped": 0, "failed": 0}
        head = {"pit_id": body["pit"]["id"], "took": 1, "timed_out": False, "_shards": shards}
        if "aggs" in body:
            filters = body["aggs"]["slices"]["filters"]["filters"]
            buckets = {name: {"doc_count": len(self.within(clause))} for name, clause in filters.items()}
            return answered(
                {**head, "hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}, "aggregations": {"slices": {"buckets": buckets}}}
            )
        found = self.within(body["query"]["bool"]["filter"][2])
        if "slice" in body:
            found = [item for item in found if item[0] % body["slice"]["max"] == body["slice"]["id"]]
        after = body.get("search_after", [-1])[0]
        page = [item for item in found if item[0] > after][: body["size"]]
        hits = [{**hit, "_score": None, "sort": [n]} for n, hit in page]
        ordered = [{key: hit[key] for key in ("_index", "_id", "_score", "_source", "sort")} for hit in hits]
        return answered({**head, "hits": {"total": {"value": len(found), "relation": "eq"}, "max_score": None, "hits": ordered}})

    def within(self, clause: Json) -> list[tuple[int, Json]]:
        """Hits of a time range, numbered."""
        bounds = clause["range"]["transaction_start_time"]
        start, end = datetime.fromisoformat(bounds["gte"]), datetime.fromisoformat(bounds["lt"])
        times = [datetime.fromisoformat(hit["_source"]["transaction_start_time"]) for hit in self.hits]
        return [(n, hit) for n, (hit, time) in enumerate(zip(self.hits, times, strict=True)) if start <= time < end]


def answered(content: Json, code: int = 200) -> Response:
    """JSON without spaces, as Elasticsearch writes it."""
    return Response(code, json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())
