"""The plan as plain lines, for the log."""

from collections.abc import Iterator

from mwaa_deploy.plan import OperationKind, Plan


def drift_title(plan: Plan) -> str:
    """What the list of drift is about, without a full stop."""
    count = f"{len(plan.drift)} thing(s) changed by somebody else since {plan.drift_since}"
    return count if plan.empty else f"{count}; a deployment mends it"


def plan_lines(plan: Plan) -> Iterator[str]:
    """One line an operation, then the DAG files."""
    if plan.empty:
        yield "Nothing to deploy."
    for operation in plan.operations:
        part = f" {operation.part}" if operation.part else ""
        mark = " " if operation.kind is OperationKind.KEEP else "*"
        yield f"{mark} {operation.kind}{part}: {operation.reason}"
    for sign, files in (("+", plan.dags.added), ("~", plan.dags.changed), ("-", plan.dags.deleted)):
        for file in files:
            yield f"    {sign} {file}"
    if plan.drift:
        yield f"{drift_title(plan)}:"
    for found in plan.drift:
        yield f"    ! {found.text}"
    for note in plan.notes:
        yield f"note: {note}"
