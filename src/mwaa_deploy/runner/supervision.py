"""How a command is handed to the supervisor (supervisor.py), and what that reports."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mwaa_deploy.runner.member import too_large
from mwaa_deploy.runner.result_reader import LARGEST

SUPERVISOR = Path(__file__).with_name("supervisor.py")
"""The script itself, on this host."""

READER = Path(__file__).with_name("result_reader.py")
"""What it imports, from beside it."""

GRACE = 60.0
"""Seconds beyond a command's time limit in which the supervisor ends what it started and reads, on a busy host."""

_LONGEST_HEAD = 64 * 1024


def own_scripts(script: str) -> Mapping[str, bytes]:
    """The supervisor, whose absolute path is given, and what it imports: by their paths without the first slash."""
    place = PurePosixPath(script.lstrip("/"))
    return {str(place): SUPERVISOR.read_bytes(), str(place.with_name(READER.name)): READER.read_bytes()}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code; 128 and the signal's number for one that was killed.
        timed_out: whether it was killed at its time limit.
        out_of_memory: whether the kernel killed something for lack of memory while it ran.
        killed_all: whether all of the user's processes had to be killed to end it, those of other commands too.
        left: whether something it started could not be killed.
        results: those of the files asked for that are there.
    """

    code: int
    timed_out: bool = False
    out_of_memory: bool = False
    killed_all: bool = False
    left: bool = False
    results: Mapping[PurePosixPath, bytes] = field(default_factory=dict, repr=False)


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
    results: Sequence[PurePosixPath] = (),
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
        results: absolute paths of the files to report.
    """
    variables = [f"{name}={value}" for name, value in (env or {}).items()]
    errors = "taken" if errors_taken else "dropped"
    # -S and -I: nothing that lies in the user's reach is imported.
    first = [python, "-I", "-S", script, f"{seconds:.3f}", users, folder, errors, str(len(variables))]
    return [*first, *variables, str(len(results)), *map(str, results), *argv]


def longest_report(results: Sequence[PurePosixPath]) -> int:
    """How many bytes a report may have, given the files that it was asked for."""
    return _LONGEST_HEAD + len(results) * LARGEST


def parse_report(text: bytes, results: Sequence[PurePosixPath] = ()) -> Ended | Refused | None:
    """What the supervisor reported; None if it did not come to that, or not to its end.

    Args:
        text: the report.
        results: the files that it was asked for.

    Raises:
        RunnerBroken: one of the files is too large.
    """
    try:
        report, found = _read(text, results)
        return Refused(reason=report["refused"]) if "refused" in report else Ended(**report, results=found)
    except (AttributeError, TypeError, ValueError):
        return None


def parse_results(text: bytes, results: Sequence[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
    """What result_reader.py printed by itself; nothing if it did not come to its end.

    Args:
        text: what it printed.
        results: the files that it was asked for.

    Raises:
        RunnerBroken: one of the files is too large.
    """
    try:
        return _read(text, results)[1]
    except (AttributeError, TypeError, ValueError):
        return {}


def _read(text: bytes, paths: Sequence[PurePosixPath]) -> tuple[dict[str, Any], dict[PurePosixPath, bytes]]:
    """The JSON object and the files after it; ValueError if some of their bytes are missing."""
    head, _, rest = text.partition(b"\n")
    report = json.loads(head)
    found, at = {}, 0
    sizes = report.pop("results", [])
    for path, size in zip(paths, sizes, strict=bool(sizes)):
        if size is None:
            continue
        if size > LARGEST:
            raise too_large(path)
        found[path] = rest[at : at + size]
        at += size
    if at != len(rest):
        message = f"{at} bytes were announced, and {len(rest)} came"
        raise ValueError(message)
    return report, found
