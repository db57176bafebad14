"""One command inside a container, read from the engine's raw stream."""

import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any

from docker import APIClient

_HEADER = struct.Struct(">BxxxL")
"""Stream (1 output, 2 errors), three bytes of nothing, and the length of what follows (Engine API, attach)."""


_ERRORS = 2


def execute(
    api: APIClient,
    container: str,
    command: Sequence[str],
    *,
    timeout: float,
    take: Callable[[bytes], object],
    most_errors: int,
) -> bytes:
    """Run a command in a running container, as root, and wait for it.

    Args:
        api: the SDK's low-level client.
        container: its id.
        command: program and arguments.
        timeout: seconds to wait for the stream to end.
        take: given each piece of output, in the order they came.
        most_errors: how many bytes of errors are kept.

    Returns:
        What the command wrote as errors, or the beginning of that.

    Raises:
        TimeoutError: the stream did not end; the command may still run.
    """
    errors = bytearray()

    def sort(stream: int, piece: bytes) -> None:
        if stream != _ERRORS:
            take(piece)
        elif len(errors) < most_errors:
            errors.extend(piece)

    made = api.exec_create(container, list(command), user="0", workdir="/")
    connection = api.exec_start(made["Id"], socket=True)
    try:
        _sort_frames(*_reader(connection), deadline=time.monotonic() + timeout, sort=sort)
    finally:
        _close(connection)
    return bytes(errors[:most_errors])


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


def _sort_frames(
    stream: IO[bytes], below: socket.socket, *, deadline: float, sort: Callable[[int, bytes], object]
) -> None:
    def exactly(size: int) -> bytes:
        below.settimeout(max(deadline - time.monotonic(), 0.001))
        return stream.read(size)

    while len(head := exactly(_HEADER.size)) == _HEADER.size:
        number, size = _HEADER.unpack(head)
        sort(number, exactly(size))
