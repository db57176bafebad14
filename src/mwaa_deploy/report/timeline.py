"""The step summary's part about time: a time line of a deployment as a picture, and every step in a table."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mwaa_deploy.journal import Journal, Step
from mwaa_deploy.report.markdown import details, escape, seconds, table
from mwaa_deploy.report.mermaid import diagram, label

RUN, DEPLOY, ROLL_BACK = "run", "deploy", "roll back"
"""Sections. The latter two are named like the run's own steps that they tell in detail."""

MAX_BARS = 60
"""Steps in the picture; the shortest are left out. The table has all."""

_MAX_SECONDS = 7 * 24 * 3600.0
"""No job lasts longer (it is GitHub's limit for jobs in a queue or on a machine of one's own)."""

_LABEL_COLUMNS = 60

_THINNEST = 1 / 300
"""Of the whole picture: a thinner bar could not be seen. Its label has the true duration."""

# Mermaid knows no durations from zero, only dates in the reader's own time zone. Nowhere do clocks change that week.
_ZERO = datetime(2000, 1, 3)  # noqa: DTZ001 -- a date without a zone is what Mermaid reads

_TENTHS_BELOW, _HOURS_FROM = 10, 3600


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A step on the time line.

    Attributes:
        start: seconds since the run began.
    """

    section: str
    step: Step
    start: float


def time_section(journal: Journal) -> str:
    """Where the time went; a picture besides if anything was deployed or rolled back. '' if nothing was timed."""
    bars = time_line(journal)
    if not bars:
        return ""
    rows = [(escape(bar_title(bar)), seconds(bar.start), seconds(bar.step.seconds)) for bar in bars]
    folded = details(f"Took {seconds(took(bars))}", table(("step", "began after", "time"), rows))
    if all(bar.section == RUN for bar in bars):
        return folded
    return f"### Time line\n\n{gantt(bars)}\n\n{folded}"


def took(bars: Sequence[Bar]) -> float:
    """Seconds of the whole run."""
    return sum(bar.step.seconds for bar in bars if bar.section == RUN) or end_of(bars)


def time_line(journal: Journal) -> tuple[Bar, ...]:
    """Every step of the run with its start, then those of the deployment and of the roll-back inside it.

    Steps follow one another, so that a start is the sum of the durations before it.
    """
    run = tuple(_one_after_another(RUN, journal.steps, 0.0))
    bars = list(run)
    if journal.outcome is not None:
        bars += _inside(run, DEPLOY, journal.outcome.steps, from_end=False)
    if journal.rollback is not None and journal.rollback.outcome is not None:
        # A roll-back first waits and looks, which has no steps of its own: its last step ends with it.
        bars += _inside(run, ROLL_BACK, journal.rollback.outcome.steps, from_end=True)
    return tuple(bars)


def _inside(run: Sequence[Bar], name: str, steps: Sequence[Step], *, from_end: bool) -> Iterator[Bar]:
    outer = next((bar for bar in reversed(run) if bar.step.name == name), None)
    total = sum(map(length_of, steps))
    start = end_of(run) - total
    if outer is not None:
        start = outer.start + (length_of(outer.step) - total if from_end else 0.0)
    return _one_after_another(name, steps, max(start, 0.0))


def _one_after_another(section: str, steps: Sequence[Step], start: float) -> Iterator[Bar]:
    for step in steps:
        yield Bar(section=section, step=step, start=start)
        start += length_of(step)


def gantt(bars: Sequence[Bar]) -> str:
    """The time line as Mermaid. Failed steps stand out, as `crit`."""
    shown = _longest(bars)
    whole = end_of(shown)
    lines = [
        "gantt",
        "  accTitle: Time line",
        "  accDescr: When each step began and how long it took. The table below has the same numbers.",
        "  dateFormat YYYY-MM-DD HH:mm:ss.SSS",
        f"  axisFormat {_axis(whole)}",
        "  todayMarker off",
    ]
    section = ""
    for bar in shown:
        if bar.section != section:
            section = bar.section
            lines.append(f"  section {section}")
        lines.append(f"  {_task(bar, whole)}")
    return diagram(lines)


def _task(bar: Bar, whole: float) -> str:
    at = _ZERO + timedelta(milliseconds=round(bar.start * 1000))
    length = max(round(length_of(bar.step) * 1000), math.ceil(whole * 1000 * _THINNEST), 1)
    # The duration comes first, for a name that begins with 'click', 'section' or 'title' would be a command.
    text = f"{seconds(length_of(bar.step))} · {label(bar.step.name, columns=_LABEL_COLUMNS)}"
    return f"{text} :{'crit, ' * bar.step.failed}{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}, {length}ms"


def _axis(whole: float) -> str:
    if whole < _TENTHS_BELOW:
        return "%S.%L"
    return "%H:%M" if whole >= _HOURS_FROM else "%M:%S"


def _longest(bars: Sequence[Bar]) -> Sequence[Bar]:
    if len(bars) <= MAX_BARS:
        return bars
    order = sorted(range(len(bars)), key=lambda n: (not bars[n].step.failed, -length_of(bars[n].step)))
    return [bars[n] for n in sorted(order[:MAX_BARS])]


def end_of(bars: Sequence[Bar]) -> float:
    """When the last of them ends, in seconds since the run began."""
    return max((bar.start + length_of(bar.step) for bar in bars), default=0.0)


def length_of(step: Step) -> float:
    """Never below zero: a clock that is set back while a step runs takes none away from those after it."""
    return min(max(step.seconds, 0.0), _MAX_SECONDS)


def bar_title(bar: Bar) -> str:
    """The step's name as tables have it."""
    within = "" if bar.section == RUN else f"{bar.section}: "
    return f"{'❌ ' if bar.step.failed else ''}{within}{bar.step.name}"
