"""The step summary's part about DAGs that are new, removed or changed since the base."""

from collections.abc import Iterable, Sequence

from mwaa_deploy.checks.dag_difference import Change, DagDifference, Differences
from mwaa_deploy.report.dag_chart import chart
from mwaa_deploy.report.difference_rows import difference_rows
from mwaa_deploy.report.markdown import code, details, escape, table

MAX_DAGS = 50
"""DAGs in the table, and again among those that are told in detail; the report file has all."""

MAX_CHARTS = 10
OPEN_CHARTS = 3
"""Charts that are not folded: one that is drawn while it is folded may come out without a width."""

MAX_ROWS = 150
"""In the tables of all DAGs together."""

_MOST_ROWS = 40
_LONGEST = 60
_WORDS = {Change.NEW: "🟢 new", Change.REMOVED: "🔴 removed", Change.CHANGED: "🟡 changed"}
_OF_TASKS = ((Change.NEW, "new"), (Change.REMOVED, "removed"), (Change.CHANGED, "changed"))


def dag_difference_section(found: Differences | None) -> str:
    """What differs, or '' where nothing was compared."""
    if found is None:
        return ""
    base = code(found.base[:12])
    parts = ["### DAGs that differ"]
    if found.dags:
        rows = [
            (_WORDS[dag.change], code(dag.id, limit=_LONGEST), code(dag.file), _briefly(dag))
            for dag in found.dags[:MAX_DAGS]
        ]
        parts += [f"Compared with {base}: {_count(found.dags)}."]
        parts.append(table(("", "DAG", "file", "difference"), rows))
        if len(found.dags) > MAX_DAGS:
            parts.append(f"{len(found.dags) - MAX_DAGS} more are in the report file.")
    elif found.files:
        parts.append(f"No DAG differs from {base}, in {found.files} compared file(s).")
    parts += [f"> ℹ️ {escape(note, limit=1000)}" for note in found.notes]  # noqa: RUF001 -- the sign for information
    parts += _details([dag for dag in found.dags if dag.change is Change.CHANGED][:MAX_DAGS])
    return "\n\n".join(parts)


def _count(dags: Sequence[DagDifference]) -> str:
    numbers = ((sum(dag.change is change for dag in dags), change) for change in (*_WORDS,))
    return ", ".join(f"{number} {change}" for number, change in numbers if number)


def _briefly(dag: DagDifference) -> str:
    if dag.change is not Change.CHANGED:
        return escape("; ".join(f"{value.name} {value.after or value.before}" for value in dag.values), limit=200)
    tasks = [f"{word} tasks: {len(its)}" for change, word in _OF_TASKS if (its := dag.tasks_of(change))]
    order = dag.edges_of(Change.NEW) or dag.edges_of(Change.REMOVED)
    values = escape("; ".join(value.name for value in dag.values), limit=200)
    return "; ".join((*([values] if values else []), *tasks, *(["order"] if order else [])))


def _details(dags: Iterable[DagDifference]) -> list[str]:
    parts, charts, rows = [], 0, MAX_ROWS
    for dag in dags:
        picture = chart(dag) if charts < MAX_CHARTS else None
        body = []
        if picture is not None:
            body.append(picture.mermaid)
            if picture.left_out:
                body.append(f"{picture.left_out} more task(s) or group(s) are not in the picture.")
        lists, used = _lists(dag, min(_MOST_ROWS, rows))
        rows -= used
        body += lists
        folded = details(f"{code(dag.id, limit=_LONGEST)}: what differs", "\n\n".join(body))
        opened = picture is not None and charts < OPEN_CHARTS
        parts.append(folded.replace("<details>", "<details open>", 1) if opened else folded)
        charts += picture is not None
    return parts


def _lists(dag: DagDifference, most: int) -> tuple[list[str], int]:
    """What differs in one table, and how many rows of the most it has."""
    rows = [
        (
            "the DAG" if row.task is None else code(row.task, limit=_LONGEST),
            escape(row.what, limit=_LONGEST),
            _value(row.before),
            _value(row.now),
        )
        for row in difference_rows(dag)
    ]
    for change in (Change.NEW, Change.REMOVED):
        rows += [
            (
                code(edge.downstream, limit=_LONGEST),
                f"{'waits' if change is Change.NEW else 'waits no more'} for",
                "",
                code(edge.upstream, limit=_LONGEST),
            )
            for edge in dag.edges_of(change)
        ]
    shown = rows[:most]
    told = [table(("of", "what", "before", "now"), shown)] if shown else []
    if len(rows) > len(shown):
        told.append(f"{len(rows) - len(shown)} more are in the report file.")
    return told, len(shown)


def _value(text: str) -> str:
    return code(text, limit=_LONGEST) if text else ""
