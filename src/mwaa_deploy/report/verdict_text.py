"""Verdicts as plain lines, for the log and for terminals."""

from collections.abc import Iterator

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity
from mwaa_deploy.report.findings import Finding, counts, findings, total, why_text
from mwaa_deploy.report.markdown import seconds
from mwaa_deploy.report.plain_text import one_line, printable

MARKS = {Severity.PASS: "✓", Severity.WARN: "!", Severity.FAIL: "✗"}
LEFT_OUT = "-"
LEVELS = {Severity.PASS: "note", Severity.WARN: "warning", Severity.FAIL: "error"}

_EVIDENCE_LINES = 60


def check_title(result: CheckResult) -> str:
    """One line about a check that has ended: 'requirements: 1 failed, 3 passed, 4.1 s'."""
    if result.skipped is not None:
        return one_line(f"{result.check}: {why_text(result)}")
    return one_line(f"{result.check}: {counts(result.verdicts) or 'nothing to judge'}, {seconds(result.seconds)}")


def check_mark(result: CheckResult) -> str:
    """What stands before that line."""
    return LEFT_OUT if result.skipped is not None else MARKS[result.severity]


def verdict_lines(result: CheckResult) -> Iterator[str]:
    """Why the check ran, then a line for each verdict, the worst first: mark, file and line, message."""
    if result.why and result.skipped is None:
        yield one_line(result.why)
    for severity in (Severity.FAIL, Severity.WARN, Severity.PASS):
        for verdict in result.verdicts:
            if verdict.severity is severity:
                finding = Finding(check=result.check, verdict=verdict)
                place = f"{finding.place}: " if finding.place else ""
                rule = f" [{verdict.rule}]" if verdict.rule else ""
                about = "" if verdict.location and verdict.subject == verdict.location.file else f"{verdict.subject}: "
                yield one_line(f"{MARKS[severity]} {place}{about}{verdict.message}{rule}")


def report_lines(report: CheckReport) -> Iterator[tuple[Severity | None, str]]:
    """The findings as compilers write them, each with its evidence, and at the end the count of all verdicts.

    Warnings come first and failures last, as the end is what a terminal shows. With each line goes the severity of the
    finding that it begins; None for the lines that follow.
    """
    found = findings(report)
    for finding in sorted(found, key=lambda finding: finding.verdict.severity is Severity.FAIL):
        verdict = finding.verdict
        place = f"{finding.place}: " if finding.place else ""
        about = "" if verdict.location and verdict.subject == verdict.location.file else f"{verdict.subject}: "
        heading = f"{place}{LEVELS[verdict.severity]}: {about}{verdict.message} [{finding.rule_id}]"
        yield verdict.severity, one_line(heading)
        yield from ((None, f"    {line}".rstrip()) for line in _evidence(verdict.evidence))
    worst = next((finding.verdict.severity for finding in found), Severity.PASS)
    took = seconds(sum(result.seconds for result in report.results))
    yield worst, one_line(f"{total(report) or 'no verdicts'} in {took}, in {report.runner}")


def _evidence(text: str) -> list[str]:
    lines = printable(text).strip("\n").splitlines()
    if len(lines) <= _EVIDENCE_LINES:
        return lines
    half = _EVIDENCE_LINES // 2
    return [*lines[:half], f"… {len(lines) - 2 * half} lines left out …", *lines[-half:]]
