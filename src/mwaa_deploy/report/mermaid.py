"""Mermaid that stays what we meant, whatever text from users' files goes into it."""

import unicodedata
from collections.abc import Sequence

from mwaa_deploy.report.plain_text import one_line

MAX_CHARACTERS = 50_000
"""GitHub draws no diagram with a longer text (Mermaid's maxTextSize); ours stay below by their numbers of rows."""

_ASCII_SIGNS = " -_./()+=,~@"
"""What means nothing to Mermaid inside a label; the other ASCII signs are shown in their wide form of Unicode."""

_TO_WIDE = 0xFEE0
"""From each ASCII sign to its wide form."""

_LEFT_OUT = {"Cc", "Cf", "Cs", "Co", "Cn", "Me"}
"""Unicode's categories of what is not seen, or seen over its neighbours; direction marks are among them."""

_PLACEHOLDER = "ﬂ"
"""Mermaid writes entities with this ligature while it parses, and turns whatever looks like that into an entity."""

_WIDE = {"W", "F"}


def label(text: str, *, columns: int, keep_end: bool = False) -> str:
    """One line of text in which nothing is Mermaid's syntax, a directive, an entity, HTML or the end of a fence.

    Args:
        text: any text.
        columns: how wide it may be at most; signs of East Asia and emoji take two.
        keep_end: whether the beginning is cut off and not the end: the last part of a path tells most.
    """
    line = "".join(map(_harmless, one_line(text))).strip()
    return _cut(line, columns, keep_end=keep_end) or "(no name)"


def _harmless(character: str) -> str:
    if character == _PLACEHOLDER:
        return "fl"
    if character.isascii():
        return character if character.isalnum() or character in _ASCII_SIGNS else chr(ord(character) + _TO_WIDE)
    return "" if unicodedata.category(character) in _LEFT_OUT else character


def _cut(line: str, columns: int, *, keep_end: bool) -> str:
    if len(line) <= columns and sum(map(_columns, line)) <= columns:
        return line
    taken: list[str] = []
    room = columns - 1
    for character in reversed(line) if keep_end else line:
        room -= _columns(character)
        if room < 0:
            break
        taken.append(character)
    return "…" + "".join(reversed(taken)) if keep_end else "".join(taken) + "…"


def _columns(character: str) -> int:
    """One also for what has no width of its own: thousands of accents can stand on one letter."""
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def diagram(lines: Sequence[str]) -> str:
    """A block that GitHub draws. The lines are Mermaid already.

    Never put it into a folded part: what has no width when it is drawn is drawn without a width. A flowchart whose
    links have no labels is drawn by its own measure and comes out right there (mermaid-js/mermaid issue 3504).
    """
    return "\n".join(("```mermaid", *lines, "```"))
