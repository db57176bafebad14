"""Keeps a summary below GitHub's limit, whatever a run has found: what comes last gives way to what comes first."""

from collections.abc import Sequence

SUMMARY_BYTES = 900_000
"""A step summary over 1 MiB is dropped whole. What masking adds, and the log's own limit, need room besides."""

_NOTE_BYTES = 1_000


def fit(sections: Sequence[str], limit: int = SUMMARY_BYTES) -> str:
    """The sections one after another; one that has no room is left out whole, so that nothing is cut inside markup.

    Args:
        sections: Markdown, each complete in itself; the first is always shown.
        limit: bytes of UTF-8.
    """
    shown: list[str] = []
    used, left_out = 0, 0
    for section in filter(None, sections):
        size = len(section.encode("utf-8", "replace")) + 2
        if shown and used + size > limit - _NOTE_BYTES:
            left_out += 1
            continue
        shown.append(section)
        used += size
    if left_out:
        shown.append(f"… {left_out} more section(s) found no room in this summary; the report file has them.")
    return "\n\n".join(shown) + "\n"
