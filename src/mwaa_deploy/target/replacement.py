"""Whether a change set would cost the environment its metadata database or its bucket, and how a change is told."""

from collections.abc import Iterable, Iterator

from mwaa_deploy.bundle.template import ENVIRONMENT_TYPE
from mwaa_deploy.errors import ReplacementRefused
from mwaa_deploy.ports import ResourceChange
from mwaa_deploy.target.stack_events import STACK_TYPE

BUCKET_TYPE = "AWS::S3::Bucket"

_REPLACING = frozenset({"True", "Conditional"})
_LOSING = frozenset({"Delete", "Snapshot", "ReplaceAndDelete", "ReplaceAndRetain", "ReplaceAndSnapshot"})
"""Policy actions after which the stack has another resource than before, or none (ResourceChange.PolicyAction)."""

_FOUNDATIONS = frozenset(
    {
        BUCKET_TYPE,
        "AWS::EC2::VPC",
        "AWS::EC2::Subnet",
        "AWS::EC2::SecurityGroup",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
    }
)
"""What an environment refers to; where one of them is replaced, CloudFormation may replace the environment with it."""


def _goes(change: ResourceChange) -> bool:
    """Whether the stack would have another resource in its place, or none."""
    return change.action == "Remove" or change.replacement in _REPLACING or change.policy_action in _LOSING


def replaces_environment(change: ResourceChange) -> bool:
    """Whether a change would cost an environment its metadata database: its replacement or removal.

    A nested stack that goes may hold one.
    """
    if change.resource_type == STACK_TYPE:
        return _goes(change) or any(map(replaces_environment, change.nested))
    return change.resource_type == ENVIRONMENT_TYPE and _goes(change)


def loses_bucket(change: ResourceChange, bucket: str) -> bool:
    """Whether a change would cost the environment its bucket; one that is retained stays where it is."""
    if any(loses_bucket(inner, bucket) for inner in change.nested):
        return True
    kept = change.action == "Remove" and change.policy_action == "Retain"
    return change.resource_type == BUCKET_TYPE and change.physical_id == bucket and _goes(change) and not kept


def refused_changes(changes: Iterable[ResourceChange], bucket: str) -> tuple[ResourceChange, ...]:
    """The changes that are not carried out unless the user allows it.

    Args:
        changes: of a change set.
        bucket: name of the bucket that the environment reads from.
    """
    return tuple(change for change in changes if replaces_environment(change) or loses_bucket(change, bucket))


def describe_change(change: ResourceChange) -> str:
    """A line for the log: 'Modify Environment AWS::MWAA::Environment: PluginsS3ObjectVersion'."""
    details = f": {', '.join(change.details)}" if change.details else ""
    replacement = f", replacement {change.replacement}" if change.replacement in _REPLACING else ""
    policy = f", {change.policy_action}" if change.policy_action in _LOSING else ""
    return f"{change.action} {change.logical_id} {change.resource_type}{details}{replacement}{policy}"


def what_is_lost(change: ResourceChange, changes: Iterable[ResourceChange]) -> str:
    """A sentence, such as 'The change set would replace the environment Mwaa because of Name', with its full stop."""
    inner = _innermost(change)
    verb = "remove" if inner.action == "Remove" or inner.policy_action == "Delete" else "replace"
    noun = {ENVIRONMENT_TYPE: "the environment", BUCKET_TYPE: "the environment's bucket"}.get(
        inner.resource_type, "the nested stack"
    )
    because = f" because of {', '.join(inner.details)}" if inner.details and verb == "replace" else ""
    where = f" in the nested stack {change.logical_id}" if inner is not change else ""
    gone = [c for c in with_nested(changes) if c.resource_type in _FOUNDATIONS and _goes(c)]
    found = [f"{c.logical_id} ({c.resource_type})" for c in gone]
    with_it = ""
    if inner.resource_type == ENVIRONMENT_TYPE and found:
        with_it = f", and with it what it stands on: {', '.join(found)}"
    return f"The change set would {verb} {noun} {inner.logical_id}{where}{because}{with_it}."


def replacement_refused(change: ResourceChange, changes: Iterable[ResourceChange]) -> ReplacementRefused:
    """The error for a change that is not carried out.

    Args:
        change: the first that is refused.
        changes: all of the change set.
    """
    return ReplacementRefused(
        f"{what_is_lost(change, changes)} It was deleted again.",
        meaning="The metadata database goes with the environment: run history, variables, connections. "
        "Name, KmsKey, subnets and EndpointManagement cannot be changed in place.",
        mend="Leave these properties as they are, or deploy a second environment beside this one from a stack of "
        "its own:\nwith:\n  stack-name: another-stack\nIf all that may be lost:\nwith:\n  allow-replacement: true",
    )


def _innermost(change: ResourceChange) -> ResourceChange:
    """The change itself, or the one inside of a nested stack that is the reason."""
    going = [inner for inner in with_nested((change,)) if _goes(inner)]
    for kind in (ENVIRONMENT_TYPE, BUCKET_TYPE):
        if found := [inner for inner in going if inner.resource_type == kind]:
            return found[0]
    return change


def with_nested(changes: Iterable[ResourceChange]) -> Iterator[ResourceChange]:
    """The changes, and those of nested stacks."""
    for change in changes:
        yield change
        yield from with_nested(change.nested)
