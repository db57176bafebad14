"""The check that the project's requirements install on top of what MWAA ships."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from mwaa_deploy.checks.constraint_lines import fetch_constraints, only_official, rewritten, web_constraints
from mwaa_deploy.checks.constraint_source import ConstraintSource
from mwaa_deploy.checks.constraints import Versions
from mwaa_deploy.checks.installation import judge_effort, judge_installation
from mwaa_deploy.checks.installed import Installed
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.line_faults import judge_lines
from mwaa_deploy.checks.pins import Pins
from mwaa_deploy.checks.pip_command import ESSENTIAL, FORCED, Held, find_held, judge_held, pip_command
from mwaa_deploy.checks.pip_failure import judge_failure
from mwaa_deploy.checks.pip_run import PipRun, run_pip
from mwaa_deploy.checks.precheck import NAME, judge_tree
from mwaa_deploy.checks.project_files import ProjectFiles, SeenFiles
from mwaa_deploy.checks.redaction import hide, variables
from mwaa_deploy.checks.requirement_files import RequirementsTree, in_runner, read_tree
from mwaa_deploy.checks.satisfied import nothing_to_install
from mwaa_deploy.checks.snapshot import take_snapshot
from mwaa_deploy.checks.verdicts import CheckResult, Severity, Verdict
from mwaa_deploy.ports import Runner

__all__ = ["NAME", "InstallOutcome", "check_requirements"]


@dataclass(frozen=True, kw_only=True)
class InstallOutcome:
    """What came of the check.

    Attributes:
        airflow_untouched: whether an interpreter that had imported Airflow before is as good as a new one: nothing that
            the image ships was changed, and nothing was added that runs when an interpreter starts, lies among modules
            that were there before, or announces itself to Airflow.
        installation: what is installed; None if there is no requirements file, or it failed.
    """

    result: CheckResult
    airflow_untouched: bool
    installation: "Installation | None" = None


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What was installed before and after, and the text of the requirements file that asked for it."""

    before: Installed
    after: Installed
    asked: str


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What is known before pip is thought of.

    Attributes:
        before: what the runner ships, as MWAA does.
        verdicts: what there is to say already.
    """

    tree: RequirementsTree
    before: Installed
    versions: Versions
    held: Held
    verdicts: tuple[Verdict, ...]


def check_requirements(
    layout: Layout,
    runner: Runner,
    *,
    airflow_version: str,
    constraint_source: ConstraintSource,
    limits: CheckLimits,
    pins: Pins | None = None,
) -> InstallOutcome:
    """Install the requirements the way MWAA does, and look at what came of it.

    Args:
        layout: the project, laid out in the runner.
        runner: where nothing of the user's has been installed yet; the startup script, if there is one, has run.
        airflow_version: of the environment, as in '2.10.3'.
        constraint_source: where Airflow's own constraint files are fetched from.
        limits: how long pip may take.
        pins: MWAA's constraints, for a runner that has none of its own.

    Raises:
        RunnerBroken: the runner's interpreter does not run.
    """
    path = layout.project.requirements
    if path is None:
        skipped = CheckResult(check=NAME, skipped="The project has no requirements file.")
        return InstallOutcome(result=skipped, airflow_untouched=True)
    case = _look(path, layout, runner, airflow_version, pins or Pins())
    if _failed(case.verdicts):
        return _outcome(case.verdicts, untouched=True)
    if _nothing_to_do(case):
        message = "The image has all that is asked for, in versions that every constraint allows: pip need not run."
        found = judge_installation(case.tree, case.before, case.before)
        outcome = _outcome((*case.verdicts, *found, _passed(case, message)), untouched=True)
        return replace(outcome, installation=_installation(case, case.before))
    bundled = case.held.forced.path if case.held.forced else None
    web = fetch_constraints(case.tree, constraint_source, versions=case.versions, bundled=bundled, own=layout.own)
    verdicts = (*case.verdicts, *web.verdicts)
    if _failed(verdicts):
        return _outcome(verdicts, untouched=True)
    command = pip_command(
        runner.family, case.held, python=runner.python, file=layout.requirements, text=case.tree.root.decoded.text
    )
    ran = run_pip(
        command,
        layout,
        runner,
        files={**case.held.made, **web.bodies, **rewritten(case.tree, web.copies, layout.home)},
        variables={name for file in case.tree.files for name in variables(file.decoded.text)},
        timeout=limits.install,
    )
    log = hide(ran.completed.output)
    if ran.after is None:
        failures = judge_failure(ran.completed, case.tree, web, home=layout.home, limit=limits.install)
        return _outcome((*verdicts, *failures), untouched=False, log=log)
    outcome = _outcome(
        (*verdicts, *_judge(case, ran, ran.after, limits)), untouched=_untouched(case.before, ran, ran.after), log=log
    )
    return replace(outcome, installation=_installation(case, ran.after))


def _installation(case: _Case, after: Installed) -> Installation:
    return Installation(before=case.before, after=after, asked=case.tree.root.decoded.text)


def _look(path: Path, layout: Layout, runner: Runner, airflow_version: str, pins: Pins) -> _Case:
    body, name = path.read_bytes(), layout.project.in_repository(path)
    files = SeenFiles(ProjectFiles(layout.project))
    # What the project cannot tell, the runner can: the startup script has run in it.
    for _ in judge_lines(read_tree(files, body, name), files, python=""):
        pass
    unknown = {path: in_runner(path, layout.home) for path in sorted(files.unknown)}
    etc = layout.home / ".local" / "etc"
    before = take_snapshot(layout, runner, texts=[etc / ESSENTIAL, etc / FORCED], paths=list(unknown.values()))
    files.learn({path: str(inside) in before.there for path, inside in unknown.items()})
    tree = read_tree(files, body, name)
    versions = Versions(airflow=airflow_version, python=".".join(before.python.split(".")[:2]))
    held = find_held(before.texts, pins, airflow_version=airflow_version, etc=etc, own=layout.own)
    verdicts = (
        *judge_tree(tree, files, versions=versions, pins=held.pins),
        *judge_held(held, text=tree.root.decoded.text, file=name),
    )
    return _Case(tree=tree, before=before, versions=versions, held=held, verdicts=verdicts)


def _nothing_to_do(case: _Case) -> bool:
    """Whether pip need not run. Of what the image ships, Airflow's own constraint file says what MWAA's says."""
    official = any(True for _ in web_constraints(case.tree))
    stands_in = case.held.forced is not None and only_official(case.tree, case.versions)
    known = case.held.complete and (stands_in or not official)
    applied = case.held.applied(case.tree.root.decoded.text, official=official)
    return known and nothing_to_install(case.tree, case.before, applied)


def _judge(case: _Case, ran: PipRun, after: Installed, limits: CheckLimits) -> tuple[Verdict, ...]:
    file = case.tree.root.name
    found = judge_installation(case.tree, case.before, after)
    effort = judge_effort(seconds=ran.seconds, limit=limits.install, added=ran.added, file=file)
    return (*(found or (_passed(case, "It asks for no package."),)), *effort)


def _untouched(before: Installed, ran: PipRun, after: Installed) -> bool:
    kept = all(
        name in after.packages and after.packages[name].version == package.version
        for name, package in before.packages.items()
    )
    return kept and ran.untouched


def _passed(case: _Case, message: str) -> Verdict:
    return Verdict(
        subject=case.tree.root.name, severity=Severity.PASS, message=message, location=case.tree.root.at(None)
    )


def _failed(verdicts: Iterable[Verdict]) -> bool:
    return any(verdict.severity is Severity.FAIL for verdict in verdicts)


def _outcome(verdicts: tuple[Verdict, ...], *, untouched: bool, log: str = "") -> InstallOutcome:
    return InstallOutcome(result=CheckResult(check=NAME, verdicts=verdicts, log=log), airflow_untouched=untouched)
