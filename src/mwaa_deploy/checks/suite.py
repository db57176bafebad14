"""All checks, in their order."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mwaa_deploy.checks import dag_integrity, requirements, unit_tests
from mwaa_deploy.checks.constraint_source import ConstraintSource
from mwaa_deploy.checks.layout import lay_out, plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.verdicts import CheckReport, CheckResult
from mwaa_deploy.ports import Log, Runner
from mwaa_deploy.source.project import Project


def run_checks(
    project: Project,
    runner: Runner,
    log: Log,
    *,
    airflow_version: str,
    constraint_source: ConstraintSource,
    test_tools: Path | None,
    limits: CheckLimits,
) -> CheckReport:
    """Lay the project into a fresh runner and ask every question of it.

    Args:
        project: what to check.
        runner: a place with Airflow in which nothing of the user's has been installed yet.
        log: told what the tools print, one group for each check.
        airflow_version: of the target environment, as in '2.10.3'.
        constraint_source: where constraint files named by a web address are fetched from.
        test_tools: a folder with pytest and what it needs, pure Python; None if the runner has pytest itself.
        limits: how long each check may take.

    Raises:
        RunnerBroken: the runner's interpreter does not run, or it died half-way.
    """
    layout = plan_layout(project, runner.home)
    lay_out(layout, runner)
    installed = _run(
        requirements.NAME,
        log,
        lambda: requirements.check_requirements(
            layout, runner, airflow_version=airflow_version, constraint_source=constraint_source, limits=limits
        ),
    )
    later: tuple[tuple[str, Callable[[], CheckResult]], ...] = (
        (dag_integrity.NAME, lambda: dag_integrity.check_dags(layout, runner, limits=limits)),
        (unit_tests.NAME, lambda: unit_tests.check_unit_tests(layout, runner, test_tools=test_tools, limits=limits)),
    )
    results = [installed]
    for name, check in later:
        if installed.failures:
            reason = "The requirements could not be installed, so the result would say nothing about MWAA."
            results.append(CheckResult(check=name, skipped=reason))
        else:
            results.append(_run(name, log, check))
    return CheckReport(runner=runner.description, differences=runner.differences, results=tuple(results))


def _run(name: str, log: Log, check: Callable[[], CheckResult]) -> CheckResult:
    started = time.monotonic()
    with log.group(f"Check: {name}"):
        result = replace(check(), seconds=time.monotonic() - started)
        if result.skipped:
            log.info(result.skipped)
        if result.log:
            log.verbatim(result.log)
    return result
