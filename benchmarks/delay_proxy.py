"""A slow road to a server on this machine, so cheap that it is not what limits: `python benchmarks/delay_proxy.py PORT SECONDS`.

Prints its own port. What a client sends is passed on so many seconds later; what comes back is moved from socket to socket by
the kernel (`splice`) and never read. One thread; about 0.06 ms of CPU per picture.
"""

import os
import select
import socket
import sys
import time
from collections import deque

MOST = 1 << 20


class DelayProxy:
    """One loop over all connections; each client has a connection of its own to the server."""

    def __init__(self, port: int, delay: float) -> None:
        self.behind = ("127.0.0.1", port)
        self.delay = delay
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.poll = select.epoll()
        self.poll.register(self.listener, select.EPOLLIN)
        self.pairs: dict[int, tuple[socket.socket, socket.socket]] = {}  # by file number: itself and its other side
        self.servers: set[int] = set()
        self.waiting: deque[tuple[float, socket.socket, bytes]] = deque()
        self.pipe = os.pipe()

    def run(self) -> None:
        """Until it is killed."""
        while True:
            timeout = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else -1
            for number, _ in self.poll.poll(timeout):
                self.serve(number)
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, server, data = self.waiting.popleft()
                if server.fileno() >= 0:
                    server.sendall(data)

    def serve(self, number: int) -> None:
        """One socket that has something."""
        if number == self.listener.fileno():
            self.accept()
        elif number in self.servers:
            self.answer(*self.pairs[number])
        elif number in self.pairs:  # else it was closed in this very round
            self.request(*self.pairs[number])

    def accept(self) -> None:
        """A new client."""
        client, server = self.listener.accept()[0], socket.create_connection(self.behind)
        self.servers.add(server.fileno())
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs[one.fileno()] = (one, other)
            self.poll.register(one, select.EPOLLIN)

    def request(self, client: socket.socket, server: socket.socket) -> None:
        """To be passed on later."""
        data = received(client)
        if data:
            self.waiting.append((time.monotonic() + self.delay, server, data))
        else:
            self.close(client, server)

    def answer(self, server: socket.socket, client: socket.socket) -> None:
        """Passed on at once."""
        try:
            left = os.splice(server.fileno(), self.pipe[1], MOST)
            if not left:
                self.close(server, client)
            while left:
                left -= os.splice(self.pipe[0], client.fileno(), left)
        except OSError:
            self.pipe = os.pipe()  # the old one may still hold what the client did not want
            self.close(server, client)

    def close(self, *both: socket.socket) -> None:
        """When either side has gone."""
        for one in both:
            self.poll.unregister(one)
            self.servers.discard(one.fileno())
            del self.pairs[one.fileno()]
            one.close()


def received(client: socket.socket) -> bytes:
    """Nothing when it has gone."""
    try:
        return client.recv(65536)
    except ConnectionError:
        return b""


if __name__ == "__main__":
    proxy = DelayProxy(int(sys.argv[1]), float(sys.argv[2]))
    print(proxy.port, flush=True)
    proxy.run()
