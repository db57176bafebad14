"""Markdown that stays what we meant, whatever text from users' files goes into it."""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

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


def prose(text: str, *, limit: int = 4000) -> str:
    """Sentences, one or more a line, and lists of lines that begin with '- '; nothing in them is Markdown otherwise.

    Text whose lines are indented is no prose: it is shown as it is.
    """
    lines = cut_middle(printable(text).strip("\n"), limit).splitlines()
    if any(line[:1].isspace() for line in lines):
        return block(text, limit=limit)
    parts, listed = [], False
    for line in lines:
        item = line.startswith("- ")
        shown = _sentence(escape(line.removeprefix("- ") if item else line, limit=limit))
        shown = f"- {shown}" if item else shown
        parts.append(shown if item and listed else f"\n{shown}")
        listed = item
    return "\n".join(parts).strip("\n")


def _sentence(line: str) -> str:
    """A line that begins nothing: no heading, list, rule or heading's underline."""
    return re.sub(r"^(?:[#+=-]|\d+(?=[.)]))", lambda found: "".join(f"&#{ord(sign)};" for sign in found[0]), line)


def code(text: str, *, limit: int = 120) -> str:
    """Text in the typeface of code. HTML and not backticks, because a name may hold backticks and pipes."""
    return f"<code>{escape(text, limit=limit)}</code>"


def with_runs(text: str, repository: str, *, limit: int = 300) -> str:
    """The same as escape() does, but for workflow runs of the repository, which become links.

    Args:
        repository: its address on GitHub; '' for none.
    """
    line = one_line(text)
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    if not repository:
        return escape(line, limit=limit)
    # Not where the text has been cut in the middle of a number.
    parts = re.split(rf"{re.escape(repository)}/actions/runs/(\d+)(?![\d…])", line)
    runs = [f'<a href="{repository}/actions/runs/{run}">run {run}</a>' for run in parts[1::2]]
    texts = [escape(part, limit=limit) if part.strip() else part for part in parts[::2]]
    return "".join(
        _kept_apart(text, part) + run for text, part, run in zip(texts, parts[::2], [*runs, ""], strict=True)
    )


def _kept_apart(escaped: str, text: str) -> str:
    """The spaces at the ends, which escape() takes away."""
    return f"{' ' * text[:1].isspace()}{escaped.strip()}{' ' * text[-1:].isspace()}" if text.strip() else text


def block(text: str, *, limit: int = 4000) -> str:
    """Many lines as they are, the middle cut when there are too many, in a fence that they cannot close."""
    text = cut_middle(printable(text).strip("\n"), limit)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, room: int = 60_000) -> str:
    """A table of cells that are Markdown already.

    Args:
        header: titles of the columns.
        rows: as many cells each.
        room: bytes of UTF-8; rows that have none are counted in a last one.
    """
    lines = [_row(header), _row(["---"] * len(header))]
    shown = [_row([cell.replace("\n", " ") for cell in row]) for row in rows]
    sizes = accumulate(len(line.encode()) + 1 for line in shown)
    fitting = sum(size <= room for size in sizes)
    lines += shown[:fitting]
    if rest := len(shown) - fitting:
        lines.append(_row([f"… and {count(rest, 'more row')}", *[""] * (len(header) - 1)]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def details(title: str, body: str) -> str:
    """A part that is folded until somebody opens it. The title is Markdown already."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def count(number: int, noun: str) -> str:
    """As in '1 file' and '2 files'."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def seconds(value: float) -> str:
    """A duration for people: 0.4 s, 12 s, 3 min 5 s."""
    if value < _TENTHS_BELOW:
        return f"{value:.1f} s"
    if value < _SECONDS_BELOW:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"
