"""Waiting for a stack operation, and saying why it failed."""

from collections.abc import Callable

from mwaa_deploy.clock import pauses
from mwaa_deploy.errors import StackUpdateFailed, StackWaitTimedOut
from mwaa_deploy.ports import Clock, StackEvent
from mwaa_deploy.target.advice import advice_for
from mwaa_deploy.target.heartbeat import GO_ON
from mwaa_deploy.target.stack_events import StackEvents
from mwaa_deploy.target.stack_status import stack_status


def wait_for_operation(
    stack_name: str,
    events: StackEvents,
    *,
    timeout: float,
    interval: float,
    clock: Clock,
    on_event: Callable[[StackEvent], None],
    on_look: Callable[[str], None] | None = None,
) -> None:
    """Wait until an operation has gone well, handing over each of its events once, oldest first.

    DescribeStacks shows the status of before for a moment after the start, and the next operation's after the end, so
    the operation's own events alone decide whether it is over.

    Args:
        stack_name: the stack's name.
        events: those of the operation.
        timeout: seconds to wait in all.
        interval: seconds between two looks in the long run; the first ones come sooner.
        clock: for the wait.
        on_event: is handed each event.
        on_look: is told the stack's status after each look at an operation that is not over.

    Raises:
        StackUpdateFailed: CloudFormation could not do it; the first cause is named.
        StackWaitTimedOut: it is still at it.
    """
    started = clock.now()
    for pause in pauses(interval):
        for event in events.fresh():
            on_event(event)
        status = stack_status(events.stack_status)
        if events.stack_status and not status.busy:
            break
        if (clock.now() - started).total_seconds() >= timeout:
            # What is left of an operation that has gone well is the deletion of what it replaced.
            if status.outcome == "good":
                break
            raise _timed_out(stack_name, status.name, timeout)
        if on_look is not None:
            on_look(events.stack_status)
        clock.sleep(pause)
    if status.outcome != "good":
        raise _update_failed(stack_name, events)


def _update_failed(stack_name: str, events: StackEvents) -> StackUpdateFailed:
    status = stack_status(events.stack_status)
    found = events.causes()
    advice = advice_for(found[0].reason) if found else None
    causes = [_described(event) for event in found]
    # Without a failed resource, the stack's own first reason says who stopped it.
    causes = causes or [event.reason for event in events.seen if event.reason]
    what = f"Stack {stack_name} ended as {status.name}."
    if causes:
        what += f"\nFirst cause: {causes[0]}"
    if len(causes) > 1:
        what += "\nFailed after it:" + "".join(f"\n- {cause}" for cause in causes[1:])
    left = status.meaning or "CloudFormation has put back what was there before."
    mends = [advice.mend if advice else "", status.mend.format(stack=stack_name)]
    return StackUpdateFailed(
        what,
        meaning=f"{advice.meaning} {left}" if advice else left,
        mend="\n".join(filter(None, mends)),
    )


def _timed_out(stack_name: str, status: str, timeout: float) -> StackWaitTimedOut:
    return StackWaitTimedOut(
        f"Stack {stack_name} is still {status or 'waiting to begin'} after {timeout / 60:.0f} minutes.",
        meaning="CloudFormation goes on by itself; nothing is lost. DAGs and the record have not been touched.",
        mend=GO_ON,
    )


def _described(event: StackEvent) -> str:
    return f"{event.logical_id} ({event.resource_type}) {event.status}: {event.reason or 'no reason given'}"
