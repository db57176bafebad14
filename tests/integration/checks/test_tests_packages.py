"""Packages that only the unit tests need, with real pip and no network."""

import zipfile

import pytest

from mwaa_deploy.checks.settings import CheckSettings, UnitTestSettings
from mwaa_deploy.checks.startup_environment import RunnerWithEnvironment
from mwaa_deploy.checks.verdicts import Severity
from tests.integration.checks.conftest import check, places
from tests.integration.checks.test_broken_tests import DAG
from tests.integration.checks.test_requirements_offline import wheel

pytestmark = pytest.mark.airflow

PLUGIN = "import pytest\nimport helper_of_plugin\n\n@pytest.fixture\ndef mocker():\n    return 42\n"
FILES = {
    "dags/d.py": "# airflow dag\n\nimport pytest_like_mock\n",
    "tests/test_a.py": "def test_a(mocker):\n    assert mocker == 42\n",
    "requirements-dev.txt": "# for tests\n-r more/of-it.txt\n",
    "more/of-it.txt": "--no-index\n--find-links ../wheels\npytest-like-mock\npytest-like-mock>=1\nPyYAML\n",
}


@pytest.fixture
def project(make_project, tmp_path):
    entry = {"pytest_like_mock-1.0.dist-info/entry_points.txt": "[pytest11]\nmock = pytest_like_mock\n"}
    of_plugin = wheel(
        "pytest_like_mock", "1.0", requires=["helper-of-plugin"], files=entry | {"pytest_like_mock.py": PLUGIN}
    )
    (tmp_path / "wheels").mkdir()
    for name, body in (of_plugin | wheel("helper_of_plugin", "1.0")).items():
        with zipfile.ZipFile(tmp_path / "wheels" / name, "w") as archive:
            for path, text in body.items():
                archive.writestr(path, text)
    return make_project(FILES)


def settings(project):
    return CheckSettings(tests=UnitTestSettings(requirements=project.root / "requirements-dev.txt"))


def test_tests_have_them_and_dags_do_not(runner, project):
    report = {result.check: result for result in check(project, runner, settings=settings(project)).results}

    assert report["unit-tests"].severity is Severity.PASS, report["unit-tests"].log
    assert places(report["dag-import"]) == [("dags/d.py", 3)]
    assert report["requirements"].skipped


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("# more\nno-such-package\n", ("more/of-it.txt", 4), "No version of no-such-package can be installed"),
        ("# more\nPyYAML==1.0\n", ("more/of-it.txt", 4), "the constraints demand"),
    ],
)
def test_what_cannot_be_installed_is_red_at_its_line_and_nothing_else_is(runner, project, text, place, words):
    (project.root / "more" / "of-it.txt").write_text(FILES["more/of-it.txt"].partition("pytest")[0] + text)
    (project.root / "dags" / "d.py").write_text(DAG)
    offline = RunnerWithEnvironment(runner, variables={"PIP_RETRIES": "0"})

    report = check(project, offline, settings=settings(project))

    assert [result.check for result in report.results if result.failures] == ["unit-tests"]
    tests = next(result for result in report.results if result.check == "unit-tests")
    assert places(tests) == [place]
    assert words in tests.failures[0].message
