"""The step summary: what happened, what it means, what to do next; details folded. A pure function of the journal."""

from mwaa_deploy.bundle.template import ENVIRONMENT_TYPE
from mwaa_deploy.errors import MwaaDeployError
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.parts import Part
from mwaa_deploy.promotion import NO_CHECKS
from mwaa_deploy.report.checks_markdown import Source, checks_section
from mwaa_deploy.report.dag_difference import dag_difference_section
from mwaa_deploy.report.live_markdown import live_section
from mwaa_deploy.report.markdown import block, code, details, escape, table
from mwaa_deploy.report.package_changes import package_changes_section
from mwaa_deploy.report.plan_markdown import drift_block, plan_section
from mwaa_deploy.report.slow_files import slow_files_section
from mwaa_deploy.report.stack_events import stack_events_section
from mwaa_deploy.report.timeline import time_section
from mwaa_deploy.source.changes import Changes

MAX_CHANGES = 30
"""Resource changes that are shown; the rest is in the report file."""

_HEADLINES = {
    "passed": "✅ Checks passed",
    "planned": "✅ Checks passed; this is the plan",
    "deployed": "🚀 Deployed",
    "pushed": "📦 Runner image pushed",
    "rolled-back": "⏪ Rolled back",
    "unchanged": "✅ Nothing to deploy",
}
_PLANNED_PROMOTION = "✅ This is the plan of the promotion"
_NO_DRIFT = "✅ No drift"
_UP_TO_DATE = "✅ The runner image is up to date"


def render_summary(journal: Journal) -> str:
    """The whole summary as Markdown."""
    parts = [_head(journal)]
    told = journal.error.what if isinstance(journal.error, MwaaDeployError) else ""
    if journal.error is not None:
        parts.append(_error(journal.error, deployed=journal.deployed, back=_is_back(journal)))
    parts += [f"**{escape(text, limit=1000)}**" for text in _where_from(journal)]
    if journal.drift:
        parts.append(f"### Drift\n\n{drift_block(journal.drift)}")
    carried_out = journal.outcome is not None
    notes = [*journal.notes, *(journal.plan.notes if journal.plan is not None and carried_out else ())]
    parts += [f"> ⚠️ {escape(note, limit=1000)}" for note in notes]
    if journal.outcome is not None:
        parts.append(_outcome(journal.outcome, "What was done", told=told))
        if journal.outcome.live is not None:
            parts.append(live_section(journal.outcome.live))
    if journal.rollback is not None and journal.rollback.outcome is not None:
        parts.append(_outcome(journal.rollback.outcome, "What was rolled back", told=told))
    if journal.checks is not None:
        parts.append(checks_section(journal.checks, _source(journal)))
    if journal.plan is not None:
        parts.append(plan_section(journal.plan, carried_out=carried_out))
    if journal.changes is not None:
        parts.append(_changes(journal.changes))
    if journal.checks is not None:
        parts.append(dag_difference_section(journal.checks.dag_differences))
        parts.append(package_changes_section(journal.checks.package_changes))
        parts.append(slow_files_section(journal.checks.dag_files))
    parts.append(time_section(journal))
    return "\n\n".join(part for part in parts if part) + "\n"


def _where_from(journal: Journal) -> list[str]:
    """Where the artefacts come from, if not from the checkout."""
    promotion, rollback = journal.promotion, journal.rollback
    promoted = [f"{promotion.text} {NO_CHECKS}"] if promotion is not None else []
    return [*promoted, *([rollback.text] if rollback is not None else [])]


def _head(journal: Journal) -> str:
    target = f" — {escape(journal.target)}" if journal.target else ""
    if journal.error is None:
        headline = _HEADLINES[journal.result]
        if journal.mode is Mode.DRIFT:
            headline = _NO_DRIFT
        elif journal.mode is Mode.PLAN and journal.promotion is not None:
            headline = _PLANNED_PROMOTION
        elif journal.image and not journal.image.pushed:
            headline = _UP_TO_DATE
        return f"## {headline}{target}\n\n{_meaning(journal)}"
    title = journal.error.title if isinstance(journal.error, MwaaDeployError) else "Unexpected failure"
    return f"## ❌ {escape(title)}{target}"


