"""Reading what probe/dag_probe.py wrote."""

from pathlib import PurePosixPath
from typing import Any

from mwaa_deploy.checks.dag_facts import (
    Breach,
    DagFile,
    FoundDag,
    LoadError,
    LoadWarning,
    ProbeReport,
    Schedule,
    ScheduleKind,
    Task,
    TaskKind,
)
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.verdicts import Location, Severity

_LISTS = ("dags", "errors", "warnings", "breaches", "rule_errors")


def parse_probe_report(document: bytes, layout: Layout) -> ProbeReport:
    """Read a result file.

    Args:
        document: what it holds.
        layout: tells which places in the repository its paths stand for.

    Raises:
        ForeignResult: the probe would not have written that.
    """
    found = fields(parse_result(document), airflow=str, python=str, rules=dict | None, plugins=dict, files=list)
    return ProbeReport(
        airflow=found["airflow"],
        python=found["python"],
        rules=_file(found["rules"], layout) if found["rules"] is not None else None,
        plugins=_file(found["plugins"], layout),
        files=tuple(_file(file, layout) for file in found["files"]),
    )


def _file(load: object, layout: Layout) -> DagFile:
    found = fields(load, file=str | None, seconds=float | int, **dict.fromkeys(_LISTS, list))
    path = found["file"]
    location = _place(layout, path, None)
    return DagFile(
        location=location,
        path=path or "",
        seconds=found["seconds"],
        dags=tuple(_dag(dag, layout, location) for dag in found["dags"]),
        errors=tuple(_error(error, layout) for error in found["errors"]),
        warnings=tuple(_warning(warning, layout) for warning in found["warnings"]),
        breaches=tuple(_breach(breach) for breach in found["breaches"]),
        rule_errors=tuple(_error(error, layout) for error in found["rule_errors"]),
    )


def _place(layout: Layout, path: str | None, line: int | None) -> Location | None:
    """The place in the repository; of what lies in a zip, the zip."""
    if path:
        for folder in PurePosixPath(path).parents:
            if folder.suffix == ".zip":
                return layout.location(str(folder))
    return layout.location(path, line or None)


_OF_DAG = {
    "id": str,
    "file": str | None,
    "line": int | None,
    "tasks": int,
    "edges": int,
    "schedule": dict,
    "tags": list,
    "catchup": bool,
    "description": str | None,
    "doc": bool,
    "max_active_runs": int | None,
    "kinds": list,
    "graph": list,
}
_OF_KIND = {
    "operator": str,
    "owner": str,
    "retries": int | None,
    "email": list,
    "email_on_failure": bool,
    "tasks": int,
    "first": str,
    "line": int | None,
}


def _dag(dag: object, layout: Layout, location: Location | None) -> FoundDag:
    found = fields(dag, **_OF_DAG)
    schedule = fields(found["schedule"], kind=str, text=str, seconds=float | int | None)
    kinds = tuple(_kind(kind) for kind in found["kinds"])
    return FoundDag(
        id=found["id"],
        tasks=found["tasks"],
        edges=found["edges"],
        location=_place(layout, found["file"], found["line"]) or location,
        schedule=Schedule(**{**schedule, "kind": _one_of(ScheduleKind, schedule["kind"])}),
        tags=_texts(found["tags"]),
        catchup=found["catchup"],
        description=found["description"],
        documented=found["doc"],
        max_active_runs=found["max_active_runs"],
        kinds=kinds,
        graph=tuple(_task(task, len(kinds)) for task in found["graph"]),
    )


def _kind(kind: object) -> TaskKind:
    found = fields(kind, **_OF_KIND)
    return TaskKind(**{**found, "email": _texts(found["email"])})


def _task(task: object, kinds: int) -> Task:
    match task:
        case [
            str() as name,
            int() as kind,
            int() | None as line,
            list() as downstream,
            str() | None as group,
        ] if 0 <= kind < kinds:
            return Task(id=name, kind=kind, line=line, downstream=_texts(downstream), group=group)
    message = f"{task!r:.100} is no task"
    raise ForeignResult(message)


def _error(error: object, layout: Layout) -> LoadError:
    found = fields(error, type=str, message=str, file=str | None, line=int | None, traceback=str)
    return LoadError(
        type=found["type"],
        message=found["message"],
        location=_place(layout, found["file"], found["line"]),
        traceback=found["traceback"],
    )


def _warning(warning: object, layout: Layout) -> LoadWarning:
    found = fields(warning, type=str, message=str, file=str, line=int)
    return LoadWarning(
        type=found["type"],
        message=found["message"],
        location=_place(layout, found["file"], found["line"]),
        place=f"{found['file']}:{found['line']}",
    )


def _breach(breach: object) -> Breach:
    found = fields(breach, rule=str, severity=str, message=str, dag=str)
    return Breach(**{**found, "severity": _one_of(_severity, found["severity"])})


def _severity(name: str) -> Severity:
    if name == Severity.PASS:
        raise ValueError(name)
    return Severity(name)


def _one_of(kind: Any, name: str) -> Any:  # noqa: ANN401 -- whatever it makes of a name
    try:
        return kind(name)
    except ValueError as error:
        message = f"'{name:.100}' is none of the names there are"
        raise ForeignResult(message) from error


def _texts(found: list[object]) -> tuple[str, ...]:
    if not all(isinstance(one, str) for one in found):
        message = f"{found!r:.100} holds more than texts"
        raise ForeignResult(message)
    return tuple(str(one) for one in found)
