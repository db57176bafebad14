"""The user's requirements file, line by line, as pip reads it."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename


class LineKind(Enum):
    """What a line of a requirements file asks for."""

    REQUIREMENT = auto()
    CONSTRAINT = auto()
    OPTION = auto()
    NOTHING = auto()


@dataclass(frozen=True, kw_only=True)
class RequirementLine:
    """One logical line; a backslash at the end joins it with the next one.

    Attributes:
        number: of its first physical line, counted from 1, which is the number pip uses.
        text: without comment, continuation and surrounding space.
        kind: what it asks for.
        name: the project's normalised name, when it can be told without fetching anything.
        requirement: the parsed requirement; None when it is a path, a URL without a name, or not valid.
        target: what a constraint line points to.
    """

    number: int
    text: str
    kind: LineKind
    name: NormalizedName | None = None
    requirement: Requirement | None = None
    target: str | None = None

    def applies(self, environment: Mapping[str, str]) -> bool:
        """Whether its marker, if it has one, holds in that environment (PEP 508's variables)."""
        marker = self.requirement.marker if self.requirement else None
        return marker is None or marker.evaluate({**environment, "extra": ""})


@dataclass(frozen=True, kw_only=True)
class RequirementsFile:
    """A requirements file that was read.

    Attributes:
        text: as the user wrote it.
    """

    text: str
    lines: tuple[RequirementLine, ...]

    @property
    def requirements(self) -> tuple[RequirementLine, ...]:
        """The lines that ask for a package."""
        return tuple(line for line in self.lines if line.kind is LineKind.REQUIREMENT)

    @property
    def constraints(self) -> tuple[RequirementLine, ...]:
        """The lines that point to a constraint file, comments not among them."""
        return tuple(line for line in self.lines if line.kind is LineKind.CONSTRAINT)

    def line_of(self, what: str) -> int | None:
        """The number of the line that asks for something: a requirement, a name, a path or a URL; None if none does."""
        if not what:
            return None
        for line in self.lines:
            if line.text == what:
                return line.number
        asked = _name(what)
        for line in self.requirements:
            if asked and line.name == asked and (not line.requirement or str(line.requirement.specifier) in what):
                return line.number
        for line in self.requirements:
            if asked and line.name == asked:
                return line.number
        literal = len(what) > 3 and any(character in what for character in "/:.-")  # noqa: PLR2004 -- no bare words
        return next((line.number for line in self.lines if literal and what in line.text), None)


def parse_requirements(text: str) -> RequirementsFile:
    """Read a requirements file. Nothing is judged here: a line that pip would refuse is kept as it is."""
    return RequirementsFile(text=text, lines=tuple(_line(number, line) for number, line in _logical_lines(text)))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    first, joined = 0, ""
    for number, raw in enumerate(text.splitlines(), start=1):
        first = first or number
        comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not comment:
            joined += raw[:-1]
            continue
        joined += f" {raw}" if comment and joined else raw
        yield first, re.sub(r"(^|\s+)#.*$", "", joined).strip()
        first, joined = 0, ""
    if joined:
        yield first, joined.strip()


def _line(number: int, text: str) -> RequirementLine:
    if not text:
        return RequirementLine(number=number, text=text, kind=LineKind.NOTHING)
    if target := constraint_target(text):
        return RequirementLine(number=number, text=text, kind=LineKind.CONSTRAINT, target=target)
    editable = re.match(r"(-e\s*|--editable[=\s]\s*)", text)
    if text.startswith("-") and not editable:
        return RequirementLine(number=number, text=text, kind=LineKind.OPTION)
    asked = re.split(r"\s+-{1,2}[A-Za-z]", text[editable.end() :] if editable else text, maxsplit=1)[0].strip()
    return RequirementLine(
        number=number,
        text=text,
        kind=LineKind.REQUIREMENT,
        name=_name(asked),
        requirement=None if editable else _requirement(asked),
    )


def constraint_target(text: str) -> str | None:
    """What a line of a requirements file names as constraint file, in any spelling pip accepts; None if nothing."""
    found = re.match(r"(?:-c\s*=?|--constraint(?:=|\s))\s*(?P<target>\S.*)$", text.strip())
    if not found:
        return None
    try:
        words = shlex.split(found["target"])
    except ValueError:
        return found["target"]
    return words[0] if words else None


def _requirement(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _name(text: str) -> NormalizedName | None:
    if requirement := _requirement(text):
        return canonicalize_name(requirement.name)
    if egg := re.search(r"[#&]egg=([A-Za-z0-9._-]+)", text):
        return canonicalize_name(egg[1])
    if wheel := re.search(r"([^/\\=]+\.whl)(?:[#?].*)?$", text):
        try:
            return parse_wheel_filename(wheel[1])[0]
        except InvalidWheelFilename:
            return None
    return None
