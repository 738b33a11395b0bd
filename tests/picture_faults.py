"""A proxy before an S3 that counts, delays and spoils answers.

In: the endpoint behind it and a `Plan`. Out: an endpoint on a loopback port, and `requests`: every path that was asked for.
Requests are passed on as they came (the signature covers the Host header), answers are changed on the way back.
"""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

DENIED = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
BUSY = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
Fault = Callable[[bytes], bytes | None]


def answer(status: str, body: bytes) -> bytes:
    """A whole HTTP answer."""
    return f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def busy(_: bytes) -> bytes:
    """503 SlowDown."""
    return answer("503 Service Unavailable", BUSY)


def denied(_: bytes) -> bytes:
    """403 AccessDenied."""
    return answer("403 Forbidden", DENIED)


def unsigned_404(_: bytes) -> bytes:
    """A 404 that S3 did not write: a load balancer, a wrong address."""
    return answer("404 Not Found", b"<html>not here</html>")


def reset(_: bytes) -> None:
    """The connection breaks without an answer."""


def truncated(whole: bytes) -> bytes:
    """Half of the body, then the connection ends."""
    head = whole.index(b"\r\n\r\n") + 4
    return whole[: head + (len(whole) - head) // 2]


def shortened(whole: bytes) -> bytes:
    """Half of the body with a length that fits it: only a decoder notices."""
    head, _, body = whole.partition(b"\r\n\r\n")
    half = body[: len(body) // 2]
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(half)]) + b"\r\n\r\n" + half


def zeroed(whole: bytes) -> bytes:
    """A block in the middle of the body is lost; where, differs each time."""
    head = whole.index(b"\r\n\r\n") + 4
    at = head + (len(whole) - head) // 3 + random.randrange(200)
    return whole[:at] + bytes(2048) + whole[at + 2048 :] if len(whole) - at > 4096 else whole[:-40]


@dataclass
class Plan:
    """`fault(key, number)` gives what happens to the n-th request for a key (from 1), or None; `delay` seconds before each answer."""

    fault: Callable[[str, int], Fault | None] = lambda key, number: None
    delay: float = 0.0
    stall: Callable[[str, int], float] = lambda key, number: 0.0


@dataclass
class FaultyProxy:
    """Where it listens and what it saw."""

    endpoint: str
    plan: Plan
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, key: str) -> int:
        """Notes a request; which one it is for this key."""
        with self.lock:
            self.requests.append(key)
            return self.requests.count(key)


def key_of(request: bytes) -> str:
    """Without the bucket."""
    path = unquote(urlsplit(request.split(b" ", 2)[1].decode()).path)
    return path.lstrip("/").partition("/")[2]


@contextmanager
def faulty_proxy(endpoint: str, plan: Plan | None = None) -> Iterator[FaultyProxy]:
    """Listens until the block ends."""
    behind = urlsplit(endpoint)
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    proxy = FaultyProxy(f"http://127.0.0.1:{listener.getsockname()[1]}", plan or Plan())
    open_sockets: set[socket.socket] = {listener}

    def serve(client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection((str(behind.hostname), behind.port or 80)) as server:
            open_sockets.update({client, server})
            try:
                while (request := read_head(client)) and exchange(proxy, request, client, server):
                    pass
            finally:
                open_sockets.difference_update({client, server})

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield proxy
    finally:
        for one in list(open_sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def exchange(proxy: FaultyProxy, request: bytes, client: socket.socket, server: socket.socket) -> bool:
    """One request; whether the connection stays usable."""
    key = key_of(request)
    number = proxy.count(key)
    time.sleep(proxy.plan.delay + proxy.plan.stall(key, number))
    server.sendall(request)
    whole = read_answer(server)
    fault = proxy.plan.fault(key, number)
    given = fault(whole) if fault else whole
    if given is not None:
        client.sendall(given)
    return given is not None and (fault is None or is_complete(given))


def is_complete(given: bytes) -> bool:
    """Whether the body is as long as it says."""
    head, _, body = given.partition(b"\r\n\r\n")
    return len(body) == length_of(head)


def read_head(source: socket.socket) -> bytes:
    """A request without body, or nothing when the other side has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = source.recv(65536)
        if not more:
            return b""
        data += more
    return data


def read_answer(source: socket.socket) -> bytes:
    """Head and body."""
    data = read_head(source)
    head, _, body = data.partition(b"\r\n\r\n")
    parts, missing = [data], length_of(head) - len(body)
    while missing > 0:
        more = source.recv(min(missing, 1 << 20))
        if not more:
            break
        parts.append(more)
        missing -= len(more)
    return b"".join(parts)


def length_of(head: bytes) -> int:
    """Content-Length, or 0."""
    lines = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return int(lines[0]) if lines else 0
