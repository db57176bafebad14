"""What came of a confirmation, and how it says so."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from confirm.account import Account


class Verdict(StrEnum):
    """The three ways a confirmation ends."""

    CONFIRMED = "confirmed"
    FAILED = "DOES NOT HOLD"
    NOT_TRIED = "not tried"


class DoesNotHold(Exception):
    """The account behaves in another way; the message is what was seen."""


class NotTried(Exception):
    """Nothing can be said; the message is why."""


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """One thing that is taken on trust, and how it is tried.

    Attributes:
        id: what docs/on-trust.md calls it.
        row: how the row of docs/on-trust.md begins.
        look: tries it, and answers with what was seen; raises DoesNotHold or NotTried.
    """

    id: str
    row: str
    look: Callable[[Account], str]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What came of one.

    Attributes:
        told: what was seen, or why it was not tried.
        seconds: how long it took.
    """

    confirmation: Confirmation
    verdict: Verdict
    told: str
    seconds: float = 0.0


def require(holds: bool, seen: str) -> None:
    """Raise DoesNotHold with what was seen, unless it holds."""
    if not holds:
        raise DoesNotHold(seen)
