"""A small JSON application over HTTP: routes, refusals, and a server that ends cleanly."""

import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked.

    Attributes:
        path: percent-decoded, without the query.
        query: the last value of each key.
        headers: by lower-case name.
        named: what the route's pattern found in the path.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    named: Mapping[str, str] = field(default_factory=dict)

    def json(self, *required: str) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            RefusedError: 400, it is none, or lacks a required name.
        """
        try:
            document = json.loads(self.body or b"{}")
        except ValueError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, {"message": "Problems parsing JSON"}) from error
        if not isinstance(document, dict):
            raise RefusedError(HTTPStatus.BAD_REQUEST, {"message": "Body should be a JSON object"})
        missing = [name for name in required if name not in document]
        if missing:
            raise RefusedError(HTTPStatus.BAD_REQUEST, {"message": f"Body lacks {', '.join(missing)}"})
        return document


@dataclass(frozen=True, kw_only=True)
class Response:
    """What is answered; the body goes out as JSON, None as no body."""

    status: int = HTTPStatus.OK
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A request that is answered with an error status."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(f"{status} {body}")
        self.response = Response(status=status, body=body)


Answer = Callable[[Request], Response]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method and a path pattern such as /repos/{owner}/{path*}: a name is one segment's, with * that of several."""

    method: str
    pattern: str
    answer: Answer

    def match(self, request: Request) -> Mapping[str, str] | None:
        """The named segments, or None if the request is for another route."""
        if request.method != self.method:
            return None
        pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", self.pattern)
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern), request.path)
        return found and found.groupdict()


def dispatch(routes: tuple[Route, ...], request: Request) -> Response:
    """Let the first matching route answer.

    Raises:
        RefusedError: 404, no route matches.
    """
    for route in routes:
        named = route.match(request)
        if named is not None:
            return route.answer(
                Request(
                    method=request.method,
                    path=request.path,
                    query=request.query,
                    headers=request.headers,
                    body=request.body,
                    named=named,
                )
            )
    raise RefusedError(HTTPStatus.NOT_FOUND, {"message": "Not Found"})


@contextmanager
def serving(answer: Answer, port: int = 0) -> Iterator[str]:
    """Serve on loopback in the background, on a free port if none is given; yields the URL."""
    server = ThreadingHTTPServer((LOOPBACK, port), _handler(answer))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def serve_until_terminated(answer: Answer, *, port: int, name: str) -> None:
    """Serve in the foreground, say where, and return after SIGTERM or SIGINT."""
    with terminated() as event, serving(answer, port) as url:
        print(f"{name} listens on {url}", flush=True)
        event.wait()


@contextmanager
def terminated() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set. Main thread only."""
    event = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: event.set()) for number in numbers}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handler(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave in two writes; with Nagle's algorithm the second waits for a delayed acknowledgement.
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            split = urlsplit(self.path)
            request = Request(
                method=self.command,
                path=unquote(split.path),
                query={key: values[-1] for key, values in parse_qs(split.query, keep_blank_values=True).items()},
                headers={key.lower(): value for key, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )
            try:
                response = answer(request)
            except RefusedError as refused:
                response = refused.response
            self._send(response)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 -- names set by http.server

        def _send(self, response: Response) -> None:
            body = b"" if response.body is None else json.dumps(response.body).encode()
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if body:
                self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            del size
            # Polling would drown everything else.
            if self.command != "GET" or int(code) >= HTTPStatus.BAD_REQUEST:
                print(f"{self.command} {self.path} {int(code)}", file=sys.stderr, flush=True)

    return Handler
