"""The plan in the HTML report."""

from collections.abc import Iterator

from mwaa_deploy.plan import Plan
from mwaa_deploy.report.html_parts import Paragraphs, Part, Section, cell, listing, table
from mwaa_deploy.report.plan_text import drift_title, property_line
from mwaa_deploy.report.plan_words import OPERATION_WORDS, action_text, minutes_text, plan_cost, with_nested

_ROOM = 80_000
_MAX_NOTES = 30


def plan_section(plan: Plan, title: str, *, notes: bool) -> Section:
    """The plan with its reasons.

    Args:
        notes: whether to tell its notes, too.
    """
    return Section(id="plan", title=title, parts=tuple(_parts(plan, notes=notes)))


def _parts(plan: Plan, *, notes: bool) -> Iterator[Part]:
    yield Paragraphs(texts=tuple(filter(None, (plan_cost(plan), cell(plan.promoted_from, 1000)))))
    rows = ((OPERATION_WORDS[op.kind], op.part or "", op.reason, minutes_text(op)) for op in plan.operations)
    yield table("Operations, in order", ("operation", "part", "why", "minutes"), rows, room=_ROOM)
    if plan.drift:
        drift = ((found.subject, found.text) for found in plan.drift)
        yield table(drift_title(plan), ("what", "how"), drift, room=_ROOM)
    for word, files in (("added", plan.dags.added), ("changed", plan.dags.changed), ("deleted", plan.dags.deleted)):
        if files:
            yield listing(f"DAG files {word} ({len(files)})", files, room=_ROOM)
    changed = [p for p in plan.parameters if p.changes is not False]
    if changed:
        values = [
            (p.key, p.before or "", "told by the upload" if p.value is None else p.value, str(p.source))
            for p in changed
        ]
        header = ("parameter", "now", "then", "from")
        yield table(f"Parameters that change ({len(changed)})", header, values, room=_ROOM, folded=True)
    if plan.change_set is not None:
        yield from _change_set(plan)
    if notes and plan.notes:
        yield Paragraphs(texts=tuple(cell(note, 1000) for note in plan.notes[:_MAX_NOTES]), mark="note")


def _change_set(plan: Plan) -> Iterator[Part]:
    told = list(with_nested(plan.change_set or ()))
    if not told:
        yield Paragraphs(texts=("CloudFormation has nothing to change.",))
        return
    rows = ((name, action_text(change), change.resource_type, ", ".join(change.details)) for name, change in told)
    caption = f"What CloudFormation would change ({len(told)})"
    yield table(caption, ("resource", "action", "type", "because of"), rows, room=_ROOM, folded=True)
    values = [f"{name} {property_line(found)}" for name, change in told for found in change.properties]
    if values:
        yield listing(f"Values that change ({len(values)})", values, room=_ROOM)
