"""Unit tests that fail, crash, hang or hide, in a real Airflow."""

import subprocess
import sys
from dataclasses import replace

import pytest

from mwaa_deploy.bundle.exclude import Exclude
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.settings import CheckSettings, UnitTestSettings
from mwaa_deploy.checks.startup_environment import RunnerWithEnvironment
from mwaa_deploy.checks.verdicts import CheckResult, Severity
from mwaa_deploy.ports import Runner
from tests.integration.checks.conftest import check, laid_out, places, run_unit_tests

pytestmark = pytest.mark.airflow

DAG = (
    "from datetime import datetime\nfrom airflow import DAG\n"
    "dag = DAG('d', start_date=datetime(2024, 1, 1))\n\n\ndef half(x):\n    return 1 / x\n"
)
UNITTEST = """import unittest

from d import half


class HalfTest(unittest.TestCase):
    def test_good(self):
        self.assertEqual(half(1), 1)

    def test_wrong(self):
        self.assertEqual(
            half(1),
            3,
        )

    def test_deeper(self):
        half(0)

    @unittest.skip("later")
    def test_later(self):
        self.fail()
"""
PYTEST = """import pytest

from dags.d import half


@pytest.fixture
def untidy():
    yield
    raise KeyError("left behind")


def test_good():
    assert half(2) == 0.5


def test_wrong():
    assert half(1) == 3, "too\\nfew"


def test_untidy(untidy):
    pass


def test_without_fixture(nowhere):
    pass


def test_exits():
    raise SystemExit(0)


@pytest.mark.xfail(reason="known")
def test_known():
    assert False
"""

DETACHED = """import json
import os
import pathlib
import sys
import time

import pytest

def test_a():
    note = pathlib.Path(sys.argv[0]).with_name("tests.json")
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for _ in range(6000):
                note.write_text(json.dumps({"selected": 1, "deselected": 0, "finished": 1, "ran": 1, "hindered": [],
                    "at": None, "left": None}))
                time.sleep(0.001)
        os._exit(0)
    time.sleep(0.2)
    pytest.exit('', 0)
"""
UNCOLLECTED = {
    "tests/test_import.py": "import os\nimport nowhere\n",
    "tests/test_syntax.py": "import os\n\nx = (\n",
    "tests/test_deeper.py": "import helper\n",
    "dags/helper.py": "\n\ndef f(:\n",
}

