"""The real time, and how long to pause between two looks at something."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime


class SystemClock:
    """Fills the Clock port."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def pauses(longest: float, first: float = 1) -> Iterator[float]:
    """Seconds to pause between looks, for ever: short at first, since much is done quickly, then twice as long each."""
    pause = min(first, longest)
    while True:
        yield pause
        pause = min(2 * pause, longest)
