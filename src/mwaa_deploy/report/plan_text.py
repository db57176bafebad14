"""The plan as plain lines, for the log."""

from collections.abc import Iterator

from mwaa_deploy.plan import OperationKind, Plan
from mwaa_deploy.ports import PropertyChange, ResourceChange
from mwaa_deploy.report.plain_text import cut, one_line
from mwaa_deploy.target.replacement import describe_change

MAX_VALUE = 300
"""Characters of a property's value that are shown; the JSON has all of it."""


def drift_title(plan: Plan) -> str:
    """What the list of drift is about, without a full stop."""
    count = f"{len(plan.drift)} thing(s) changed by somebody else since {plan.drift_since}"
    return count if plan.empty else f"{count}; a deployment mends it"


def plan_lines(plan: Plan) -> Iterator[str]:
    """One line an operation, then the DAG files."""
    if plan.empty:
        yield "Nothing to deploy."
    if plan.promoted_from:
        yield plan.promoted_from
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


def change_set_lines(changes: tuple[ResourceChange, ...]) -> Iterator[str]:
    """One line a resource, then its properties with their values; somebody else's words, for a log's verbatim."""
    if not changes:
        yield "CloudFormation has nothing to change."
    for change in changes:
        yield one_line(describe_change(change))
        for found in change.properties:
            yield f"    {property_line(found)}"
        if change.nested:
            yield from (f"    {line}" for line in change_set_lines(change.nested))


def property_line(found: PropertyChange) -> str:
    """As in '/Properties/MaxWorkers: 10 → 20'."""
    recreation = f" (recreation: {found.recreation})" if found.recreation not in {"", "Never"} else ""
    return f"{one_line(found.path)}: {_value(found.before)} → {_value(found.after)}{one_line(recreation)}"


def _value(value: str | None) -> str:
    return "(none)" if value is None else cut(one_line(value), MAX_VALUE) or "(empty)"
