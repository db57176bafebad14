"""The launcher of the unit tests inside the runner: what it is given, and what is made of what it leaves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath

from mwaa_deploy.checks.checkout import MOST_BYTES, Checkout
from mwaa_deploy.checks.coverage_report import judge_coverage
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.network_errors import with_network_explained
from mwaa_deploy.checks.overlooked_tests import TEST_FILES, judge_overlooked
from mwaa_deploy.checks.pytest_config import names_test_files
from mwaa_deploy.checks.scripts import TEST_RESULTS
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.stray_tests import judge_strays
from mwaa_deploy.checks.tests_lack import judge_room, with_lack_explained
from mwaa_deploy.checks.tests_packages import packages_folder
from mwaa_deploy.checks.unit_tests import NAME, judge_tests
from mwaa_deploy.checks.verdicts import CheckResult, Severity
from mwaa_deploy.ports import Completed, Runner
from mwaa_deploy.source.tracked_files import new_files

_TOOLS, _CONFIG = "test-tools", "pytest.ini"
_TOO_LATE = 75
"""Exit code of probe/pytest_launcher.py."""

_LEXERS = frozenset({"__init__.py", "_mapping.py", "python.py", "diff.py"})
"""What pytest colours with, of the languages that pygments knows; all of them are most of what there is to copy."""


def files_of_test_tools(
    layout: Layout, runner: Runner, test_tools: Callable[[], Path] | None, settings: CheckSettings
) -> dict[PurePosixPath, Path | bytes]:
    """What the tests are run with, by its place inside the runner.

    Args:
        layout: where the project lies in the runner.
        runner: nothing is copied into one that brings the tools.
        test_tools: gives a folder with pytest and what it needs, pure Python, called only for a runner without; None if
            its own Python has pytest.
        settings: of these, whether coverage is measured.
    """
    # An empty file of ours keeps pytest from taking settings from some folder above home.
    files: dict[PurePosixPath, Path | bytes] = {layout.own / _CONFIG: b"[pytest]\n"}
    if runner.test_tools or test_tools is None:
        return files
    tools, coverage = layout.own / _TOOLS, settings.tests.coverage
    for path in sorted(test_tools().iterdir()):
        if path.name == "bin" or path.suffix == ".pth" or (path.name.startswith("coverage") and not coverage):
            continue
        if path.name == "pygments" and path.is_dir():
            files |= {tools / "pygments" / part.name: part for part in path.iterdir() if part.name != "lexers"}
            lexers = (path / "lexers" / name for name in sorted(_LEXERS))
            files |= {tools / "pygments" / "lexers" / lexer.name: lexer for lexer in lexers if lexer.is_file()}
        else:
            files[tools / path.name] = path
    return files


@dataclass(frozen=True, kw_only=True)
class Launch:
    """One run of the unit tests.

    Attributes:
        layout: where the project lies in the runner, with what files_of_test_tools() and checkout_files() name.
        checkout: what the tests see of the project.
        tools: the folder inside the runner with pytest; None if the runner's Python has it.
        limits: of these, the one for the unit tests.
        settings: of these, those of the tests and of the network.
    """

    layout: Layout
    checkout: Checkout
    tools: PurePosixPath | None
    limits: CheckLimits
    settings: CheckSettings

    @property
    def results(self) -> tuple[PurePosixPath, ...]:
        """What is to be brought back."""
        return tuple(self.layout.own / name for name in TEST_RESULTS)

    @property
    def env(self) -> Mapping[str, str]:
        """What MWAA sets, so that a DagBag() in a test finds the project's DAGs and nothing else; and packages."""
        packages = {"PYTHONPATH": str(packages_folder(self.layout))} if self.settings.tests.requirements else {}
        return {
            **packages,
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.layout.dags),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.layout.plugins),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }

    def arguments(self, *, go: PurePosixPath, stop: PurePosixPath, anew: PurePosixPath) -> list[str]:
        """What follows the script's name.

        Args:
            go: the file whose appearance lets it begin.
            stop: the one that ends it.
            anew: the one that has it begin as a new interpreter.
        """
        layout, settings = self.layout, self.settings
        config = layout.pytest_config or layout.own / _CONFIG
        return [
            *("--home", str(layout.checkout), "--results", str(layout.own)),
            *("--wait-for", str(go), "--abort", str(stop), "--anew", str(anew)),
            *("--limit", str(self.limits.unit_tests)),
            *(("--tools", str(self.tools)) if self.tools else ()),
            *(("--coverage",) if settings.tests.coverage else ()),
            "--",
            # Not --config-file, which pytest 7 does not know.
            *(str(layout.tests), f"--rootdir={layout.checkout}", "-c", str(config)),
            *(f"--junitxml={layout.own / TEST_RESULTS[0]}", "-o", "junit_family=xunit1"),
            *("--tb=short", "--color=no", "-p", "no:cacheprovider"),
            *_file_patterns(layout),
            *settings.tests.arguments,
            # By default the folder of the settings, above which no conftest.py is loaded; ours is above the checkout.
            f"--confcutdir={layout.checkout.parent}",
        ]

    def judge(self, completed: Completed, seconds: float) -> CheckResult:
        """The check's result.

        Args:
            completed: how the launcher ended.
            seconds: since it was let begin.
        """
        layout, settings = self.layout, self.settings
        if completed.exit_code == _TOO_LATE and seconds >= self.limits.unit_tests:
            completed = replace(completed, timed_out=True, seconds=self.limits.unit_tests)
        report, progress, measured = (completed.results.get(path) or None for path in self.results)
        verdicts = judge_tests(completed, report, progress, layout)
        project = layout.project
        untracked = cache(lambda: new_files(project.root, root=project.root, repository=project.repository))
        left_out = self.checkout.left_out
        verdicts = tuple(with_lack_explained(v, left_out=left_out, untracked=untracked) for v in verdicts)
        verdicts += judge_room(left_out, most=MOST_BYTES, location=layout.location(str(layout.tests)))
        verdicts += judge_strays(project, self.checkout.strays)
        of_tests = {name: self.checkout.files[name] for name in self.checkout.tests if name in self.checkout.files}
        verdicts += judge_overlooked(project, of_tests, usual=bool(_file_patterns(layout)))
        if not settings.network:
            verdicts = tuple(map(with_network_explained, verdicts))
        # What tests that failed did not reach says nothing.
        if settings.tests.coverage and not any(verdict.severity is Severity.FAIL for verdict in verdicts):
            verdicts = (*verdicts, judge_coverage(measured, layout, minimum=settings.tests.coverage_minimum))
        return CheckResult(check=NAME, verdicts=verdicts, log=completed.output, seconds=seconds)


def plan_launch(
    layout: Layout,
    runner: Runner,
    *,
    checkout: Checkout,
    test_tools: Callable[[], Path] | None,
    limits: CheckLimits,
    settings: CheckSettings,
) -> Launch:
    """Where the tools are, and all else.

    Args:
        layout: where the project lies in the runner.
        runner: which may bring the tools.
        checkout: what the tests see of the project.
        test_tools: what files_of_test_tools() was given.
        limits: of these, the one for the unit tests.
        settings: of these, those of the tests and of the network.
    """
    tools = runner.test_tools or (layout.own / _TOOLS if test_tools else None)
    return Launch(layout=layout, checkout=checkout, tools=tools, limits=limits, settings=settings)


def _file_patterns(layout: Layout) -> tuple[str, ...]:
    """Find what `python -m unittest discover` finds too, unless the user's settings say which files hold tests."""
    config = layout.location(str(layout.pytest_config)) if layout.pytest_config else None
    if config and names_test_files(layout.project.repository / config.file):
        return ()
    return ("-o", f"python_files={' '.join(TEST_FILES)}")
