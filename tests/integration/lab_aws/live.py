"""A stand-in for the service that runs real Airflows, and for the Airflows it runs."""

import base64
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD, TOKEN = "admin", "secret", "a.b.c"


class LiveService:
    """Deployments are ready at once unless `starting` is set or the name is in `failing`.

    While `lagging` is set, the one before the latest is told of, as ready.

    Attributes:
        wanted: every deployment asked for, (name, document), oldest first.
        deleted: names of deployments deleted.
        installation: by name, what containers said while they installed.
        calls: every call to an Airflow's REST API, (method, path, query, body).
    """

    def __init__(self) -> None:
        self.wanted: list[tuple[str, dict[str, Any]]] = []
        self.deleted: list[str] = []
        self.calls: list[tuple[str, str, dict[str, list[str]], Any]] = []
        self.starting = threading.Event()
        self.lagging = threading.Event()
        self.failing: dict[str, str] = {}
        self.installation: dict[str, list[dict[str, Any]]] = {}
        self._generations: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, name: str) -> list[dict[str, Any]]:
        """The deployments asked for under a name."""
        return [document for wanted, document in self.wanted if wanted == name]

    def answer(self, method: str, target: str, authorization: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(target)
        if parts.path.endswith("/installation"):
            return 200, {"logs": self.installation.get(parts.path.split("/")[2], [])}
        if parts.path.startswith("/environments/"):
            return self._deployment(method, parts.path.rsplit("/", 1)[1], body)
        if (method, parts.path, body) == ("POST", "/auth/token", {"username": USER, "password": PASSWORD}):
            return 201, {"access_token": TOKEN}
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if authorization != (basic if parts.path.startswith("/api/v1/") else f"Bearer {TOKEN}"):
            return 401, {"detail": "Unauthorized"}
        self.calls.append((method, parts.path, parse_qs(parts.query), body))
        return {"/missing": (404, {"title": "Not found"}), "/broken": (500, {"title": "Oh"})}.get(
            parts.path[len("/api/v1") :], (200, {"path": parts.path})
        )

    def _deployment(self, method: str, name: str, body: Any) -> tuple[int, Any]:
        if method == "POST":
            self.wanted.append((name, body))
            self._generations[name] = next(self._numbers)
            return 202, {"generation": self._generations[name]}
        if method == "DELETE":
            self.deleted.append(name)
            return 204, None
        generation = {"generation": self._generations[name] - self.lagging.is_set()}
        if self.starting.is_set():
            return 200, {**generation, "state": "starting"}
        if name in self.failing:
            return 200, {**generation, "state": "failed", "error": self.failing[name]}
        return 200, {**generation, "state": "ready", "webserver": self.url, "username": USER, "password": PASSWORD}


def _handler(service: LiveService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, document = service.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            content = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
