"""The metadata database that DAGs and tests find, with the variables, connections and pools of fixture files."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mwaa_deploy.checks.fixture_secrets import Redactor, redactor_for
from mwaa_deploy.checks.fixtures import FixtureFile, FixtureUnreadable, kinds, read_fixture
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.postgresql import serving
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.settings import CheckSettings, DatabaseKind, Fixtures
from mwaa_deploy.checks.startup_environment import RunnerWithEnvironment
from mwaa_deploy.checks.verdicts import CheckResult, Location, Severity, Verdict
from mwaa_deploy.ports import Runner, RunnerFamily
from mwaa_deploy.source.project import Project

NAME = "metadata-database"

_CONNECTION = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_MIGRATE_TIMEOUT = 300.0
_IMPORT_TIMEOUT = 180.0
_QUICK = 60.0
_USED = re.compile(
    rb"\b(Variable|Connection|BaseHook|Pool|DagRun|TaskInstance|XCom|create_session|provide_session|DagBag)\b"
)
"""What Python code that needs the database is bound to name."""


@dataclass(frozen=True, kw_only=True)
class DatabaseOutcome:
    """What was found while the database was prepared, and where DAGs and tests run.

    Attributes:
        result: None where there was nothing to do, because the runner brings an empty database along.
        runner: the same runner, its commands led to the database.
        redactor: takes the fixtures' secrets out of results; its values are also for Log.mask.
    """

    result: CheckResult | None
    runner: Runner
    redactor: Redactor = field(default_factory=Redactor)


@contextmanager
def open_database(
    layout: Layout, runner: Runner, *, settings: CheckSettings, limits: CheckLimits, postgresql: Path | None = None
) -> Iterator[DatabaseOutcome]:
    """The database, for as long as the context is open.

    Args:
        layout: where the project lies in the runner.
        runner: where DAGs and tests will run.
        settings: of these, the kind of database and the fixtures.
        limits: how long a server has to live for the checks after this.
        postgresql: a folder with PostgreSQL's programs (postgresql.fetch_postgresql); needed where it is asked for.

    Raises:
        RunnerBroken: PostgreSQL does not start, or the runner died.
    """
    files, unreadable = _read(settings.fixtures, layout)
    redactor = redactor_for(files)
    started = time.monotonic()
    with ExitStack() as until_the_end:
        verdicts: list[Verdict] = list(unreadable)
        variables: dict[str, str] = {}
        if settings.database is DatabaseKind.POSTGRESQL and postgresql is not None:
            seconds = limits.dags + limits.unit_tests + _MIGRATE_TIMEOUT + _IMPORT_TIMEOUT + _QUICK
            server = serving(layout, runner, postgresql, seconds=seconds)
            variables[_CONNECTION] = until_the_end.enter_context(server)
        elif runner.family is not RunnerFamily.OURS:
            # What the image's own configuration names may be a server that is not there.
            variables[_CONNECTION] = f"sqlite:///{layout.home / 'airflow.db'}"
        led = RunnerWithEnvironment(runner, variables=variables) if variables else runner
        why = why_needed(layout.project, settings)
        if why and (settings.database is DatabaseKind.POSTGRESQL or not _is_there(layout, runner)):
            verdicts.append(_migrate(led, settings.database, why))
        failed = any(verdict.severity is Severity.FAIL for verdict in verdicts)
        if files and not failed:
            verdicts.extend(_import(files, layout, led))
        seconds = time.monotonic() - started
        result = CheckResult(check=NAME, verdicts=tuple(verdicts), seconds=seconds) if verdicts else None
        yield DatabaseOutcome(result=redactor.result(result) if result else None, runner=led, redactor=redactor)


def why_needed(project: Project, settings: CheckSettings) -> str | None:
    """What needs a metadata database, in a few words; None if nothing seems to.

    Args:
        project: whose tests, DAGs and plugins are looked at.
        settings: of these, the kind of database and the fixtures.
    """
    if settings.database is DatabaseKind.POSTGRESQL:
        return "the configuration asks for it"
    if settings.fixtures.paths:
        return "there are fixtures to import"
    if project.tests:
        return "there are unit tests"
    named = names_database(project)
    return f"{project.in_repository(named)} may read it" if named else None


def names_database(project: Project) -> Path | None:
    """The first file of the DAGs and plugins that seems to use the metadata database; None if none does."""
    for part in (project.dags, project.plugins):
        if part and part.is_dir():
            for path in sorted(part.rglob("*.py")):
                if path.is_file() and _USED.search(path.read_bytes()):
                    return path
    return None


def _read(fixtures: Fixtures, layout: Layout) -> tuple[list[FixtureFile], list[Verdict]]:
    files, unreadable = [], []
    for kind, path in kinds(fixtures).items():
        try:
            files.append(read_fixture(kind, path))
        except FixtureUnreadable as error:
            message = f"The {kind} in this file cannot be imported: {error}."
            unreadable.append(_fixture_verdict(Severity.FAIL, message, path, layout, error.line))
    return files, unreadable


def _is_there(layout: Layout, runner: Runner) -> bool:
    # Ours bring one along, and nothing but a startup script has run yet.
    if runner.family is RunnerFamily.OURS and layout.project.startup_script is None:
        return True
    test = runner.run(["/bin/sh", "-c", '[ -s "$1" ]', "sh", str(layout.home / "airflow.db")], timeout=_QUICK)
    return test.exit_code == 0


def _migrate(runner: Runner, kind: DatabaseKind, why: str) -> Verdict:
    """Make the tables; before Airflow 2.7 the command had another name."""
    airflow = [runner.python, "-m", "airflow", "db"]
    done = runner.run([*airflow, "migrate"], timeout=_MIGRATE_TIMEOUT)
    if done.exit_code and "invalid choice" in done.output:
        done = runner.run([*airflow, "upgrade"], timeout=_MIGRATE_TIMEOUT)
    name = "PostgreSQL" if kind is DatabaseKind.POSTGRESQL else "SQLite"
    if done.exit_code:
        message = f"Airflow could not make its metadata database ({name}), so DAGs and tests that read it would fail."
        return Verdict(subject=NAME, severity=Severity.FAIL, message=message, evidence=done.output, rule="migrate")
    message = f"An empty {name} database was made in {done.seconds:.0f} s, because {why}."
    return Verdict(subject=NAME, severity=Severity.PASS, message=message, rule="migrate")


def _import(files: list[FixtureFile], layout: Layout, runner: Runner) -> Iterator[Verdict]:
    result = layout.own / "fixtures.json"
    placed = {file.kind: layout.own / f"fixture-{file.kind}{file.path.suffix}" for file in files}
    runner.put_all({placed[file.kind]: file.path for file in files})
    words = [str(word) for kind, path in placed.items() for word in (kind, path)]
    argv = [runner.python, str(layout.own / "import_fixtures.py"), str(result), *words]
    completed = runner.run(argv, timeout=_IMPORT_TIMEOUT, results=[result])
    try:
        found = parse_result(completed.results.get(result) or b"null")
        outcomes = [_outcome(entry) for entry in found] if isinstance(found, list) else []
    except ForeignResult:
        outcomes = []
    by_kind = {entry["kind"]: entry for entry in outcomes}
    for file in files:
        yield _judge(file, by_kind.get(file.kind), layout, timed_out=completed.timed_out)


def _outcome(entry: object) -> Mapping[str, object]:
    return fields(entry, kind=str, imported=int, failed=int, error=str | None)


def _judge(file: FixtureFile, outcome: Mapping[str, object] | None, layout: Layout, *, timed_out: bool) -> Verdict:
    asked = len(file.entries)
    if outcome is None:
        why = f"that was not done after {_IMPORT_TIMEOUT:.0f} s" if timed_out else "that did not come to its end"
        return _fixture_verdict(Severity.FAIL, f"The {file.kind} were not imported: {why}.", file.path, layout)
    if outcome["error"] or outcome["failed"] or outcome["imported"] != asked:
        error = f", with {outcome['error']}" if outcome["error"] else ""
        message = (
            f"Airflow took {outcome['imported']} of {asked} {file.kind} from this file{error}. "
            f"See for yourself: airflow {file.kind} import {file.path.name}"
        )
        if file.path.suffix != ".json" and not outcome["imported"]:
            message += " (Before 3.2 Airflow takes variables, and always takes pools, from JSON only.)"
        return _fixture_verdict(Severity.FAIL, message, file.path, layout)
    return _fixture_verdict(
        Severity.PASS, f"Airflow took {asked} of {asked} {file.kind} from this file.", file.path, layout
    )


def _fixture_verdict(severity: Severity, message: str, path: Path, layout: Layout, line: int | None = None) -> Verdict:
    inside = path.is_relative_to(layout.project.repository)
    file = layout.project.in_repository(path) if inside else path.name
    location = Location(file=file, line=line) if inside else None
    return Verdict(subject=file, severity=severity, message=message, location=location, rule="fixtures")
