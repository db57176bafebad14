"""The step summary: what happened, what it means, what to do next; details folded. A pure function of the journal."""

from collections.abc import Iterator, Sequence

from mwaa_deploy.errors import MwaaDeployError
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.parts import Part
from mwaa_deploy.report.checks_markdown import Source, checks_section
from mwaa_deploy.report.dag_difference import dag_difference_section
from mwaa_deploy.report.error_markdown import error_section
from mwaa_deploy.report.live_markdown import live_section
from mwaa_deploy.report.markdown import block, code, count, details, escape, table, with_runs
from mwaa_deploy.report.package_changes import package_changes_section
from mwaa_deploy.report.plan_markdown import drift_block, plan_section
from mwaa_deploy.report.size import fit
from mwaa_deploy.report.slow_files import slow_files_section
from mwaa_deploy.report.stack_events import stack_events_section
from mwaa_deploy.report.story import headline, meaning, webserver_url, where_from
from mwaa_deploy.report.timeline import time_section
from mwaa_deploy.source.changes import Changes

MAX_CHANGES = 30
"""Resource changes that are shown; the rest is in the report file."""

_MAX_NOTES = 30


def render_summary(journal: Journal) -> str:
    """The whole summary as Markdown, never over GitHub's limit."""
    return fit([_first_screen(journal), *_sections(journal)])


def _first_screen(journal: Journal) -> str:
    parts = [_head(journal)]
    if journal.error is not None:
        parts.append(error_section(journal))
    source = source_of(journal)
    parts += [f"**{with_runs(text, source.repository, limit=1000)}**" for text in where_from(journal)]
    if journal.drift and not _told(journal, [found.text for found in journal.drift]):
        parts.append(f"### Drift\n\n{drift_block(journal.drift)}")
    plan_notes = journal.plan.notes if journal.plan is not None and journal.outcome is not None else ()
    notes = (*journal.notes, *plan_notes)
    parts += [f"> ⚠️ {escape(note, limit=1000)}" for note in notes[:_MAX_NOTES]]
    if len(notes) > _MAX_NOTES:
        parts.append(f"> ⚠️ … and {count(len(notes) - _MAX_NOTES, 'more note')}, in the report file.")
    return "\n\n".join(parts)


def _sections(journal: Journal) -> Iterator[str]:
    """What follows, the most telling first."""
    told = journal.error.what if isinstance(journal.error, MwaaDeployError) else ""
    outcome, rollback, plan = journal.outcome, journal.rollback, journal.plan
    if outcome is not None and not (journal.result == "unchanged" and outcome.changed_nothing):
        yield _outcome(outcome, "What was done", told=told)
    if outcome is not None and outcome.live is not None:
        yield live_section(outcome.live)
    if rollback is not None and rollback.outcome is not None:
        yield _outcome(rollback.outcome, "What was rolled back", told=told)
    if plan is not None and outcome is None:
        yield plan_section(plan, cost=journal.error is not None or journal.mode is not Mode.PLAN)
    if journal.checks is not None:
        yield checks_section(journal.checks, source_of(journal))
    if plan is not None and outcome is not None:
        was = "was to be" if journal.error else "was"
        yield plan_section(plan, folded="The plan" if plan.empty else f"The plan that {was} carried out")
    if journal.changes is not None:
        yield _changes(journal.changes, source_of(journal))
    if journal.checks is not None:
        yield dag_difference_section(journal.checks.dag_differences)
        yield package_changes_section(journal.checks.package_changes)
        yield slow_files_section(journal.checks.dag_files)
    yield time_section(journal)


def _told(journal: Journal, texts: Sequence[str]) -> bool:
    """Whether the run's error says all of it already."""
    return isinstance(journal.error, MwaaDeployError) and all(text in journal.error.what for text in texts)


def _head(journal: Journal) -> str:
    target = f" — {escape(journal.target)}" if journal.target else ""
    return f"## {headline(journal)}{target}" + (
        "" if journal.error else f"\n\n{meaning(journal, code)}{_webserver(journal)}"
    )


def _webserver(journal: Journal) -> str:
    address = webserver_url(journal)
    return f" [Open Airflow]({address})" if address else ""


def source_of(journal: Journal) -> Source:
    """Where the files of the run's commit are shown."""
    repository = journal.run_url.partition("/actions/runs/")[0]
    if not (repository and journal.changes):
        return Source(repository=repository)
    return Source(url=f"{repository}/blob/{journal.changes.head}", repository=repository)


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
            f"{escape(change.action)} {escape(', '.join(change.details))}".strip(),
            code(change.resource_type),
        )
        for change in outcome.changes[:MAX_CHANGES]
    ]
    lines = [f"### {title}"]
    lines.append(table(("what", "change", "where"), rows) if rows else "Nothing had to be changed.")
    lines += stack_events_section(outcome.stack_events, told=told)
    return "\n\n".join(lines)


def _changes(changes: Changes, source: Source) -> str:
    reason = with_runs(changes.base.reason, source.repository)
    if changes.base.sha is None:
        return f"### Changes\n\nNo base, so every part counts as changed: {reason}."
    files = [(part.value, file) for part, found in changes.files.items() for file in found]
    files += [("other", file) for file in changes.other]
    title = f"{count(len(files), 'changed file')} since {code(changes.base.sha[:12])}: {reason}"
    if not files:
        return f"### Changes\n\n{title}"
    listed = "\n".join(f"{file.status} {file.path}  ({part})" for part, file in files)
    return f"### Changes\n\n{details(title, block(listed, limit=20_000))}"
