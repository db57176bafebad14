"""The check that the project's requirements install on top of what MWAA ships."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from mwaa_deploy.checks.constraint_source import ConstraintSource
from mwaa_deploy.checks.constraints import (
    MWAA_HOME,
    Versions,
    is_web_address,
    judge_fetch,
    judge_statement,
    judge_versions,
    rewrite,
    shown,
    states_constraints,
)
from mwaa_deploy.checks.installed import judge_installation
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.pip_output import parse_pip_output
from mwaa_deploy.checks.requirement_lines import RequirementLine, RequirementsFile, parse_requirements
from mwaa_deploy.checks.snapshot import take_snapshot
from mwaa_deploy.checks.verdicts import CheckResult, Location, Severity, Verdict
from mwaa_deploy.ports import Completed, Runner

NAME = "requirements"

_QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_NO_COLOR": "1", "PIP_PROGRESS_BAR": "off"}


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """What pip is given.

    Attributes:
        text: the requirements file as pip reads it.
        constraints: constraint files added on the command line, as MWAA does.
        fetched: files to put into the runner, by their path there.
        includes: the line that brings in a file, by the file's path in the runner.
        left: the lines with constraint files that pip fetches itself.
        verdicts: what there is to say before pip runs.
    """

    text: str
    constraints: tuple[PurePosixPath, ...]
    fetched: dict[PurePosixPath, bytes] = field(default_factory=dict)
    includes: dict[str, int] = field(default_factory=dict)
    left: tuple[int, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def hopeless(self) -> bool:
        """Whether pip need not be tried."""
        return any(verdict.severity is Severity.FAIL for verdict in self.verdicts)


def check_requirements(
    layout: Layout, runner: Runner, *, airflow_version: str, constraint_source: ConstraintSource, limits: CheckLimits
) -> CheckResult:
    """Install the requirements the way MWAA does, and look at what came of it.

    Raises:
        RunnerBroken: the runner's interpreter does not run.
    """
    path = layout.project.requirements
    if path is None:
        return CheckResult(check=NAME, skipped="The project has no requirements file.")
    file = _file(layout)
    requirements = parse_requirements(_read(path))
    before = take_snapshot(layout, runner)
    versions = Versions(airflow=airflow_version, python=".".join(before.python.split(".")[:2]))
    prepared = _prepare(requirements, layout, runner, versions=versions, source=constraint_source)
    if prepared.hopeless:
        return CheckResult(check=NAME, verdicts=prepared.verdicts)
    completed = _install(prepared, layout, runner, limits)
    if completed.timed_out or completed.exit_code != 0:
        verdicts = _judge_failure(completed, requirements, prepared, layout, limits)
    else:
        verdicts = judge_installation(requirements, before, take_snapshot(layout, runner), file=file)
    if not verdicts:
        verdicts = (Verdict(subject=file, severity=Severity.PASS, message="It asks for no package."),)
    return CheckResult(check=NAME, verdicts=(*prepared.verdicts, *verdicts), log=completed.output)


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig", errors="replace")


def _file(layout: Layout) -> str:
    place = layout.location(str(layout.requirements))
    return place.file if place else str(layout.requirements)


def _prepare(
    requirements: RequirementsFile, layout: Layout, runner: Runner, *, versions: Versions, source: ConstraintSource
) -> _Prepared:
    file = _file(layout)
    etc = layout.home / ".local" / "etc"
    shipped = [etc / name for name in ("mwaa_essential_constraints.txt", "airflow_constraints.txt")]
    essential, bundled = (path if runner.read(path) is not None else None for path in shipped)
    verdicts = list(judge_statement(requirements.text, file=file, versions=versions, bundled=bundled is not None))
    fetched: dict[PurePosixPath, bytes] = {}
    replacements: dict[int, str] = {}
    left: list[int] = []
    for line in requirements.constraints:
        if not is_web_address(line.target or ""):
            continue
        decision = judge_versions(line, file=file, versions=versions) or judge_fetch(
            line, source.fetch(line.target or ""), file=file, versions=versions, bundled=bundled is not None
        )
        if decision.verdict:
            verdicts.append(decision.verdict)
        if decision.body is not None:
            copy = layout.own / f"constraints-of-line-{line.number}.txt"
            fetched[copy], replacements[line.number] = decision.body, str(copy)
        elif decision.bundled and bundled:
            replacements[line.number] = str(bundled)
        elif decision.verdict is None:
            left.append(line.number)
    forced = bundled if not states_constraints(requirements.text) else None
    return _Prepared(
        text=rewrite(requirements, replacements, home=layout.home),
        constraints=tuple(path for path in (essential, forced) if path),
        fetched=fetched,
        includes={path: number for number, path in replacements.items()},
        left=tuple(left),
        verdicts=tuple(verdicts),
    )


def _install(prepared: _Prepared, layout: Layout, runner: Runner, limits: CheckLimits) -> Completed:
    for path, body in prepared.fetched.items():
        runner.put(path, body)
    runner.put(layout.requirements, prepared.text.encode())
    added = [word for path in prepared.constraints for word in ("--constraint", str(path))]
    return runner.run(
        [runner.python, "-m", "pip", "install", "-r", str(layout.requirements), *added],
        timeout=limits.install,
        env=_QUIET,
    )


def _judge_failure(
    completed: Completed,
    requirements: RequirementsFile,
    prepared: _Prepared,
    layout: Layout,
    limits: CheckLimits,
) -> tuple[Verdict, ...]:
    file = _file(layout)
    if completed.timed_out:
        message = (
            f"The installation was not done after {limits.install / 60:.0f} minutes; MWAA stops it then and starts "
            "with packages missing. Pin exact versions, and prefer packages that come as wheels."
        )
        return (_failure(file, message, Location(file=file), completed),)
    found = []
    for problem in parse_pip_output(completed.output):
        message = problem.message.replace(str(layout.home), MWAA_HOME)
        number = problem.line_in(requirements, str(layout.requirements), prepared.includes)
        if number is None and len(prepared.left) == 1 and "Collecting " not in completed.output:
            number = prepared.left[0]  # pip fetches constraints first, and names only where it was redirected to
        line = next((line for line in requirements.lines if line.number == number), None)
        found.append(_failure(_subject(line) if line else file, message, Location(file=file, line=number), completed))
    return tuple(found)


def _subject(line: RequirementLine) -> str:
    """The line without the user name and password of its address."""
    return line.text.replace(line.target, shown(line.target)) if line.target else line.text


def _failure(subject: str, message: str, location: Location, completed: Completed) -> Verdict:
    return Verdict(
        subject=subject, severity=Severity.FAIL, message=message, location=location, evidence=completed.output
    )
