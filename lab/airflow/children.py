"""The processes of one environment: all end together, and with the manager."""

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab import processes
from lab.airflow.errors import StoppedError


class Children:
    """Starts processes; once closed, it ends them all and starts no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[bytes]] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether all is over."""
        return self._closed

    def start(self, argv: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path) -> "subprocess.Popen[bytes]":
        """Start a process that goes on in the background.

        Raises:
            StoppedError: the children are closed.
        """
        with self._lock:
            if self._closed:
                raise StoppedError("The environment is being deleted")
            running = processes.start(argv, log=log, env=env, cwd=cwd, tied=True)
            self._running.append(running)
            return running

    def run(self, argv: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path, timeout: float) -> int | None:
        """Run a command to its end; its exit code, or None if it took more than `timeout` seconds and was ended.

        Raises:
            StoppedError: the children are closed, or were meanwhile.
        """
        running = self.start(argv, log=log, env=env, cwd=cwd)
        try:
            code: int | None = running.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        self.end(running)
        if self._closed:
            raise StoppedError("The environment is being deleted")
        return code

    def end(self, *running: "subprocess.Popen[bytes]") -> None:
        """End some of them."""
        processes.end(*running)
        with self._lock:
            self._running = [other for other in self._running if other not in running]

    def close(self) -> None:
        """End them all, for good."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        self.end(*running)
