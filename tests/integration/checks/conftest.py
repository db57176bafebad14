"""Real Airflow of one version in a virtual environment, and projects to check in it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mwaa_deploy.checks.checkout import checkout_files, find_checkout
from mwaa_deploy.checks.constraint_source import HttpConstraints
from mwaa_deploy.checks.launched_tests import Launch, files_of_test_tools, plan_launch
from mwaa_deploy.checks.layout import Layout, lay_out, plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.pins import parse_pins
from mwaa_deploy.checks.request import CheckRequest
from mwaa_deploy.checks.selection import all_checks
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.suite import run_checks
from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity
from mwaa_deploy.checks.waiting_tests import WaitingTests
from mwaa_deploy.ports import Runner
from mwaa_deploy.runner.home import HomeTemplates
from mwaa_deploy.runner.packages import find_packages, images_folder
from mwaa_deploy.runner.pythons import find_python
from mwaa_deploy.runner.venv import VenvRunner
from mwaa_deploy.source.base_files import BaseSource
from mwaa_deploy.source.project import Project
from tests.fakes.log import FakeLog

AIRFLOW = "2.10.3"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """A runner that the tests of one file share; for what leaves nothing installed."""
    with open_venv() as opened:
        yield opened


@pytest.fixture
def fresh_runner() -> Iterator[Runner]:
    """A runner of a test's own, for what installs something."""
    with open_venv() as opened:
        yield opened


def open_venv(airflow_version: str = AIRFLOW) -> VenvRunner:
    packages = find_packages(images_folder({}), airflow_version)
    env = dict(os.environ)
    return VenvRunner(packages, find_python(packages.python, env), HomeTemplates(env, FakeLog()), env=env)


@pytest.fixture(scope="session")
def test_tools(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """The locked pytest, in a folder, for runners that do not bring it."""
    folder = tmp_path_factory.mktemp("test-tools")
    lock = ROOT / "requirements" / "test-tools.txt"
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", folder, "--require-hashes", "-r", lock],
        check=True,
    )
    return lambda: folder


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[Mapping[str, str]], Project]:
    """A project of the given files, by path."""

    def make(files: Mapping[str, str]) -> Project:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (tmp_path / "dags").mkdir(exist_ok=True)
        found = Project(repository=tmp_path, root=tmp_path, dags=tmp_path / "dags")
        parts = {"plugins": "plugins", "requirements": "requirements.txt", "tests": "tests"}
        there: dict[str, Any] = {part: tmp_path / name for part, name in parts.items() if (tmp_path / name).exists()}
        return replace(found, **there)

    return make


def check(
    project: Project,
    runner: Runner,
    *,
    test_tools: Callable[[], Path] | None = None,
    limits: CheckLimits | None = None,
    log: FakeLog | None = None,
    settings: CheckSettings | None = None,
    airflow_version: str = AIRFLOW,
    base: BaseSource | None = None,
) -> CheckReport:
    """All checks, as the program runs them."""
    packages = find_packages(images_folder({}), airflow_version)
    request = CheckRequest(
        airflow_version=airflow_version,
        python=packages.python_minor,
        selection=all_checks("The test asks for all of them."),
        pins=parse_pins(packages.constraints(), packages.essential_constraints()),
        settings=settings or CheckSettings(),
        limits=limits or CheckLimits(),
        test_tools=test_tools,
        base=base,
    )
    return run_checks(
        project,
        lambda: nullcontext(runner),
        log or FakeLog(),
        request,
        constraint_source=HttpConstraints(timeout=5),
        index=None,
    )


def laid_out(project: Project, runner: Runner) -> Layout:
    """The project in the runner, for one check alone."""
    layout = plan_layout(project, runner.home)
    lay_out(layout, runner)
    return layout


def laid_out_launch(
    layout: Layout,
    runner: Runner,
    test_tools: Callable[[], Path] | None,
    limits: CheckLimits,
    settings: CheckSettings,
) -> Launch:
    """A run of the unit tests, with all it needs in the runner."""
    checkout = find_checkout(layout.project)
    with checkout_files(layout, checkout) as files:
        runner.put_all({**files_of_test_tools(layout, runner, test_tools, settings), **files})
    return plan_launch(layout, runner, checkout=checkout, test_tools=test_tools, limits=limits, settings=settings)


def run_unit_tests(
    layout: Layout,
    runner: Runner,
    test_tools: Callable[[], Path] | None,
    *,
    limits: CheckLimits | None = None,
    settings: CheckSettings | None = None,
) -> CheckResult:
    """The unit tests alone, of a project that is laid out."""
    launch = laid_out_launch(layout, runner, test_tools, limits or CheckLimits(), settings or CheckSettings())
    with WaitingTests(launch, runner) as tests:
        return tests.go()


def places(result: CheckResult, *severities: Severity) -> list[tuple[str, int | None]]:
    """File and line of the verdicts of some severities, sorted; failures by default."""
    wanted = severities or (Severity.FAIL,)
    found = [v.location for v in result.verdicts if v.severity in wanted]
    return sorted(((place.file, place.line) for place in found if place), key=str)
