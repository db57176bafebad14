"""What differs of a changed DAG and of its tasks, in the order in which every form of the report tells it."""

from collections.abc import Iterator
from dataclasses import dataclass

from mwaa_deploy.checks.dag_difference import Change, DagDifference


@dataclass(frozen=True, kw_only=True)
class DifferenceRow:
    """One thing that differs.

    Attributes:
        task: whose it is; None for the DAG's own.
        before: '' where there was none; the same for `now`.
    """

    task: str | None
    what: str
    before: str
    now: str


def difference_rows(dag: DagDifference) -> Iterator[DifferenceRow]:
    """The DAG's own first, then new tasks, removed ones, and what differs of those that are changed."""
    for value in dag.values:
        yield DifferenceRow(task=None, what=value.name, before=value.before, now=value.after)
    for change in (Change.NEW, Change.REMOVED):
        new = change is Change.NEW
        for task in dag.tasks_of(change):
            before, now = ("", task.operator) if new else (task.operator, "")
            yield DifferenceRow(task=task.id, what=f"{change} task", before=before, now=now)
    for task in dag.tasks_of(Change.CHANGED):
        for value in task.values:
            yield DifferenceRow(task=task.id, what=value.name, before=value.before, now=value.after)
