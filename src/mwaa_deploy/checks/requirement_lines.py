"""The user's requirements file, line by line, as pip reads it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename

from mwaa_deploy.checks.pip_options import OptionFault, PipOption, parse_options


class LineKind(Enum):
    """What a line of a requirements file asks for."""

    REQUIREMENT = auto()
    CONSTRAINT = auto()
    INCLUDE = auto()
    OPTION = auto()
    NOTHING = auto()


@dataclass(frozen=True, kw_only=True)
class RequirementLine:
    """One logical line; a backslash at the end joins it with the next one.

    Attributes:
        number: of its first physical line, counted from 1, which is the number pip uses.
        text: without comment, continuation and surrounding space.
        kind: what it asks for.
        asked: of a requirement, the text without the options behind it.
        name: the project's normalised name, when it can be told without fetching anything.
        requirement: the parsed requirement; None when it is a path, a URL without a name, or not valid.
        target: the file that a constraint line or an included file's line names.
        editable: whether it is a requirement to be installed as editable.
        options: in their order.
        fault: why pip refuses the options; empty if it does not.
    """

    number: int
    text: str
    kind: LineKind
    asked: str = ""
    name: NormalizedName | None = None
    requirement: Requirement | None = None
    target: str | None = None
    editable: bool = False
    options: tuple[PipOption, ...] = ()
    fault: str = ""

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
    first, joined = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), start=1):
        first = first or number
        comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not comment:
            joined.append(raw[:-1])
            continue
        joined.append(f" {raw}" if comment and joined else raw)
        yield first, _without_comment("".join(joined))
        first, joined = 0, []
    if joined:
        yield first, _without_comment("".join(joined))


def _without_comment(line: str) -> str:
    return re.sub(r"(^|\s)#.*$", "", line).strip()


def _line(number: int, text: str) -> RequirementLine:
    if not text:
        return RequirementLine(number=number, text=text, kind=LineKind.NOTHING)
    asked, behind = _split(text)
    fault, options = "", tuple[PipOption, ...]()
    try:
        options = parse_options(behind)
    except OptionFault as error:
        fault = str(error)
    named = {option.name: option.value for option in reversed(options)}
    editable = not asked and "editable" in named
    if asked or editable:
        asked = named["editable"] if editable else asked
        return RequirementLine(
            number=number,
            text=text,
            kind=LineKind.REQUIREMENT,
            asked=asked,
            name=_name(asked),
            requirement=None if editable else parse_requirement(asked),
            editable=editable,
            options=options,
            fault=fault,
        )
    target = named.get("requirement") or named.get("constraint")
    included = LineKind.INCLUDE if named.get("requirement") else LineKind.CONSTRAINT
    kind = included if target else LineKind.OPTION
    return RequirementLine(number=number, text=text, kind=kind, target=target, options=options, fault=fault)


def _split(text: str) -> tuple[str, str]:
    """What is asked for and the options behind it, parted where pip parts them."""
    words = text.split(" ")
    first = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:first]).strip(), " ".join(words[first:])


def constraint_target(text: str) -> str | None:
    """What a line of a requirements file names as constraint file, in any spelling pip accepts; None if nothing."""
    line = next(iter(parse_requirements(text).lines), None)
    return line.target if line and line.kind is LineKind.CONSTRAINT else None


def parse_requirement(text: str) -> Requirement | None:
    """A requirement of PEP 508; None if the text is none."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _name(text: str) -> NormalizedName | None:
    if requirement := parse_requirement(text):
        return canonicalize_name(requirement.name)
    if egg := re.search(r"[#&]egg=([A-Za-z0-9._-]+)", text):
        return canonicalize_name(egg[1])
    if wheel := re.search(r"([^/\\=]+\.whl)(?:[#?].*)?$", text):
        try:
            return parse_wheel_filename(wheel[1])[0]
        except InvalidWheelFilename:
            return None
    return None
