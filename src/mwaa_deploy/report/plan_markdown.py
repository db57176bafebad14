"""The plan as Markdown."""

from collections.abc import Iterator

from mwaa_deploy.drift import Drift
from mwaa_deploy.plan import Disruption, Operation, OperationKind, Plan
from mwaa_deploy.ports import ResourceChange
from mwaa_deploy.report.markdown import block, code, details, escape, table
from mwaa_deploy.report.plan_text import drift_title, property_line

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


def plan_section(plan: Plan, *, carried_out: bool) -> str:
    """The plan with its reasons; folded once it has been carried out."""
    rows = [_row(operation) for operation in plan.operations]
    lines = []
    if plan.empty:
        lines.append("There is nothing to deploy: the target holds this content already.")
    else:
        lines.append(cost_text(plan.expected_minutes, plan.disruption))
    if plan.promoted_from:
        lines.append(escape(plan.promoted_from, limit=1000))
    lines.append(table(("operation", "part", "why", "minutes"), rows))
    if plan.drift:
        lines.append(f"**{escape(drift_title(plan))}**\n\n{drift_block(plan.drift)}")
    for word, files in (("added", plan.dags.added), ("changed", plan.dags.changed), ("deleted", plan.dags.deleted)):
        if files:
            lines.append(details(f"{len(files)} DAG file(s) {word}", block("\n".join(files), limit=20_000)))
    changed = [p for p in plan.parameters if p.changes is not False]
    if changed:
        values = [
            (
                code(p.key),
                "" if p.before is None else code(p.before),
                "told by the upload" if p.value is None else code(p.value),
                escape(p.source),
            )
            for p in changed
        ]
        lines.append(
            details(f"{len(changed)} parameter(s) change", table(("parameter", "now", "then", "from"), values))
        )
    if plan.change_set is not None:
        lines.append(_change_set(plan.change_set))
    if not carried_out:
        # Afterwards they stand on top of the summary.
        lines += [f"> {escape(note, limit=1000)}" for note in plan.notes]
    body = "\n\n".join(lines)
    return details("The plan that was carried out", body) if carried_out else f"### Plan\n\n{body}"


def drift_block(drift: tuple[Drift, ...]) -> str:
    """What has drifted, one a line."""
    return block("\n".join(found.text for found in drift), limit=20_000)


def _row(operation: Operation) -> tuple[str, str, str, str]:
    least, most = operation.expected_minutes
    minutes = "" if most == 0 else f"{least} to {most}" if least != most else str(most)
    word = OPERATION_WORDS[operation.kind]
    shown = word if operation.kind is OperationKind.KEEP else f"<b>{word}</b>"
    return shown, escape(operation.part or ""), escape(operation.reason, limit=600), minutes


def cost_text(expected_minutes: tuple[int, int], disruption: Disruption) -> str:
    """How long it takes, and what running tasks notice, in a sentence."""
    least, most = expected_minutes
    time = f"about {least} to {most} minutes" if most > 1 else "about a minute"
    return f"Expected to take {time}; {_NOTICED[disruption]}."


def _change_set(changes: tuple[ResourceChange, ...]) -> str:
    if not changes:
        return "CloudFormation has nothing to change."
    told = list(_with_nested(changes))
    rows = [
        (
            code(name),
            escape(change.action + (f", replacement {change.replacement}" if change.replacement in _REPLACING else "")),
            code(change.resource_type),
            escape(", ".join(change.details), limit=600),
        )
        for name, change in told
    ]
    lines = [table(("resource", "action", "type", "because of"), rows)]
    values = [f"{name} {property_line(found)}" for name, change in told for found in change.properties]
    if values:
        lines.append(block("\n".join(values), limit=20_000))
    return details(f"CloudFormation would change {len(changes)} resource(s)", "\n\n".join(lines))


def _with_nested(changes: tuple[ResourceChange, ...], of: str = "") -> Iterator[tuple[str, ResourceChange]]:
    """Each change with its name; what lies in a nested stack is called as in 'Network/Vpc'."""
    for change in changes:
        yield f"{of}{change.logical_id}", change
        yield from _with_nested(change.nested, f"{of}{change.logical_id}/")
