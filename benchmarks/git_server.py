"""A git server on loopback that counts the bytes of what it answers, as `git daemon` would over a network."""

import os
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 16


@dataclass
class GitServer:
    """A running server.

    Attributes:
        url: of its one repository.
        sent: bytes that it has sent since it was last set to 0.
    """

    url: str
    sent: int = 0


@contextmanager
def serving_git(repository: Path) -> Iterator[GitServer]:
    """Serve one repository by the git protocol; whatever its own configuration allows."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            # Command, path, host and, last, the protocol's version: https://git-scm.com/docs/protocol-v2#_git_transport
            length = int(self.rfile.read(4), 16) - 4
            version = self.rfile.read(length).rstrip(b"\0").rpartition(b"\0")[2].decode()
            env = {**os.environ, "GIT_PROTOCOL": version if version.startswith("version=") else ""}
            argv = ["git", "upload-pack", "--strict", str(repository)]
            with subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as upload:
                assert upload.stdin  # noqa: S101 -- asked for above
                assert upload.stdout  # noqa: S101
                asking = threading.Thread(target=self._pass_on, args=(upload.stdin.fileno(),), daemon=True)
                asking.start()
                with suppress(ConnectionError):
                    while chunk := upload.stdout.read(_CHUNK):
                        served.sent += len(chunk)
                        self.wfile.write(chunk)

        def _pass_on(self, pipe: int) -> None:
            with suppress(OSError):
                while chunk := self.connection.recv(_CHUNK):
                    os.write(pipe, chunk)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        served = GitServer(url=f"git://127.0.0.1:{server.server_address[1]}/repository")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
