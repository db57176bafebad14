"""The live Airflow in memory, and the logs of its containers."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from mwaa_deploy.errors import SmokeRunFailed
from mwaa_deploy.ports import Clock, LiveDag, LiveImportError, LogLine
from tests.fakes.clock import FakeClock
from tests.fakes.failures import Knobs

DAGS_FOLDER = "/usr/local/airflow/dags"


class FakeLiveAirflow:
    """Fills the LiveAirflow port. Every file is read again every `parse_seconds`.

    `put`, `break_file` and `remove` say what becomes of a file, at once or when the clock has moved on.
    `knobs.fail("dags", error)` makes the next call raise.

    Attributes:
        running: how many tasks run.
        outcomes: how runs of a DAG end, by its id; success where nothing is said.
        paused: ids of the DAGs whose runs wait.
        runs: (DAG, run) of the runs that were started.
        run_seconds: how long a run takes.
    """

    def __init__(self, clock: Clock | None = None, *, parse_seconds: float = 30) -> None:
        self._clock = clock or FakeClock()
        self._parse = timedelta(seconds=parse_seconds)
        self._later: list[tuple[datetime, Callable[[], None]]] = []
        self._dags: dict[str, tuple[str, ...]] = {}
        self._broken: dict[str, tuple[str, datetime]] = {}
        self._began = self._clock.now()
        self._run_began: dict[tuple[str, str], datetime] = {}
        self.running = 0
        self.outcomes: dict[str, str] = {}
        self.paused: set[str] = set()
        self.runs: list[tuple[str, str]] = []
        self.run_seconds: float = 60
        self.knobs = Knobs()

    def import_errors(self) -> tuple[LiveImportError, ...]:
        self._call("import_errors")
        return tuple(
            LiveImportError(file=f"{DAGS_FOLDER}/{file}", message=message)
            for file, (message, _) in sorted(self._broken.items())
        )

    def dags(self) -> tuple[LiveDag, ...]:
        self._call("dags")
        return tuple(
            LiveDag(id=dag, file=f"{DAGS_FOLDER}/{file}", paused=dag in self.paused, parsed_at=self._parsed_at(file))
            for dag, file in sorted((dag, file) for file, dags in self._dags.items() for dag in dags)
        )

    def running_tasks(self) -> int:
        self._call("running_tasks")
        return self.running

    def trigger(self, dag: str) -> str:
        self._call("trigger", dag)
        if not any(dag in dags for dags in self._dags.values()):
            raise SmokeRunFailed(f"The live Airflow has no DAG {dag}.")
        run = f"run-{len(self.runs) + 1}"
        self.runs.append((dag, run))
        self._run_began[dag, run] = self._clock.now()
        return run

    def run_state(self, dag: str, run: str) -> str:
        self._call("run_state", dag)
        began = self._run_began.get((dag, run))
        if began is None:
            return ""
        if dag in self.paused:
            return "queued"
        if self._clock.now() < began + timedelta(seconds=self.run_seconds):
            return "running"
        return self.outcomes.get(dag, "success")

    # ------------------------------------------------------------------------------------------- for the test's use

    def put(self, file: str, *dags: str, after: float = 0) -> None:
        """Let a file, by its path in the DAG folder, have these DAGs from some seconds from now on."""

        def come() -> None:
            self._dags[file] = dags
            self._broken.pop(file, None)

        self._at(after, come)

    def break_file(self, file: str, message: str, after: float = 0) -> None:
        """Let a file fail to be imported; DAGs that it had stay listed, as of their last good parse."""
        self._at(after, lambda: self._broken.update({file: (message, self._last_parse())}))

    def remove(self, file: str, after: float = 0) -> None:
        """Let a file and what it had be gone."""

        def go() -> None:
            self._dags.pop(file, None)
            self._broken.pop(file, None)

        self._at(after, go)

    def _at(self, seconds: float, change: Callable[[], None]) -> None:
        self._later.append((self._clock.now() + timedelta(seconds=seconds), change))
        self._apply()

    def _apply(self) -> None:
        now = self._clock.now()
        due = [entry for entry in self._later if entry[0] <= now]
        self._later = [entry for entry in self._later if entry[0] > now]
        for _, change in sorted(due, key=lambda entry: entry[0]):
            change()

    def _call(self, method: str, argument: str = "") -> None:
        self.knobs.called(method, argument)
        self._apply()

    def _last_parse(self) -> datetime:
        return self._began + (self._clock.now() - self._began) // self._parse * self._parse

    def _parsed_at(self, file: str) -> datetime:
        return self._broken[file][1] if file in self._broken else self._last_parse()


class FakeInstallLogs:
    """Fills the InstallLogs port.

    Attributes:
        held: (log group's ARN, line) in the order they were said.
        knobs: calls made and failures to come.
    """

    def __init__(self) -> None:
        self.held: list[tuple[str, LogLine]] = []
        self.knobs = Knobs()

    def lines(self, group: str, prefix: str, since: datetime) -> Iterator[LogLine]:
        self.knobs.called("lines", f"{group} {prefix}")
        for held, line in sorted(self.held, key=lambda entry: entry[1].at):
            if held == group and line.stream.startswith(prefix) and line.at >= since:
                yield line

    # ------------------------------------------------------------------------------------------- for the test's use

    def say(self, group: str, stream: str, text: str, *, at: datetime) -> None:
        """Let a container say a line."""
        self.held.append((group, LogLine(stream=stream, at=at, text=text)))
