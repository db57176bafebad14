"""One command inside a container, read from the engine's raw stream."""

import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from docker import APIClient

_HEADER = struct.Struct(">BxxxL")
"""Stream (1 output, 2 errors), three bytes of nothing, and the length of what follows (Engine API, attach)."""


def execute(
    api: APIClient,
    container: str,
    command: Sequence[str],
    *,
    user: str,
    environment: Mapping[str, str],
    cwd: str,
    timeout: float,
    take: Callable[[bytes], object],
) -> int | None:
    """Run a command in a running container and wait for it.

    Args:
        api: the SDK's low-level client.
        container: its id.
        command: program and arguments.
        user: who runs it.
        environment: variables besides the container's.
        cwd: its working folder.
        timeout: seconds to wait for the stream to end.
        take: given each piece of output and errors, in the order they came.

    Returns:
        The command's exit code; None if the container ended under it.

    Raises:
        TimeoutError: the stream did not end; the command may still run.
    """
    made = api.exec_create(container, list(command), user=user, environment=dict(environment), workdir=cwd)
    connection = api.exec_start(made["Id"], socket=True)
    try:
        _take_frames(*_reader(connection), deadline=time.monotonic() + timeout, take=take)
    finally:
        _close(connection)
    code: int | None = api.exec_inspect(made["Id"])["ExitCode"]
    return code


def _reader(connection: Any) -> tuple[IO[bytes], socket.socket]:  # noqa: ANN401 -- the SDK gives it no type
    # Not the socket itself: output that came in one packet with the response's head lies in the response's buffer, and
    # the SDK's own readers would lose it.
    return connection._response.raw._fp.fp, getattr(connection, "_sock", connection)  # noqa: SLF001


def _close(connection: Any) -> None:  # noqa: ANN401
    below = getattr(connection, "_sock", connection)
    # The response first: it flushes what it was given.
    for each in (connection._response, connection, below):  # noqa: SLF001
        with suppress(OSError, ValueError):
            each.close()


def _take_frames(stream: IO[bytes], below: socket.socket, *, deadline: float, take: Callable[[bytes], object]) -> None:
    def exactly(size: int) -> bytes:
        below.settimeout(max(deadline - time.monotonic(), 0.001))
        return stream.read(size)

    while len(head := exactly(_HEADER.size)) == _HEADER.size:
        take(exactly(_HEADER.unpack(head)[1]))
