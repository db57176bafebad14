"""The checks in the HTML report: a table of them, what was found, and what passed."""

from collections.abc import Iterator

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity
from mwaa_deploy.report.checks_markdown import Source
from mwaa_deploy.report.findings import Finding, counts, findings, shared_why, why_text
from mwaa_deploy.report.html_parts import Entry, Findings, Paragraphs, Part, Section, cell, lines, size, table, take
from mwaa_deploy.report.markdown import seconds

FINDINGS_ROOM = 1_400_000
"""Bytes for findings; of these, `_EVIDENCE_ROOM` for those with their evidence, and the rest for those without."""

_EVIDENCE_ROOM = 1_000_000
_PASSES_ROOM = 300_000
_DIFFERENCES = 50

_MARKS = {Severity.PASS: "passed", Severity.WARN: "warned", Severity.FAIL: "failed"}


def checks_section(report: CheckReport, source: Source) -> Section:
    """All of it."""
    return Section(id="checks", title="Checks", parts=tuple(_parts(report, source)))


def _parts(report: CheckReport, source: Source) -> Iterator[Part]:
    shared = shared_why(report)
    if shared:
        yield Paragraphs(texts=(f"Why they ran, or did not: {cell(shared)}",))
    rows = [_row(result, shared) for result in report.results]
    header = ("check", "result", "verdicts", "time", "why")
    with_why = any(row[-1] for row in rows)
    yield table(
        "Every check",
        header if with_why else header[:-1],
        (row if with_why else row[:-1] for row in rows),
        room=100_000,
    )
    if found := findings(report):
        yield _findings(found, source)
    passed = [
        (verdict.subject, result.check, verdict.message)
        for result in report.results
        for verdict in result.verdicts
        if verdict.severity is Severity.PASS
    ]
    if passed:
        yield table(
            f"What passed ({len(passed)})", ("about", "check", "what it says"), passed, room=_PASSES_ROOM, folded=True
        )
    differences = tuple(cell(text) for text in report.differences[:_DIFFERENCES])
    yield Paragraphs(texts=(f"They ran in {cell(report.runner)}.", *differences))


def _row(result: CheckResult, shared: str) -> tuple[str, ...]:
    why = why_text(result).removesuffix(shared).strip()
    why = f"{why[:-1]}." if why.endswith(":") else why
    if result.skipped is not None:
        return result.check, "not run", "", "", why
    return result.check, _MARKS[result.severity], counts(result.verdicts), seconds(result.seconds), why


def _findings(found: tuple[Finding, ...], source: Source) -> Findings:
    full, used = take(found, lambda finding: _entry(finding, source, evidence=True), _size, _EVIDENCE_ROOM)
    later = found[len(full) :]
    short, _ = take(later, lambda finding: _entry(finding, source, evidence=False), _size, FINDINGS_ROOM - used)
    rest = later[len(short) :]
    failed = sum(finding.verdict.severity is Severity.FAIL for finding in rest)
    return Findings(entries=(*full, *short), rest=len(rest), rest_failed=failed)


def _entry(finding: Finding, source: Source, *, evidence: bool) -> Entry:
    verdict = finding.verdict
    return Entry(
        severity=str(verdict.severity),
        subject=cell(verdict.subject, 200) or "(no name)",
        place=cell(finding.place, 200),
        href=source.address(finding),
        message=cell(verdict.message),
        rule=cell(finding.rule_id, 200),
        evidence=lines(verdict.evidence) if evidence else "",
    )


def _size(entry: Entry) -> int:
    return size(entry.subject, entry.place, entry.href, entry.message, entry.rule, entry.evidence, entry.severity)
