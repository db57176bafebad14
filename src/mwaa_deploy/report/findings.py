"""The verdicts that somebody has to look at, worst first: what every form of the report lists."""

from collections.abc import Iterable
from dataclasses import dataclass

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity, Verdict

WORDS = {Severity.FAIL: "failed", Severity.WARN: "warned", Severity.PASS: "passed"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A failure or warning, and the check that gave it."""

    check: str
    verdict: Verdict

    @property
    def rule_id(self) -> str:
        """The question asked: the check's name, and the rule's where the check asks several."""
        return f"{self.check}/{self.verdict.rule}" if self.verdict.rule else self.check

    @property
    def place(self) -> str:
        """File and line as compilers write them, or ''."""
        location = self.verdict.location
        if location is None:
            return ""
        return f"{location.file}:{location.line}" if location.line else location.file


def findings(report: CheckReport) -> tuple[Finding, ...]:
    """Every failure in the order of the checks, then every warning."""
    found = [Finding(check=result.check, verdict=v) for result in report.results for v in result.verdicts]
    return tuple(f for severity in (Severity.FAIL, Severity.WARN) for f in found if f.verdict.severity is severity)


def failed_checks(report: CheckReport) -> tuple[str, ...]:
    """The names of the checks that found a failure."""
    return tuple(result.check for result in report.results if result.severity is Severity.FAIL)


def counts(verdicts: Iterable[Verdict]) -> str:
    """As in '2 failed, 1 warned, 7 passed'; '' where there is nothing to count."""
    severities = [verdict.severity for verdict in verdicts]
    numbers = ((severities.count(severity), word) for severity, word in WORDS.items())
    return ", ".join(f"{number} {word}" for number, word in numbers if number)


def total(report: CheckReport) -> str:
    """The same over all checks, with the checks that did not run."""
    ran = counts(verdict for result in report.results for verdict in result.verdicts)
    skipped = [result for result in report.results if result.skipped is not None]
    return ", ".join(filter(None, (ran, f"{len(skipped)} not run" if skipped else "")))


def why_text(result: CheckResult) -> str:
    """Why the check ran, or why it did not."""
    return f"not run: {result.skipped}" if result.skipped is not None else result.why


def shared_why(report: CheckReport) -> str:
    """The sentence in which all that is said of the checks ends, where they are several; '' if there is none.

    A change concerns most checks alike, so that it need not be told for each of them.
    """
    texts = [why_text(result) for result in report.results]
    shortest = min(texts, key=len, default="").removeprefix("not run: ")
    shared = shortest and len(texts) > 1 and all(text.endswith(shortest) for text in texts)
    return shortest if shared else ""
