"""The lines of a wait, so that nobody takes it for dead."""

from datetime import datetime

from mwaa_deploy.ports import Clock, Log

HEARTBEAT = 60
"""Seconds between two lines of a wait that has nothing new to say."""

GO_ON = (
    "Run the job again: it waits for what is still running, looks at the target anew and does what is left.\n"
    "To wait for longer:\n    with:\n      stack-timeout-minutes: 360"
)
"""How to go on after a time-out, of the stack or of the environment."""


class Heartbeat:
    """Says how a wait stands: at once what is new, and once a minute that it goes on.

    Args:
        log: where it is said.
        clock: tells how long it has taken.
        since: when what is waited for began; None for now.
    """

    def __init__(self, log: Log, clock: Clock, *, since: datetime | None = None) -> None:
        self._log = log
        self._clock = clock
        self._since = since or clock.now()
        self._said: datetime | None = None
        self._last = ""

    def beat(
        self,
        state: str,
        meaning: str = "",
        *,
        expected: tuple[int, int] | None = None,
        since: datetime | None = None,
    ) -> None:
        """Tell the state, if it is another than last time or a minute has passed since.

        Args:
            state: as in 'mwaa-staging is UPDATING'.
            meaning: a sentence about it; may be empty.
            expected: minutes, at least and at most, that it usually takes; None where nobody can say.
            since: when it began, if that was at another time than what the wait as a whole is for.
        """
        now = self._clock.now()
        if self._said is not None and state == self._last and (now - self._said).total_seconds() < HEARTBEAT:
            return
        line = f"{state} after {elapsed(since or self._since, now)}{expected_text(expected)}. {meaning}"
        self._log.info(line.rstrip())
        self._said, self._last = now, state


def elapsed(since: datetime, now: datetime) -> str:
    """How long it has taken, as in '12 min'."""
    return f"{(now - since).total_seconds() / 60:.0f} min"


def expected_text(expected: tuple[int, int] | None) -> str:
    """How long it should take, as in ' of 15 to 35'; '' where nobody can say."""
    return f" of {expected[0]} to {expected[1]}" if expected else ""
