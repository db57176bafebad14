"""The step summary's part about a stack operation: why it failed, how long each resource took, every event."""

from collections.abc import Sequence

from mwaa_deploy.ports import StackEvent
from mwaa_deploy.report.markdown import block, code, count, details, escape, seconds, table
from mwaa_deploy.target.advice import advice_for
from mwaa_deploy.target.resource_times import resource_times
from mwaa_deploy.target.stack_events import STACK_TYPE, failures

MAX_RESOURCES = 30
"""Resources that are shown; the rest is in the report file."""


def stack_events_section(events: Sequence[StackEvent], *, told: str) -> list[str]:
    """The first cause of a failure, then folded lists.

    Args:
        events: of one operation, oldest first.
        told: what the run's error says already.
    """
    if not events:
        return []
    parts = [_first_cause(events, told)]
    if times := resource_times(events):
        longest = [
            (
                code(time.logical_id),
                code(time.resource_type),
                escape(time.status),
                "" if time.seconds is None else seconds(time.seconds),
            )
            for time in times[:MAX_RESOURCES]
        ]
        head = ("resource", "type", "ended as", "time")
        parts.append(details(f"{count(len(times), 'resource')} of the stack, by time", table(head, longest)))
    lines = "\n".join(map(event_line, events))
    parts.append(details(count(len(events), "stack event"), block(lines, limit=20_000)))
    return [part for part in parts if part]


def untold_cause(events: Sequence[StackEvent], told: str) -> StackEvent | None:
    """Why the operation failed, unless the run's error says it: one that was still under way does not."""
    first = next(iter(failures(events)), None)
    # The error names what failed inside a nested stack, of which its own event tells only that it failed.
    if first is None or (first.reason or first.logical_id) in told or (first.resource_type == STACK_TYPE and told):
        return None
    return first


def event_line(event: StackEvent) -> str:
    """One event as plain text."""
    return f"{event.at:%H:%M:%S} {event.status:<28} {event.logical_id} {event.reason}".rstrip()


def _first_cause(events: Sequence[StackEvent], told: str) -> str:
    first = untold_cause(events, told)
    if first is None:
        return ""
    failed = f"{code(first.logical_id)} ({code(first.resource_type)}) {escape(first.status)}"
    lines = [f"❌ **First cause.** {failed}: {escape(first.reason or 'no reason given', limit=1000)}"]
    if advice := advice_for(first.reason):
        lines += [f"**What it usually means.** {escape(advice.meaning, limit=1000)}", "**To mend it:**"]
        lines.append(block(advice.mend))
    return "\n\n".join(lines)
