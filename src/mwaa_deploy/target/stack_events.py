"""The events of one stack operation, each handed over once and in order, and what they tell about a failure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mwaa_deploy.errors import MwaaDeployError
from mwaa_deploy.ports import StackEvent
from mwaa_deploy.target.aws_errors import aws_errors

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

_CANCELLED = re.compile(r"Resource \w+ cancelled")

STACK_TYPE = "AWS::CloudFormation::Stack"


class StackEvents:
    """The events of the operation that carries a token.

    Args:
        client: a boto3 client of CloudFormation.
        stack_id: ARN of the stack; its name would not do once the stack is deleted.
        token: the ClientRequestToken of the operation, which CloudFormation writes on each of its events.

    Attributes:
        seen: every event so far, oldest first.
        stack_status: the status of the stack itself in its last event; '' before the first.
    """

    def __init__(self, client: "BaseClient", stack_id: str, token: str) -> None:
        self.seen: list[StackEvent] = []
        self.stack_status = ""
        self._client = client
        self._stack_id = stack_id
        self._token = token
        self._ids: set[str] = set()

    def fresh(self) -> Iterator[StackEvent]:
        """The events since the last call, oldest first."""
        for raw in reversed(self._newest()):
            self._ids.add(raw["EventId"])
            event = _event(raw)
            # Nested stacks have the same type; only the stack itself has its own ARN as physical id.
            if event.resource_type == STACK_TYPE and event.physical_id == self._stack_id:
                self.stack_status = event.status
            self.seen.append(event)
            yield event

    def causes(self) -> tuple[StackEvent, ...]:
        """What failed by itself, oldest first; a nested stack's own causes take its place.

        Whoever may not see the nested stack gets told of it alone.
        """
        since = self.seen[0].at if self.seen else None
        return tuple(self._inside(failures(self.seen), since, frozenset({self._stack_id})))

    def _inside(
        self, found: Sequence[StackEvent], since: datetime | None, known: frozenset[str]
    ) -> Iterator[StackEvent]:
        for event in found:
            nested = event.physical_id
            inner: list[StackEvent] = []
            if event.resource_type == STACK_TYPE and nested.startswith("arn:") and nested not in known:
                inner = list(self._inside(failures(self._of_nested(nested, since)), since, known | {nested}))
            yield from inner or [event]

    def _of_nested(self, stack_id: str, since: datetime | None) -> list[StackEvent]:
        """A nested stack's events since the operation began, oldest first."""
        found: list[StackEvent] = []
        try:
            with aws_errors("cloudformation:DescribeStackEvents", stack_id):
                paginator = self._client.get_paginator("describe_stack_events")  # type: ignore[no-untyped-call]
                for page in paginator.paginate(StackName=stack_id):
                    new = [raw for raw in page["StackEvents"] if since is None or raw["Timestamp"] >= since]
                    found += map(_event, new)
                    if len(new) < len(page["StackEvents"]):
                        break
        except MwaaDeployError:
            return []
        return found[::-1]

    def _newest(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        with aws_errors("cloudformation:DescribeStackEvents", self._stack_id):
            paginator = self._client.get_paginator("describe_stack_events")  # type: ignore[no-untyped-call]
            for page in paginator.paginate(StackName=self._stack_id):
                ours = [raw for raw in page["StackEvents"] if raw.get("ClientRequestToken") == self._token]
                new = [raw for raw in ours if raw["EventId"] not in self._ids]
                found += new
                # Newest first: past a known event or another operation's there is nothing new.
                if len(new) < len(page["StackEvents"]):
                    break
        return found


def _event(raw: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        at=raw["Timestamp"],
        logical_id=raw.get("LogicalResourceId", ""),
        resource_type=raw.get("ResourceType", ""),
        status=raw.get("ResourceStatus", ""),
        reason=raw.get("ResourceStatusReason", ""),
        physical_id=raw.get("PhysicalResourceId", ""),
    )


def event_line(event: StackEvent, seconds: float | None = None) -> str:
    """A line for the log: '12:03:14 Environment UPDATE_COMPLETE after 21 min 4 s: reason'."""
    after = "" if seconds is None else f" after {in_words(seconds)}"
    reason = event.reason and f": {event.reason}"
    return f"{event.at:%H:%M:%S} {event.logical_id} {event.status}{after}{reason}"


def in_words(seconds: float) -> str:
    """A duration: '4 s', '21 min 4 s', '1 h 2 min'."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def failures(events: Sequence[StackEvent]) -> tuple[StackEvent, ...]:
    """The events of resources that failed by themselves, oldest first; the first of them is the cause.

    When one resource fails, CloudFormation cancels its siblings, and each of them reports a failure too; those are
    left out, as is a rollback's own failure.
    """
    return tuple(
        event
        for event in events
        if event.status.endswith("_FAILED") and "ROLLBACK" not in event.status and not _CANCELLED.search(event.reason)
    )
