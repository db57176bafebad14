"""Reading the JUnit XML that pytest writes."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET


class JUnitUnreadable(ValueError):
    """The document is not a report of pytest's."""


@dataclass(frozen=True, kw_only=True)
class TestCase:
    """One test, or one test file that could not be collected.

    Attributes:
        name: as pytest shows it.
        outcome: passed, failed, error or skipped.
        file: of the test, relative to pytest's root folder; empty when pytest does not say.
        line: where the test begins, counted from 1.
        message: pytest's own summary, or the reason of a skip.
        text: the traceback.
    """

    name: str
    outcome: str
    file: str
    line: int | None
    seconds: float
    message: str = ""
    text: str = ""


def parse_junit(document: bytes) -> tuple[TestCase, ...]:
    """The tests in a report of the family xunit1, in the order they ran.

    Raises:
        JUnitUnreadable: it is no XML, or XML of a kind pytest never writes.
    """
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        message = "the report declares entities, which pytest never does"
        raise JUnitUnreadable(message)
    try:
        root = ET.fromstring(document)  # noqa: S314 -- entities are refused above
    except (ET.ParseError, ValueError, LookupError) as error:
        message = f"the report is no XML: {error}"
        raise JUnitUnreadable(message) from error
    # A test during which pytest was ended is there without a name; it counts as not run.
    try:
        return tuple(_case(element) for element in root.iter("testcase") if element.get("name"))
    except ValueError as error:
        message = f"a number in the report is none: {error}"
        raise JUnitUnreadable(message) from error


def _case(element: ET.Element) -> TestCase:
    outcome, message, text = "passed", "", ""
    for tag, name in (("error", "error"), ("failure", "failed"), ("skipped", "skipped")):
        found = element.find(tag)
        if found is not None:
            outcome, message, text = name, found.get("message", ""), found.text or ""
            break
    module, name = element.get("classname", ""), element.get("name", "")
    line = element.get("line")
    return TestCase(
        name=f"{module}::{name}" if module else name,
        outcome=outcome,
        file=element.get("file", ""),
        line=int(line) + 1 if line and line.isdigit() else None,
        seconds=float(element.get("time", "0")),
        message=message,
        text=text,
    )


# How pytest names a frame ('tests/test_x.py:5: AssertionError'), and how Python does.
_FRAME = re.compile(
    r'^(?:(?P<short>[^\s:]+\.py):(?P<short_line>\d{1,9}): |\s*File "(?P<long>[^"]+)", line (?P<long_line>\d{1,9}))'
)
# pytest marks the exception's own text with E; of that, only a syntax error names a place in a file.
_SYNTAX = re.compile(r'^E\s+File "(?P<file>[^"]+)", line (?P<line>\d{1,9})(?!.*, in )')


def frames(text: str) -> tuple[tuple[str, int], ...]:
    """The (file, line) pairs in a traceback of pytest's, the deepest last; a syntax error's place comes after all."""
    found, syntax = [], []
    for line in text.splitlines():
        if frame := _FRAME.match(line):
            found.append((frame["short"] or frame["long"], int(frame["short_line"] or frame["long_line"])))
        elif frame := _SYNTAX.match(line):
            syntax.append((frame["file"], int(frame["line"])))
    return (*found, *syntax)
