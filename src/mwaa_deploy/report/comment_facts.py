"""What a comment on a pull request tells, out of a report, which is judged: a fork's comes from somebody else."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from mwaa_deploy.checks.dag_difference import Change
from mwaa_deploy.checks.result_files import ForeignResult, fields
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.plan import Disruption, OperationKind

MOST = 2000
"""Findings and operations that are looked at; a report may hold any number."""

Word = TypeVar("Word", Severity, OperationKind, Disruption, Change)

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_RESULTS = frozenset({"passed", "planned", "deployed", "pushed", "rolled-back", "unchanged", "failed"})
_LONGEST = 10_000_000
"""The largest number of minutes that is believed."""


@dataclass(frozen=True, kw_only=True)
class ToldFinding:
    """A failure or a warning.

    Attributes:
        key: the same for the same finding in another push, whatever line it is at by then.
        place: file and line; '' where there is none.
    """

    key: str
    severity: Severity
    check: str
    message: str
    place: str


@dataclass(frozen=True, kw_only=True)
class ToldDag:
    """A DAG that is new, removed or changed since the base."""

    id: str
    change: Change


@dataclass(frozen=True, kw_only=True)
class ToldOperation:
    """An operation of the plan that is more than keeping what there is."""

    kind: OperationKind
    part: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ToldPlan:
    """The plan.

    Attributes:
        operations: without those that keep.
        offline: whether the target was not looked at.
        expected_minutes: at least and at most.
    """

    operations: tuple[ToldOperation, ...]
    empty: bool
    offline: bool
    expected_minutes: tuple[int, int]
    disruption: Disruption

    @property
    def digest(self) -> str:
        """The same for a plan that does the same for the same reasons."""
        return _digest(*(f"{o.kind} {o.part} {o.reason}" for o in self.operations), str(self.disruption))


@dataclass(frozen=True, kw_only=True)
class ToldError:
    """What ended the run, as errors.py words it."""

    title: str
    what: str
    mend: str


@dataclass(frozen=True, kw_only=True)
class CommentFacts:
    """All that a comment is made of. Texts are as they were found: they are escaped where they are written.

    Attributes:
        subject: the target's name; the project's folder where there is no target.
        head: SHA of the commit that was looked at; '' where the run ended before it was known.
        findings: failures first.
        passed: how many verdicts were good.
        skipped: checks that did not run.
        dags: those that differ from the base.
        notes: what is worth knowing besides, a sentence each.
    """

    subject: str
    result: str
    head: str
    error: ToldError | None
    findings: tuple[ToldFinding, ...]
    passed: int
    skipped: tuple[str, ...]
    checked: bool
    dags: tuple[ToldDag, ...]
    plan: ToldPlan | None
    notes: tuple[str, ...]


def read_facts(document: object) -> CommentFacts:
    """The facts in a report.

    Raises:
        ForeignResult: it is none of ours.
    """
    found = fields(document, schema=int, result=str, target=str, project=str, notes=list)
    more = fields(
        document, error=dict | None, changes=dict | None, checks=dict | None, plan=dict | None, rollback=dict | None
    )
    if found["result"] not in _RESULTS:
        message = f"no run ends as {found['result'][:50]!r}"
        raise ForeignResult(message)
    results = fields(more["checks"], results=list)["results"] if more["checks"] is not None else []
    findings, passed, skipped = _checks(results)
    return CommentFacts(
        subject=found["target"] or found["project"],
        result=found["result"],
        head=_head(more["changes"]),
        error=None if more["error"] is None else _error(more["error"]),
        findings=findings,
        passed=passed,
        skipped=skipped,
        checked=more["checks"] is not None,
        dags=_dags(more["checks"]),
        plan=None if more["plan"] is None else _plan(more["plan"]),
        notes=_texts(found["notes"]),
    )


def _head(changes: object) -> str:
    if changes is None:
        return ""
    head: str = fields(changes, head=str)["head"]
    if head and not _SHA.fullmatch(head):
        message = f"{head[:50]!r} is no commit"
        raise ForeignResult(message)
    return head


def _error(error: Mapping[str, Any]) -> ToldError:
    found = fields({"title": "Unexpected failure", "mend": "", **error}, title=str, what=str, mend=str)
    return ToldError(**found)


def _checks(results: list[object]) -> tuple[tuple[ToldFinding, ...], int, tuple[str, ...]]:
    findings: list[ToldFinding] = []
    skipped: list[str] = []
    passed = 0
    for result in islice(results, MOST):
        found = fields(result, check=str, verdicts=list, skipped=str | None)
        if found["skipped"] is not None:
            skipped.append(found["check"])
        for verdict in found["verdicts"]:
            told = _finding(found["check"], verdict)
            if told.severity is Severity.PASS:
                passed += 1
            elif len(findings) < MOST:
                findings.append(told)
    worst_first = sorted(findings, key=lambda finding: finding.severity is not Severity.FAIL)
    return tuple(worst_first), passed, tuple(skipped)


def _finding(check: str, verdict: object) -> ToldFinding:
    found = fields(verdict, subject=str, severity=str, message=str, rule=str, location=dict | None)
    file, line = "", None
    if found["location"] is not None:
        file, line = fields(found["location"], file=str, line=int | None).values()
    return ToldFinding(
        key=_digest(found["severity"], check, found["rule"], found["subject"], file),
        severity=_word(Severity, found["severity"]),
        check=f"{check}/{found['rule']}" if found["rule"] else check,
        message=found["message"],
        place=f"{file}:{line}" if line else file,
    )


def _dags(checks: object) -> tuple[ToldDag, ...]:
    differences = fields(checks, dag_differences=dict | None)["dag_differences"] if checks is not None else None
    if differences is None:
        return ()
    listed = [fields(dag, id=str, change=str) for dag in fields(differences, dags=list)["dags"][:MOST]]
    return tuple(ToldDag(id=dag["id"], change=_word(Change, dag["change"])) for dag in listed)


def _plan(plan: object) -> ToldPlan:
    found = fields(plan, operations=list, empty=bool, offline=bool, expected_minutes=list, disruption=str)
    operations = []
    for operation in islice(found["operations"], MOST):
        told = fields(operation, kind=str, part=str | None, reason=str)
        kind = _word(OperationKind, told["kind"])
        if kind is not OperationKind.KEEP:
            operations.append(ToldOperation(kind=kind, part=told["part"] or "", reason=told["reason"]))
    least, most = _minutes(found["expected_minutes"])
    return ToldPlan(
        operations=tuple(operations),
        empty=found["empty"],
        offline=found["offline"],
        expected_minutes=(least, most),
        disruption=_word(Disruption, found["disruption"]),
    )


def _minutes(found: list[object]) -> tuple[int, int]:
    numbers = [number for number in found if type(number) is int and 0 <= number < _LONGEST]
    if len(numbers) != 2 or len(found) != 2:  # noqa: PLR2004 -- at least and at most
        message = "the minutes of the plan are no two numbers"
        raise ForeignResult(message)
    return numbers[0], numbers[1]


def _word(kind: type[Word], word: str) -> Word:
    try:
        return kind(word)
    except ValueError as e:
        raise ForeignResult(str(e)) from e


def _texts(found: list[object]) -> tuple[str, ...]:
    if not all(isinstance(text, str) for text in found):
        message = "a note is no text"
        raise ForeignResult(message)
    return tuple(map(str, found))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()[:12]
