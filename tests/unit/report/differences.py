"""Differences of DAGs, for the tests of the step summary and of its pictures."""

from itertools import pairwise

from mwaa_deploy.checks.dag_difference import (
    Change,
    DagDifference,
    Differences,
    EdgeDifference,
    TaskDifference,
    ValueChange,
)
from tests.unit.report.samples import HOSTILE

BASE = "b" * 40
NEW, REMOVED, CHANGED, SAME = Change.NEW, Change.REMOVED, Change.CHANGED, Change.SAME


def task(name, change=SAME, *, group=None, operator="BashOperator", values=()):
    return TaskDifference(id=name, change=change, operator=operator, group=group, values=values)


def edge(upstream, downstream, change=SAME):
    return EdgeDifference(upstream=upstream, downstream=downstream, change=change)


def value(name, before, after):
    return ValueChange(name=name, before=before, after=after)


def usual_difference():
    """One changed, one new, one removed DAG, as a person's pull request has them."""
    retries = (value("retries", "0", "3"),)
    changed = DagDifference(
        id="orders",
        change=CHANGED,
        file="dags/orders.py",
        values=(value("schedule", "@daily", "@hourly"), value("owners", "ann", "ann, bob")),
        tasks=(
            task("extract"),
            task("load.check", NEW, group="load", operator="PythonOperator"),
            task("load.store", CHANGED, group="load", values=retries),
            task("mail", REMOVED, operator="EmailOperator"),
        ),
        edges=(
            edge("extract", "load.store"),
            edge("load.store", "load.check", NEW),
            edge("load.store", "mail", REMOVED),
        ),
    )
    new = (value("schedule", "", "@daily"), value("owners", "", "bob"), value("tasks", "", "3"))
    old = (value("schedule", "None", ""), value("tasks", "1", ""))
    return Differences(
        base=BASE,
        files=4,
        dags=(
            changed,
            DagDifference(id="invoices", change=NEW, file="dags/invoices.py", values=new),
            DagDifference(id="old", change=REMOVED, file="dags/old.py", values=old),
        ),
    )


def large_difference(tasks=1000, groups=25, *, nested=False):
    """A DAG that is far too large to be drawn task by task; some of its tasks are new."""
    groups_of = [f"{'all.' * nested}part_{n % groups}" if groups else None for n in range(tasks)]
    names = [f"{group}.task_{n:04}" if group else f"task_{n:04}" for n, group in enumerate(groups_of)]
    changes = {3: NEW, 4: REMOVED}
    found = tuple(
        task(name, changes.get(n % 500, SAME), group=group)
        for n, (name, group) in enumerate(zip(names, groups_of, strict=True))
    )
    edges = tuple(edge(a, b, NEW if n == 7 else SAME) for n, (a, b) in enumerate(pairwise(names)))
    return Differences(
        base=BASE,
        files=1,
        dags=(DagDifference(id="large", change=CHANGED, file="dags/large.py", tasks=found, edges=edges),),
    )


def hostile_difference(texts=None):
    """Every hostile text as the name of a DAG, a file, a task, a group, a value and in a note."""
    texts = tuple(HOSTILE.values()) if texts is None else texts
    changes = (NEW, REMOVED, CHANGED, SAME)
    tasks = tuple(
        task(f"{text}{n}", changes[n % 4], group=text, operator=text, values=(value(text, text, text),))
        for n, text in enumerate(texts)
    )
    edges = tuple(edge(a.id, b.id, changes[n % 2]) for n, a in enumerate(tasks) for b in tasks[n + 1 :])
    dags = tuple(
        DagDifference(
            id=text, change=changes[n % 3], file=text, values=(value(text, text, text),), tasks=tasks, edges=edges
        )
        for n, text in enumerate((*texts, *texts))
    )
    return Differences(base=BASE, files=len(dags), dags=dags, notes=texts)
