"""The query of GitHub's list of workflow runs: which runs it asks for."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from lab.github.records import Run


class DateInvalidError(Exception):
    """`created` names no date."""


def matches(run: Run, query: Mapping[str, str]) -> bool:
    """Whether a run is asked for.

    Raises:
        DateInvalidError: `created` cannot be read.
    """
    asked = filters(query)
    present = {"branch": run.head_branch, "event": run.event, "head_sha": run.head_sha, "actor": run.actor}
    if any(present[name] != value for name, value in asked.items() if name in present):
        return False
    if "status" in asked and asked["status"] not in {run.status, run.conclusion}:
        return False
    return "created" not in asked or _created_within(run.created_at, asked["created"])


def filters(query: Mapping[str, str]) -> dict[str, str]:
    """The part of a query that narrows the list."""
    names = ("branch", "event", "head_sha", "actor", "status", "created")
    return {name: query[name] for name in names if query.get(name)}


def _created_within(at: datetime, asked: str) -> bool:
    """Whether a moment lies in a range of GitHub's search syntax: >=D, >D, <=D, <D, D..D (* for open), or a day D."""
    low, dots, high = asked.partition("..")
    if dots:
        return (low == "*" or at >= _first(low)) and (high == "*" or at <= _last(high))
    match = re.match(r"(>=|<=|>|<|)(.*)", asked)
    sign, day = match.groups() if match else ("", asked)
    return {
        ">=": lambda: at >= _first(day),
        ">": lambda: at > _last(day),
        "<=": lambda: at <= _last(day),
        "<": lambda: at < _first(day),
        "": lambda: _first(day) <= at <= _last(day),
    }[sign]()


def _first(day: str) -> datetime:
    try:
        at = datetime.fromisoformat(day)
    except ValueError as error:
        msg = f"Invalid date: {day}"
        raise DateInvalidError(msg) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _last(day: str) -> datetime:
    first = _first(day)
    return first if "T" in day else first.replace(hour=23, minute=59, second=59)
