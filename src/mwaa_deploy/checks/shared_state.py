"""What DAG files and unit tests both see in the runner: looked at before they run and after, and put back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from mwaa_deploy.checks.background import Background
from mwaa_deploy.checks.layout import Layout, copy_all, unpack
from mwaa_deploy.checks.metadata_database import names_database
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.settings import CheckSettings, DatabaseKind
from mwaa_deploy.checks.warm_start import Watched
from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.ports import Runner

_TIMEOUT = 120.0
_SCRIPT = "shared_state.py"


@dataclass(frozen=True, kw_only=True)
class SharedState:
    """What it is like at a moment.

    Attributes:
        folders: digest of DAG folder and plugins; None where nobody could tell.
        database: digest of the database's file; None where none is looked at.
    """

    folders: str | None
    database: str | None = None


class SharedFiles:
    """DAG folder, plugins and database as they are before DAG files and tests are run.

    Args:
        layout: the project, laid out in the runner.
        runner: where.
        settings: of these, the kind of database.
    """

    def __init__(self, layout: Layout, runner: Runner, settings: CheckSettings) -> None:
        self._layout = layout
        self._runner = runner
        self._settings = settings
        self._kept: bytes | None = None
        self._before: Callable[[], SharedState] = lambda: SharedState(folders=None)

    @property
    def watched(self) -> Watched:
        """Where it lies."""
        layout, database = self._layout, self._database if self._watches_database else None
        return Watched(folders=(layout.dags, layout.plugins), database=database)

    def begin(self) -> None:
        """Look at it, in a thread of its own from now on."""
        self._before = Background(self._first, "shared-state").result

    def wait(self) -> None:
        """Return when it has been looked at."""
        self._before()

    def keep_database(self) -> None:
        """Keep what can only be put back from here; whoever runs both looks at the rest."""
        if self._watches_database:
            self._kept = self._runner.read(self._database)

    def untouched(self) -> bool:
        """Whether all of it is as it was when it was looked at first."""
        before = self._before()
        return before.folders is not None and before == self._look("after")

    def restore(self) -> None:
        """Put all of it back as it was.

        Raises:
            RunnerBroken: the runner died, or does not let it be done.
        """
        layout, runner = self._layout, self._runner
        gone = ["/bin/sh", "-c", 'rm -rf "$@" && mkdir -p "$@"', "sh", str(layout.dags), str(layout.plugins)]
        if runner.run(gone, timeout=_TIMEOUT).exit_code:
            message = "What the unit tests wrote to the DAG folder or the plugins cannot be removed."
            raise RunnerBroken(message)
        copy_all(layout, runner)
        unpack(layout, runner)
        if self._kept is not None:
            runner.put(self._database, self._kept)
        now = self._look("before")
        self._before = lambda: now

    def _first(self) -> SharedState:
        self.keep_database()
        return self._look("before")

    def _look(self, when: str) -> SharedState:
        layout, result = self._layout, self._layout.own / f"shared-{when}.json"
        words = [str(result), *(("--database", str(self._database)) if self._watches_database else ())]
        argv = [self._runner.python, "-I", str(layout.own / _SCRIPT), *words, str(layout.dags), str(layout.plugins)]
        completed = self._runner.run(argv, timeout=_TIMEOUT, results=[result])
        try:
            found = fields(parse_result(completed.results.get(result) or b"null"), folders=str, database=str | None)
        except ForeignResult:
            return SharedState(folders=None)
        return SharedState(folders=found["folders"], database=found["database"])

    @cached_property
    def _watches_database(self) -> bool:
        # A database that no DAG file names can be written to by tests as they like. PostgreSQL's cannot be put back.
        sqlite = self._settings.database is DatabaseKind.SQLITE
        return sqlite and names_database(self._layout.project) is not None

    @property
    def _database(self) -> PurePosixPath:
        return self._layout.home / "airflow.db"
