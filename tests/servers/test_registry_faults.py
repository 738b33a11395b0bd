"""A network that spoils answers between us and the real S3: the zip is there whole, or nothing is."""

import hashlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.endpoint
import pytest
from dataset_manager.errors import SourceError
from dataset_manager.registry.stored import Transfer
from dataset_manager.registry.target import Base, parse
from dataset_manager.registry.upload import Uploaded, publish_object
from dataset_manager.sources.connection_types import S3Connection

from servers.seaweedfs import S3Server

MIB = 1 << 20
TRANSFER = Transfer(part_size=5 * MIB, threads=2, attempts=2)
NAME = "d.zip"
NOT_OFFERED = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>NotImplemented</Code><Message>A header you provided implies x</Message></Error>'
)


@dataclass
class Request:
    """What is asked: `step` is one word for it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def step(self) -> str:
        """head, bucket, create, part1 …, complete, abort, uploads, put, delete, get."""
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        probe = "probe-" if ".gfresh-probe-" in url.path else ""
        if "partNumber" in query:
            return f"{probe}part{query['partNumber'][0]}"
        if "uploadId" in query:
            return probe + {"POST": "complete", "DELETE": "abort", "GET": "parts"}[self.method]
        if "uploads" in query:
            return probe + {"POST": "create", "GET": "uploads"}[self.method]
        return "bucket" if url.path.strip("/").count("/") == 0 else probe + self.method.lower()


@dataclass
class Answer:
    """What is given back; `lost` ends the connection instead."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    lost: bool = False


