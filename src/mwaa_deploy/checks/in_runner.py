"""The checks that need a runner, each begun as soon as what it builds on is there."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from mwaa_deploy.checks.background import Background
from mwaa_deploy.checks.base_probe import compare_with_base
from mwaa_deploy.checks.base_requirements import packages_of
from mwaa_deploy.checks.checkout import Checkout, checkout_files, find_checkout
from mwaa_deploy.checks.code_runs import CodeRun, CodeToRun, SeparateRun, Started, WarmRun, probe_alone, test_alone
from mwaa_deploy.checks.constraint_source import ConstraintSource
from mwaa_deploy.checks.dag_difference import Differences
from mwaa_deploy.checks.dag_facts import DagFile
from mwaa_deploy.checks.dag_integrity import DagJudgement, judge_probe
from mwaa_deploy.checks.fixture_secrets import Redactor
from mwaa_deploy.checks.guarded_runs import guarded
from mwaa_deploy.checks.launched_tests import Launch, files_of_test_tools, plan_launch
from mwaa_deploy.checks.layout import Layout, copy_all, plan_layout, unpack
from mwaa_deploy.checks.metadata_database import open_database
from mwaa_deploy.checks.overlooked_rules import overlooked_rules
from mwaa_deploy.checks.package_changes import PackageChanges
from mwaa_deploy.checks.plugins_for_pip import may_read_plugins
from mwaa_deploy.checks.request import CheckRequest
from mwaa_deploy.checks.requirements import check_requirements
from mwaa_deploy.checks.running_probe import ProbeAnswer
from mwaa_deploy.checks.selection import CHECKS
from mwaa_deploy.checks.shared_state import SharedFiles
from mwaa_deploy.checks.startup_script import check_startup_script
from mwaa_deploy.checks.stray_tests import judge_strays
from mwaa_deploy.checks.tests_packages import install_for_tests
from mwaa_deploy.checks.unit_tests import NO_TESTS
from mwaa_deploy.checks.verdicts import CheckResult, Severity, Verdict
from mwaa_deploy.checks.warm_choice import suits
from mwaa_deploy.checks.warm_start import WarmStart
from mwaa_deploy.ports import Log, Runner
from mwaa_deploy.source.project import Project

_STARTUP, _REQUIREMENTS, _TESTS = "startup-script", "requirements", "unit-tests"
_OF_PROBE = ("plugins", "dag-import", "dag-rules")

_ALONE = Verdict(
    subject="dags",
    severity=Severity.PASS,
    message="While DAG files were parsed, something in them or in the unit tests wrote to the DAG folder, the "
    "plugins or the database. All was put back as it was, and they were parsed once more, alone.",
)
_NOT_INSTALLED = "The requirements could not be installed, so the result would say nothing about MWAA."


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the checks found.

    Attributes:
        results: of every check, in the order they ended.
        dag_files: the facts about each DAG file.
        differences: of the DAGs to those of the base.
        packages: what the requirements make of the image.
    """

    results: tuple[CheckResult, ...]
    dag_files: tuple[DagFile, ...] = ()
    differences: Differences | None = None
    packages: PackageChanges | None = None


def check_in_runner(
    project: Project,
    runner: Runner,
    log: Log,
    request: CheckRequest,
    *,
    constraint_source: ConstraintSource,
    warm: WarmStart | None = None,
) -> Checked:
    """Lay the project into a fresh runner and ask every selected question of it.

    Airflow is imported while pip works, and the unit tests run while the DAG files are parsed. The network is closed
    once the requirements are there, unless the settings leave it open.

    Raises:
        RunnerBroken: the runner's interpreter does not run, or it died half-way.
    """
    layout = plan_layout(
        project,
        runner.home,
        plugins_zip=request.plugins_zip,
        rules_folder=request.settings.rules_folder,
    )
    return _Checks(layout, log, request, warm).run(runner, constraint_source)


