"""An HTTP server on loopback that plays GitHub's token service, STS and S3, as a script says."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """One answer; `hang_up` closes the connection without one."""

    status: int = 200
    body: str = ""
    hang_up: bool = False


@dataclass
class ScriptedHttp:
    """The answers to come, by method, and what was asked.

    Attributes:
        get: answers to GET requests, in order; the last one is repeated.
        post: answers to POST requests, in order; the last one is repeated.
        put: answers to PUT requests, in order; the last one is repeated.
        asked: (path with query, Authorization header, body) of every request.
    """

    url: str = ""
    get: list[Answer] = field(default_factory=list)
    post: list[Answer] = field(default_factory=list)
    put: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def scripted_http(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedHttp]:
    """Serve until the end of the block; HTTPS if it is given what a server has to show."""
    script = ScriptedHttp()

    class Handler(BaseHTTPRequestHandler):
        def _play(self, answers: list[Answer]) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            script.asked.append((self.path, self.headers.get("Authorization", ""), body))
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer.hang_up:
                self.close_connection = True
                return
            content = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self._play(script.get)

        def do_POST(self) -> None:
            self._play(script.post)

        def do_PUT(self) -> None:
            self._play(script.put)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is http.server's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    script.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
