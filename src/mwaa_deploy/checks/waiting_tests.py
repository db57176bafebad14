"""The project's unit tests in the runner, whose launcher is ready before the requirements are."""

import secrets
import time
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Self

from mwaa_deploy.checks.background import Background
from mwaa_deploy.checks.coverage_report import judge_coverage
from mwaa_deploy.checks.layout import Layout, read_result
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.network_errors import explain_network
from mwaa_deploy.checks.pytest_config import names_test_files
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.unit_tests import NAME, judge_tests
from mwaa_deploy.checks.verdicts import CheckResult, Severity, Verdict
from mwaa_deploy.checks.waiting_command import WaitingCommand
from mwaa_deploy.ports import Completed, Runner

_TOOLS, _CONFIG = "test-tools", "pytest.ini"
_REPORT, _PROGRESS, _COVERAGE = "tests.xml", "tests.json", "coverage.json"
_TOO_LATE = 75
"""Exit code of probe/pytest_launcher.py."""

_MARGIN = 600.0
"""Seconds, beyond those for the installation and for the tests, that the launcher may be there."""

_LEXERS = frozenset({"__init__.py", "_mapping.py", "python.py", "diff.py"})
"""What pytest colours with, of the languages that pygments knows; all of them are most of what there is to copy."""


def files_of_test_tools(
    layout: Layout, test_tools: Path | None, settings: CheckSettings
) -> dict[PurePosixPath, Path | bytes]:
    """What the tests are run with, by its place inside the runner.

    Args:
        layout: where the project lies in the runner.
        test_tools: a folder with pytest and what it needs, pure Python; None if the runner has pytest itself.
        settings: of these, whether coverage is measured.
    """
    # An empty file of ours keeps pytest from taking settings from some folder above home.
    files: dict[PurePosixPath, Path | bytes] = {layout.own / _CONFIG: b"[pytest]\n"}
    if test_tools is None:
        return files
    tools, coverage = layout.own / _TOOLS, settings.tests.coverage
    for path in sorted(test_tools.iterdir()):
        if path.name == "bin" or path.suffix == ".pth" or (path.name.startswith("coverage") and not coverage):
            continue
        if path.name == "pygments" and path.is_dir():
            files |= {tools / "pygments" / part.name: part for part in path.iterdir() if part.name != "lexers"}
            lexers = (path / "lexers" / name for name in sorted(_LEXERS))
            files |= {tools / "pygments" / "lexers" / lexer.name: lexer for lexer in lexers if lexer.is_file()}
        else:
            files[tools / path.name] = path
    return files


class WaitingTests:
    """The unit tests, whose launcher imports pytest at once, and waits for go() before it touches the project.

    As a context manager it is stopped at the end.

    Args:
        layout: where the project lies in the runner, with what files_of_test_tools() names.
        runner: where to run them; run() is called in another thread.
        test_tools: what files_of_test_tools() was given.
        limits: of these, those for the installation and for the unit tests.
        settings: of these, those of the tests and of the network.
    """

    def __init__(
        self, layout: Layout, runner: Runner, *, test_tools: Path | None, limits: CheckLimits, settings: CheckSettings
    ) -> None:
        self._layout = layout
        self._runner = runner
        self._tools = layout.own / _TOOLS if test_tools else None
        self._limits = limits
        self._settings = settings
        self._anew = layout.own / f"unit-tests-{secrets.token_hex(4)}.anew"
        self._command = WaitingCommand("unit-tests", layout.own, runner, self._run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._command.stop()

    def go(self, *, anew: bool = False) -> CheckResult:
        """Run the tests to their end, and judge them.

        Args:
            anew: whether packages that Airflow needs were changed meanwhile.

        Raises:
            RunnerBroken: the runner died.
        """
        layout, runner, settings = self._layout, self._runner, self._settings
        began = time.monotonic()
        completed = self._command.go((self._anew,) if anew else ())
        seconds = time.monotonic() - began
        if completed.exit_code == _TOO_LATE and seconds >= self._limits.unit_tests:
            completed = replace(completed, timed_out=True, seconds=self._limits.unit_tests)
        noted = Background(partial(read_result, layout.own / _PROGRESS, runner), "tests.json")
        report, progress = read_result(layout.own / _REPORT, runner), noted.result()
        verdicts = judge_tests(completed, report, progress, layout)
        if not settings.network:
            verdicts = tuple(_with_network_explained(verdict) for verdict in verdicts)
        # What tests that failed did not reach says nothing.
        if settings.tests.coverage and not any(verdict.severity is Severity.FAIL for verdict in verdicts):
            measured = read_result(layout.own / _COVERAGE, runner)
            verdicts = (*verdicts, judge_coverage(measured, layout, minimum=settings.tests.coverage_minimum))
        return CheckResult(check=NAME, verdicts=verdicts, log=completed.output, seconds=seconds)

    def _run(self, go: PurePosixPath, stop: PurePosixPath) -> Completed:
        limits = self._limits
        # The network is closed while it runs, and it has no use for it until then.
        return self._runner.run(
            self._argv(go, stop),
            timeout=limits.install + limits.unit_tests + _MARGIN,
            env=_airflow_settings(self._layout),
            network=self._settings.network,
        )

    def _argv(self, go: PurePosixPath, stop: PurePosixPath) -> list[str]:
        layout, settings = self._layout, self._settings
        config = layout.pytest_config or layout.own / _CONFIG
        return [
            self._runner.python,
            str(layout.own / "pytest_launcher.py"),
            *("--home", str(layout.home), "--results", str(layout.own)),
            *("--wait-for", str(go), "--abort", str(stop), "--anew", str(self._anew)),
            *("--limit", str(self._limits.unit_tests)),
            *(("--tools", str(self._tools)) if self._tools else ()),
            *(("--coverage",) if settings.tests.coverage else ()),
            "--",
            # Not --config-file, which pytest 7 does not know.
            *(str(layout.tests), f"--rootdir={layout.home}", "-c", str(config)),
            *(f"--junitxml={layout.own / _REPORT}", "-o", "junit_family=xunit1"),
            *("--tb=short", "--color=no", "-p", "no:cacheprovider"),
            *_file_patterns(layout),
            *settings.tests.arguments,
        ]


def _with_network_explained(verdict: Verdict) -> Verdict:
    if verdict.severity is not Severity.FAIL or not (told := explain_network(verdict.message + verdict.evidence)):
        return verdict
    return replace(verdict, message=f"{verdict.message} {told}")


def _airflow_settings(layout: Layout) -> dict[str, str]:
    """What MWAA sets, so that a DagBag() in a test finds the project's DAGs and nothing else."""
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": str(layout.dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(layout.plugins),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }


def _file_patterns(layout: Layout) -> tuple[str, ...]:
    """Find what `python -m unittest discover` finds too, unless the user's settings say which files hold tests."""
    config = layout.location(str(layout.pytest_config)) if layout.pytest_config else None
    if config and names_test_files(layout.project.repository / config.file):
        return ()
    return ("-o", "python_files=test*.py *_test.py")
