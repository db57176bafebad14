"""A container is removed although the engine is too busy to see it end at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import docker
import pytest
from docker.models.containers import Container

from mwaa_deploy.runner.confined import remove_surely


@contextmanager
def engine(*statuses: int) -> Iterator[tuple[Container, list[str]]]:
    """A container of an engine that answers each removal with the next status, and what it was asked."""
    asked: list[str] = []

    class Engine(BaseHTTPRequestHandler):
        def do_DELETE(self) -> None:
            asked.append(self.path)
            self.send_response(statuses[len(asked) - 1])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Engine)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{server.server_port}", version="1.41")
    try:
        yield Container({"Id": "c0ffee"}, client=client), asked
    finally:
        client.close()
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param([204], id="at once"),
        pytest.param([500, 204], id="too busy at first"),
        pytest.param([404], id="gone"),
        pytest.param([409], id="going"),
    ],
)
def test_it_is_asked_until_the_container_is_gone(statuses):
    with engine(*statuses) as (container, asked):
        remove_surely(container)
    assert asked == ["/v1.41/containers/c0ffee?v=True&link=False&force=True"] * len(statuses)


def test_an_engine_that_is_gone_is_not_waited_for():
    with engine() as (container, asked):
        pass
    remove_surely(container)
    assert asked == []
