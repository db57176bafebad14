"""All checks, in their order: what can be said without a runner, then everything that needs one."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace

from mwaa_deploy.checks.constraint_source import ConstraintSource
from mwaa_deploy.checks.in_runner import check_in_runner
from mwaa_deploy.checks.package_index import PackageIndex
from mwaa_deploy.checks.precheck import precheck
from mwaa_deploy.checks.request import CheckRequest
from mwaa_deploy.checks.selection import CHECKS
from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity, Verdict
from mwaa_deploy.checks.warm_start import WarmStart
from mwaa_deploy.ports import Log, Runner
from mwaa_deploy.source.project import Project

_REQUIREMENTS = "requirements"


def run_checks(
    project: Project,
    open_runner: Callable[[], AbstractContextManager[Runner]],
    log: Log,
    request: CheckRequest,
    *,
    constraint_source: ConstraintSource,
    index: PackageIndex | None,
    warm: Callable[[], WarmStart | None] = lambda: None,
) -> CheckReport:
    """Ask every question that is selected.

    Args:
        project: what to check.
        open_runner: opens a place with Airflow in which nothing of the user's has been installed yet.
        log: told each check's result as soon as it is there, then all of them.
        request: what is asked, and how.
        constraint_source: where constraint files named by a web address are fetched from.
        index: asked about names of packages; None to ask nobody.
        warm: gives the interpreter that imports Airflow in the runner already, once that is open; None if none does.

    Raises:
        RunnerBroken: the runner's interpreter does not run, or it died half-way.
    """
    report = _without_runner(project, log, request, index)
    if isinstance(report, CheckResult):
        early = report
        with open_runner() as runner:
            checked = check_in_runner(project, runner, log, request, constraint_source=constraint_source, warm=warm())
            report = _report(runner.description, runner.differences, checked.results)
        report = replace(
            _with_early(report, early),
            dag_files=checked.dag_files,
            dag_differences=checked.differences,
            package_changes=checked.packages,
        )
    log.verdicts(report)
    return report


def _without_runner(
    project: Project, log: Log, request: CheckRequest, index: PackageIndex | None
) -> CheckReport | CheckResult:
    """The whole report, where no runner is needed to know it; else what was found about the requirements so far."""
    selection = request.selection
    if selection.empty:
        return _report("no runner: no check had to run", (), [selection.left_out(check) for check in CHECKS])
    early = precheck(
        project, airflow_version=request.airflow_version, python=request.python, pins=request.pins, index=index
    )
    if not early.failures:
        return early
    log.check(early)
    reason = "The requirements would be refused, so the result would say nothing about MWAA."
    others = [CheckResult(check=check, skipped=reason) for check in CHECKS if check != _REQUIREMENTS]
    return _report("no runner: the requirements were refused before one was opened", (), [early, *others])


def _report(runner: str, differences: tuple[str, ...], results: Iterable[CheckResult]) -> CheckReport:
    ordered = sorted(results, key=_place)
    return CheckReport(runner=runner, differences=differences, results=tuple(ordered))


def _place(result: CheckResult) -> float:
    # The database is not a check that can be left out; it comes before those that use it.
    return CHECKS.index(result.check) if result.check in CHECKS else CHECKS.index("plugins") - 0.5


def _with_early(report: CheckReport, early: CheckResult) -> CheckReport:
    """The report with the warnings that only the pre-check could give, such as what the package index knows."""
    results = []
    for result in report.results:
        if result.check == _REQUIREMENTS and result.skipped is None:
            there = {(verdict.subject, verdict.message) for verdict in result.verdicts}
            new = tuple(v for v in early.verdicts if _worth(v) and (v.subject, v.message) not in there)
            result = replace(result, verdicts=(*new, *result.verdicts))  # noqa: PLW2901 -- a frozen one
        results.append(result)
    return replace(report, results=tuple(results))


def _worth(verdict: Verdict) -> bool:
    return verdict.severity is not Severity.PASS
