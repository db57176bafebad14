"""What of the tools for unit tests is copied into a runner."""

import itertools
from pathlib import Path, PurePosixPath

import pytest

from mwaa_deploy.checks.checkout import Checkout
from mwaa_deploy.checks.launched_tests import files_of_test_tools, plan_launch
from mwaa_deploy.checks.layout import Layout, plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.settings import CheckSettings, UnitTestSettings
from mwaa_deploy.source.project import Project
from tests.fakes.runner import FakeRunner

TOOLS = ("pytest/__init__.py", "pygments/lexer.py", "pygments/lexers/python.py", "pygments/lexers/cobol.py")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return plan_layout(Project(repository=tmp_path, root=tmp_path, dags=tmp_path), PurePosixPath("/usr/local/airflow"))


@pytest.mark.parametrize("coverage", [True, False])
def test_only_what_the_tests_need_is_copied(layout, tmp_path, coverage):
    for name in (*TOOLS, "coverage/__init__.py", "coverage-7.dist-info/METADATA", "bin/pytest", "a1_coverage.pth"):
        (tmp_path / "tools" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tools" / name).write_text("")

    settings = CheckSettings(tests=UnitTestSettings(coverage=coverage))
    files = files_of_test_tools(layout, FakeRunner(), lambda: tmp_path / "tools", settings)

    there = {path.relative_to(layout.own).as_posix() for path in files}
    wanted = {"pytest.ini", "test-tools/pytest", "test-tools/pygments/lexer.py", "test-tools/pygments/lexers/python.py"}
    assert there == wanted | ({"test-tools/coverage", "test-tools/coverage-7.dist-info"} if coverage else set())


def test_without_tools_there_is_still_a_file_that_ends_the_search_for_settings(layout):
    assert files_of_test_tools(layout, FakeRunner(), None, CheckSettings()) == {
        layout.own / "pytest.ini": b"[pytest]\n"
    }


def test_a_runner_with_tools_of_its_own_gets_none(layout):
    runner = FakeRunner()
    runner.test_tools = PurePosixPath("/mwaa-deploy/test-tools")

    def provide() -> Path:
        raise AssertionError("tools were asked for")

    files = files_of_test_tools(layout, runner, provide, CheckSettings(tests=UnitTestSettings(coverage=True)))

    assert files == {layout.own / "pytest.ini": b"[pytest]\n"}


@pytest.mark.parametrize(
    ("brought", "given", "named"),
    [
        ("/mwaa-deploy/test-tools", True, "/mwaa-deploy/test-tools"),
        ("/mwaa-deploy/test-tools", False, "/mwaa-deploy/test-tools"),
        (None, True, "/usr/local/airflow/.mwaa-deploy/test-tools"),
        (None, False, None),
    ],
)
def test_the_launcher_is_told_where_the_tools_are(layout, tmp_path, brought, given, named):
    runner = FakeRunner()
    runner.test_tools = brought and PurePosixPath(brought)

    provide = (lambda: tmp_path) if given else None
    launch = plan_launch(
        *(layout, runner), checkout=Checkout(), test_tools=provide, limits=CheckLimits(), settings=CheckSettings()
    )

    go = layout.own / "go"
    arguments = launch.arguments(go=go, stop=go, anew=go)
    told = dict(itertools.pairwise(arguments)).get("--tools")
    assert told == named
