"""What a deployment did, and how the live Airflow was found, in the HTML report."""

from collections.abc import Iterator, Sequence

from mwaa_deploy.live_report import LiveReport
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.parts import Part as ProjectPart
from mwaa_deploy.ports import StackEvent
from mwaa_deploy.report.html_parts import Paragraphs, Part, Section, Verbatim, cell, lines, listing, table
from mwaa_deploy.report.live_markdown import live_headline
from mwaa_deploy.report.markdown import seconds
from mwaa_deploy.report.stack_events import event_line, untold_cause
from mwaa_deploy.target.advice import advice_for
from mwaa_deploy.target.resource_times import resource_times

_ROOM = 60_000
_MAX_NOTES = 30


def outcome_section(anchor: str, title: str, outcome: Outcome, *, told: str) -> Section:
    """What was changed.

    Args:
        anchor: the section's.
        title: its heading.
        outcome: what is told.
        told: what the run's error says already.
    """
    return Section(id=anchor, title=title, parts=tuple(_outcome_parts(outcome, told)))


def _outcome_parts(outcome: Outcome, told: str) -> Iterator[Part]:
    rows = [
        (str(part), f"new object version {stored.version}", stored.key) for part, stored in outcome.uploaded.items()
    ]
    found = (("added", outcome.dags_added), ("changed", outcome.dags_changed), ("deleted", outcome.dags_deleted))
    if counts := [f"{len(files)} {word}" for word, files in found if files]:
        rows.append((str(ProjectPart.DAGS), ", ".join(counts), ""))
    rows += [
        (change.logical_id, f"{change.action} {', '.join(change.details)}".strip(), change.resource_type)
        for change in outcome.changes
    ]
    if rows:
        yield table("What was changed", ("what", "change", "where"), rows, room=_ROOM)
    else:
        yield Paragraphs(texts=("Nothing had to be changed.",))
    for word, files in found:
        if files:
            yield listing(f"DAG files {word} ({len(files)})", files, room=_ROOM)
    if outcome.stack_events:
        yield from _events(outcome.stack_events, told)


def _events(events: Sequence[StackEvent], told: str) -> Iterator[Part]:
    if first := untold_cause(events, told):
        cause = f"First cause: {first.logical_id} ({first.resource_type}) {first.status}: {first.reason}"
        yield Paragraphs(texts=(cell(cause, 1000),), mark="note")
        if advice := advice_for(first.reason):
            yield Paragraphs(texts=(f"What it usually means. {cell(advice.meaning, 1000)}", "To mend it:"))
            yield Verbatim(text=lines(advice.mend))
    times = [
        (time.logical_id, time.resource_type, time.status, "" if time.seconds is None else seconds(time.seconds))
        for time in resource_times(events)
    ]
    if times:
        header = ("resource", "type", "ended as", "time")
        yield table(f"Resources of the stack, by time ({len(times)})", header, times, room=_ROOM, folded=True)
    yield listing(f"Stack events ({len(events)})", map(event_line, events), room=_ROOM)


def live_section(report: LiveReport) -> Section:
    """What asking the live environment came to."""
    return Section(id="live", title="Live Airflow", parts=tuple(_live_parts(report)))


def _live_parts(report: LiveReport) -> Iterator[Part]:
    yield Paragraphs(texts=(live_headline(report),))
    if report.failures:
        yield listing("What could not be installed", report.failures, room=_ROOM)
    if report.broken:
        tracebacks = "\n\n".join(f"{file}\n{message}" for file, message in report.broken.items())
        yield Verbatim(title=f"Files that cannot be imported ({len(report.broken)})", text=lines(tracebacks, 20_000))
    if report.missing:
        yield table("DAGs that it does not list", ("DAG", "of file"), report.missing.items(), room=_ROOM)
    if report.smoke:
        runs = ((run.dag, run.state, run.run) for run in report.smoke)
        yield table("Smoke runs", ("DAG", "ended", "run"), runs, room=_ROOM)
    if report.notes:
        yield Paragraphs(texts=tuple(cell(note, 1000) for note in report.notes[:_MAX_NOTES]), mark="note")
