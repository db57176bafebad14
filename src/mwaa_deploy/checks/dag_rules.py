"""The community's rules about DAGs: what each asks, and pure functions that answer."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from mwaa_deploy.checks.cron import normal, shortest_gap
from mwaa_deploy.checks.dag_facts import DagFile, FoundDag, Schedule, ScheduleKind, TaskKind
from mwaa_deploy.checks.verdicts import Location


class ParameterKind(StrEnum):
    """What a parameter's value is: an int, or a tuple of texts."""

    WHOLE = "whole number"
    TEXTS = "list of texts"


@dataclass(frozen=True, kw_only=True)
class RuleParameter:
    """A parameter of a rule.

    Attributes:
        default: what it is where the user says nothing: an int, or a tuple of texts.
        help: what it means, in a sentence.
    """

    kind: ParameterKind
    default: int | tuple[str, ...]
    help: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Where a DAG breaks a rule, and how."""

    message: str
    location: Location | None


Judge = Callable[[DagFile, FoundDag, Mapping[str, Any]], Iterator[Finding]]


@dataclass(frozen=True, kw_only=True)
class RuleKind:
    """A rule that can be switched on.

    Attributes:
        question: what it asks of every DAG, in a sentence.
        judge: given the file, the DAG and every parameter; says what is wrong.
    """

    question: str
    judge: Judge
    parameters: Mapping[str, RuleParameter] = field(default_factory=dict)

    def values(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Every parameter: as given, else its default."""
        return {name: given.get(name, parameter.default) for name, parameter in self.parameters.items()}


def _dag_id(file: DagFile, dag: FoundDag, _: Mapping[str, Any]) -> Iterator[Finding]:
    stem = PurePosixPath(file.path).stem
    if len(file.dags) == 1 and dag.id != stem:
        yield Finding(message=f"its id differs from the file's name, '{stem}'", location=dag.location)
    elif len(file.dags) > 1 and not dag.id.startswith(stem):
        message = f"its id does not begin with the file's name, '{stem}', in which there are {len(file.dags)} DAGs"
        yield Finding(message=message, location=dag.location)


def _owner(file: DagFile, dag: FoundDag, values: Mapping[str, Any]) -> Iterator[Finding]:
    allowed = values["allowed"]
    for kind in dag.kinds:
        if kind.owner in {"", "airflow"}:
            yield _of_tasks(file, dag, kind, "no owner of their own")
        elif allowed and not _matches(kind.owner, allowed):
            yield _of_tasks(file, dag, kind, f"the owner '{kind.owner}', who is not among {_listed(allowed)}")


def _email(file: DagFile, dag: FoundDag, values: Mapping[str, Any]) -> Iterator[Finding]:
    allowed = values["allowed"]
    for kind in dag.kinds:
        foreign = [address for address in kind.email if allowed and not _matches(address, allowed)]
        if not kind.email:
            yield _of_tasks(file, dag, kind, "no email address")
        elif foreign:
            yield _of_tasks(file, dag, kind, f"the email address '{foreign[0]}', which is not among {_listed(allowed)}")


def _email_on_failure(file: DagFile, dag: FoundDag, _: Mapping[str, Any]) -> Iterator[Finding]:
    for kind in dag.kinds:
        if not kind.email_on_failure:
            yield _of_tasks(file, dag, kind, "email_on_failure switched off")


def _tags(_: DagFile, dag: FoundDag, values: Mapping[str, Any]) -> Iterator[Finding]:
    allowed = values["allowed"]
    if len(dag.tags) < values["minimum"]:
        message = f"it has {len(dag.tags)} tags, and {values['minimum']} are the fewest allowed"
        yield Finding(message=message, location=dag.location)
    for tag in dag.tags:
        if allowed and not _matches(tag, allowed):
            yield Finding(message=f"its tag '{tag}' is not among {_listed(allowed)}", location=dag.location)


def _retries(file: DagFile, dag: FoundDag, values: Mapping[str, Any]) -> Iterator[Finding]:
    for kind in dag.kinds:
        if kind.retries is not None and kind.retries < values["minimum"]:
            yield _of_tasks(file, dag, kind, f"{kind.retries} retries, and {values['minimum']} are the fewest allowed")


def _empty(_: DagFile, dag: FoundDag, __: Mapping[str, Any]) -> Iterator[Finding]:
    if not dag.tasks:
        yield Finding(message="it has no task", location=dag.location)


def _catchup(_: DagFile, dag: FoundDag, __: Mapping[str, Any]) -> Iterator[Finding]:
    if dag.catchup and dag.schedule.kind is not ScheduleKind.NONE:
        message = "catchup is on, so that Airflow would run it for every interval since its start date"
        yield Finding(message=message, location=dag.location)


def _schedule(_: DagFile, dag: FoundDag, values: Mapping[str, Any]) -> Iterator[Finding]:
    schedule, allowed, fewest = dag.schedule, values["allowed"], values["minimum-minutes"]
    if allowed and not any(_fits(schedule.text, pattern) for pattern in allowed):
        yield Finding(
            message=f"its schedule, '{schedule.text}', is not among {_listed(allowed)}", location=dag.location
        )
    gap = _gap(schedule)
    if gap is None and fewest:
        message = (
            f"how often it runs cannot be told from its schedule, '{schedule.text}', and {fewest} minutes between two "
            "runs are the fewest allowed; a cron expression or an interval can be judged"
        )
        yield Finding(message=message, location=dag.location)
    elif gap is not None and gap < fewest:
        message = f"it runs every {gap:g} minutes ('{schedule.text}'), and {fewest} are the fewest allowed"
        yield Finding(message=message, location=dag.location)