LOST = Answer(0, lost=True)
BUSY = Answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
DENIED = Answer(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
Spoil = Callable[[str, int], Answer | None]  # step and how often it was asked before this


@dataclass
class Proxy:
    """`before` answers instead of the server, `after` once the server has done its work; `change` alters requests."""

    before: Spoil = lambda step, number: None
    after: Spoil = lambda step, number: None
    change: Callable[[Request], Request] = lambda request: request
    alter: Callable[[str, Answer], Answer] = lambda step, answer: answer
    steps: list[str] = field(default_factory=list)
    endpoint: str = ""

    def answer(self, server: str, request: Request) -> Answer:
        """The real one unless it is spoilt."""
        number = self.steps.count(request.step)
        self.steps.append(request.step)
        given = self.before(request.step, number)
        if given is None:
            real = self.alter(request.step, passed_on(server, self.change(request)))
            given = self.after(request.step, number) or real
        return given


def passed_on(server: str, request: Request) -> Answer:
    """With its own Host, which is signed."""
    connection = http.client.HTTPConnection(server, timeout=60)
    connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.items():
        if name.lower() != "expect":
            connection.putheader(name, value)
    connection.endheaders(request.body)
    got = connection.getresponse()
    body = got.read()
    connection.close()
    return Answer(got.status, {name: value for name, value in got.getheaders() if name.lower() != "transfer-encoding"}, body)


@contextmanager
def serving(proxy: Proxy, endpoint: str) -> Iterator[Proxy]:
    """Listens until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self.close_connection = True
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            given = proxy.answer(urlsplit(endpoint).netloc, Request(self.command, self.path, dict(self.headers.items()), body))
            if not given.lost:
                self.give(given)

        def give(self, given: Answer) -> None:
            headers = {"Content-Length": str(len(given.body)), **given.headers, "Connection": "close"}
            self.send_response_only(given.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.body)

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    proxy.endpoint = f"http://127.0.0.1:{listener.server_address[1]}"
    threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield proxy
    finally:
        listener.shutdown()
        listener.server_close()


@dataclass
class Place:
    """A bucket behind a proxy."""

    server: S3Server
    bucket: str
    zip_path: Path

    @property
    def base(self) -> Base:
        return parse(f"s3://{self.bucket}/datasets")

    def put(self, proxy: Proxy, **options: Any) -> Uploaded:
        keys: dict[str, Any] = {"access_key": self.server.access_key, "secret_key": self.server.secret_key}
        connection = S3Connection("x", self.server.region, proxy.endpoint, path_style=True, **keys)
        sha = hashlib.sha256(self.zip_path.read_bytes()).hexdigest()
        given: dict[str, Any] = {"transfer": TRANSFER} | options
        return publish_object(self.zip_path, sha, self.base, connection, **given)

    def keys(self) -> list[str]:
        return [one["Key"] for one in self.server.client().list_objects_v2(Bucket=self.bucket).get("Contents", ())]

    def is_there(self) -> bool:
        body = self.server.client().get_object(Bucket=self.bucket, Key=f"datasets/{NAME}")["Body"].read()
        return bool(body == self.zip_path.read_bytes())

    def unfinished(self) -> list[str]:
        return [one["Key"] for one in self.server.client().list_multipart_uploads(Bucket=self.bucket).get("Uploads", ())]

    def through(self, **plan: Any) -> Any:
        return serving(Proxy(**plan), self.server.endpoint)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 waits a second or so before it repeats."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(time=time.time, sleep=lambda seconds: time.sleep(seconds / 50)))


@pytest.fixture
def place(s3_server: S3Server, s3_bucket: str, tmp_path: Path) -> Place:
    path = tmp_path / NAME
    path.write_bytes(hashlib.shake_128(b"f").digest(11 * MIB))
    return Place(s3_server, s3_bucket, path)


def on(step: str, answer: Answer, times: int = 99) -> Spoil:
    """The first `times` requests of a step."""
    return lambda asked, number: answer if asked == step and number < times else None


STEPS = ["head", "bucket", "uploads", "probe-put", "probe-create", "probe-part1", "probe-complete", "create", "part1", "part2", "part3"]


def test_what_is_asked(place: Place) -> None:
    with place.through() as proxy:
        place.put(proxy)
    assert sorted(proxy.steps) == sorted([*STEPS, "probe-abort", "probe-delete", "complete", "head"])


@pytest.mark.parametrize("fault", [BUSY, LOST])
@pytest.mark.parametrize("step", [*STEPS, "complete", "probe-delete"])
def test_a_fault_that_passes_is_repeated(place: Place, step: str, fault: Answer) -> None:
    with place.through(before=on(step, fault, 1)) as proxy:
        assert place.put(proxy).status == "subido"
    assert place.is_there()
    assert place.keys() == [f"datasets/{NAME}"]


@pytest.mark.parametrize("fault", [BUSY, DENIED])
@pytest.mark.parametrize("step", [*STEPS, "complete"])
def test_a_fault_that_stays_leaves_nothing(place: Place, step: str, fault: Answer) -> None:
    if (step, fault) == ("uploads", DENIED):
        return  # see below
    with place.through(before=on(step, fault)) as proxy, pytest.raises(SourceError) as failed:
        place.put(proxy)
    assert ("sin permiso" in str(failed.value)) is (fault is DENIED)
    assert place.keys() == []
    assert place.unfinished() == []
    assert [path.name for path in place.zip_path.parent.iterdir()] == [NAME]


def test_a_connection_that_dies_in_the_middle_is_cleaned_by_the_next_run(place: Place) -> None:
    dead = {"part2", "part3", "abort"}
    with place.through(before=lambda step, number: LOST if step in dead else None) as proxy:
        with pytest.raises(SourceError, match=r"parte \d de 3.*no se pudo conectar.*Repita la misma orden"):
            place.put(proxy)
        assert place.unfinished() == [f"datasets/{NAME}"]
        proxy.before = lambda step, number: None
        assert place.put(proxy).status == "subido"
    assert place.unfinished() == []
    assert place.is_there()


@pytest.mark.parametrize("over", [True, False])
def test_an_answer_that_is_lost_after_the_work_was_done_is_no_failure(place: Place, over: bool) -> None:
    if over:
        place.server.put(place.bucket, {f"datasets/{NAME}": b"antes"})
    with place.through(after=on("complete", LOST)) as proxy:
        assert place.put(proxy, overwrite=True).status == ("sustituido" if over else "subido")
    assert place.is_there()
    assert place.unfinished() == []


def test_a_part_that_arrives_spoilt_is_sent_again(place: Place) -> None:
    spoilt = list[str]()

    def spoil(request: Request) -> Request:
        if request.step != "part2" or spoilt:
            return request
        spoilt.append("x")
        return replace(request, body=bytes(9) + request.body[9:])

    with place.through(change=spoil) as proxy:
        assert place.put(proxy).status == "subido"
    assert proxy.steps.count("part2") == 2
    assert place.is_there()


def test_who_may_not_list_uploads_goes_on(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.through(before=on("uploads", DENIED)) as proxy:
        assert place.put(proxy).status == "subido"
    assert "no deja ver las subidas a medias" in caplog.text


def test_a_probe_that_may_not_be_removed_is_named(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.through(before=on("probe-delete", DENIED)) as proxy:
        assert place.put(proxy).status == "subido"
    assert f"No se ha podido borrar el objeto de prueba s3://{place.bucket}/datasets/.gfresh-probe-" in caplog.text


def without_conditions(request: Request) -> Request:
    """A store that takes no notice of them: unsigned headers may be dropped."""
    headers = {name: value for name, value in request.headers.items() if not name.lower().startswith("if-")}
    return replace(request, headers=headers)


@pytest.mark.parametrize("how", ["ignored", "refused"])
def test_a_store_that_knows_no_conditions(place: Place, how: str, caplog: pytest.LogCaptureFixture) -> None:
    refused = Answer(501, {}, NOT_OFFERED)
    plan: dict[str, Any] = {"before": on("probe-complete", refused)} if how == "refused" else {"after": on("probe-complete", Answer(200))}
    with place.through(**plan) as proxy:
        done = place.put(proxy)
    assert (done.status, done.conditional) == ("subido", False)
    assert proxy.steps.count("head") == 3
    assert "no admite escrituras condicionales" in caplog.text


def without_checksums(step: str, answer: Answer) -> Answer:
    """A store that keeps none."""
    return replace(answer, headers={name: value for name, value in answer.headers.items() if "checksum" not in name.lower()})


def test_a_store_without_checksums_is_read_back(place: Place) -> None:
    with place.through(alter=without_checksums) as proxy:
        done = place.put(proxy)
        assert (done.status, done.checksum) == ("subido", hashlib.sha256(place.zip_path.read_bytes()).hexdigest())
        assert proxy.steps.count("get") == 1
        assert place.put(proxy).status == "ya estaba"
        assert proxy.steps.count("get") == 1


@pytest.mark.parametrize("step", ["head", "get"])
def test_what_the_store_holds_must_be_what_was_sent(place: Place, step: str) -> None:
    def lie(asked: str, answer: Answer) -> Answer:
        if asked == "head" and step == "head" and answer.status == 200:
            return replace(answer, headers={n: ("x-3" if "checksum-sha256" in n.lower() else v) for n, v in answer.headers.items()})
        answer = without_checksums(asked, answer) if step == "get" else answer
        return replace(answer, body=answer.body[:-1] + b"x") if asked == step else answer

    with place.through(alter=lie) as proxy, pytest.raises(SourceError, match=r"no es lo que se envió.*Nada se ha registrado"):
        place.put(proxy)
