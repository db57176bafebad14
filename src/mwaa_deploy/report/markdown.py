"""Markdown that stays what we meant, whatever text from users' files goes into it."""

import re
from collections.abc import Iterable, Sequence

from mwaa_deploy.report.plain_text import cut_middle, one_line, printable

# What can begin markup, HTML, a mention, a link, an emoji or an issue's number in the middle of a line.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~@&$]|:(?=//|\w+:)|#(?=\d)|(?<=\bwww)\.)")

_TENTHS_BELOW, _SECONDS_BELOW = 10, 100


def escape(text: str, *, limit: int = 300) -> str:
    """One line of plain text in which nothing is Markdown, HTML, a mention or a link."""
    line = one_line(text)
    if len(line) > limit:
        line = line[: limit - 1] + "…"
    return _SPECIAL.sub(lambda found: f"&#{ord(found[1])};", line)


def code(text: str, *, limit: int = 120) -> str:
    """Text in the typeface of code. HTML and not backticks, because a name may hold backticks and pipes."""
    return f"<code>{escape(text, limit=limit)}</code>"


def block(text: str, *, limit: int = 4000) -> str:
    """Many lines as they are, the middle cut when there are too many, in a fence that they cannot close."""
    text = cut_middle(printable(text).strip("\n"), limit)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    lines += ["| " + " | ".join(cell.replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def details(title: str, body: str) -> str:
    """A part that is folded until somebody opens it. The title is Markdown already."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def seconds(value: float) -> str:
    """A duration for people: 0.4 s, 12 s, 3 min 5 s."""
    if value < _TENTHS_BELOW:
        return f"{value:.1f} s"
    if value < _SECONDS_BELOW:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"
