"""What differs from the base, in the HTML report: DAGs with their tasks, and packages."""

from collections.abc import Iterator

from mwaa_deploy.checks.dag_difference import Change, DagDifference, Differences
from mwaa_deploy.checks.package_changes import PackageChanges
from mwaa_deploy.checks.verdicts import CheckReport
from mwaa_deploy.report.difference_rows import difference_rows
from mwaa_deploy.report.html_parts import Paragraphs, Part, Section, cell, table

_DAGS_ROOM = 150_000
_TASKS_ROOM = 350_000
_PACKAGES_ROOM = 100_000
_NOTES = 20
_NONE = "—"


def difference_sections(report: CheckReport) -> Iterator[Section]:
    """DAGs that are new, removed or changed; packages that are asked for otherwise, or that the image has otherwise."""
    dags, packages = report.dag_differences, report.package_changes
    if dags is not None:
        yield Section(id="dags", title="DAGs that differ", parts=tuple(_dags(dags)))
    if packages is not None and packages.packages:
        yield Section(id="packages", title="Packages of the environment", parts=tuple(_packages(packages)))


def _dags(found: Differences) -> Iterator[Part]:
    base = found.base[:12]
    if not found.dags:
        yield Paragraphs(texts=(f"No DAG differs from {base}, in {found.files} compared file(s).",))
    else:
        rows = [(dag.id, str(dag.change), dag.file, _briefly(dag)) for dag in found.dags]
        yield table(f"Compared with {base}", ("DAG", "is", "file", "difference"), rows, room=_DAGS_ROOM)
        if differing := [row for dag in found.dags if dag.change is Change.CHANGED for row in _rows(dag)]:
            header = ("DAG", "of", "what", "before", "now")
            yield table("What differs of those that are changed", header, differing, room=_TASKS_ROOM, folded=True)
    if found.notes:
        yield Paragraphs(texts=tuple(cell(note) for note in found.notes[:_NOTES]), mark="note")


def _briefly(dag: DagDifference) -> str:
    if dag.change is not Change.CHANGED:
        return "; ".join(f"{value.name} {value.after or value.before}" for value in dag.values)
    tasks = [
        f"{change} tasks: {len(its)}"
        for change in (Change.NEW, Change.REMOVED, Change.CHANGED)
        if (its := dag.tasks_of(change))
    ]
    return "; ".join((*(value.name for value in dag.values), *tasks))


def _rows(dag: DagDifference) -> Iterator[tuple[str, ...]]:
    for row in difference_rows(dag):
        yield dag.id, "the DAG" if row.task is None else row.task, row.what, row.before or _NONE, row.now or _NONE
    for change in (Change.NEW, Change.REMOVED):
        for edge in dag.edges_of(change):
            there = (_NONE, edge.upstream) if change is Change.NEW else (edge.upstream, _NONE)
            yield dag.id, edge.downstream, "waits for", *there


def _packages(found: PackageChanges) -> Iterator[Part]:
    if asked := [package for package in found.packages if package.asked_otherwise]:
        yield table(
            f"Asked for otherwise than at {found.base[:12] or 'the base'}",
            ("package", "asked before", "asked now", "installed"),
            ((p.name, p.asked_before or _NONE, p.asked_now or _NONE, p.installed or _NONE) for p in asked),
            room=_PACKAGES_ROOM,
        )
    if others := [package for package in found.packages if package.differs_from_image]:
        yield table(
            "What the image has not, or in another version",
            ("package", "in the image", "installed"),
            ((package.name, package.shipped or _NONE, package.installed or _NONE) for package in others),
            room=_PACKAGES_ROOM,
            folded=True,
        )
