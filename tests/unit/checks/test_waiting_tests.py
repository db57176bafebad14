"""What of the tools for unit tests is copied into a runner."""

from pathlib import Path, PurePosixPath

import pytest

from mwaa_deploy.checks.layout import Layout, plan_layout
from mwaa_deploy.checks.settings import CheckSettings, UnitTestSettings
from mwaa_deploy.checks.waiting_tests import files_of_test_tools
from mwaa_deploy.source.project import Project

TOOLS = ("pytest/__init__.py", "pygments/lexer.py", "pygments/lexers/python.py", "pygments/lexers/cobol.py")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return plan_layout(Project(repository=tmp_path, root=tmp_path, dags=tmp_path), PurePosixPath("/usr/local/airflow"))


@pytest.mark.parametrize("coverage", [True, False])
def test_only_what_the_tests_need_is_copied(layout, tmp_path, coverage):
    for name in (*TOOLS, "coverage/__init__.py", "coverage-7.dist-info/METADATA", "bin/pytest", "a1_coverage.pth"):
        (tmp_path / "tools" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tools" / name).write_text("")

    files = files_of_test_tools(layout, tmp_path / "tools", CheckSettings(tests=UnitTestSettings(coverage=coverage)))

    there = {path.relative_to(layout.own).as_posix() for path in files}
    wanted = {"pytest.ini", "test-tools/pytest", "test-tools/pygments/lexer.py", "test-tools/pygments/lexers/python.py"}
    assert there == wanted | ({"test-tools/coverage", "test-tools/coverage-7.dist-info"} if coverage else set())


def test_without_tools_there_is_still_a_file_that_ends_the_search_for_settings(layout):
    assert files_of_test_tools(layout, None, CheckSettings()) == {layout.own / "pytest.ini": b"[pytest]\n"}
