"""Whatever can happen to a run between two of its calls to the outside."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mwaa_deploy.errors import AwsUnavailable, CredentialsRejected, MwaaDeployError
from proofs.virtual_time import Crashed, Task, VirtualTime
from tests.fakes.failures import Knobs


class Happening(StrEnum):
    """What happens."""

    CRASH = "crash"
    THROTTLED = "throttled"
    EXPIRED = "expired"
    STALL = "stall"


STALL_SECONDS = 3600
"""Longer than any lease holds: a machine that was put to sleep, or a network that hangs."""

_ERRORS: Mapping[Happening, type[MwaaDeployError]] = {
    Happening.THROTTLED: AwsUnavailable,
    Happening.EXPIRED: CredentialsRejected,
}


@dataclass(frozen=True, kw_only=True)
class Trip:
    """Something that happens to a run.

    Attributes:
        call: just before this call of the run, counted from 1.
        method: only calls of that method are counted; '' for all of them.
    """

    call: int
    happening: Happening
    method: str = ""


class Tripwire(Knobs):
    """Stands in for the knobs of all fakes: every call of theirs comes by here first."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._time = time
        self._lock = threading.Lock()
        self._trips: dict[str, dict[tuple[str, int], Happening]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        time.before_sleep = lambda: self.called("sleep")
        self.sprung: list[tuple[str, Happening, str]] = []

    def lay(self, run: str, trips: tuple[Trip, ...]) -> None:
        """Let something happen to a run that is to come."""
        self._trips[run] = {(trip.method, trip.call): trip.happening for trip in trips}

    def called(self, method: str, argument: str = "") -> None:
        """A call is about to be made."""
        super().called(method, argument)
        task = self._time.mine()
        if task is None:
            return
        happening = self._next(task, method)
        if happening is Happening.STALL:
            self._time.let_pass(STALL_SECONDS)
        elif happening is not None:
            message = f"{method}: {happening}"
            raise _ERRORS[happening](message)
        self._time.pause()

    def _next(self, task: Task, method: str) -> Happening | None:
        with self._lock:
            if task.dead:
                raise Crashed(method)
            task.calls += 1
            self._counts[task.name, method] += 1
            trips = self._trips.get(task.name, {})
            happening = trips.get(("", task.calls)) or trips.get((method, self._counts[task.name, method]))
            if happening is None:
                return None
            self.sprung.append((task.name, happening, method))
            if happening is Happening.CRASH:
                task.dead = True
                raise Crashed(method)
            return happening
