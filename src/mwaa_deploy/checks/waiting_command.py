"""A command that prepares itself in the runner beside other work, and waits for its word before it begins."""

import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.ports import Completed, Runner

Run = Callable[[PurePosixPath, PurePosixPath], Completed]
"""Runs it to its end, given the file whose appearance lets it begin, and the one that ends it."""


class WaitingCommand:
    """One such command, started at once in a thread of its own.

    Args:
        name: of what its two files are called; each start has a name of its own.
        folder: where they lie inside the runner.
        runner: where it runs.
        run: runs it.
    """

    def __init__(self, name: str, folder: PurePosixPath, runner: Runner, run: Run) -> None:
        self._runner = runner
        self._run = run
        self._name = name
        unique = f"{name}-{secrets.token_hex(4)}"
        self._go, self._stop = folder / f"{unique}.go", folder / f"{unique}.stop"
        self._completed: Completed | None = None
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether it has ended already, which it should not before it got its word."""
        return not self._thread.is_alive()

    def go(self, before: Mapping[PurePosixPath, bytes] = MappingProxyType({})) -> Completed:
        """Let it begin, and wait for its end.

        Args:
            before: files to write before it gets its word.

        Raises:
            RunnerBroken: the runner died.
        """
        self._runner.put_all({**before, self._go: b"go\n"})
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        if self._completed is None:
            raise RunnerBroken(f"{self._name} ended without an answer.")
        return self._completed

    def stop(self) -> None:
        """End it, whatever it does; nothing of it is left running. What has ended stays as it is."""
        if self._thread.is_alive():
            try:
                self._runner.put(self._stop, b"stop\n")
            except RunnerBroken:
                return  # it died, and everything in it
            self._thread.join()

    def _work(self) -> None:
        try:
            self._completed = self._run(self._go, self._stop)
        except Exception as problem:  # noqa: BLE001 -- raised again where it is waited for
            self._problem = problem
