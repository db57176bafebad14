"""A stack from which no change set can be executed: what it takes to deploy again, before anything is uploaded.

A stack whose creation failed and was rolled back has never run anything. It is deleted and created again, if the user
consents; whatever else is unusable is somebody's to mend.
"""

from dataclasses import dataclass
from enum import StrEnum

from mwaa_deploy.errors import StackRecoveryRefused
from mwaa_deploy.plan import OperationKind, Plan
from mwaa_deploy.ports import StackState
from mwaa_deploy.target.ports_of_target import Target
from mwaa_deploy.target.stack_events import event_line
from mwaa_deploy.target.stack_status import NEVER_CREATED, Readiness, stack_status

_CONSENT = "or let this action delete it and create it again:\n    with:\n      recreate-failed-stack: true"


class Remedy(StrEnum):
    """What is done about a stack before it is changed."""

    NONE = "none"
    WAIT = "wait"
    DELETE = "delete"
    REFUSE = "refuse"


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What a stack's status asks for.

    Attributes:
        meaning: how it came to this; '' where nothing is to be done.
        mend: what the user runs or writes to go on; {stack} stands for the stack's name.
    """

    remedy: Remedy
    meaning: str = ""
    mend: str = ""


def recovery_of(status: str, *, consent: bool) -> Recovery:
    """What to do about a stack.

    Args:
        status: the stack's; '' if there is none.
        consent: whether a stack that never was may be deleted.
    """
    if not status:
        return Recovery(remedy=Remedy.NONE)
    row = stack_status(status)
    if row.busy:
        return Recovery(remedy=Remedy.WAIT, meaning=row.meaning)
    if row.readiness is not Readiness.UNUSABLE:
        return Recovery(remedy=Remedy.NONE)
    if status not in NEVER_CREATED:
        return Recovery(remedy=Remedy.REFUSE, meaning=row.meaning, mend=row.mend)
    remedy = Remedy.DELETE if consent else Remedy.REFUSE
    return Recovery(remedy=remedy, meaning=row.meaning, mend=f"{row.mend}\n{_CONSENT}")


def recovery_for(plan: Plan, stack: StackState | None, *, consent: bool) -> Recovery:
    """What a plan asks for: nothing where it leaves the stack alone, however that is."""
    if stack is None or not plan.of_kind(OperationKind.CHANGE_SET):
        return Recovery(remedy=Remedy.NONE)
    return recovery_of(stack.status, consent=consent)


def recovery_refused(stack: StackState, recovery: Recovery) -> StackRecoveryRefused:
    """The error for a stack that is not ours to mend."""
    because = f": {stack.status_reason}" if stack.status_reason else ""
    return StackRecoveryRefused(
        f"Stack {stack.name} is {stack.status} and cannot be updated{because}",
        meaning=f"{recovery.meaning} Nothing has been uploaded or changed.",
        mend=recovery.mend.format(stack=stack.name),
    )


def recover(plan: Plan, stack: StackState | None, target: Target, *, consent: bool) -> bool:
    """Make the stack ready for the plan's change set; whether it was deleted for that.

    Raises:
        StackRecoveryRefused: somebody has to mend it first, or to consent; nothing has been changed.
        StackUnusable: it could not be deleted.
        StackWaitTimedOut: its deletion is still at it.
    """
    recovery = recovery_for(plan, stack, consent=consent)
    if stack is None or recovery.remedy not in {Remedy.DELETE, Remedy.REFUSE}:
        return False
    if recovery.remedy is Remedy.REFUSE:
        raise recovery_refused(stack, recovery)
    target.log.info(f"Stack {stack.name} is {stack.status}: it never ran, and is deleted to be created again.")
    with target.log.group(f"Deletion of stack {stack.name}"):
        target.stack.delete_never_created(
            timeout=target.timeout, on_event=lambda event: target.log.info(event_line(event))
        )
    return True
