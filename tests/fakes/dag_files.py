"""What checks find in DAG files, where only the DAGs' ids matter."""

from mwaa_deploy.checks.dag_facts import DagFile, FoundDag, Schedule, ScheduleKind
from mwaa_deploy.checks.verdicts import Location


def dag_file(file: str, *ids: str) -> DagFile:
    """A file, by its path in the repository, with an empty DAG of each id."""
    dags = tuple(
        FoundDag(
            id=dag,
            tasks=0,
            edges=0,
            location=None,
            schedule=Schedule(kind=ScheduleKind.NONE, text=""),
            tags=(),
            catchup=False,
            description=None,
            documented=False,
            max_active_runs=None,
            kinds=(),
            graph=(),
        )
        for dag in ids
    )
    return DagFile(location=Location(file=file), path=f"/{file}", seconds=0, dags=dags, errors=(), warnings=())
