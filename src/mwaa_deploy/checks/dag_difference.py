"""What differs between two sets of DAGs, as the probe found them: at the base, and in what is checked."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from mwaa_deploy.checks.dag_facts import DagFile, FoundDag, Task


class Change(StrEnum):
    """What became of something."""

    SAME = "same"
    NEW = "new"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class ValueChange:
    """One property that differs; '' stands for none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class TaskDifference:
    """One task of a changed DAG.

    Attributes:
        group: id of the innermost group that it is in, if it is in one.
        values: what differs of a changed task.
    """

    id: str
    change: Change
    operator: str
    group: str | None = None
    values: tuple[ValueChange, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EdgeDifference:
    """That one task waits for another."""

    upstream: str
    downstream: str
    change: Change


@dataclass(frozen=True, kw_only=True)
class DagDifference:
    """One DAG that is new, removed or changed.

    Attributes:
        file: where it is made, in the repository; of a removed one, where it was.
        values: what differs of the DAG; of one that is new or removed, what is worth knowing of it.
        tasks: all tasks of a changed DAG, those that are the same among them; empty where there are too many to list.
        edges: the same of what waits for what.
    """

    id: str
    change: Change
    file: str
    values: tuple[ValueChange, ...] = ()
    tasks: tuple[TaskDifference, ...] = ()
    edges: tuple[EdgeDifference, ...] = ()

    def tasks_of(self, change: Change) -> tuple[TaskDifference, ...]:
        """The tasks of which that became."""
        return tuple(task for task in self.tasks if task.change is change)

    def edges_of(self, change: Change) -> tuple[EdgeDifference, ...]:
        """The same of what waits for what."""
        return tuple(edge for edge in self.edges if edge.change is change)


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What the changes mean for the DAGs.

    Attributes:
        base: full SHA of the commit that they are compared with.
        files: how many files were compared.
        dags: those that differ: changed ones first, then new ones, then removed ones, each by id.
        notes: what could not be compared and why, a sentence each.
    """

    base: str
    files: int
    dags: tuple[DagDifference, ...] = ()
    notes: tuple[str, ...] = ()


_ORDER = (Change.CHANGED, Change.NEW, Change.REMOVED)


def compare_dags(
    before: Iterable[DagFile], after: Iterable[DagFile], asked: frozenset[str]
) -> tuple[DagDifference, ...]:
    """The DAGs that differ. A DAG is known by its id, whichever file it is in.

    What a file may hold that could not be loaded, on either side, is neither new nor removed.

    Args:
        before: files at the base, all of which are asked about.
        after: all files there are now.
        asked: names of the files that are compared.
    """
    before, after = tuple(before), tuple(after)
    old, new = _by_id(before), _by_id(after)
    unknown_before, unknown_after = _broken(before), _broken(after)
    found = [one for id_, pair in old.items() if id_ in new and (one := _compare(pair[1], *new[id_]))]
    found += [
        _alone(dag, file, Change.NEW)
        for id_, (file, dag) in new.items()
        if id_ not in old and file in asked and file not in unknown_before
    ]
    found += [
        _alone(dag, file, Change.REMOVED)
        for id_, (file, dag) in old.items()
        if id_ not in new and file not in unknown_after
    ]
    return tuple(sorted(found, key=lambda dag: (_ORDER.index(dag.change), dag.id)))


def _by_id(files: Iterable[DagFile]) -> dict[str, tuple[str, FoundDag]]:
    found: dict[str, tuple[str, FoundDag]] = {}
    for file in files:
        for dag in file.dags:
            found.setdefault(dag.id, (file.name, dag))
    return found


def _broken(files: Iterable[DagFile]) -> frozenset[str]:
    return frozenset(file.name for file in files if file.errors)


def _alone(dag: FoundDag, file: str, change: Change) -> DagDifference:
    told = {name: text for name, text in _properties(dag).items() if name in {"schedule", "owners", "tags"}}
    told["tasks"] = str(dag.tasks)
    new = change is Change.NEW
    values = [
        ValueChange(name=name, before="" if new else text, after=text if new else "") for name, text in told.items()
    ]
    return DagDifference(id=dag.id, change=change, file=file, values=tuple(value for value in values if _says(value)))


def _compare(before: FoundDag, file: str, after: FoundDag) -> DagDifference | None:
    """None if there is no difference."""
    values = _differing(_properties(before), _properties(after))
    tasks: tuple[TaskDifference, ...] = ()
    edges: tuple[EdgeDifference, ...] = ()
    if _whole(before) and _whole(after):
        tasks, edges = tuple(_tasks(before, after)), tuple(_edges(before, after))
    else:
        values += _differing(_counts(before), _counts(after))
    if not values and {one.change for one in tasks} | {one.change for one in edges} <= {Change.SAME}:
        return None
    return DagDifference(id=after.id, change=Change.CHANGED, file=file, values=values, tasks=tasks, edges=edges)


def _whole(dag: FoundDag) -> bool:
    """Whether all tasks are listed."""
    return dag.tasks == len(dag.graph)


def _properties(dag: FoundDag) -> dict[str, str]:
    schedule = dag.schedule
    return {
        "schedule": schedule.text or str(schedule.kind),
        "owners": ", ".join(dag.owners),
        "tags": ", ".join(sorted(dag.tags)),
        "catchup": "yes" if dag.catchup else "no",
        "max_active_runs": "" if dag.max_active_runs is None else str(dag.max_active_runs),
        "description": dag.description or "",
    }


def _counts(dag: FoundDag) -> dict[str, str]:
    """What is told of a DAG whose tasks are too many to be listed."""
    operators: Counter[str] = Counter()
    for kind in dag.kinds:
        operators[kind.operator] += kind.tasks
    return {
        "tasks": str(dag.tasks),
        "edges": str(dag.edges),
        **{f"tasks with {operator}": str(number) for operator, number in sorted(operators.items())},
    }


def _differing(before: dict[str, str], after: dict[str, str]) -> tuple[ValueChange, ...]:
    names = list(dict.fromkeys((*before, *after)))
    values = (ValueChange(name=name, before=before.get(name, ""), after=after.get(name, "")) for name in names)
    return tuple(value for value in values if value.before != value.after)


def _says(value: ValueChange) -> bool:
    return bool(value.before or value.after)


def _tasks(before: FoundDag, after: FoundDag) -> Iterator[TaskDifference]:
    old, new = ({task.id: task for task in dag.graph} for dag in (before, after))
    for id_ in sorted(old.keys() | new.keys()):
        dag, task = (after, new[id_]) if id_ in new else (before, old[id_])
        if id_ in old and id_ in new:
            values = _differing(_of_task(before, old[id_]), _of_task(after, task))
            change = Change.CHANGED if values else Change.SAME
        else:
            values, change = (), Change.NEW if id_ in new else Change.REMOVED
        operator = dag.kinds[task.kind].operator
        yield TaskDifference(id=id_, change=change, operator=operator, group=task.group, values=values)


def _of_task(dag: FoundDag, task: Task) -> dict[str, str]:
    kind = dag.kinds[task.kind]
    return {
        "operator": kind.operator,
        "group": task.group or "",
        "owner": kind.owner,
        "retries": "" if kind.retries is None else str(kind.retries),
        "email": ", ".join(kind.email),
        "email_on_failure": "yes" if kind.email_on_failure else "no",
    }


def _edges(before: FoundDag, after: FoundDag) -> Iterator[EdgeDifference]:
    old, new = ({(task.id, down) for task in dag.graph for down in task.downstream} for dag in (before, after))
    for edge in sorted(old | new):
        change = Change.SAME if edge in old and edge in new else Change.NEW if edge in new else Change.REMOVED
        yield EdgeDifference(upstream=edge[0], downstream=edge[1], change=change)
