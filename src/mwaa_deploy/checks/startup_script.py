"""The check that the startup script does on MWAA what it is meant to do; its variables go on to the later checks."""

from dataclasses import dataclass

from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.result_files import ForeignResult
from mwaa_deploy.checks.startup_environment import COMPONENT_VARIABLES, PROTECTED, RunnerWithEnvironment
from mwaa_deploy.checks.startup_result import parse_startup_run
from mwaa_deploy.checks.startup_verdicts import judge_startup
from mwaa_deploy.checks.verdicts import CheckResult, Location, Severity, Verdict
from mwaa_deploy.ports import Completed, Runner

NAME = "startup-script"

_GRACE = 20.0


@dataclass(frozen=True, kw_only=True)
class StartupOutcome:
    """What the check found, and where the later ones run.

    Attributes:
        runner: the same runner; its commands see the variables that the script exported.
    """

    result: CheckResult
    runner: Runner


def check_startup_script(layout: Layout, runner: Runner, *, limits: CheckLimits) -> StartupOutcome:
    """Run the startup script inside the runner before anything else, as MWAA does.

    Args:
        layout: where the project lies in the runner.
        runner: where to run it, its network open.
        limits: of these, the one for the startup script.

    Raises:
        RunnerBroken: the runner died.
    """
    started = RunnerWithEnvironment(runner, variables=COMPONENT_VARIABLES)
    source = layout.project.startup_script
    if source is None:
        return StartupOutcome(
            result=CheckResult(check=NAME, skipped="The project has no startup script."), runner=started
        )
    body = source.read_bytes()
    if b"\r\n" in body:
        verdict = _windows_lines(body, layout)
        return StartupOutcome(result=CheckResult(check=NAME, verdicts=(verdict,)), runner=started)
    result, values = layout.own / "startup.json", layout.own / "startup-values.json"
    argv = [
        *(runner.python, str(layout.own / "startup_script.py"), "--script", str(layout.startup_script)),
        *("--limit", str(limits.startup_script), "--protected", ",".join(PROTECTED)),
        *("--values", str(values), "--result", str(result)),
    ]
    completed = started.run(argv, timeout=limits.startup_script + _GRACE, results=[result])
    text = body.decode("utf-8", errors="replace")
    verdicts, exports = _judge(completed, completed.results.get(result), text, layout, limits)
    if exports:
        script = layout.own / "with_environment.py"
        started = RunnerWithEnvironment(runner, variables=COMPONENT_VARIABLES, exported=values, script=script)
    return StartupOutcome(
        result=CheckResult(check=NAME, verdicts=verdicts, log=completed.output, seconds=completed.seconds),
        runner=started,
    )


def _judge(
    completed: Completed, document: bytes | None, text: str, layout: Layout, limits: CheckLimits
) -> tuple[tuple[Verdict, ...], bool]:
    """The verdicts, and whether anything was exported."""
    try:
        run = parse_startup_run(document or b"null")
    except ForeignResult as error:
        why = f"the result file startup.json is not one of ours: {error}" if document else "there is no result"
        verdict = _failure(f"The startup script did not let its check come to an end: {why}.", completed.output, layout)
        return (verdict,), False
    return judge_startup(run, completed.output, text, layout, limit=limits.startup_script), bool(run.exported)


def _failure(message: str, evidence: str, layout: Layout, line: int | None = None) -> Verdict:
    location = layout.location(str(layout.startup_script), line) or Location(file="startup.sh")
    return Verdict(subject=location.file, severity=Severity.FAIL, message=message, location=location, evidence=evidence)


def _windows_lines(body: bytes, layout: Layout) -> Verdict:
    line = body[: body.index(b"\r\n")].count(b"\n") + 1
    message = (
        "Its lines end as on Windows (CRLF), and bash takes the CR for a part of each command and value. "
        "Run sed -i 's/\\r$//' on it, and keep it so with a line in .gitattributes: *.sh text eol=lf"
    )
    return _failure(message, "", layout, line)
