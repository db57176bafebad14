"""Work that goes on beside other work."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """A function that runs in a thread of its own from now on.

    Nothing waits for it when the program ends otherwise: what it does in a runner ends with the runner.
    """

    def __init__(self, work: Callable[[], T], name: str) -> None:
        self._work = work
        self._found: list[T] = []
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def result(self) -> T:
        """What the function gave, once it has ended; what it raised is raised here."""
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        return self._found[0]

    def _run(self) -> None:
        try:
            self._found.append(self._work())
        except BaseException as problem:  # noqa: BLE001 -- raised again where it is waited for
            self._problem = problem
