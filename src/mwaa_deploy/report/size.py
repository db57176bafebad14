"""Keeps Markdown below GitHub's limits, whatever a run has found: what comes last gives way to what comes first."""

import re
from collections.abc import Iterator, Sequence

from mwaa_deploy.report.plain_text import scalars

SUMMARY_BYTES = 900_000
"""A step summary over 1 MiB is dropped whole. What masking adds, and the log's own limit, need room besides."""

_NOTE_BYTES = 200
_CLOSERS_BYTES = 200
_FENCE = re.compile(r"(`{3,})\w*")


def fit(sections: Sequence[str], limit: int = SUMMARY_BYTES) -> str:
    """The sections one after another; one that has no room is left out whole, so that nothing is cut inside markup.

    Args:
        sections: Markdown, each complete in itself; the first is always shown.
        limit: bytes of UTF-8.
    """
    first, *others = filter(None, sections)
    shown = [cut_markdown(first, limit - _NOTE_BYTES)]
    used, left_out = _size(shown[0]), 0
    for section in others:
        size = _size(section) + 2
        if used + size > limit - _NOTE_BYTES:
            left_out += 1
            continue
        shown.append(section)
        used += size
    if left_out:
        shown.append(f"… and {left_out} part(s) more, for which there is no room here; the report file has them.")
    return "\n\n".join(shown) + "\n"


def cut_markdown(text: str, limit: int, note: str = "… cut; the report file has all.") -> str:
    """The beginning of a text, cut after a line and with all closed that is open there.

    Args:
        text: Markdown as this package makes it: fences and <details> stand at the begin of a line.
        limit: bytes of UTF-8.
        note: what stands in place of the rest.
    """
    if _size(text) <= limit:
        return text
    room = limit - _size(note) - _CLOSERS_BYTES
    kept: list[str] = []
    for line in text.split("\n"):
        room -= _size(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join((*kept, *_closers(kept), "", note, ""))


def _closers(lines: Sequence[str]) -> Iterator[str]:
    """What closes all that the lines leave open, the innermost first."""
    fence, opened = "", 0
    for line in lines:
        found = _FENCE.fullmatch(line)
        if fence:
            fence = "" if line == fence else fence
        elif found:
            fence = found[1]
        else:
            opened += line.count("<details") - line.count("</details>")
    if fence:
        yield fence
    for _ in range(opened):
        yield from ("", "</details>")


def _size(text: str) -> int:
    return len(scalars(text).encode())
