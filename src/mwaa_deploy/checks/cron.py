"""How often a cron expression comes round."""

import re

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""As in airflow/utils/dates.py, cron_presets."""

_MINUTES, _HOURS, _FIELDS = 60, 24, 5
_RANGE = re.compile(r"^(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?$")


def normal(expression: str) -> str:
    """The expression without presets and with single blanks."""
    text = " ".join(expression.split())
    return PRESETS.get(text.lower(), text)


def shortest_gap(expression: str) -> int | None:
    """The fewest minutes between two times of a cron expression; None if it cannot be told.

    Days are taken as if each were one, so that the answer for 'mondays at noon' is a day.
    """
    parts = normal(expression).split(" ")
    if len(parts) != _FIELDS:  # a sixth is for seconds; with more, it is several expressions
        return None
    minutes, hours = _values(parts[0], _MINUTES), _values(parts[1], _HOURS)
    if not minutes or not hours:
        return None
    times = sorted(hour * _MINUTES + minute for hour in hours for minute in minutes)
    following = [*times[1:], times[0] + _HOURS * _MINUTES]
    return min(later - time for time, later in zip(times, following, strict=True))


def _values(field: str, size: int) -> set[int]:
    """The values that a field stands for, below `size`; empty if it is none."""
    found: set[int] = set()
    for part in field.split(","):
        match = _RANGE.match(part)
        if not match:
            return set()
        first, last, step = match.groups()
        start = int(first) if first else 0
        end = int(last) if last else start if first and not step else size - 1
        found |= set(range(start, min(end, size - 1) + 1, max(1, int(step or 1))))
    return found