def _meaning(journal: Journal) -> str:
    head = f"Commit {code(journal.changes.head[:12])}" if journal.changes else "The commit"
    if journal.image is not None:
        return f"{code(journal.image.reference)}, digest {code(journal.image.digest or 'unknown')}."
    if journal.mode is Mode.DRIFT:
        return "The target is as its last deployment left it."
    if journal.rollback is not None:
        head = f"Commit {code(journal.rollback.to.commit[:12])}"
    if journal.result == "unchanged":
        return f"{head} is what the target already holds: no upload, no change set executed, no environment update."
    if journal.result in {"deployed", "rolled-back"} and journal.outcome is not None:
        asked = " in the live Airflow" if journal.outcome.live and journal.outcome.live.verified else ""
        return f"{head} is live and verified{asked}; {_update(journal.outcome)}."
    if journal.result == "planned":
        checked = "" if journal.promotion is not None else f"{head} was checked. "
        return f"{checked}Nothing in AWS has been changed."
    return f"{head} was checked. AWS was not asked."


def _update(outcome: Outcome) -> str:
    actions = [change.action for change in outcome.changes if change.resource_type == ENVIRONMENT_TYPE]
    if not outcome.environment_updated:
        return "no environment update"
    return "the environment was created" if "Add" in actions else "the environment was updated"


def _is_back(journal: Journal) -> bool:
    """Whether a deployment failed, and what was live before is live again."""
    return journal.rollback is not None and journal.rollback.automatic and journal.rollback.done


def _error(error: BaseException, *, deployed: bool, back: bool) -> str:
    if not isinstance(error, MwaaDeployError):
        return f"{block(f'{type(error).__name__}: {error}')}\n\nThe log has what a bug report needs."
    lines = [block(error.what)]
    if error.meaning:
        lines.append(f"**What it usually means.** {escape(error.meaning, limit=1000)}")
    if error.mend:
        lines.append(f"**To mend it:**\n\n{block(error.mend)}")
    if back:
        lines.append("What was live before is live again, and its record says so.")
    elif deployed:
        lines.append("The record was left as it was: the next run repeats what is missing, and nothing is lost.")
    else:
        lines.append("Nothing at the target has been changed.")
    return "\n\n".join(lines)


def _source(journal: Journal) -> Source:
    repository = journal.run_url.partition("/actions/runs/")[0]
    if not (repository and journal.changes):
        return Source()
    return Source(url=f"{repository}/blob/{journal.changes.head}")


def _outcome(outcome: Outcome, title: str, *, told: str) -> str:
    rows = [
        (escape(part), f"new object version {code(stored.version)}", code(stored.key, limit=200))
        for part, stored in outcome.uploaded.items()
    ]
    counts = [
        f"{len(found)} {word}"
        for word, found in (
            ("added", outcome.dags_added),
            ("changed", outcome.dags_changed),
            ("deleted", outcome.dags_deleted),
        )
        if found
    ]
    if counts:
        rows.append((escape(Part.DAGS), ", ".join(counts), ""))
    rows += [
        (
            code(change.logical_id),
            f"{escape(change.action)} {escape(', '.join(change.details))}",
            code(change.resource_type),
        )
        for change in outcome.changes[:MAX_CHANGES]
    ]
    lines = [f"### {title}"]
    lines.append(table(("what", "change", "where"), rows) if rows else "Nothing had to be changed.")
    lines += stack_events_section(outcome.stack_events, told=told)
    return "\n\n".join(lines)


def _changes(changes: Changes) -> str:
    base = (
        f"{code(changes.base.sha[:12])}: {escape(changes.base.reason)}"
        if changes.base.sha
        else escape(changes.base.reason)
    )
    if changes.base.sha is None:
        return f"### Changes\n\nNo base, so every part counts as changed: {base}."
    files = [(part.value, file) for part, found in changes.files.items() for file in found]
    files += [("other", file) for file in changes.other]
    title = f"{len(files)} changed file(s) since {base}"
    if not files:
        return f"### Changes\n\n{title}"
    listed = "\n".join(f"{file.status} {file.path}  ({part})" for part, file in files)
    return f"### Changes\n\n{details(title, block(listed, limit=20_000))}"