def _gap(schedule: Schedule) -> float | None:
    """The fewest minutes between two runs; None if it cannot be told. No clock starts what only waits for assets."""
    match schedule.kind:
        case ScheduleKind.NONE | ScheduleKind.ONCE:
            return math.inf
        case ScheduleKind.CRON:
            return shortest_gap(schedule.text)
        case ScheduleKind.INTERVAL:
            return None if schedule.seconds is None else schedule.seconds / 60
        case ScheduleKind.ASSETS if schedule.text in _BY_ASSETS_ALONE:
            return math.inf
    return None


def _task_count(_: DagFile, dag: FoundDag, values: Mapping[str, Any]) -> Iterator[Finding]:
    if dag.tasks > values["maximum"]:
        message = f"it has {dag.tasks} tasks, and {values['maximum']} are the most allowed"
        yield Finding(message=message, location=dag.location)


def _description(_: DagFile, dag: FoundDag, __: Mapping[str, Any]) -> Iterator[Finding]:
    if not dag.description and not dag.documented:
        yield Finding(message="it has neither a description nor a doc_md", location=dag.location)


def _of_tasks(file: DagFile, dag: FoundDag, kind: TaskKind, what: str) -> Finding:
    """What is wrong with some tasks, at the first of them where its line is known."""
    location = Location(file=file.location.file, line=kind.line) if kind.line and file.location else dag.location
    if kind.tasks == 1:
        who = f"its task '{kind.first}' ({kind.operator}) has"
    else:
        who = f"{kind.tasks} of its tasks, such as '{kind.first}' ({kind.operator}), have"
    return Finding(
        message=f"{who} {what.replace(' of their own', ' of its own') if kind.tasks == 1 else what}", location=location
    )


def _matches(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _fits(schedule: str, pattern: str) -> bool:
    """Whether a schedule is the one that is allowed; '?' in a cron expression stands for any one field."""
    fields, allowed = normal(schedule).split(" "), normal(pattern).split(" ")
    if len(fields) != len(allowed):
        return False
    return all(want in {"?", have} for have, want in zip(fields, allowed, strict=True))


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:10])
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10} more"  # noqa: PLR2004 -- enough


def _texts(text: str) -> RuleParameter:
    return RuleParameter(kind=ParameterKind.TEXTS, default=(), help=text)


def _whole(default: int, text: str) -> RuleParameter:
    return RuleParameter(kind=ParameterKind.WHOLE, default=default, help=text)


_BY_ASSETS_ALONE = frozenset({"AssetTriggeredTimetable", "DatasetTriggeredTimetable"})
"""Timetables of Airflow's that need no clock; the others with assets in their names have one as well."""

_PATTERNS = "with * for any characters; empty for any"

RULES: Mapping[str, RuleKind] = {
    "dag-id-equals-file-name": RuleKind(
        question="Is the DAG's id the name of its file, or begins with it where a file holds several DAGs?",
        judge=_dag_id,
    ),
    "owner": RuleKind(
        question="Has every task an owner other than Airflow's default, 'airflow'?",
        judge=_owner,
        parameters={"allowed": _texts(f"The owners that there may be, {_PATTERNS}.")},
    ),
    "email": RuleKind(
        question="Has every task an email address?",
        judge=_email,
        parameters={"allowed": _texts(f"The addresses that there may be, {_PATTERNS}.")},
    ),
    "email-on-failure": RuleKind(question="Is email_on_failure left on for every task?", judge=_email_on_failure),
    "tags": RuleKind(
        question="Has the DAG tags?",
        judge=_tags,
        parameters={
            "minimum": _whole(1, "The fewest tags that a DAG may have."),
            "allowed": _texts(f"The tags that there may be, {_PATTERNS}."),
        },
    ),
    "retries": RuleKind(
        question="Is every task tried again when it fails?",
        judge=_retries,
        parameters={"minimum": _whole(1, "The fewest retries that a task may have.")},
    ),
    "no-empty-dag": RuleKind(question="Has the DAG at least one task?", judge=_empty),
    "catchup-off": RuleKind(question="Is catchup off, for a DAG that has a schedule?", judge=_catchup),
    "schedule": RuleKind(
        question="Is the DAG's schedule one that is allowed?",
        judge=_schedule,
        parameters={
            "allowed": _texts(
                "The schedules that there may be: presets, cron expressions with ? for any one field, or None; empty "
                "for any."
            ),
            "minimum-minutes": _whole(
                0,
                "The fewest minutes between two runs, by cron expression or interval. A timetable of another kind, for "
                "which that cannot be told, breaks the rule; a DAG that only waits for assets does not.",
            ),
        },
    ),
    "task-count": RuleKind(
        question="Has the DAG no more tasks than allowed?",
        judge=_task_count,
        parameters={"maximum": _whole(100, "The most tasks that a DAG may have.")},
    ),
    "description": RuleKind(question="Has the DAG a description or a doc_md?", judge=_description),
}
"""Every rule by its name, in the order of reports."""
