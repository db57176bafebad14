"""The journal as the sections of the HTML report: the same story as the summary's, with more of each list."""

from collections.abc import Iterator
from dataclasses import dataclass

from mwaa_deploy.errors import ChecksFailed, MwaaDeployError
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.checks_markdown import Source
from mwaa_deploy.report.error_markdown import left_behind, mend_parts, what_failed
from mwaa_deploy.report.html_checks import checks_section
from mwaa_deploy.report.html_deployment import live_section, outcome_section
from mwaa_deploy.report.html_differences import difference_sections
from mwaa_deploy.report.html_parts import Paragraphs, Part, Section, Table, cell, lines, listing, table
from mwaa_deploy.report.html_plan import plan_section
from mwaa_deploy.report.markdown import seconds
from mwaa_deploy.report.slow_files import exactly, slowest_files
from mwaa_deploy.report.story import headline, meaning, webserver_url, where_from
from mwaa_deploy.report.summary import source_of
from mwaa_deploy.report.timeline import bar_title, end_of, length_of, time_line, took
from mwaa_deploy.source.changes import Changes

_MAX_NOTES = 50
_ROOM = 200_000
_THOUSAND = 1000


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What ended the run.

    Attributes:
        mend: parts, each with whether it is to be pasted.
    """

    what: str
    meaning: str
    mend: tuple[tuple[bool, str], ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole report.

    Attributes:
        mark: the sign before the headline.
        facts: what the run was, by name.
        links: title and address.
        sentences: what it means.
        notes: what is worth knowing besides.
    """

    mark: str
    headline: str
    target: str
    failed: bool
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    failure: Failure | None
    notes: tuple[str, ...]
    sections: tuple[Section, ...]


def page_of(journal: Journal) -> Page:
    """The page for what the journal holds."""
    mark, _, title = headline(journal).partition(" ")
    plan_notes = journal.plan.notes if journal.plan is not None and journal.outcome is not None else ()
    notes = [cell(note, 1000) for note in (*journal.notes, *plan_notes)]
    more = [f"… and {len(notes) - _MAX_NOTES} more; the report file has them."] if len(notes) > _MAX_NOTES else []
    return Page(
        mark=mark,
        headline=title,
        target=cell(journal.target, 200),
        failed=journal.error is not None,
        facts=tuple(_facts(journal)),
        links=tuple(_links(journal)),
        sentences=tuple(_sentences(journal)),
        failure=_failure(journal),
        notes=(*notes[:_MAX_NOTES], *more),
        sections=tuple(_sections(journal)),
    )


def _facts(journal: Journal) -> Iterator[tuple[str, str]]:
    if journal.mode is not None:
        yield "Mode", str(journal.mode)
    if journal.target:
        yield "Target", cell(journal.target, 200)
    if journal.changes is not None and journal.changes.head:
        yield "Commit", cell(journal.changes.head)
    if bars := time_line(journal):
        yield "Took", seconds(took(bars))


def _links(journal: Journal) -> Iterator[tuple[str, str]]:
    if _is_web(journal.run_url):
        yield "The run on GitHub", cell(journal.run_url)
    if address := webserver_url(journal):
        yield "Airflow", address


def _is_web(address: str) -> bool:
    """Whether it may be a link: escaping makes no script of an address harmless."""
    return address.startswith(("https://", "http://"))


def _sentences(journal: Journal) -> Iterator[str]:
    if journal.error is None:
        yield cell(meaning(journal, str), 1000)
    else:
        yield left_behind(journal)
    yield from (cell(text, 1000) for text in where_from(journal))


def _failure(journal: Journal) -> Failure | None:
    error = journal.error
    if error is None:
        return None
    if not isinstance(error, MwaaDeployError):
        told = lines(f"{type(error).__name__}: {error}")
        return Failure(what=told, meaning="", mend=((False, "The log has what a bug report needs."),))
    if isinstance(error, ChecksFailed) and journal.checks is not None and journal.checks.failed:
        mend = "Each finding under Checks names file and line. `mwaa-deploy check` asks the same on your machine."
        return Failure(what=f"Failed: {what_failed(journal.checks)}", meaning="", mend=((False, mend),))
    return Failure(
        what=lines(error.what),
        meaning=cell(error.meaning, 1000),
        mend=tuple((pasted, lines(part)) for pasted, part in mend_parts(error.mend)),
    )


