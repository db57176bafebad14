"""The check that every DAG file is parsed by Airflow without an error."""

from collections import defaultdict
from dataclasses import dataclass

from mwaa_deploy.checks.layout import Layout, clear_result, read_result
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.verdicts import CheckResult, Location, Severity, Verdict
from mwaa_deploy.ports import Runner

NAME = "dag-import"


@dataclass(frozen=True, kw_only=True)
class LoadError:
    """Why a file could not be loaded. `file` is a path inside the runner, of the deepest frame in the user's code."""

    type: str
    message: str
    file: str | None
    line: int | None
    traceback: str


@dataclass(frozen=True, kw_only=True)
class LoadWarning:
    """A warning that Python raised while a file was loaded."""

    type: str
    message: str
    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class FoundDag:
    """A DAG in a file. `line` is where it is made, if that is known."""

    id: str
    tasks: int
    line: int | None


@dataclass(frozen=True, kw_only=True)
class Load:
    """What came of loading one file, or, without a file, the plugins.

    Attributes:
        file: its path inside the runner.
        seconds: how long it took, Airflow's own modules not counted.
    """

    file: str | None
    seconds: float
    dags: tuple[FoundDag, ...]
    errors: tuple[LoadError, ...]
    warnings: tuple[LoadWarning, ...]


@dataclass(frozen=True, kw_only=True)
class ProbeReport:
    """What the probe found in the runner."""

    airflow: str
    python: str
    plugins: Load
    files: tuple[Load, ...]


def check_dags(layout: Layout, runner: Runner, *, limits: CheckLimits) -> CheckResult:
    """Let Airflow parse every DAG file inside the runner, and judge what came of it."""
    output = layout.own / "dags.json"
    words = {"--dags": layout.dags, "--plugins": layout.plugins, "--output": output, "--timeout": limits.dag_file}
    clear_result(output, runner)
    completed = runner.run(
        [runner.python, str(layout.own / "dag_probe.py"), *(str(word) for pair in words.items() for word in pair)],
        timeout=limits.dags,
    )
    document = read_result(output, runner) if completed.exit_code == 0 and not completed.timed_out else None
    if document is not None:
        try:
            report = parse_probe_report(document)
        except ForeignResult as error:
            message = f"The result file dags.json is not one of ours: {error}. Something in the DAG files wrote to it."
        else:
            return CheckResult(check=NAME, verdicts=judge_dags(report, layout, limits), log=completed.output)
    elif completed.timed_out:
        message = f"The DAG files were not all parsed after {limits.dags:.0f} s."
    else:
        message = (
            f"Airflow ended with exit code {completed.exit_code} before it had parsed the DAG files. That is usually "
            "airflow_local_settings.py, or a requirement that broke Airflow itself."
        )
    location = layout.location(str(layout.dags))
    verdict = Verdict(
        subject="Airflow", severity=Severity.FAIL, message=message, location=location, evidence=completed.output
    )
    return CheckResult(check=NAME, verdicts=(verdict,), log=completed.output)


def parse_probe_report(document: bytes) -> ProbeReport:
    """Read what probe/dag_probe.py wrote.

    Raises:
        ForeignResult: the probe would not have written that.
    """
    found = fields(parse_result(document), airflow=str, python=str, plugins=dict, files=list)
    return ProbeReport(
        airflow=found["airflow"],
        python=found["python"],
        plugins=_load(found["plugins"]),
        files=tuple(_load(file) for file in found["files"]),
    )


def _load(load: object) -> Load:
    found = fields(load, file=str | None, seconds=float | int, dags=list, errors=list, warnings=list)
    of_error = {"type": str, "message": str, "file": str | None, "line": int | None, "traceback": str}
    of_warning = {"type": str, "message": str, "file": str, "line": int}
    return Load(
        file=found["file"],
        seconds=found["seconds"],
        dags=tuple(FoundDag(**fields(dag, id=str, tasks=int, line=int | None)) for dag in found["dags"]),
        errors=tuple(LoadError(**fields(error, **of_error)) for error in found["errors"]),
        warnings=tuple(LoadWarning(**fields(warning, **of_warning)) for warning in found["warnings"]),
    )


def judge_dags(report: ProbeReport, layout: Layout, limits: CheckLimits) -> tuple[Verdict, ...]:
    """Turn what the probe found into verdicts: plugins, each file, then what only shows across files."""
    verdicts = [_failure(error, "plugins", layout) for error in report.plugins.errors]
    for load in report.files:
        verdicts.extend(_judge_file(load, layout, limits))
    verdicts.extend(_judge_ids(report, layout))
    if not any(load.dags or load.errors for load in report.files):
        message = (
            "There is no DAG in this folder. Airflow reads the files in which both words 'dag' and 'airflow' occur and "
            "which .airflowignore does not name."
        )
        folder = layout.location(str(layout.dags))
        subject = folder.file if folder else "dags"
        verdicts.append(Verdict(subject=subject, severity=Severity.FAIL, message=message, location=folder))
    return tuple(verdicts)


def _judge_file(load: Load, layout: Layout, limits: CheckLimits) -> list[Verdict]:
    location = layout.location(load.file)
    subject = location.file if location else load.file or ""
    if load.errors:
        return [_failure(error, subject, layout) for error in load.errors]
    severity, message = Severity.PASS, f"{_counted(load)}, parsed in {load.seconds:.2f} s."
    if load.seconds > limits.slow_dag_file:
        severity = Severity.WARN
        message = (
            f"{_counted(load)}, parsed in {load.seconds:.2f} s, which is over {limits.slow_dag_file:g} s. The "
            "scheduler does that again and again: move what takes long at the top of the file into the tasks."
        )
    return [
        Verdict(subject=subject, severity=severity, message=message, location=location, evidence=_told(load, layout))
    ]


def _counted(load: Load) -> str:
    if not load.dags:
        return "No DAG in it"
    tasks = sum(dag.tasks for dag in load.dags)
    ids = ", ".join(dag.id for dag in load.dags[:5]) + (", ..." if len(load.dags) > 5 else "")  # noqa: PLR2004 -- enough
    return f"{len(load.dags)} DAG{'s' * (len(load.dags) > 1)} ({ids}), {tasks} task{'s' * (tasks != 1)}"


def _told(load: Load, layout: Layout) -> str:
    """The warnings, one a line."""
    lines = []
    for warning in load.warnings:
        place = layout.location(warning.file, warning.line)
        where = f"{place.file}:{place.line}" if place else f"{warning.file}:{warning.line}"
        lines.append(f"{where}: {warning.type}: {warning.message}")
    return "\n".join(lines)


def _failure(error: LoadError, subject: str, layout: Layout) -> Verdict:
    message = f"{error.type}: {error.message}" if error.message else error.type
    return Verdict(
        subject=subject,
        severity=Severity.FAIL,
        message=message.replace(f"{layout.home}/", ""),
        location=layout.location(error.file, error.line),
        evidence=error.traceback,
    )


def _judge_ids(report: ProbeReport, layout: Layout) -> list[Verdict]:
    homes: dict[str, list[Location | None]] = defaultdict(list)
    for load in report.files:
        for dag in load.dags:
            homes[dag.id].append(layout.location(load.file, dag.line))
    found = []
    for dag_id, (first, *others) in homes.items():
        for other in others:
            place = f"{first.file}:{first.line}" if first and first.line else first.file if first else "another file"
            message = f"The DAG id '{dag_id}' is already taken by {place}; Airflow would show now one, now the other."
            found.append(Verdict(subject=dag_id, severity=Severity.FAIL, message=message, location=other))
    return found