# By name: the files, and where the one failure has to be.
BROKEN = {
    "sys.exit at import": ({"tests/test_a.py": "import sys\n\nsys.exit(0)\n"}, ("tests/test_a.py", 3), "SystemExit: 0"),
    "os._exit at import": ({"tests/test_a.py": "import os\n\nos._exit(0)\n"}, ("tests/test_a.py", 3), "os._exit(0)"),
    "os._exit in a test": (
        {"tests/test_a.py": "import os\n\ndef test_a(): pass\n\ndef test_b():\n    os._exit(0)\n"},
        ("tests/test_a.py", 6),
        "tests/test_a.py::test_b",
    ),
    "os._exit after the tests": (
        {
            "tests/test_a.py": "def test_a():\n    assert 0\n",
            "tests/conftest.py": "import os\n\ndef pytest_unconfigure():\n    os._exit(0)\n",
        },
        ("tests/test_a.py", 2),
        "assert 0",
    ),
    "pytest.exit": (
        {"tests/test_a.py": "import pytest\n\ndef test_a():\n    pytest.exit('', 0)\n\ndef test_b():\n    assert 0\n"},
        ("tests/test_a.py", 3),
        "Only 0 of 2 tests were run to their end; something in them ended pytest. It was at tests/test_a.py::test_a.",
    ),
    "pytest.exit in the last test": (
        {"tests/test_a.py": "import pytest\n\ndef test_a(): pass\n\ndef test_b():\n    pytest.exit('', 0)\n"},
        ("tests/test_a.py", 5),
        "Only 1 of 2 tests were run to their end; something in them ended pytest. It was at tests/test_a.py::test_b.",
    ),
    "a detached process that changes the note": (
        {"tests/test_a.py": DETACHED},
        ("tests/test_a.py", 9),
        "Only 0 of 1 tests were run to their end",
    ),
    "a crash": (
        {"tests/test_a.py": "import ctypes\n\ndef test_a():\n    ctypes.string_at(0)\n"},
        ("tests/test_a.py", 4),
        "tests/test_a.py::test_a",
    ),
    "a broken conftest": (
        {"tests/test_a.py": "def test_a(): pass\n", "tests/conftest.py": "\n1 / 0\n"},
        ("tests/conftest.py", 2),
        "ZeroDivisionError",
    ),
    "a broken conftest above the tests, without settings": (
        {"tests/test_a.py": "def test_a(): pass\n", "conftest.py": "\n1 / 0\n"},
        ("conftest.py", 2),
        "ZeroDivisionError",
    ),
    "settings that cannot be read": (
        {"tests/test_a.py": "def test_a(): pass\n", "pytest.ini": "[pytest\n"},
        ("pytest.ini", 1),
        "pytest refused to start: pytest.ini:1: unexpected value continuation.",
    ),
    "settings in TOML that cannot be read": (
        {"tests/test_a.py": "def test_a(): pass\n", "pyproject.toml": "[tool.pytest.ini_options]\naddopts = -q\n"},
        ("pyproject.toml", 2),
        "pytest refused to start: pyproject.toml: ",
    ),
    "tests that are only set up": (
        {"tests/test_a.py": "def test_a():\n    assert 0\n", "pytest.ini": "[pytest]\naddopts = --setup-plan\n"},
        ("tests/test_a.py", 1),
        "--setup-only and --setup-plan keep tests from being run: 0 of 1 were.",
    ),
    "classes of unittest that are not collected": (
        {
            "tests/test_a.py": "import unittest\n\nclass A(unittest.TestCase):\n    def test_a(self): self.fail()\n",
            "pytest.ini": "[pytest]\naddopts = -p no:unittest\n",
        },
        ("tests/test_a.py", None),
        "-p no:unittest keeps tests from being run",
    ),
    "a plug-in that is missing": (
        {"tests/test_a.py": "def test_a(): pass\n", "pytest.ini": "[pytest]\naddopts = --cov=dags\n"},
        ("tests", None),
        "unrecognized arguments: --cov=dags",
    ),
}


FAILING = {
    "tests/test_unit.py": UNITTEST,
    "tests/test_py.py": PYTEST,
    # A name that unittest finds.
    "tests/testhalf.py": "from unittest import TestCase\n\nclass T(TestCase):\n    def test_a(self): 1 / 0\n",
    "tests/test_plugin.py": "import ours\n\ndef test_a():\n    ours.f()\n",
    "plugins/ours.py": "def f():\n    1 / 0\n",
    "tests/test_net.py": "import socket\n\ndef test_a():\n    socket.getaddrinfo('db.invalid', 443)\n",
}


def empty(runner: Runner) -> None:
    """Take away what the test before has left: the runner is shared."""
    gone = 'rm -rf "$1"/dags/* "$1"/plugins/* "$1"/.mwaa-deploy/unit-tests "$1"/.mwaa-deploy/test-tools'
    assert runner.run(["/bin/sh", "-c", gone, "sh", str(runner.home)], timeout=60).exit_code == 0


@pytest.fixture
def run_tests(runner, make_project, test_tools):
    def run(
        files: dict[str, str], limits: CheckLimits | None = None, settings: UnitTestSettings | None = None
    ) -> CheckResult:
        empty(runner)
        layout = laid_out(make_project({"dags/d.py": DAG, **files}), runner)
        return run_unit_tests(
            layout, runner, test_tools, limits=limits, settings=CheckSettings(tests=settings or UnitTestSettings())
        )

    return run


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_test_run_fails_at_its_line(run_tests, name):
    files, place, words = BROKEN[name]

    result = run_tests(files)

    assert places(result) == [place]
    assert words in result.failures[0].message
    assert result.failures[0].evidence


