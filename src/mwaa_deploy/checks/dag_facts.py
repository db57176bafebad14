"""What the probe found out about DAG files, as frozen data for verdicts and reports."""

from dataclasses import dataclass
from enum import StrEnum

from mwaa_deploy.checks.verdicts import Location, Severity


class ScheduleKind(StrEnum):
    """What makes a DAG run."""

    NONE = "none"
    ONCE = "once"
    CRON = "cron"
    INTERVAL = "interval"
    ASSETS = "assets"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a DAG runs.

    Attributes:
        text: as the user wrote it, where that is text; else how Airflow calls it.
        seconds: between two runs, of an interval.
    """

    kind: ScheduleKind
    text: str
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class TaskKind:
    """The tasks of one DAG that are alike in all that rules ask for.

    Attributes:
        operator: name of the operator's class.
        retries: None if it is no whole number.
        tasks: how many there are.
        first: id of the first of them.
        line: where that one is made in the DAG's file, if known.
    """

    operator: str
    owner: str
    retries: int | None
    email: tuple[str, ...]
    email_on_failure: bool
    tasks: int
    first: str
    line: int | None


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task.

    Attributes:
        kind: index of its kind among the DAG's.
        line: where it is made in the DAG's file, if known.
        downstream: ids of the tasks that wait for it.
        group: id of the innermost group that it is in, if it is in one.
    """

    id: str
    kind: int
    line: int | None
    downstream: tuple[str, ...]
    group: str | None = None


@dataclass(frozen=True, kw_only=True)
class FoundDag:
    """A DAG.

    Attributes:
        tasks: how many it has.
        edges: how many pairs of tasks wait for each other directly.
        location: where it is made; the whole file where the line is not known.
        graph: its tasks, in the order of their ids; cut off, or empty, where there are very many.
        documented: whether it has a doc_md.
    """

    id: str
    tasks: int
    edges: int
    location: Location | None
    schedule: Schedule
    tags: tuple[str, ...]
    catchup: bool
    description: str | None
    documented: bool
    max_active_runs: int | None
    kinds: tuple[TaskKind, ...]
    graph: tuple[Task, ...]

    @property
    def owners(self) -> tuple[str, ...]:
        """Of its tasks, sorted, each once."""
        return tuple(sorted({kind.owner for kind in self.kinds if kind.owner}))


@dataclass(frozen=True, kw_only=True)
class LoadError:
    """Why something could not be loaded, or a rule of the user's not be asked.

    Attributes:
        location: the deepest place in the user's code.
    """

    type: str
    message: str
    location: Location | None
    traceback: str


@dataclass(frozen=True, kw_only=True)
class LoadWarning:
    """A warning that Python raised while a file was loaded.

    Attributes:
        location: None if it names a place that is not the user's.
        place: that place, as Python named it.
    """

    type: str
    message: str
    location: Location | None
    place: str


@dataclass(frozen=True, kw_only=True)
class Breach:
    """What a rule of the user's own said about a DAG."""

    rule: str
    severity: Severity
    message: str
    dag: str


@dataclass(frozen=True, kw_only=True)
class DagFile:
    """What came of loading one file; or, without a location, of the plugins or the user's own rules.

    Attributes:
        location: the file in the repository.
        path: the file inside the runner.
        seconds: how long it took, Airflow's own modules not counted.
    """

    location: Location | None
    path: str
    seconds: float
    dags: tuple[FoundDag, ...]
    errors: tuple[LoadError, ...]
    warnings: tuple[LoadWarning, ...]
    breaches: tuple[Breach, ...] = ()
    rule_errors: tuple[LoadError, ...] = ()

    @property
    def name(self) -> str:
        """Its path in the repository."""
        return self.location.file if self.location else self.path


@dataclass(frozen=True, kw_only=True)
class ProbeReport:
    """What the probe found in the runner. `rules` is None where the user has no rules of their own."""

    airflow: str
    python: str
    rules: DagFile | None
    plugins: DagFile
    files: tuple[DagFile, ...]
