"""The last line of a terminal, which says what goes on and for how long while nothing else is to be said."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TextIO

from mwaa_deploy.report.markdown import seconds
from mwaa_deploy.report.plain_text import one_line

SOON = 1.0
"""Seconds that a step goes on before it is told."""

_EVERY = 0.1
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES = "|/-\\"
_CLEARED = "\r\x1b[K"


class StatusLine:
    """A context manager: the line is there as long as it is open, and gone afterwards.

    Args:
        stream: the terminal.
        what: the name of the step that goes on, and when it began on a clock that only grows; None between two.
        clock: that clock.
    """

    def __init__(
        self,
        stream: TextIO,
        what: Callable[[], tuple[str, float] | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._what = what
        self._clock = clock
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._shown = False
        self._turn = 0
        self._thread = threading.Thread(target=self._work, name="status-line", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Leave the terminal as it was."""
        self._over.set()
        self._thread.join()
        with self._lock:
            self._clear()

    @contextmanager
    def above(self) -> Iterator[None]:
        """Whatever is printed inside stands above the line, which is drawn anew afterwards."""
        with self._lock:
            self._clear()
            yield

    def draw(self) -> None:
        """Draw it as it is now."""
        found, now = self._what(), self._clock()
        with self._lock:
            if found is None or now - found[1] < SOON:
                self._clear()
                return
            name, began = found
            frames = (
                _FRAMES if (getattr(self._stream, "encoding", "") or "").lower().startswith("utf") else _PLAIN_FRAMES
            )
            self._turn += 1
            room = max(10, shutil.get_terminal_size().columns - 1)
            text = f"{frames[self._turn % len(frames)]} {one_line(name)}, {seconds(now - began)}"
            self._stream.write(f"\r{text[:room]}\x1b[K")
            self._stream.flush()
            self._shown = True

    def _clear(self) -> None:
        if self._shown:
            self._stream.write(_CLEARED)
            self._stream.flush()
            self._shown = False

    def _work(self) -> None:
        while not self._over.wait(_EVERY):
            try:
                self.draw()
            except (OSError, ValueError):  # the terminal is gone
                return
