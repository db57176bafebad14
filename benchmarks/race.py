"""Side by side in one run: each side in turn, so that what else the machine does slows both; the median counts."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Side = Callable[[], float]
"""Does the work once and gives its seconds; what it takes to set up and to clear away is not among them."""


class WrongResultError(Exception):
    """A side did not do what it was to do, so its time says nothing."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the project set itself.

    Attributes:
        text: in words, for the table.
        ratio: at least this many times faster than theirs; None if there is no such target.
        ours_s: at most so many seconds; None if there is no such target.
    """

    text: str
    ratio: float | None = None
    ours_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one benchmark.

    Attributes:
        name: as in results.json.
        work: what was done, for the table.
        theirs: what it is compared with, for the table.
        ours_s: seconds of each round.
        theirs_s: likewise.
        notes: further figures, a sentence each.
        shortfalls: further targets that were missed, a sentence each.
    """

    name: str
    work: str
    theirs: str
    ours_s: Sequence[float]
    theirs_s: Sequence[float]
    target: Target
    notes: Sequence[str] = ()
    shortfalls: Sequence[str] = ()

    @property
    def ours(self) -> float:
        """Median of our seconds."""
        return statistics.median(self.ours_s)

    @property
    def other(self) -> float:
        """Median of their seconds."""
        return statistics.median(self.theirs_s)

    @property
    def ratio(self) -> float:
        """Their time over ours: above 1, ours is faster."""
        return self.other / self.ours

    @property
    def met(self) -> bool:
        """Whether every target is met."""
        fast_enough = self.target.ratio is None or self.ratio >= self.target.ratio
        short_enough = self.target.ours_s is None or self.ours <= self.target.ours_s
        return fast_enough and short_enough and not self.shortfalls


def race(sides: Mapping[str, Side], *, rounds: int, told: Callable[[str], None]) -> Mapping[str, Sequence[float]]:
    """Let the sides do their work in turn, another one first in each round.

    Args:
        sides: by name.
        rounds: how often each does it, at least once.
        told: how it is going, a line for each.

    Returns:
        The seconds of each round, by name.
    """
    names = list(sides)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            taken = sides[name]()
            seconds[name].append(taken)
            told(f"round {number + 1} of {rounds}, {name}: {taken:.2f} s")
    return seconds


class Stopwatch:
    """Seconds of what is done in its block."""

    seconds = 0.0


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Time a block by the clock on the wall."""
    watch, started = Stopwatch(), time.perf_counter()
    try:
        yield watch
    finally:
        watch.seconds = time.perf_counter() - started
