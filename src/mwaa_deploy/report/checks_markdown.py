"""The checks as Markdown: a table of them, then one list of what was found, the worst first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity
from mwaa_deploy.report.findings import Finding, counts, findings, why_text
from mwaa_deploy.report.markdown import block, code, details, escape, seconds, table

MARKS = {Severity.PASS: "✅", Severity.WARN: "⚠️", Severity.FAIL: "❌"}
NOT_RUN = "⏭️"

LIST_BYTES = 400_000
"""Room for the list of findings, in UTF-8: with everything else a summary stays below its 1 MiB by construction."""

_FOLDED_BYTES = 300_000
"""Of these, what findings may take with their evidence; those that come later are shown without."""

_DIFFERENCES = 50


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the files of the commit are shown.

    Attributes:
        url: address of the commit's tree on GitHub, such as 'https://github.com/acme/dags/blob/<sha>'; '' for none.
    """

    url: str = ""

    def place(self, finding: Finding) -> str:
        """File and line as a link, or as plain code where there is nothing to link to."""
        location = finding.verdict.location
        if location is None:
            return ""
        text = code(finding.place, limit=200)
        if not self.url:
            return text
        line = f"#L{location.line}" if location.line else ""
        path = quote(location.file.encode("utf-8", "surrogateescape" if _is_name(location.file) else "replace"))
        # HTML, as it stands in a <summary>, where Markdown is not read.
        return f'<a href="{self.url}/{path}{line}">{text}</a>'


def _is_name(file: str) -> bool:
    try:
        file.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def checks_section(report: CheckReport, source: Source) -> str:
    """The section of the summary."""
    rows = [_row(result) for result in report.results]
    parts = [
        "### Checks",
        f"In {escape(report.runner)}.",
        table(("check", "verdicts", "time", "why"), rows),
        *_list(findings(report), source),
    ]
    if report.differences:
        lines = [f"- {escape(difference)}" for difference in report.differences[:_DIFFERENCES]]
        parts.append(details("How this runner differs from MWAA", "\n".join(lines)))
    return "\n\n".join(parts)


def _row(result: CheckResult) -> tuple[str, str, str, str]:
    if result.skipped is not None:
        return f"{NOT_RUN} {escape(result.check)}", "", "", escape(why_text(result), limit=500)
    numbers = counts(result.verdicts)
    return (
        f"{MARKS[result.severity]} {escape(result.check)}",
        numbers,
        seconds(result.seconds),
        escape(result.why, limit=500),
    )


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
    place = source.place(finding)
    text = (
        f"{MARKS[verdict.severity]} <b>{escape(verdict.subject)}</b>{place and f' {place}'}: "
        f"{escape(verdict.message, limit=600)} <sub>{escape(finding.rule_id)}</sub>"
    )
    return details(text, block(verdict.evidence)) if folded and verdict.evidence else text
