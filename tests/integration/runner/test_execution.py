"""The engine's raw stream, from an engine that sends what a real one rarely does."""

import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from docker import APIClient

from mwaa_deploy.runner.execution import execute


def frame(stream: int, body: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(body)) + body


UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nUpgrade: tcp\r\n\r\n"


@contextmanager
def engine(*pieces: bytes, hold: bool = False) -> Iterator[APIClient]:
    """An engine that runs one command, whose stream comes in these pieces; the first together with the head."""
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/exec"):
                self.answer({"Id": "one"})
                return
            self.close_connection = True
            self.wfile.write(UPGRADED + pieces[0])
            for piece in pieces[1:]:
                self.wfile.write(piece)
            if hold:
                released.wait(30)

        def answer(self, body: object) -> None:
            text = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        client = APIClient(f"tcp://127.0.0.1:{server.server_port}", version="1.41", timeout=20)
        try:
            yield client
        finally:
            released.set()
            client.close()
            server.shutdown()


def run(client: APIClient, timeout: float = 10) -> tuple[bytes, bytes]:
    output = bytearray()
    errors = execute(client, "c", ["true"], timeout=timeout, take=output.extend, most_errors=65_536)
    return bytes(output), errors


def test_output_that_comes_with_the_head_is_not_lost():
    with engine(frame(1, b"quick ") + frame(1, b"command")) as client:
        assert run(client) == (b"quick command", b"")


def test_output_and_errors_are_told_apart():
    with engine(frame(1, b"a") + frame(2, b"x"), frame(1, b"b") + frame(2, b"y")) as client:
        assert run(client) == (b"ab", b"xy")


def test_frames_may_come_in_any_pieces():
    whole = frame(1, b"a" * 70_000) + frame(2, b"") + frame(1, b"b")
    with engine(whole[:3], whole[3:9], whole[9:]) as client:
        assert run(client) == (b"a" * 70_000 + b"b", b"")


def test_no_more_errors_are_kept_than_were_asked_for():
    with engine(frame(2, b"e" * 60_000) + frame(2, b"e" * 10_000)) as client:
        assert run(client) == (b"", b"e" * 65_536)


def test_a_stream_that_is_cut_gives_what_came():
    with engine(frame(1, b"cut")[:-1]) as client:
        assert run(client) == (b"cu", b"")


def test_a_stream_that_never_ends_is_left():
    with engine(frame(1, b"words"), hold=True) as client, pytest.raises(TimeoutError):
        run(client, timeout=0.5)
