"""Findings as annotations: the worst first, one a place, and what GitHub would not show is counted."""

from collections.abc import Mapping, Sequence

from mwaa_deploy.checks.verdicts import CheckReport, Severity
from mwaa_deploy.ports import Annotation
from mwaa_deploy.report.findings import Finding, findings
from mwaa_deploy.report.plain_text import cut, one_line, printable

MAX_ANNOTATIONS = 10
"""GitHub shows ten errors, ten warnings and ten notices of a step and drops the rest without a word (actions/toolkit,
docs/problem-matchers.md)."""

MAX_MESSAGE = 4096
"""The runner cuts a message here without a sign (actions/runner, ExecutionContext.cs)."""

_MAX_TITLE = 255
_NAMES = {Severity.FAIL: "failure", Severity.WARN: "warning"}


def check_annotations(report: CheckReport, room: Mapping[Severity, int] | None = None) -> tuple[Annotation, ...]:
    """Annotations for failures, then for warnings. Warnings on the line of a failure are told with it.

    Args:
        report: the verdicts.
        room: how many of a kind are still shown; ten where it is not said.
    """
    places: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings(report)):
        # Without a place there is nothing to share.
        places.setdefault(finding.verdict.location or number, []).append(finding)
    annotations: list[Annotation] = []
    for severity in (Severity.FAIL, Severity.WARN):
        # Failures come first, so that the first of a place is its worst.
        groups = [group for group in places.values() if group[0].verdict.severity is severity]
        most = max(1, (room or {}).get(severity, MAX_ANNOTATIONS))
        shown = groups if len(groups) <= most else groups[: most - 1]
        annotations += [_annotation(severity, group) for group in shown]
        rest = sum(finding.verdict.severity is severity for group in groups[len(shown) :] for finding in group)
        if rest:
            annotations.append(_rest(severity, rest, begun=bool(shown)))
    return tuple(annotations)


def _annotation(severity: Severity, group: Sequence[Finding]) -> Annotation:
    first, location = group[0], group[0].verdict.location
    if len(group) == 1:
        title = f"{first.rule_id}: {first.verdict.subject}"
        message = first.verdict.message
    else:
        title = f"{len(group)} findings: {', '.join(dict.fromkeys(finding.rule_id for finding in group))}"
        message = "\n".join(f"{f.rule_id}: {f.verdict.subject}: {f.verdict.message}" for f in group)
    return Annotation(
        severity=severity,
        title=cut(one_line(title), _MAX_TITLE),
        message=cut(printable(message), MAX_MESSAGE),
        file=location.file if location else None,
        line=location.line if location else None,
    )


def _rest(severity: Severity, number: int, *, begun: bool) -> Annotation:
    names = f"{_NAMES[severity]}{'' if number == 1 else 's'}"
    title = f"… and {number} more {names}" if begun else f"{number} {names}"
    message = f"{title}: see the summary of this run; the log and the report file have every one."
    return Annotation(severity=severity, title=title, message=message)
