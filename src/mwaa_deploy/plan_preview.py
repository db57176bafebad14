"""The plan with what CloudFormation itself says about it."""

from dataclasses import replace

from mwaa_deploy.bundle.template import ENVIRONMENT_TYPE
from mwaa_deploy.plan import Disruption, Operation, OperationKind, Plan
from mwaa_deploy.ports import ChangeSet, ResourceChange
from mwaa_deploy.stack_decisions import UNDECIDED
from mwaa_deploy.target.replacement import replaces_environment, with_nested
from mwaa_deploy.target.stack_events import STACK_TYPE


def with_change_set(plan: Plan, change_set: ChangeSet | None) -> Plan:
    """The plan with its change set, and with what that means for the environment.

    Args:
        plan: made without asking CloudFormation.
        change_set: what it would change; None if the plan needs none.
    """
    if change_set is None:
        return plan
    changes = tuple(sorted(change_set.changes, key=lambda change: change.logical_id))
    operations = [
        _decided(operation, changes) if operation.kind is OperationKind.CHANGE_SET else operation
        for operation in plan.operations
    ]
    return replace(plan, operations=tuple(operations), change_set=changes)


def _decided(operation: Operation, changes: tuple[ResourceChange, ...]) -> Operation:
    if any(map(replaces_environment, changes)):
        return replace(operation, disruption=Disruption.ENVIRONMENT_REPLACED)
    # An environment may also lie in a nested stack, of which only the name may be told here.
    unknown = any(change.resource_type == STACK_TYPE and not change.nested for change in changes)
    if operation.disruption is Disruption.NONE or unknown:
        return operation
    reason = operation.reason.removesuffix(UNDECIDED)
    if any(change.resource_type == ENVIRONMENT_TYPE for change in with_nested(changes)):
        return replace(operation, reason=f"{reason} The environment is among what it changes.")
    told = "It leaves the environment alone." if changes else "CloudFormation has nothing to change."
    return replace(operation, reason=f"{reason} {told}", expected_minutes=(1, 1), disruption=Disruption.NONE)
