"""Reads INPUT_* variables one by one, each in the form that it must have, and keeps every problem."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TypeVar

E = TypeVar("E", bound=StrEnum)

DEFAULT_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")
"""What a template with an execution role needs; action.yml has the same default."""
_CAPABILITIES = frozenset({"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"})


class InputsReader:
    """Reads inputs one by one.

    Attributes:
        problems: found so far, each beginning with the input's name.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        """The value without the blanks around it."""
        return self._env.get("INPUT_" + name.upper().replace("-", "_"), "").strip()

    def matching(self, name: str, pattern: re.Pattern[str], wanted: str) -> str:
        """A value of a pattern, `wanted` in words."""
        value = self.text(name)
        if value and not pattern.fullmatch(value):
            self.problems.append(f"{name}: {value!r} is not {wanted}")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.text(name)
        if value not in {"", "true", "false"}:
            self.problems.append(f"{name}: {value!r} is neither true nor false")
        return value == "true"

    def choice(self, name: str, kind: Callable[[str], E], default: E) -> E:
        """One of a closed set."""
        value = self.text(name)
        try:
            return kind(value) if value else default
        except ValueError:
            self.problems.append(f"{name}: {value!r} is not one of {', '.join(type(default))}")
            return default

    def path(self, name: str) -> str:
        """A path within the workspace, in POSIX form."""
        value = self.text(name)
        if not value:
            return ""
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts:
            self.problems.append(f"{name}: {value!r} leaves the workspace; it takes a path inside it")
        return path.as_posix()

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
        """CloudFormation's capabilities, separated by commas or blanks."""
        text = self.text("capabilities")
        if not text:
            return DEFAULT_CAPABILITIES
        found = tuple(filter(None, re.split(r"[\s,]+", text)))
        for capability in found:
            if capability not in _CAPABILITIES:
                self.problems.append(f"capabilities: {capability!r} is not one of {', '.join(sorted(_CAPABILITIES))}")
        return found

    def tags(self, name: str) -> tuple[tuple[str, str], ...]:
        """One key=value a line."""
        tags = []
        for line in filter(None, map(str.strip, self.text(name).splitlines())):
            key, equals, value = line.partition("=")
            if not equals or not key.strip():
                self.problems.append(f"{name}: {line!r} is not of the form key=value")
            tags.append((key.strip(), value.strip()))
        return tuple(tags)
