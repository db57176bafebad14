"""Telling users why their tests lack something that they have on a laptop."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from mwaa_deploy.checks.verdicts import Location, Severity, Verdict

_PACKAGE = re.compile(r"fixture '[^']*' not found|unrecognized arguments: |No module named ")
_FILE = re.compile(r"No module named |cannot import name|FileNotFoundError|No such file or directory")

_SETTING = (
    "If it comes from a package that only the tests need, name that in a file, and the file in mwaa-deploy.yml: "
    "checks: {unit-tests: {requirements: requirements-dev.txt}}"
)
_MOST_NAMED = 3


def with_lack_explained(
    verdict: Verdict, *, left_out: Mapping[str, int], untracked: Callable[[], Sequence[str]]
) -> Verdict:
    """A verdict that also says how what is missing gets there, if it is a failure that looks like it; else the same.

    Args:
        verdict: about a test.
        left_out: files of the project that there was no room for, with their sizes in bytes.
        untracked: gives the files that git does not track.
    """
    text = verdict.message  # what else was printed need not be about what failed
    if verdict.severity is not Severity.FAIL or not (_PACKAGE.search(text) or _FILE.search(text)):
        return verdict
    told = [_SETTING] if _PACKAGE.search(text) else []
    if _FILE.search(text):
        if names := [name for name in left_out if _mentions(text, name)]:
            told.insert(0, f"Tests do not see {_some(names)}: too large to be copied.")
        if names := [name for name in untracked() if _mentions(text, name)]:
            told.insert(0, f"Tests see what git tracks, and it does not track {_some(names)}: git add it.")
    said = verdict.message.rstrip()
    end = "" if said.endswith((".", "!", "?")) else "."
    return replace(verdict, message=" ".join((f"{said}{end}", *told))) if told else verdict


def judge_room(left_out: Mapping[str, int], *, most: int, location: Location | None) -> tuple[Verdict, ...]:
    """Say which files of the project the tests do not see.

    Args:
        left_out: those that there was no room for, with their sizes in bytes.
        most: bytes of room.
        location: of the tests.
    """
    if not left_out:
        return ()
    largest = sorted(left_out, key=lambda name: (-left_out[name], name))
    message = (
        f"The tests see the project's files up to {most / 1024**2:.0f} MiB altogether, the smallest first. Not copied: "
        f"{_some([f'{name} ({left_out[name] / 1024**2:.1f} MiB)' for name in largest])}."
    )
    return (Verdict(subject="files for the tests", severity=Severity.PASS, message=message, location=location),)


def _mentions(text: str, name: str) -> bool:
    path = PurePosixPath(name)
    word = path.parent.name if path.stem == "__init__" else path.stem
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
