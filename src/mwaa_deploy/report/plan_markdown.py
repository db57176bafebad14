"""The plan as Markdown."""

from mwaa_deploy.drift import Drift
from mwaa_deploy.plan import Operation, OperationKind, Plan
from mwaa_deploy.ports import ResourceChange
from mwaa_deploy.report.markdown import block, code, count, details, escape, table
from mwaa_deploy.report.plan_text import drift_title, property_line
from mwaa_deploy.report.plan_words import OPERATION_WORDS, action_text, minutes_text, plan_cost, with_nested

_MAX_NOTES = 30


def plan_section(plan: Plan, *, folded: str = "", cost: bool = True) -> str:
    """The plan with its reasons.

    Args:
        folded: the title under which it is folded once it has been carried out; the plan's notes are told elsewhere
            then. '' if it is shown.
        cost: whether to say what carrying it out would take.
    """
    rows = [_row(operation) for operation in plan.operations]
    lines = []
    if cost:
        lines.append(plan_cost(plan))
    if plan.promoted_from:
        lines.append(escape(plan.promoted_from, limit=1000))
    lines.append(table(("operation", "part", "why", "minutes"), rows))
    if plan.drift:
        lines.append(f"**{escape(drift_title(plan))}**\n\n{drift_block(plan.drift)}")
    for word, files in (("added", plan.dags.added), ("changed", plan.dags.changed), ("deleted", plan.dags.deleted)):
        if files:
            lines.append(details(f"{count(len(files), 'DAG file')} {word}", block("\n".join(files), limit=20_000)))
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
            details(count(len(changed), "changed parameter"), table(("parameter", "now", "then", "from"), values))
        )
    if plan.change_set is not None:
        lines.append(_change_set(plan.change_set))
    if not folded:
        # Afterwards they stand on top of the summary.
        lines += [f"> {escape(note, limit=1000)}" for note in plan.notes[:_MAX_NOTES]]
    body = "\n\n".join(lines)
    return details(folded, body) if folded else f"### Plan\n\n{body}"


def drift_block(drift: tuple[Drift, ...]) -> str:
    """What has drifted, one a line."""
    return block("\n".join(found.text for found in drift), limit=20_000)


def _row(operation: Operation) -> tuple[str, str, str, str]:
    word = OPERATION_WORDS[operation.kind]
    shown = word if operation.kind is OperationKind.KEEP else f"<b>{word}</b>"
    return shown, escape(operation.part or ""), escape(operation.reason, limit=600), minutes_text(operation)


def _change_set(changes: tuple[ResourceChange, ...]) -> str:
    if not changes:
        return "CloudFormation has nothing to change."
    told = list(with_nested(changes))
    rows = [
        (
            code(name),
            escape(action_text(change)),
            code(change.resource_type),
            escape(", ".join(change.details), limit=600),
        )
        for name, change in told
    ]
    lines = [table(("resource", "action", "type", "because of"), rows)]
    values = [f"{name} {property_line(found)}" for name, change in told for found in change.properties]
    if values:
        lines.append(block("\n".join(values), limit=20_000))
    return details(f"CloudFormation would change {count(len(changes), 'resource')}", "\n\n".join(lines))