def test_every_file_that_cannot_be_imported_fails_at_its_line(run_tests):
    result = run_tests(UNCOLLECTED)

    assert {(v.location.file, v.location.line): v.message.partition(":")[0] for v in result.failures} == {
        ("tests/test_import.py", 2): "ModuleNotFoundError",
        ("tests/test_syntax.py", 3): "SyntaxError",
        ("dags/helper.py", 3): "SyntaxError",
    }


def test_failures_of_unittest_and_pytest_are_found_at_the_deepest_line_of_the_user(run_tests):
    result = run_tests(FAILING)

    assert places(result) == [
        ("dags/d.py", 7),
        ("plugins/ours.py", 2),
        ("tests/test_net.py", 4),
        ("tests/test_py.py", 17),
        ("tests/test_py.py", 24),
        ("tests/test_py.py", 29),
        ("tests/test_py.py", 9),
        ("tests/test_unit.py", 11),
        ("tests/testhalf.py", 4),
    ]
    told = [v.subject for v in result.failures if "The network is closed while DAGs and tests run." in v.message]
    assert told == ["tests.test_net::test_a"]
    assert {v.subject: v.message for v in result.verdicts if v.message.startswith("Skipped")} == {
        "tests.test_unit.HalfTest::test_later": "Skipped: later",
        "tests.test_py::test_known": "Skipped: known",
    }
    assert len([v for v in result.verdicts if v.message.startswith("Passed")]) == 2


def test_a_hanging_test_is_ended_and_named(run_tests):
    result = run_tests(
        {"tests/test_a.py": "import time\n\ndef test_a():\n    time.sleep(600)\n"}, CheckLimits(unit_tests=8)
    )

    assert places(result) == [("tests/test_a.py", 3)]
    assert "not done after 8 s" in result.failures[0].message


MARKED = """import pytest

@pytest.mark.slow
def test_slow(): assert 0

def test_good(): import d
"""


def test_a_marker_that_no_test_has_is_a_failure(run_tests):
    result = run_tests({"tests/test_a.py": MARKED}, settings=UnitTestSettings(arguments=("-m", "smok")))

    assert [verdict.message.partition(",")[0] for verdict in result.failures] == ["None of 2 tests was selected"]


def test_a_folder_of_tests_that_git_has_nothing_of_is_no_failure(run_tests):
    result = run_tests({"tests/__pycache__/test_gone.pyc": "", ".gitignore": "__pycache__\n"})

    assert [verdict.severity for verdict in result.verdicts] == [Severity.WARN]
    assert "No test was found" in result.verdicts[0].message


def test_markers_and_coverage_are_as_asked_for(run_tests):
    files = {"tests/test_a.py": MARKED, "pytest.ini": "[pytest]\nmarkers = slow\n", "plugins/ours.py": "A = 1\nB = 2\n"}
    asked = UnitTestSettings(arguments=("-m", "not slow"), coverage=True, coverage_minimum=90)

    result = run_tests(files, settings=asked)

    assert [(verdict.subject, verdict.severity) for verdict in result.verdicts] == [
        ("tests.test_a::test_good", Severity.PASS),
        ("coverage", Severity.FAIL),
    ]
    coverage = result.verdicts[-1]
    assert coverage.message.startswith("The unit tests run 57.1 % of the statements")
    assert coverage.evidence == " 80.0 %  dags/d.py\n  0.0 %  plugins/ours.py"


@pytest.mark.parametrize("test", [None, "import os\n", "import pytest\npytest.skip('', allow_module_level=True)\n"])
def test_no_test_that_is_run_is_a_warning(run_tests, test):
    result = run_tests({"tests/readme.txt": "", **({"tests/test_a.py": test} if test else {})})

    assert result.severity is Severity.WARN
    assert places(result, Severity.WARN) == [("tests", None)]


@pytest.mark.parametrize("settings", [{}, {"pytest.ini": "[pytest]\naddopts = --tb=no -q\n"}], ids=["none", "some"])
def test_settings_and_fixtures_above_the_test_folder_are_used(run_tests, settings):
    files = {
        "tests/test_a.py": "def test_a(answer, pytestconfig):\n    assert answer == 42\n",
        "conftest.py": "import pytest\n\n@pytest.fixture\ndef answer():\n    return 42\n",
    }

    assert run_tests({**files, **settings}).severity is Severity.PASS


