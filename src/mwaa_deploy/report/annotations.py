"""Verdicts as annotations: the worst first, because GitHub shows only ten of a kind."""

from collections.abc import Iterator

from mwaa_deploy.checks.verdicts import CheckReport, Severity
from mwaa_deploy.ports import Annotation


def check_annotations(report: CheckReport) -> Iterator[Annotation]:
    """One annotation for each failure, then one for each warning."""
    for severity in (Severity.FAIL, Severity.WARN):
        for result in report.results:
            for verdict in result.verdicts:
                if verdict.severity is severity:
                    location = verdict.location
                    yield Annotation(
                        severity=severity,
                        title=f"{result.check}: {verdict.subject}",
                        message=verdict.message,
                        file=location.file if location else None,
                        line=location.line if location else None,
                    )
