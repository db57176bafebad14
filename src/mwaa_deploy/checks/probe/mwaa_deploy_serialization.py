"""Writes parsed DAGs down as the scheduler does, which keeps nothing else of them. For the other scripts here.

Runs inside the runner; standard library and Airflow only, Python 3.7 and later.

A DAG that is parsed without an error is none on MWAA if this fails: the scheduler shows an import error for it. Airflow
loads the plugins meanwhile if a DAG needs one of their classes, as a timetable; the DAG processor does the same.
"""

import traceback
from json import dumps  # as it is now: files may replace the one in the module

import mwaa_deploy_airflow as adapter
from mwaa_deploy_tracebacks import error, parse_traceback

MEANING = "Airflow cannot store DAG '%s', so that its scheduler would show an import error instead of it: %s"
NOT_UTF_8 = (
    "Airflow stores the text of each file with DAGs, which it takes for UTF-8 whatever the file's first lines say, and "
    "this byte is not: 0x%02x. Its scheduler would not have the DAG. Save the file as UTF-8."
)


def serialization_errors(dags, watch, folders, shapes):
    """What keeps the scheduler from storing DAGs, an error each.

    Args:
        dags: of one file.
        watch: has seen where they and their tasks were made.
        folders: where the user's code lies.
        shapes: of the DAGs that could be stored; a DAG like them is not tried.
    """
    serializer, found = adapter.dag_serializer(), _text_errors(dags, watch)
    for dag in dags:
        if getattr(dag, "is_subdag", False) is True:
            continue  # it is part of another one, and is stored with it
        alike = shapes.of(dag)
        if alike and shapes.are_good(alike):
            continue
        try:
            data = _store(serializer.to_dict, dag)
            adapter.owners(dag)
            if shapes.of_user(getattr(dag, "timetable", None)):
                serializer.from_dict(data)  # as whoever is to schedule it does
        except Exception as problem:
            told = parse_traceback(traceback.format_exc(), folders)
            if told["file"] is None:
                line = watch.lines.get(id(_culprit(serializer, dag)))
                told["file"], told["line"] = (watch.path, line) if line else watch.place(dag)
            reason = "%s: %s" % (told["type"], told["message"]) if told["message"] else told["type"]
            if problem.__cause__:
                reason += " (%s: %s)" % (type(problem.__cause__).__name__, problem.__cause__)
            found.append(dict(told, type="SerializationError", message=MEANING % (dag.dag_id, reason)))
        else:
            shapes.accept(alike or set())
    return found


def _text_errors(dags, watch):
    """That a file's text cannot be stored; it is stored once for all DAGs of the file."""
    if not dags or not str(watch.path).endswith(".py"):
        return []
    with open(watch.path, "rb") as file:
        text = file.read()
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as problem:
        at = problem.start
        line = text.count(b"\n", 0, at) + 1
        return [error("SerializationError", NOT_UTF_8 % text[at], watch.path, line)]
    return []


def _store(plain, thing):
    """What the scheduler does before it writes to the database. The plain data.

    The database is PostgreSQL on MWAA, which takes no NaN and no infinity in JSON.

    Args:
        plain: makes plain data of the thing.
        thing: a DAG or a task.

    Raises:
        Exception: of any kind.
    """
    data = plain(thing)
    dumps(data, sort_keys=True, allow_nan=False)
    return data


def _culprit(serializer, dag):
    """The first task that cannot be stored by itself."""
    plain = getattr(serializer, "serialize", None) or serializer._serialize  # noqa: SLF001 -- its name in old versions
    for task in dag.tasks:
        try:
            _store(plain, task)
            adapter.owners(dag, [task])
        except Exception:
            return task
    return None
