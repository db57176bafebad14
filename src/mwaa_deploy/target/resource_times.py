"""How long each resource of a stack operation took, from its events."""

from collections.abc import Sequence
from dataclasses import dataclass

from mwaa_deploy.ports import StackEvent


@dataclass(frozen=True, kw_only=True)
class ResourceTime:
    """One resource.

    Attributes:
        status: its last one.
        seconds: from its first event in progress to its last; None if it has not ended.
    """

    logical_id: str
    resource_type: str
    status: str
    seconds: float | None


def resource_times(events: Sequence[StackEvent]) -> tuple[ResourceTime, ...]:
    """Each resource that anything was done to, the longest first.

    Args:
        events: of one operation, oldest first.
    """
    by_resource: dict[tuple[str, str], list[StackEvent]] = {}
    for event in events:
        by_resource.setdefault((event.resource_type, event.logical_id), []).append(event)
    found = [_time(of_one) for of_one in by_resource.values() if any(map(_in_progress, of_one))]
    return tuple(sorted(found, key=lambda time: -(time.seconds if time.seconds is not None else float("inf"))))


def took(before: Sequence[StackEvent], event: StackEvent) -> float | None:
    """Seconds that a resource took to come to an event that ends what was done to it; None for any other.

    Args:
        before: the events so far, oldest first.
    """
    if _in_progress(event):
        return None
    began = None
    for earlier in before:
        if (earlier.resource_type, earlier.logical_id) != (event.resource_type, event.logical_id):
            continue
        if not _in_progress(earlier):
            began = None  # what a roll-back does to it is counted by itself
        elif began is None:
            began = earlier.at
    return None if began is None else (event.at - began).total_seconds()


def _time(events: Sequence[StackEvent]) -> ResourceTime:
    began = next(event.at for event in events if _in_progress(event))
    last = events[-1]
    return ResourceTime(
        logical_id=last.logical_id,
        resource_type=last.resource_type,
        status=last.status,
        seconds=None if _in_progress(last) else (last.at - began).total_seconds(),
    )


def _in_progress(event: StackEvent) -> bool:
    return event.status.endswith("_IN_PROGRESS")
