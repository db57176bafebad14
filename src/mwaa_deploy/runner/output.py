"""What a command printed, kept to a size."""

from collections import deque

LIMIT = 1024 * 1024
"""Bytes kept of one command's output: half from its beginning, half from its end."""


class CappedOutput:
    """Takes chunks of bytes and forgets the middle of what is too long."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._forgotten = 0

    def write(self, chunk: bytes) -> None:
        """Take more of the output."""
        room = self._half - len(self._head)
        self._head += chunk[:room]
        rest = chunk[room:]
        if not rest:
            return
        self._tail.append(rest)
        self._tail_size += len(rest)
        while self._tail_size - len(self._tail[0]) >= self._half:
            dropped = len(self._tail.popleft())
            self._tail_size -= dropped
            self._forgotten += dropped

    def text(self) -> str:
        """Everything that was kept, decoded; where something is missing, a line says how much."""
        tail = b"".join(self._tail)
        kept = tail[-self._half :] if self._half else b""
        forgotten = self._forgotten + len(tail) - len(kept)
        gap = f"\n[... {forgotten} bytes left out ...]\n".encode() if forgotten else b""
        return (bytes(self._head) + gap + kept).decode("utf-8", errors="replace")
