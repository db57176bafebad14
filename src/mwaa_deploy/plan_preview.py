"""The plan with what CloudFormation itself says about it."""

from dataclasses import replace

from mwaa_deploy.bundle.template import ENVIRONMENT_TYPE
from mwaa_deploy.plan import Disruption, Operation, OperationKind, Plan
from mwaa_deploy.ports import ChangeSet, ResourceChange
from mwaa_deploy.stack_decisions import UNDECIDED
from mwaa_deploy.target.replacement import replaces_environment

_STACK_TYPE = "AWS::CloudFormation::Stack"


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
    # An environment may also lie in a nested stack, of which only the name is told here.
    if operation.disruption is Disruption.NONE or any(change.resource_type == _STACK_TYPE for change in changes):
        return operation
    reason = operation.reason.removesuffix(UNDECIDED)
    if any(change.resource_type == ENVIRONMENT_TYPE for change in changes):
        return replace(operation, reason=f"{reason} The environment is among what it changes.")
    told = "It leaves the environment alone." if changes else "CloudFormation has nothing to change."
    return replace(operation, reason=f"{reason} {told}", expected_minutes=(1, 1), disruption=Disruption.NONE)
