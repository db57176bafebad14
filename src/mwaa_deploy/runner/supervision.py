"""How a command is handed to the supervisor (supervisor.py), and what that reports."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervisor.py")
"""The script itself, on this host."""

GRACE = 30.0
"""Seconds beyond a command's time limit in which the supervisor ends what it started, on a busy host."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code; 128 and the signal's number for one that was killed.
        timed_out: whether it was killed at its time limit.
        out_of_memory: whether the kernel killed something for lack of memory while it ran.
        killed_all: whether all of the user's processes had to be killed to end it, those of other commands too.
        left: whether something it started could not be killed.
    """

    code: int
    timed_out: bool = False
    out_of_memory: bool = False
    killed_all: bool = False
    left: bool = False


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The supervisor ran nothing.

    Attributes:
        reason: 'root' or 'no user'.
    """

    reason: str


def supervised(
    argv: Sequence[str],
    *,
    python: str,
    script: str,
    seconds: float,
    users: str,
    folder: str,
    env: Mapping[str, str] | None = None,
    errors_taken: bool = True,
) -> list[str]:
    """The command to start for a command.

    Args:
        argv: the command.
        python: an interpreter that the user's code cannot change.
        script: where the supervisor lies, for it.
        seconds: time limit.
        users: 'name', 'name:group' or numbers, several of them with | between; '' to stay who we are.
        folder: working folder.
        env: variables besides those that the supervisor is started with.
        errors_taken: whether what the command prints as errors goes with its output, or is dropped.
    """
    variables = [f"{name}={value}" for name, value in (env or {}).items()]
    errors = "taken" if errors_taken else "dropped"
    # -S and -I: nothing that lies in the user's reach is imported.
    first = [python, "-I", "-S", script, f"{seconds:.3f}", users, folder, errors, str(len(variables))]
    return [*first, *variables, *argv]


def parse_report(text: bytes) -> Ended | Refused | None:
    """What the supervisor reported; None if it did not come to that."""
    try:
        report = json.loads(text)
        return Refused(reason=report["refused"]) if "refused" in report else Ended(**report)
    except (TypeError, ValueError):
        return None
