"""The deletion of a stack, watched to its end."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from mwaa_deploy.clock import pauses
from mwaa_deploy.errors import StackUnusable, StackWaitTimedOut
from mwaa_deploy.ports import Clock, StackEvent
from mwaa_deploy.target.aws_errors import aws_errors, code_of, message_of
from mwaa_deploy.target.heartbeat import GO_ON
from mwaa_deploy.target.stack_events import StackEvents, failures
from mwaa_deploy.target.stack_status import STACK_STATUSES

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second


def delete_stack(
    client: "BaseClient",
    stack_id: str,
    *,
    name: str,
    arn: str,
    timeout: float,
    interval: float,
    clock: Clock,
    on_event: Callable[[StackEvent], None],
    on_look: Callable[[str], None] | None = None,
) -> None:
    """Delete a stack, and wait until it is gone.

    Args:
        stack_id: ARN of the very stack, so that no other of its name is meant.
        name: for messages.
        arn: the stack as an IAM policy names it.
        timeout: seconds to wait in all.
        interval: seconds between two looks in the long run; the first ones come sooner.
        on_event: is handed each event of the deletion once, oldest first.
        on_look: is handed the stack's status at each look.

    Raises:
        StackUnusable: it is protected, or a resource would not go.
        StackWaitTimedOut: it is still at it.
    """
    token = f"mwaa-deploy-{secrets.token_hex(16)}"
    with aws_errors("cloudformation:DeleteStack", arn):
        try:
            client.delete_stack(StackName=stack_id, ClientRequestToken=token)
        except ClientError as e:
            if code_of(e) != "ValidationError":
                raise
            raise StackUnusable(
                f"Stack {name} cannot be deleted: {message_of(e)}",
                meaning="It is protected from being deleted, or another stack uses its exports.",
                mend=f"aws cloudformation update-termination-protection --no-enable-termination-protection "
                f"--stack-name {name}",
            ) from e
    events, started = StackEvents(client, stack_id, token), clock.now()
    for pause in pauses(interval):
        for event in events.fresh():
            on_event(event)
        if on_look:
            on_look(events.stack_status)
        if events.stack_status == "DELETE_COMPLETE":
            return
        if events.stack_status == "DELETE_FAILED":
            break
        if (clock.now() - started).total_seconds() >= timeout:
            raise StackWaitTimedOut(
                f"Stack {name} is still being deleted after {timeout / 60:.0f} minutes.",
                meaning="Nothing has been uploaded or changed.",
                mend=GO_ON,
            )
        clock.sleep(pause)
    causes = [f"{event.logical_id}: {event.reason}" for event in failures(events.seen)]
    row = STACK_STATUSES["DELETE_FAILED"]
    raise StackUnusable(
        f"Stack {name} could not be deleted: {causes[0] if causes else 'no reason given'}",
        meaning=row.meaning,
        mend=row.mend.format(stack=name),
    )
