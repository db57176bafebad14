"""What the HTML report is made of: plain data that holds text as people read it, cut to a size that is known.

Nothing here is markup. The template escapes every text, and knows each kind of part by its `kind`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

from mwaa_deploy.report.plain_text import cut_middle, one_line, printable

Item = TypeVar("Item")
Made = TypeVar("Made")

MAX_CELL = 600
MAX_TEXT = 10_000
"""Characters of a line or cell, and of what is shown as it is."""

_LOOKED_AT = 20
_MARKUP_OF_ROW = 400
"""Bytes of tags around a row, at most."""


@dataclass(frozen=True, kw_only=True)
class Paragraphs:
    """Sentences.

    Attributes:
        mark: 'note' or 'plain'.
    """

    texts: tuple[str, ...]
    mark: str = "plain"
    kind: str = "paragraphs"


@dataclass(frozen=True, kw_only=True)
class Verbatim:
    """Text as it is.

    Attributes:
        title: under which it is folded; '' if it is shown.
    """

    text: str
    title: str = ""
    kind: str = "verbatim"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows, of which the first cell names the row.

    Attributes:
        caption: what the table is about.
        folded: whether it is folded under its caption.
        rest: how many rows had no room.
        bars: for each row, where a bar begins and how long it is, in thousandths of the whole; empty for none.
        marked: numbers of the rows that stand out.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool = False
    rest: int = 0
    bars: tuple[tuple[float, float], ...] = ()
    marked: frozenset[int] = frozenset()
    kind: str = "table"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A finding.

    Attributes:
        severity: fail or warn.
        href: address of its place; '' for none.
        evidence: what the tool printed; '' for none.
    """

    severity: str
    subject: str
    place: str
    href: str
    message: str
    rule: str
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A list of findings, the worst first.

    Attributes:
        rest: how many had no room; `rest_failed` of them are failures.
    """

    entries: tuple[Entry, ...]
    rest: int = 0
    rest_failed: int = 0
    kind: str = "findings"


Part = Paragraphs | Verbatim | Table | Findings


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page with a heading of its own.

    Attributes:
        id: its anchor.
    """

    id: str
    title: str
    parts: tuple[Part, ...]


def cell(text: str, limit: int = MAX_CELL) -> str:
    """One line, cut at its end."""
    # What is cut off anyway is not looked at.
    line = one_line(text[: _LOOKED_AT * limit])
    return line if len(line) <= limit else line[: limit - 1] + "…"


def lines(text: str, limit: int = MAX_TEXT) -> str:
    """Many lines as they are, cut in the middle."""
    return cut_middle(printable(text).strip("\n"), limit)


def size(*texts: str) -> int:
    """Bytes of UTF-8 that texts take in a row of the page, at most."""
    return _MARKUP_OF_ROW + sum(len(escape(text).encode()) for text in texts)


def take(
    items: Sequence[Item], make: Callable[[Item], Made], measure: Callable[[Made], int], room: int
) -> tuple[list[Made], int]:
    """What is made of the items, from the first, as long as it fits; and how many bytes of the room it takes."""
    made: list[Made] = []
    used = 0
    for item in items:
        found = make(item)
        taken = measure(found)
        if used + taken > room:
            break
        made.append(found)
        used += taken
    return made, used


def table(
    caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, room: int, folded: bool = False
) -> Table:
    """The rows that fit into `room` bytes; the rest is counted."""
    given = list(rows)
    shown, _ = take(given, lambda row: tuple(map(cell, row)), lambda row: size(*row), room)
    return Table(caption=caption, header=tuple(header), rows=tuple(shown), rest=len(given) - len(shown), folded=folded)


def listing(title: str, texts: Iterable[str], *, room: int) -> Verbatim:
    """Lines that are folded under a title; those that do not fit into `room` bytes are counted."""
    given = list(texts)
    shown, _ = take(given, cell, lambda text: size(text) - _MARKUP_OF_ROW + 1, room)
    more = [f"… and {len(given) - len(shown)} more; the report file has them"] if len(shown) < len(given) else []
    return Verbatim(title=title, text="\n".join([*shown, *more]))
