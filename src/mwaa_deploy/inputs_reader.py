"""Reads the INPUT_* variables one by one, each as what it is to be."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TypeVar

from mwaa_deploy.input_patterns import LINES_APART, WORDS_APART

E = TypeVar("E", bound=StrEnum)

_SESSION_SECONDS = (900, 43_200)
"""Bounds of DurationSeconds (STS API Reference, AssumeRoleWithWebIdentity)."""

LONGEST_CHAINED_SESSION = 3600
"""Seconds; what STS gives a role that another role assumes, whatever its MaxSessionDuration.

Source: STS API Reference, AssumeRole.
"""

DEFAULT_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")
"""What a template with an execution role needs."""
_CAPABILITIES = frozenset({"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"})


def variable(name: str) -> str:
    """The variable that an input comes in, as GitHub has it for actions of every other kind."""
    return "INPUT_" + name.upper().replace("-", "_")


class InputsReader:
    """Reads inputs one by one and keeps every problem.

    Attributes:
        problems: what is wrong, each beginning with the input's name.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        """The text without blanks at its ends; '' if not given."""
        return self._env.get(variable(name), "").strip()

    def matching(self, name: str, pattern: re.Pattern[str], wanted: str) -> str:
        """A text of a certain form; '' if not given."""
        value = self.text(name)
        if value and not pattern.fullmatch(value):
            self.problems.append(f"{name}: {value!r} is not {wanted}")
        return value

    def session_seconds(self, name: str, default: int) -> int:
        """Seconds that a role's session may last."""
        value, (least, most) = self.text(name), _SESSION_SECONDS
        if not value:
            return default
        if not re.fullmatch(r"\d{3,5}", value) or not least <= int(value) <= most:
            self.problems.append(f"{name}: {value!r} is not a whole number of seconds from {least} to {most}")
            return default
        return int(value)

    def flag(self, name: str) -> bool:
        """True or false; false if not given."""
        value = self.text(name)
        if value not in {"", "true", "false"}:
            self.problems.append(f"{name}: {value!r} is neither true nor false")
        return value == "true"

    def choice(self, name: str, kind: Callable[[str], E], default: E) -> E:
        """One of several words."""
        value = self.text(name)
        try:
            return kind(value) if value else default
        except ValueError:
            self.problems.append(f"{name}: {value!r} is not one of {', '.join(filter(None, type(default)))}")
            return default

    def path(self, name: str) -> str:
        """A path inside the workspace; '' if not given."""
        value = self.text(name)
        if not value:
            return ""
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts:
            self.problems.append(f"{name}: {value!r} leaves the workspace; it takes a path inside it")
        return path.as_posix()

    def paths(self, name: str) -> tuple[str, ...]:
        """Paths inside the DAG folder, one a line."""
        found = []
        for line in self.lines(name):
            path = PurePosixPath(line)
            if path.is_absolute() or ".." in path.parts or path == PurePosixPath():
                self.problems.append(f"{name}: {line!r} is not a path inside the DAG folder")
            found.append(path.as_posix())
        return tuple(found)

    def lines(self, name: str) -> tuple[str, ...]:
        """What stands on each line, without blanks at its ends."""
        return tuple(filter(None, map(str.strip, self.text(name).splitlines())))

    def all_matching(
        self, name: str, pattern: re.Pattern[str], wanted: str, *, apart: re.Pattern[str] = LINES_APART
    ) -> tuple[str, ...]:
        """Texts of a certain form, one a line if nothing else stands between them."""
        found = tuple(filter(None, apart.split(self.text(name))))
        self.problems += [f"{name}: {line!r} is not {wanted}" for line in found if not pattern.fullmatch(line)]
        return found

    def number(self, name: str, most: int) -> int | None:
        """A whole number from 0; None if not given."""
        value = self.text(name)
        if not value:
            return None
        if not re.fullmatch(r"\d{1,9}", value) or int(value) > most:
            self.problems.append(f"{name}: {value!r} is not a whole number from 0 to {most}")
            return None
        return int(value)

    def minutes(self, name: str, default: int) -> int:
        """A whole number of minutes."""
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"[1-9]\d{0,3}", value):
            self.problems.append(f"{name}: {value!r} is not a whole number of minutes from 1 to 9999")
            return default
        return int(value)

    def capabilities(self) -> tuple[str, ...]:
        """The capabilities of a change set."""
        text = self.text("capabilities")
        if not text:
            return DEFAULT_CAPABILITIES
        found = tuple(filter(None, WORDS_APART.split(text)))
        for capability in found:
            if capability not in _CAPABILITIES:
                self.problems.append(f"capabilities: {capability!r} is not one of {', '.join(sorted(_CAPABILITIES))}")
        return found

    def tags(self, name: str) -> tuple[tuple[str, str], ...]:
        """One key=value a line."""
        tags = []
        for line in self.lines(name):
            key, equals, value = line.partition("=")
            if not equals or not key.strip():
                self.problems.append(f"{name}: {line!r} is not of the form key=value")
            tags.append((key.strip(), value.strip()))
        return tuple(tags)
