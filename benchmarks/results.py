"""The results as JSON, and as a Markdown table that a README can quote."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.race import Outcome


def as_json(outcomes: Iterable[Outcome], earlier: Mapping[str, object] | None = None) -> str:
    """An object from a benchmark's name to {ours_s, theirs_s, ratio}: medians in seconds, and theirs over ours.

    Args:
        outcomes: of this run.
        earlier: results of benchmarks that were not run now, kept as they are.
    """
    found = {
        outcome.name: {
            "ours_s": round(outcome.ours, 3),
            "theirs_s": round(outcome.other, 3),
            "ratio": round(outcome.ratio, 3),
        }
        for outcome in outcomes
    }
    return json.dumps({**(earlier or {}), **found}, indent=2) + "\n"


def as_markdown(outcomes: Sequence[Outcome], machine: str) -> str:
    """A table with a line for each benchmark, then what else was seen."""
    lines = [
        "| benchmark | work | ours | theirs | theirs / ours | target | met |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for outcome in outcomes:
        cells = (
            f"`{outcome.name}`",
            outcome.work,
            _seconds(outcome.ours_s),
            f"{_seconds(outcome.theirs_s)} ({outcome.theirs})",
            f"{outcome.ratio:.2f}",
            outcome.target.text,
            "yes" if outcome.met else "**no**",
        )
        lines.append(f"| {' | '.join(cells)} |")
    notes = [f"- `{outcome.name}`: {note}" for outcome in outcomes for note in (*outcome.notes, *outcome.shortfalls)]
    rounds = max((len(outcome.ours_s) for outcome in outcomes), default=0)
    foot = f"Median of up to {rounds} rounds with the spread in brackets, each side in turn, on {machine}."
    return "\n".join([*lines, "", *notes, *([""] if notes else []), foot]) + "\n"


def _seconds(values: Sequence[float]) -> str:
    median = f"{statistics.median(values):.2f} s"
    return median if len(values) == 1 else f"{median} [{min(values):.2f} to {max(values):.2f}]"
