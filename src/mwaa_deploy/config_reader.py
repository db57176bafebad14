"""Reading a configuration file strictly: every key is known, every value of its kind, every problem has its line."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from mwaa_deploy.bundle.lined import LinedDict, LinedList

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

_MOST = 10**9
"""The largest whole number that a rule's parameter takes."""

_SIZE = re.compile(r"(?P<number>\d+) ?(?P<unit>[KMGT]iB|[KMGT]B|B)?")
_UNITS: Mapping[str, int] = {
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", start=1)},
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGT", start=1)},
    "B": 1,
}


class Section:
    """One mapping of the file. What it is asked for is taken out; `finish` complains about the rest.

    Args:
        found: what stands there; None for nothing.
        name: the way to it, as in 'checks.rules'; empty for the whole file.
        problems: where problems are collected, each as (line, text).
    """

    def __init__(self, found: object, name: str, problems: list[tuple[int, str]], *, line: int = 1) -> None:
        self._name = name
        self._problems = problems
        self._line = line
        self._asked: list[str] = []
        if found is not None and not isinstance(found, LinedDict):
            self.complain(line, f"{name or 'the file'} takes keys with values, not {_short(found)}")
        self._found = found if isinstance(found, LinedDict) else LinedDict(line)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that were written."""
        return tuple(self._found)

    def line_of(self, key: str) -> int:
        """The line of a key, or of the section where it is missing."""
        return self._found.lines.get(key, self._line)

    def complain(self, line: int, text: str) -> None:
        """Note a problem."""
        self._problems.append((line, text))

    def section(self, key: str) -> "Section":
        """A mapping in this one; an empty one if it is not there."""
        return Section(self._take(key), self._path(key), self._problems, line=self.line_of(key))

    def raw(self, key: str) -> object:
        """Whatever stands there, None if nothing does."""
        return self._take(key)

    def text(self, key: str, default: str = "") -> str:
        """A scalar as it was written."""
        return self._read(key, default, _as_text, "text")

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        return self._read(key, default, _as_flag, "true or false")

    def number(self, key: str, default: float, *, least: float = 0.0) -> float:
        """A number from `least` on."""
        return self._read(key, default, lambda value: _as_number(value, least), f"a number from {least:g} on")

    def whole(self, key: str, default: int, *, least: int, most: int) -> int:
        """A whole number from `least` to `most`."""
        wanted = f"a whole number from {least} to {most}"
        return self._read(key, default, lambda value: _as_whole(value, least, most), wanted)

    def size(self, key: str) -> int | None:
        """Bytes, written with a unit such as '4 GiB'; None if it is not there."""
        return self._read(key, None, _as_size, "a size such as '4 GiB'")

    def choice(self, key: str, kind: type[E], default: E) -> E:
        """One of a few words."""
        words = ", ".join(kind)
        return self._read(key, default, lambda value: _as_choice(value, kind), f"one of {words}")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of scalars, or a single one."""
        return self._read(key, (), _as_texts, "a list of texts")

    def finish(self) -> None:
        """Complain about keys that nobody asked for."""
        for key in self._found:
            if key not in self._asked:
                known = ", ".join(sorted(set(self._asked)))
                self.complain(self.line_of(key), f"{self._path(key)} is not known here; there are {known}")

    def _read(self, key: str, default: T, read: Callable[[object], T], wanted: str) -> T:
        value = self._take(key)
        if value is None:
            return default
        try:
            return read(value)
        except (TypeError, ValueError):
            self.complain(self.line_of(key), f"{self._path(key)} takes {wanted}, not {_short(value)}")
            return default

    def _take(self, key: str) -> object:
        self._asked.append(key)
        return self._found.get(key)

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise TypeError
    return value


def _as_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _as_number(value: object, least: float) -> float:
    number = float(_as_text(value))
    if not least <= number < float("inf"):
        raise ValueError
    return number


def _as_whole(value: object, least: int, most: int) -> int:
    number = int(_as_text(value))
    if not least <= number <= most:
        raise ValueError
    return number


def _as_size(value: object) -> int:
    found = _SIZE.fullmatch(_as_text(value))
    if not found:
        raise ValueError
    return int(found["number"]) * _UNITS[found["unit"] or "B"]


def _as_choice(value: object, kind: type[E]) -> E:
    return kind(_as_text(value))


def _as_texts(value: object) -> tuple[str, ...]:
    items: Iterable[object] = value if isinstance(value, LinedList) else [value]
    return tuple(_as_text(item) for item in items)


def as_kind(value: object, kind: type) -> object:
    """A value of a rule's parameter: bool, int, float, str, or tuple for a list of texts.

    Raises:
        TypeError, ValueError: it is of another kind.
    """
    readers: Mapping[type, Callable[[object], object]] = {
        bool: _as_flag,
        int: lambda found: _as_whole(found, 0, _MOST),
        float: lambda found: _as_number(found, 0.0),
        str: _as_text,
        tuple: _as_texts,
    }
    return readers[kind](value)


def _short(value: object) -> str:
    if isinstance(value, LinedDict):
        return "keys with values"
    return "a list" if isinstance(value, LinedList) else repr(value)[:60]
