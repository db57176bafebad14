"""The words in which a plan is told, in Markdown and in HTML alike."""

from collections.abc import Iterator

from mwaa_deploy.plan import Disruption, Operation, OperationKind, Plan
from mwaa_deploy.ports import ResourceChange

OPERATION_WORDS = {
    OperationKind.KEEP: "keep",
    OperationKind.UPLOAD: "upload",
    OperationKind.REUSE: "reuse an earlier upload",
    OperationKind.CHANGE_SET: "change set",
    OperationKind.ENVIRONMENT_CREATE: "create the environment",
    OperationKind.ENVIRONMENT_UPDATE: "update the environment",
    OperationKind.PROTECT: "protect the stack",
    OperationKind.SYNC_DAGS: "sync",
    OperationKind.RECORD: "write the record",
}

_NOTICED = {
    Disruption.NONE: "running tasks notice nothing",
    Disruption.WORKERS_REPLACED: "workers are replaced, which interrupts running tasks",
    Disruption.ENVIRONMENT_CREATED: "a new environment is created",
    Disruption.ENVIRONMENT_REPLACED: "the environment is replaced, and its metadata database is lost",
}

_REPLACING = frozenset({"True", "Conditional"})


def plan_cost(plan: Plan) -> str:
    """What carrying it out would take, a sentence."""
    if plan.empty:
        return "There is nothing to deploy: the target holds this content already."
    deployment = "By what git shows, the deployment" if plan.offline else "The deployment"
    return f"{deployment} is {_expected(plan.expected_minutes, plan.disruption)}"


def cost_text(expected_minutes: tuple[int, int], disruption: Disruption) -> str:
    """How long it takes, and what running tasks notice, in a sentence."""
    return _expected(expected_minutes, disruption).capitalize()


def _expected(expected_minutes: tuple[int, int], disruption: Disruption) -> str:
    least, most = expected_minutes
    time = f"about {least} to {most} minutes" if most > 1 else "about a minute"
    return f"expected to take {time}; {_NOTICED[disruption]}."


def minutes_text(operation: Operation) -> str:
    """As in '0 to 1'; '' for what takes no time."""
    least, most = operation.expected_minutes
    return "" if most == 0 else f"{least} to {most}" if least != most else str(most)


def action_text(change: ResourceChange) -> str:
    """As in 'Modify, replacement True'."""
    return change.action + (f", replacement {change.replacement}" if change.replacement in _REPLACING else "")


def with_nested(changes: tuple[ResourceChange, ...], of: str = "") -> Iterator[tuple[str, ResourceChange]]:
    """Each change with its name; what lies in a nested stack is called as in 'Network/Vpc'."""
    for change in changes:
        yield f"{of}{change.logical_id}", change
        yield from with_nested(change.nested, f"{of}{change.logical_id}/")
