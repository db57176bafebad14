"""DAGs as plain data: what reports and rules need to know. For the other scripts in this folder.

Runs inside the runner; standard library only, Python 3.7 and later.
"""

import re
from datetime import timedelta

MOST_TASKS = 2000  # of one DAG that are listed; all are counted, and all kinds are told
_LONGEST = 500  # characters of a text
_ADDRESS = re.compile(r"[^\s,;](?:[^,;]*[^\s,;])?")  # Airflow takes several in one text


def describe(dag, place, lines):
    """A DAG.

    Args:
        dag: Airflow's.
        place: file and line where it is made.
        lines: line of each operator by the identity of the object, where known.

    Returns:
        {"id", "file", "line", "tasks": their number, "edges": their number, "schedule": SCHEDULE, "tags", "catchup",
        "description", "doc": whether there is any, "max_active_runs",
        "kinds": [{"operator", "owner", "retries", "email": [text], "email_on_failure", "tasks": number, "first": task
        id, "line"}], "graph": [[task id, index of its kind, line, [downstream task ids], id of its group or null]]}.
    """
    kinds, index_of, graph, edges = [], {}, [], 0
    tasks = sorted(dag.tasks, key=lambda task: task.task_id)
    group_of = _groups(dag)
    for task in tasks:
        kind = _kind(task)
        key = repr(kind)
        line = lines.get(id(task))
        if key not in index_of:
            index_of[key] = len(kinds)
            kinds.append(dict(kind, tasks=0, first=_text(task.task_id), line=line))
        kinds[index_of[key]]["tasks"] += 1
        downstream = sorted(_get(task, "downstream_task_ids", ()))
        edges += len(downstream)
        if len(graph) < MOST_TASKS:
            waiting = [_text(one) for one in downstream]
            graph.append([_text(task.task_id), index_of[key], line, waiting, group_of.get(task.task_id)])
    description = _get(dag, "description", None)
    return {
        "id": str(dag.dag_id),
        "file": place[0],
        "line": place[1],
        "tasks": len(tasks),
        "edges": edges,
        "schedule": schedule(dag),
        "tags": sorted(_text(tag) for tag in _get(dag, "tags", ()) or ()),
        "catchup": bool(_get(dag, "catchup", False)),
        "description": _text(description) if description else None,
        "doc": bool(_get(dag, "doc_md", None)),
        "max_active_runs": _whole(_get(dag, "max_active_runs", None)),
        "kinds": kinds,
        "graph": graph,
    }


def schedule(dag):
    """When a DAG runs: {"kind": none, once, cron, interval, assets or other; "text": as written, "seconds"}."""
    given = _get(dag, "schedule", None) if hasattr(type(dag), "schedule") or "schedule" in vars(dag) else None
    if given is None:
        given = _get(dag, "schedule_interval", None)
    timetable = _get(dag, "timetable", None)
    name = type(timetable).__name__
    seconds = None
    if isinstance(given, timedelta):
        kind, text, seconds = "interval", str(given), given.total_seconds()
    elif "Null" in name or (given is None and timetable is None):
        kind, text = "none", "None"
    elif "Once" in name:
        kind, text = "once", "@once"
    elif "Cron" in name:
        text = (
            given
            if isinstance(given, str)
            else _get(timetable, "_expression", None) or _get(timetable, "expression", None)
        )
        kind, text = "cron", text or _get(timetable, "summary", name)
    elif "Dataset" in name or "Asset" in name:
        kind, text = "assets", name
    else:
        kind, text = "other", _get(timetable, "summary", None) or name
    return {"kind": kind, "text": _text(text), "seconds": seconds}


def _groups(dag):
    """The id of the innermost group of each task that is in one, by the task's id."""
    found, groups = {}, [(None, _get(dag, "task_group", None))]
    for name, group in groups:  # grows meanwhile
        children = _get(group, "children", None)
        for key, child in (children if isinstance(children, dict) else {}).items():
            if isinstance(_get(child, "children", None), dict):
                groups.append((_text(_get(child, "group_id", key)), child))
            elif name is not None:
                found[key] = name
        if len(groups) > MOST_TASKS:
            break
    return found


def _kind(task):
    email = _get(task, "email", None)
    emails = [email] if isinstance(email, str) else list(email) if isinstance(email, (list, tuple, set)) else []
    operator = _get(task, "task_type", None) or type(task).__name__
    return {
        "operator": _text(operator),
        "owner": _text(_get(task, "owner", "")),
        "retries": _whole(_get(task, "retries", 0)),
        "email": sorted(_text(one) for given in emails for one in _ADDRESS.findall(str(given))),
        "email_on_failure": bool(_get(task, "email_on_failure", True)),
    }


def _get(thing, name, default):
    """An attribute, or what a mapped operator is given for it; the default if there is none or reading it fails."""
    try:
        return getattr(thing, name)
    except Exception:
        given = getattr(thing, "partial_kwargs", None)
        return given.get(name, default) if isinstance(given, dict) else default


def _text(value):
    return str(value)[:_LONGEST]


def _whole(value):
    return int(value) if isinstance(value, (int, float)) and value == value and abs(value) < 1e15 else None  # noqa: PLR0124, PLR2004 -- NaN