AS_ON_A_LAPTOP = """import pathlib
import subprocess
import sys

import lib
import d
from dags.d import half
from tests.helper import HELP

ROOT = pathlib.Path(__file__).parent.parent

def test_files():
    assert pathlib.Path("sql/q.sql").read_text() == (ROOT / "sql" / "q.sql").read_text() == "select 1"
    assert (ROOT / "dags" / "d.py").is_file() and not (ROOT / "dags" / "x.md").exists()
    assert not (ROOT / "secret.txt").exists()

def test_packages():
    assert (lib.ANSWER, HELP) == (42, 1)
    assert subprocess.run([sys.executable, "-c", "import d, src.lib"]).returncode == 0

def test_nothing_of_ours_is_in_the_way():
    assert not [path for path in sys.path if path.endswith("unit-tests")]

def test_red():
    assert half(1) == 2
"""


def test_tests_see_the_project_as_on_a_laptop_and_dags_see_what_mwaa_has(runner, make_project):
    """And no file that git ignores; nor is the way into the runner seen in what pytest says."""
    empty(runner)
    files = {
        "dags/d.py": DAG,
        "dags/bad.py": "import airflow as dag\nimport os\n\nopen(os.path.dirname(__file__) + '/../sql/q.sql')\n",
        "dags/x.md": "",
        "tests/test_a.py": AS_ON_A_LAPTOP,
        "tests/helper.py": "HELP = 1\n",
        "src/lib/__init__.py": "ANSWER = 42\n",
        "sql/q.sql": "select 1",
        "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\n",
        "secret.txt": "",
        ".gitignore": "secret.txt\n",
    }
    project = replace(make_project(files), exclude=Exclude(("*.md",)))

    report = {result.check: result for result in check(project, runner).results}

    assert places(report["dag-import"]) == [("dags/bad.py", 4)]
    tests = report["unit-tests"]
    assert places(tests) == [("tests/test_a.py", 25)], tests.log
    assert tests.failures[0].evidence.startswith("tests/test_a.py:25: in test_red")
    assert "\nFAILED tests/test_a.py::test_red" in tests.log


class WithoutTools(RunnerWithEnvironment):
    """A runner as of an image that is not ours."""

    test_tools = None


def test_a_runner_without_pytest_is_a_failure(runner, make_project):
    empty(runner)
    layout = laid_out(make_project({"tests/test_a.py": "def test_a(): pass\n"}), runner)

    result = run_unit_tests(layout, WithoutTools(runner, variables={}), None)

    assert [verdict.message for verdict in result.failures] == [
        "There is no pytest in the runner, and none was brought along."
    ]


def test_a_pluggy_that_is_too_old_for_our_pytest_is_passed_over(runner, make_project, test_tools):
    """As Airflow before 2.7 brings it along."""
    empty(runner)
    layout = laid_out(make_project({"tests/test_a.py": "def test_a(): pass\n"}), runner)
    old = runner.home / "pluggy.py"
    runner.put(old, b"def HookimplMarker(name): raise NotImplementedError\n")

    result = run_unit_tests(layout, runner, test_tools)

    assert runner.run(["rm", str(old)], timeout=30).exit_code == 0
    assert [verdict.message for verdict in result.failures] == [], result.log
    assert [verdict.subject for verdict in result.verdicts] == ["tests.test_a::test_a"]


def test_pytest_7_is_called_in_a_way_it_knows(runner, make_project, tmp_path_factory):
    tools = tmp_path_factory.mktemp("pytest-7")
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", tools, "pytest==7.1.3"], check=True
    )
    empty(runner)
    layout = laid_out(make_project({"tests/test_a.py": "def test_a(): pass\n"}), runner)

    result = run_unit_tests(layout, WithoutTools(runner, variables={}), lambda: tools)

    assert "pytest-7.1.3" in result.log
    assert [verdict.severity for verdict in result.verdicts] == [Severity.PASS], result.log
