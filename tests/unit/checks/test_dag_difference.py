"""What differs between the DAGs of the base and those that there are now."""

from dataclasses import replace
from typing import Any

import pytest

from mwaa_deploy.checks.dag_difference import Change, ValueChange, compare_dags
from mwaa_deploy.checks.dag_facts import DagFile, FoundDag, LoadError, Schedule, ScheduleKind, Task, TaskKind
from mwaa_deploy.checks.verdicts import Location

KIND = TaskKind(
    operator="BashOperator", owner="ann", retries=0, email=(), email_on_failure=True, tasks=2, first="x", line=1
)


def dag(name="a", tasks="x>y y", *, schedule="@daily", kind=KIND, **more):
    """A DAG whose tasks are written as 'x>y,z y z', each with what waits for it."""
    graph = []
    for text in tasks.split():
        task, _, downstream = text.partition(">")
        waiting = tuple(filter(None, downstream.split(",")))
        graph.append(Task(id=task, kind=0, line=None, downstream=waiting))
    found = FoundDag(
        id=name,
        tasks=len(graph),
        edges=sum(len(task.downstream) for task in graph),
        location=None,
        schedule=Schedule(kind=ScheduleKind.CRON, text=schedule),
        tags=("t",),
        catchup=False,
        description=None,
        documented=False,
        max_active_runs=16,
        kinds=(kind,),
        graph=tuple(graph),
    )
    return replace(found, **more)


def file(name, *dags, broken=False):
    errors = (LoadError(type="ValueError", message="no", location=None, traceback=""),) if broken else ()
    return DagFile(location=Location(file=name), path=name, seconds=0, dags=dags, errors=errors, warnings=())


def compared(before, after, *asked):
    return compare_dags(before, after, frozenset(asked or {one.name for one in (*before, *after)}))


def changes(found):
    return [(one.id, one.change, one.file) for one in found]


def test_equal_dags_do_not_differ():
    assert compared([file("a.py", dag())], [file("a.py", dag())]) == ()


def test_lines_and_the_order_of_tags_are_no_difference():
    before = dag(tags=("b", "a"))
    after = dag(tags=("a", "b"), kind=replace(KIND, line=9), location=Location(file="a.py", line=9))

    assert compared([file("a.py", before)], [file("a.py", after)]) == ()


def test_a_dag_in_a_renamed_file_does_not_differ():
    assert compared([file("old.py", dag())], [file("new.py", dag())]) == ()


def test_new_removed_and_changed_dags_are_told():
    found = compared(
        [file("a.py", dag()), file("b.py", dag("b"))], [file("a.py", dag(schedule="@hourly")), file("c.py", dag("c"))]
    )

    assert changes(found) == [
        ("a", Change.CHANGED, "a.py"),
        ("c", Change.NEW, "c.py"),
        ("b", Change.REMOVED, "b.py"),
    ]
    assert found[0].values == (ValueChange(name="schedule", before="@daily", after="@hourly"),)
    assert ValueChange(name="owners", before="", after="ann") in found[1].values
    assert ValueChange(name="tasks", before="2", after="") in found[2].values


def test_tasks_and_what_waits_for_what_are_told():
    (found,) = compared([file("a.py", dag(tasks="x>y,z y z"))], [file("a.py", dag(tasks="w>x x>y y"))])

    assert [(task.id, task.change) for task in found.tasks] == [
        ("w", Change.NEW),
        ("x", Change.SAME),
        ("y", Change.SAME),
        ("z", Change.REMOVED),
    ]
    assert [(edge.upstream, edge.downstream, edge.change) for edge in found.edges] == [
        ("w", "x", Change.NEW),
        ("x", "y", Change.SAME),
        ("x", "z", Change.REMOVED),
    ]


VALUES: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "operator": ({"operator": "PythonOperator"}, ("operator", "BashOperator", "PythonOperator")),
    "retries": ({"retries": 3}, ("retries", "0", "3")),
    "email": ({"email": ("a@example.org", "b@example.org")}, ("email", "", "a@example.org, b@example.org")),
    "email_on_failure": ({"email_on_failure": False}, ("email_on_failure", "yes", "no")),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_tasks_value_is_told(name):
    change, wanted = VALUES[name]
    (found,) = compared([file("a.py", dag())], [file("a.py", dag(kind=replace(KIND, **change)))])

    assert [(task.id, task.values) for task in found.tasks_of(Change.CHANGED)] == [
        (task, (ValueChange(name=wanted[0], before=wanted[1], after=wanted[2]),)) for task in ("x", "y")
    ]
    assert found.values == ()


def test_an_owner_is_told_of_dag_and_task():
    (found,) = compared([file("a.py", dag())], [file("a.py", dag(kind=replace(KIND, owner="bob")))])

    assert found.values == (ValueChange(name="owners", before="ann", after="bob"),)
    assert found.tasks_of(Change.CHANGED)[0].values == (ValueChange(name="owner", before="ann", after="bob"),)


PROPERTIES: dict[str, tuple[dict[str, Any], str, str]] = {
    "tags": ({"tags": ("t", "u")}, "t", "t, u"),
    "catchup": ({"catchup": True}, "no", "yes"),
    "max_active_runs": ({"max_active_runs": 1}, "16", "1"),
    "description": ({"description": "Loads."}, "", "Loads."),
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_dags_property_is_told(name):
    change, before, after = PROPERTIES[name]
    (found,) = compared([file("a.py", dag())], [file("a.py", dag(**change))])

    assert found.values == (ValueChange(name=name, before=before, after=after),)


def test_a_move_to_another_group_is_told():
    after = dag()
    after = replace(after, graph=(replace(after.graph[0], group="load"), after.graph[1]))
    (found,) = compared([file("a.py", dag())], [file("a.py", after)])

    assert found.tasks[0].values == (ValueChange(name="group", before="", after="load"),)


def test_what_a_broken_file_holds_is_neither_new_nor_removed():
    good = [file("a.py", dag()), file("b.py", dag("b"))]
    broken = [file("a.py", broken=True), file("b.py", dag("b"))]

    assert compared(broken, good) == ()
    assert compared(good, broken) == ()


def test_dags_of_files_that_are_not_compared_are_not_new():
    assert compared([file("a.py", dag())], [file("a.py", dag()), file("b.py", dag("b"))], "a.py") == ()


def test_a_dag_with_too_many_tasks_to_list_is_compared_by_numbers():
    before = dag(tasks="x", kind=replace(KIND, tasks=2001))
    after = dag(tasks="y", kind=replace(KIND, tasks=2003))
    (found,) = compared([file("a.py", replace(before, tasks=2001))], [file("a.py", replace(after, tasks=2003))])

    assert found.tasks == ()
    assert found.values == (
        ValueChange(name="tasks", before="2001", after="2003"),
        ValueChange(name="tasks with BashOperator", before="2001", after="2003"),
    )
