"""What the inputs want of the stack itself, beside its template and parameters, and what of that it lacks.

Only what the inputs name is compared: tags and topics that others have given the stack are no reason to change it.
CloudFormation takes all tags, or all topics, of a change set in place of the stack's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mwaa_deploy.inputs import Inputs
from mwaa_deploy.plan import Operation, OperationKind
from mwaa_deploy.ports import StackState


@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """The inputs about the stack itself.

    Attributes:
        tags: stack-tags.
        notification_arns: notification-arns.
        protect: termination-protection.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    notification_arns: tuple[str, ...] = ()
    protect: bool = False


def stack_options(inputs: Inputs) -> StackOptions:
    """What the inputs want."""
    return StackOptions(
        tags=dict(inputs.stack_tags),
        notification_arns=inputs.notification_arns,
        protect=inputs.termination_protection,
    )


def lacking(options: StackOptions, stack: StackState) -> list[str]:
    """What a change set has to give the stack, as in 'the stack lacks the tag team'."""
    found = []
    missing = [key for key in options.tags if key not in stack.tags]
    other = [key for key, value in options.tags.items() if key in stack.tags and stack.tags[key] != value]
    if missing:
        found.append(f"the stack lacks the {_counted('tag', missing)}")
    if other:
        found.append(f"the stack has another value of the {_counted('tag', other)}")
    if untold := [arn for arn in options.notification_arns if arn not in stack.notification_arns]:
        found.append(f"the stack's events are not told to {' and '.join(untold)}")
    return found


def not_given(options: StackOptions, stack: StackState) -> list[str]:
    """A sentence for what CloudFormation would not give the stack, as it had nothing else to change."""
    updated = "CloudFormation makes no update for that alone; the next update of the stack brings it."
    return [f"{what[0].upper()}{what[1:]}. {updated}" for what in lacking(options, stack)]


def decide_protection(options: StackOptions, stack: StackState | None, *, creates: bool) -> list[Operation]:
    """The operation that protects the stack from being deleted, if that is wanted and it is not yet.

    Args:
        stack: as it is; None if it does not exist.
        creates: whether it will have been created by then.
    """
    if not options.protect or (stack is None and not creates) or (stack is not None and stack.protected):
        return []
    return [Operation(kind=OperationKind.PROTECT, reason="The stack is not protected from being deleted yet.")]


def _counted(noun: str, names: list[str]) -> str:
    return f"{noun}{'s' if len(names) > 1 else ''} {' and '.join(names)}"
