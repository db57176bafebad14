"""CHANGELOG.md, in the form of Keep a Changelog: what a release says of itself. Pure."""

import re

from release.errors import NotReleasable

_HEADING = re.compile(r"^## +\[?([^\]\s]+)\]?(?: +- +(\S+))? *$", re.MULTILINE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
UNRELEASED = "Unreleased"


def notes(text: str, version: str) -> str:
    """What the changelog says of a version, without its heading.

    Raises:
        NotReleasable: it says nothing, has no day, or has the version twice.
    """
    found = [heading for heading in _HEADING.finditer(text) if heading[1] == version]
    if len(found) != 1:
        message = f"CHANGELOG.md has {len(found)} headings '## [{version}] - YYYY-MM-DD', not one"
        raise NotReleasable(message)
    (heading,) = found
    if version != UNRELEASED and not _DAY.fullmatch(heading[2] or ""):
        message = f"CHANGELOG.md tells no day of {version}: '## [{version}] - YYYY-MM-DD'"
        raise NotReleasable(message)
    following = _HEADING.search(text, heading.end())
    said = text[heading.end() : following.start() if following else len(text)].strip()
    if not re.search(r"^[-*] ", said, re.MULTILINE):
        message = f"CHANGELOG.md tells nothing of {version}"
        raise NotReleasable(message)
    return said + "\n"


def with_release(text: str, version: str, day: str) -> str:
    """The changelog with all that is unreleased under a version.

    Raises:
        NotReleasable: nothing is unreleased.
    """
    notes(text, UNRELEASED)
    heading = next(heading for heading in _HEADING.finditer(text) if heading[1] == UNRELEASED)
    return f"{text[: heading.end()]}\n\n## [{version}] - {day}{text[heading.end() :]}"