def _sections(journal: Journal) -> Iterator[Section]:
    told = journal.error.what if isinstance(journal.error, MwaaDeployError) else ""
    outcome, rollback, plan = journal.outcome, journal.rollback, journal.plan
    if journal.drift:
        drift = table("What has drifted", ("what", "how"), ((d.subject, d.text) for d in journal.drift), room=_ROOM)
        yield Section(id="drift", title="Drift", parts=(drift,))
    if outcome is not None and not (journal.result == "unchanged" and outcome.changed_nothing):
        yield outcome_section("done", "What was done", outcome, told=told)
    if outcome is not None and outcome.live is not None:
        yield live_section(outcome.live)
    if rollback is not None and rollback.outcome is not None:
        yield outcome_section("rolled-back", "What was rolled back", rollback.outcome, told=told)
    if plan is not None and outcome is None:
        yield plan_section(plan, "Plan", notes=True)
    if journal.checks is not None:
        source = source_of(journal) if _is_web(journal.run_url) else Source()
        yield checks_section(journal.checks, source)
    if plan is not None and outcome is not None:
        was = "was to be" if journal.error else "was"
        yield plan_section(plan, "Plan" if plan.empty else f"The plan that {was} carried out", notes=False)
    if journal.changes is not None:
        yield _changes(journal.changes)
    if journal.checks is not None:
        yield from difference_sections(journal.checks)
        yield from _slow_files(journal)
    yield from _time(journal)


def _changes(changes: Changes) -> Section:
    base, reason = changes.base.sha, cell(changes.base.reason)
    if base is None:
        text = f"No base, so every part counts as changed: {reason}."
        return Section(id="changes", title="Changes", parts=(Paragraphs(texts=(text,)),))
    files = [(str(part), file) for part, found in changes.files.items() for file in found]
    files += [("other", file) for file in changes.other]
    parts: list[Part] = [Paragraphs(texts=(f"{len(files)} changed file(s) since {base[:12]}: {reason}.",))]
    if files:
        named = (f"{file.status} {file.path}  ({part})" for part, file in files)
        parts.append(listing("Every changed file", named, room=_ROOM))
    return Section(id="changes", title="Changes", parts=tuple(parts))


def _slow_files(journal: Journal) -> Iterator[Section]:
    assert journal.checks is not None  # noqa: S101 -- asked before
    slowest, title = slowest_files(journal.checks.dag_files)
    if slowest:
        top = slowest[0].seconds
        rows = tuple((cell(file.name, 200), exactly(file.seconds)) for file in slowest)
        bars = tuple((0.0, round(_THOUSAND * file.seconds / top, 1)) for file in slowest)
        yield Section(
            id="slow-files",
            title="Slowest DAG files",
            parts=(Table(caption=title, header=("file", "time"), rows=rows, bars=bars),),
        )


def _time(journal: Journal) -> Iterator[Section]:
    bars = time_line(journal)
    if not bars:
        return
    whole = end_of(bars) or 1.0
    rows = [(bar_title(bar).removeprefix("❌ "), seconds(bar.start), seconds(bar.step.seconds)) for bar in bars]
    shown = table("Each step", ("step", "began after", "time"), rows, room=_ROOM)
    drawn = tuple(
        (round(_THOUSAND * bar.start / whole, 1), max(round(_THOUSAND * length_of(bar.step) / whole, 1), 3.0))
        for bar in bars[: len(shown.rows)]
    )
    failed = frozenset(number for number, bar in enumerate(bars) if bar.step.failed)
    part = Table(
        caption=shown.caption, header=shown.header, rows=shown.rows, rest=shown.rest, bars=drawn, marked=failed
    )
    yield Section(id="time", title="Time line", parts=(part,))
