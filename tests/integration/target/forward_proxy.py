"""A forward proxy on loopback, as companies have one: HTTPS goes through it by CONNECT."""

import base64
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class ForwardProxy:
    """What it was asked.

    Attributes:
        address: host and port.
        asked: (host and port to connect to, user and password) of every request, in order.
    """

    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def forward_proxy(routes: Mapping[str, int]) -> Iterator[ForwardProxy]:
    """Serve until the end of the block.

    Args:
        routes: ports on loopback, by the names that are asked for; no name is ever looked up.
    """
    proxy = ForwardProxy()

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            told = self.headers.get("Proxy-Authorization", "").removeprefix("Basic ")
            proxy.asked.append((self.path, base64.b64decode(told).decode()))
            port = routes.get(self.path)
            if port is None:
                self.send_error(502)
                return
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                self.send_response(200)
                self.end_headers()
                _relay(self.connection, upstream)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is http.server's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    proxy.address = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes on until either side has no more."""
    peers = {one: other, other: one}
    while True:
        for ready in select.select(list(peers), [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            peers[ready].sendall(data)