class _Checks:
    """The state of one run: results so far, and the secrets that they must not hold."""

    def __init__(self, layout: Layout, log: Log, request: CheckRequest, warm: WarmStart | None) -> None:
        self._layout = layout
        self._warm = warm
        self._log = log
        self._request = request
        self._results: list[CheckResult] = []
        self._redactor = Redactor()

    def run(self, runner: Runner, constraint_source: ConstraintSource) -> Checked:
        request, layout, selection = self._request, self._layout, self._request.selection
        wants_tests = layout.tests is not None and selection.runs(_TESTS)
        checkout = self._copy(runner, wants_tests=wants_tests)
        unpacking = Background(partial(unpack, layout, runner), "plugins")
        if _needs_plugins_at_once(layout):
            unpacking.result()
        startup = check_startup_script(layout, runner, limits=request.limits)
        self._add(startup.result)
        wants_probe = any(selection.runs(check) for check in _OF_PROBE)
        with ExitStack() as stack:
            database = stack.enter_context(
                open_database(
                    layout,
                    startup.runner,
                    settings=request.settings,
                    limits=request.limits,
                    postgresql=request.postgresql,
                )
            )
            self._redactor = database.redactor
            for secret in database.redactor.values:
                self._log.mask(secret)
            if database.result is not None:
                self._add(database.result)
            both = wants_probe and checkout is not None
            shared = SharedFiles(layout, database.runner, request.settings) if both else None
            code = CodeToRun(
                layout=layout,
                runner=database.runner,
                settings=request.settings,
                limits=request.limits,
                airflow_version=request.airflow_version,
                probe=wants_probe,
                launch=self._launch(database.runner, checkout) if checkout else None,
                shared=shared,
            )
            prepared = stack.enter_context(self._prepare(code, alike=database.runner is startup.runner))
            began = time.monotonic()
            if may_read_plugins(layout):
                unpacking.result()
            installed = check_requirements(
                layout,
                startup.runner,
                airflow_version=request.airflow_version,
                constraint_source=constraint_source,
                limits=request.limits,
                pins=request.pins,
            )
            self._add(replace(installed.result, seconds=time.monotonic() - began))
            broken_plugins = unpacking.result()
            prepared.look()
            if installed.result.failures:
                self._leave_out(_NOT_INSTALLED, *_OF_PROBE, _TESTS)
                return Checked(results=tuple(self._results))
            without_packages = self._install_for_tests(startup.runner) if checkout else None
            if not request.settings.network:
                runner.close_network()
            started = prepared.go(untouched=installed.airflow_untouched, tests=without_packages is None)
            if shared is not None:
                started = guarded(
                    started, shared, probe_alone=partial(probe_alone, code), test_alone=partial(test_alone, code)
                )
            files = self._judge_code(started, broken_plugins, without_packages)
            packages = packages_of(installed.installation, request.base)
            differences = self._compare(database.runner, files) if wants_probe else None
        return Checked(results=tuple(self._results), dag_files=files, differences=differences, packages=packages)

    def _compare(self, runner: Runner, files: tuple[DagFile, ...]) -> Differences | None:
        """With the base, if there is one, and if the DAGs that there are now are known."""
        request = self._request
        if request.base is None or not files:
            return None
        seconds, network = request.limits.dag_file, request.settings.network
        return compare_with_base(
            request.base, self._layout, runner, files, self._log, network=network, dag_file_limit=seconds
        )

    def _copy(self, runner: Runner, *, wants_tests: bool) -> Checkout | None:
        """Everything into the runner; what the unit tests see, if they are wanted."""
        request, layout, scripts = self._request, self._layout, self._warm is None
        if not wants_tests:
            copy_all(layout, runner, scripts=scripts)
            return None
        checkout = find_checkout(layout.project, named=request.settings.tests.requirements)
        tools = files_of_test_tools(layout, runner, request.test_tools, request.settings)
        with checkout_files(layout, checkout) as files:
            copy_all(layout, runner, {**tools, **files}, scripts=scripts)
        return checkout

    def _install_for_tests(self, runner: Runner) -> CheckResult | None:
        """The failed check of the unit tests, if packages that only they need cannot be installed."""
        wanted = self._request.settings.tests.requirements
        limit = self._request.limits.install
        return install_for_tests(wanted, self._layout, runner, timeout=limit) if wanted else None

    def _launch(self, runner: Runner, checkout: Checkout) -> Launch:
        request = self._request
        return plan_launch(
            self._layout,
            runner,
            checkout=checkout,
            test_tools=request.test_tools,
            limits=request.limits,
            settings=request.settings,
        )

    def _prepare(self, code: CodeToRun, *, alike: bool) -> CodeRun:
        """From the interpreter that is warm, if there is one that could see no difference; it is ended otherwise.

        Args:
            code: what is to be run.
            alike: whether commands run there with no other variables than that interpreter was started with.
        """
        if self._warm is not None and alike and suits(self._layout.project):
            return WarmRun(code, self._warm)
        if self._warm is not None:
            self._warm.stop()
        return SeparateRun(code)

    def _judge_code(
        self, started: Started, broken_plugins: tuple[Verdict, ...], without_packages: CheckResult | None
    ) -> tuple[DagFile, ...]:
        """DAGs and plugins, while the unit tests run; the latter are judged already if their packages are not there."""
        files: tuple[DagFile, ...] = ()
        if started.probe is None:
            self._leave_out("", *_OF_PROBE)
        else:
            judgement = self._judge_dags(started.probe)
            files = judgement.files
            plugins = replace(judgement.plugins, verdicts=(*broken_plugins, *judgement.plugins.verdicts))
            if broken_plugins:
                plugins = replace(plugins, skipped=None)
            for result in (plugins, judgement.dags, judgement.rules):
                self._add(result)
        if without_packages is not None:
            self._add(without_packages)
        elif started.tests is not None:
            self._add(started.tests())
        elif self._request.selection.runs(_TESTS):
            strays = judge_strays(self._layout.project)
            self._add(CheckResult(check=_TESTS, verdicts=strays, skipped=None if strays else NO_TESTS))
        else:
            self._leave_out("", _TESTS)
        return files

    def _judge_dags(self, probe: Callable[[], ProbeAnswer]) -> DagJudgement:
        began = time.monotonic()
        answer = probe()
        settings = self._request.settings
        overlooked = overlooked_rules(self._layout.project, settings.rules_folder)
        judgement = judge_probe(answer, self._layout, settings, self._request.limits, overlooked)
        if answer.alone:
            judgement = replace(judgement, dags=replace(judgement.dags, verdicts=(*judgement.dags.verdicts, _ALONE)))
        seconds = time.monotonic() - began if answer.seconds is None else answer.seconds
        return replace(judgement, dags=replace(judgement.dags, seconds=seconds))

    def _leave_out(self, reason: str, *checks: str) -> None:
        selection = self._request.selection
        for check in checks:
            left_out = not selection.runs(check) or not reason
            self._add(selection.left_out(check) if left_out else CheckResult(check=check, skipped=reason))

    def _add(self, result: CheckResult) -> None:
        """Keep a result, without secrets, and tell the log."""
        selection = self._request.selection
        if result.skipped is None and result.check in CHECKS:
            result = replace(result, why=selection.why(result.check))
        result = self._redactor.result(result)
        self._results.append(result)
        self._log.check(result)


def _needs_plugins_at_once(layout: Layout) -> bool:
    """Whether what runs first could see the plugins: the user's script, or Airflow, if it finds its settings there."""
    plugins = layout.project.plugins
    return layout.project.startup_script is not None or (plugins is not None and plugins.is_file())
