"""Reads what a command left in files, with the rights of the user whom it ran as, and never more than those.

Part of the supervisor (supervisor.py), or by itself, as that user: `python3 -I -S result_reader.py PATH ...`. Standard
library only, Python 3.7 and later, and few imports. By itself it prints a report: one JSON object, {"results": [the
size of each file, or null where there is none]}, a newline, and the bytes of each file, one after the other. Those of a
file larger than LARGEST are left out, and its size is then some number above that.
"""

import os
import select
import signal
import stat
import sys
import time

LARGEST = 64 * 1024 * 1024
"""Bytes of one file; what runs inside could otherwise fill this program's memory or disk."""

_CHUNK = 1 << 20
_SIZE = 8
_NONE = -1
_PATIENCE = 10.0
"""Seconds for all of them."""

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from collections.abc import Sequence

    Found = tuple[int | None, bytes]
    """A file's size, None where there is none, and its bytes."""


class Who:
    """A user as the system knows it."""

    def __init__(self, uid: int, gid: int, groups: "list[int]", home: str) -> None:
        self.uid, self.gid, self.groups, self.home = uid, gid, groups, home


def become(who: "Who | None") -> None:
    """Be this user from now on, with no way back; None means to stay who we are."""
    if who:
        os.setgroups(who.groups)
        os.setresgid(who.gid, who.gid, who.gid)
        os.setresuid(who.uid, who.uid, who.uid)


def remove(paths: "Sequence[str]") -> None:
    """See to it that what is read from these paths later was written later."""
    for path in paths:
        try:
            os.unlink(path)
        except OSError:
            pass


def read(path: str) -> "Found":
    """A regular file; nothing else is waited for, nor looked for behind a link."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None, b""
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return None, b""
        body = bytearray()
        while len(body) <= LARGEST:
            piece = os.read(file, _CHUNK)
            if not piece:
                return len(body), bytes(body)
            body += piece
        return len(body), b""
    except OSError:
        return None, b""
    finally:
        os.close(file)


def read_as(who: "Who | None", paths: "Sequence[str]") -> "list[Found]":
    """Read them in a process of its own, which becomes the user first and cannot come back.

    We stay who we are, out of the reach of other processes of that user's. These can end the reader or keep it from
    working, and what it says is believed no more than the files; what it does not say in time is not there.
    """
    if not paths:
        return []
    source, sink = os.pipe()
    reader = 0
    try:
        reader = os.fork()
        if reader == 0:
            _serve(who, paths, sink)
        os.close(sink)
        sink = -1
        said = _receive(source, len(paths) * (_SIZE + LARGEST))
    except OSError:
        said = b""
    finally:
        os.close(source)
        if sink >= 0:
            os.close(sink)
        if reader:
            os.kill(reader, signal.SIGKILL)
            os.waitpid(reader, 0)
    return _parse(said, len(paths))


def _serve(who: "Who | None", paths: "Sequence[str]", sink: int) -> None:
    """In the child: send each one's size, and its bytes. Never returns."""
    try:
        # Our own streams, which speak for the supervisor, are none of this user's business.
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        become(who)
        for path in paths:
            size, body = read(path)
            write_all(sink, (_NONE if size is None else size).to_bytes(_SIZE, "big", signed=True))
            write_all(sink, body)
    finally:
        os._exit(0)


def _receive(source: int, most: int) -> bytes:
    said, until = bytearray(), time.monotonic() + _PATIENCE
    while len(said) < most:
        left = until - time.monotonic()
        if left <= 0 or not select.select([source], [], [], left)[0]:
            break
        piece = os.read(source, _CHUNK)
        if not piece:
            break
        said += piece
    return bytes(said)


def _parse(said: bytes, number: int) -> "list[Found]":
    found = []  # type: list[Found]
    at = 0
    for _ in range(number):
        size = int.from_bytes(said[at : at + _SIZE], "big", signed=True) if len(said) >= at + _SIZE else _NONE
        at += _SIZE
        body = said[at : at + size] if 0 <= size <= LARGEST else b""
        at += len(body)
        is_whole = size > LARGEST or len(body) == size
        found.append((size, body) if is_whole else (None, b""))
    return found


def sizes(found: "Sequence[Found]") -> str:
    """The sizes as JSON."""
    return "[%s]" % ", ".join("null" if size is None else str(size) for size, _ in found)


def write_all(file: int, data: bytes) -> None:
    """Write all of it, however much a pipe takes at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def write_report(file: int, head: str, found: "Sequence[Found]") -> None:
    """Write the JSON object, and the bytes after it."""
    write_all(file, head.encode() + b"\n")
    for _, body in found:
        write_all(file, body)


if __name__ == "__main__":
    _found = [read(path) for path in sys.argv[1:]]
    write_report(1, '{"results": %s}' % sizes(_found), _found)
