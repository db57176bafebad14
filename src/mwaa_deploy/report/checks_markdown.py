"""The checks as Markdown: a table of them, then one list of what was found, the worst first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity
from mwaa_deploy.report.findings import Finding, counts, findings, shared_why, why_text
from mwaa_deploy.report.markdown import block, code, details, escape, seconds, table, with_runs

MARKS = {Severity.PASS: "✅", Severity.WARN: "⚠️", Severity.FAIL: "❌"}
NOT_RUN = "⏭️"

LIST_BYTES = 400_000
"""Room for the list of findings, in UTF-8: with everything else a summary stays below its 1 MiB by construction."""

_FOLDED_BYTES = 300_000
"""Of these, what findings may take with their evidence; those that come later are shown without."""

_DIFFERENCES = 50

_MAX_PATH = 4_096
"""Linux has no longer ones; a longer address would be none."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the files of the commit are shown.

    Attributes:
        url: address of the commit's tree on GitHub, such as 'https://github.com/acme/dags/blob/<sha>'; '' for none.
        repository: the repository's own address; '' for none.
    """

    url: str = ""
    repository: str = ""

    def place(self, finding: Finding) -> str:
        """File and line as a link, or as plain code where there is nothing to link to."""
        location = finding.verdict.location
        if location is None:
            return ""
        text, address = code(finding.place, limit=200), self.address(finding)
        # HTML, as it stands in a <summary>, where Markdown is not read.
        return f'<a href="{address}">{text}</a>' if address else text

    def address(self, finding: Finding) -> str:
        """Where file and line are shown; '' where there is nothing to link to."""
        location = finding.verdict.location
        if location is None or not self.url:
            return ""
        line = f"#L{location.line}" if location.line else ""
        path = quote(location.file.encode("utf-8", "surrogateescape" if _is_name(location.file) else "replace"))
        return f"{self.url}/{path}{line}" if len(path) <= _MAX_PATH else ""


def _is_name(file: str) -> bool:
    try:
        file.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def checks_section(report: CheckReport, source: Source) -> str:
    """The section of the summary."""
    shared = shared_why(report)
    why = with_runs(shared, source.repository, limit=500)
    if shared and all(result.skipped is not None for result in report.results):
        return f"### Checks\n\nNone was run: {why}"
    rows = [_row(result, shared, source) for result in report.results]
    header: tuple[str, ...] = ("check", "verdicts", "time", "why")
    if not any(row[-1] for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    parts = ["### Checks", f"Why they ran: {why}" if why else "", table(header, rows), *_list(findings(report), source)]
    differences = [f"- {escape(difference)}" for difference in report.differences[:_DIFFERENCES]]
    body = "\n\n".join(filter(None, (f"They ran in {escape(report.runner)}.", "\n".join(differences))))
    parts.append(details("Where they ran, and how that differs from MWAA", body))
    return "\n\n".join(filter(None, parts))


def _row(result: CheckResult, shared: str, source: Source) -> tuple[str, ...]:
    why = why_text(result).removesuffix(shared).strip()
    told = with_runs(f"{why[:-1]}." if why.endswith(":") else why, source.repository, limit=500)
    if result.skipped is not None:
        return f"{NOT_RUN} {escape(result.check)}", "", "", told
    numbers = counts(result.verdicts)
    return f"{MARKS[result.severity]} {escape(result.check)}", numbers, seconds(result.seconds), told


def _list(found: Sequence[Finding], source: Source) -> list[str]:
    room = _Room(found)
    lines = room.take(_FOLDED_BYTES, lambda finding: _entry(finding, source, folded=True))
    lines += room.take(LIST_BYTES, lambda finding: _entry(finding, source, folded=False))
    if room.rest:
        failed = sum(finding.verdict.severity is Severity.FAIL for finding in room.rest)
        lines.append(
            f"… and {len(room.rest)} more, {failed} of them failed: the log, the report file and the JUnit file "
            "have every one."
        )
    return lines


class _Room:
    """Findings that are taken in order as long as they fit."""

    def __init__(self, found: Iterable[Finding]) -> None:
        self.rest = list(found)
        self._used = 0

    def take(self, limit: int, render: Callable[[Finding], str]) -> list[str]:
        """Those that fit into `limit` bytes, together with what was taken before."""
        taken: list[str] = []
        for finding in self.rest:
            text = render(finding)
            size = len(text.encode("utf-8", "replace")) + 2
            if self._used + size > limit:
                break
            self._used += size
            taken.append(text)
        self.rest = self.rest[len(taken) :]
        return taken


def _entry(finding: Finding, source: Source, *, folded: bool) -> str:
    verdict = finding.verdict
    place, subject = source.place(finding), f"<b>{escape(verdict.subject)}</b>"
    about = f"{subject} {place}".strip()
    if verdict.location is not None and verdict.subject == verdict.location.file:
        about = f"<b>{place}</b>"
    text = (
        f"{MARKS[verdict.severity]} {about}: {escape(verdict.message, limit=600)} <sub>{escape(finding.rule_id)}</sub>"
    )
    return details(text, block(verdict.evidence)) if folded and verdict.evidence else text
