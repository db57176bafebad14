"""Verdicts: the frozen answers of the checks."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwaa_deploy.checks.dag_difference import Differences
    from mwaa_deploy.checks.dag_facts import DagFile  # it knows this module
    from mwaa_deploy.checks.package_changes import PackageChanges


class Severity(StrEnum):
    """How much a verdict weighs: a failure stops the run, a warning is shown, a pass is counted."""

    PASS = "pass"  # noqa: S105 -- a severity, not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Location:
    """A place in the user's repository.

    Attributes:
        file: path relative to the repository's root, with forward slashes.
        line: line number counted from 1, or None when the whole file is meant.
    """

    file: str
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer to one question about one subject.

    Attributes:
        subject: what was asked about: a requirement, a DAG file, a test.
        severity: pass, warn or fail.
        message: one or two sentences for people; no Markdown.
        location: where to mend it, when there is one.
        evidence: what the tool printed, as long as it is; shown folded.
        rule: kebab-case name of the question, such as 'owner'; empty where the check asks only one.
    """

    subject: str
    severity: Severity
    message: str
    location: Location | None = None
    evidence: str = ""
    rule: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """All that one check found.

    Attributes:
        check: its kebab-case name: requirements, dag-import, unit-tests.
        verdicts: in the order found; never empty for a check that ran.
        seconds: wall-clock time the check took.
        skipped: why it did not run, in a sentence; None when it ran.
        log: the full text of what the tools printed.
        why: why it ran, in a sentence.
    """

    check: str
    verdicts: tuple[Verdict, ...] = ()
    seconds: float = 0.0
    skipped: str | None = None
    log: str = ""
    why: str = ""

    @property
    def severity(self) -> Severity:
        """The worst severity among the verdicts."""
        found = {verdict.severity for verdict in self.verdicts}
        return next((s for s in (Severity.FAIL, Severity.WARN) if s in found), Severity.PASS)

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """The verdicts that stop the run."""
        return tuple(verdict for verdict in self.verdicts if verdict.severity is Severity.FAIL)


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """The verdicts of one run and where they were taken.

    Attributes:
        runner: one line that names the runner: its kind, image or Python, and Airflow version.
        differences: how the runner differs from MWAA, a sentence each.
        results: one per check, in the order they ran.
        dag_files: the facts about each DAG file; empty where they were not parsed.
        dag_differences: to those of the base; None where there was nothing to compare.
        package_changes: what the requirements make of the image; None where they were not installed.
    """

    runner: str
    differences: tuple[str, ...]
    results: tuple[CheckResult, ...]
    dag_files: tuple["DagFile", ...] = ()
    dag_differences: "Differences | None" = None
    package_changes: "PackageChanges | None" = None

    @property
    def failed(self) -> bool:
        """Whether any check found a failure."""
        return any(result.severity is Severity.FAIL for result in self.results)
