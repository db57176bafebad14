"""A clock that moves only when somebody sleeps."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Fills the Clock port. Starts at noon of a fixed day.

    Attributes:
        slept: seconds of each sleep, in order.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)) -> None:
        self._now = start
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody sleeping."""
        self._now += timedelta(seconds=seconds)
