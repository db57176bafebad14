"""Unit tests that fail, crash, hang or hide, in a real Airflow."""

import subprocess
import sys

import pytest

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.unit_tests import check_unit_tests
from mwaa_deploy.checks.verdicts import CheckResult, Severity
from tests.integration.checks.conftest import laid_out, places

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
                note.write_text(json.dumps({"selected": 1, "finished": 1, "at": None, "left": None}))
                time.sleep(0.001)
        os._exit(0)
    time.sleep(0.2)
    pytest.exit('', 0)
"""
# By name: the files, and where the one failure has to be.
BROKEN = {
    "import error": ({"tests/test_a.py": "import os\nimport nowhere\n"}, ("tests/test_a.py", 2), "ModuleNotFoundError"),
    "syntax error": ({"tests/test_a.py": "import os\n\nx = (\n"}, ("tests/test_a.py", 3), "SyntaxError"),
    "syntax error in a module": (
        {"tests/test_a.py": "import helper\n", "dags/helper.py": "\n\ndef f(:\n"},
        ("dags/helper.py", 3),
        "SyntaxError",
    ),
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
    "a plug-in that is missing": (
        {"tests/test_a.py": "def test_a(): pass\n", "pytest.ini": "[pytest]\naddopts = --cov=dags\n"},
        ("tests", None),
        "unrecognized arguments: --cov=dags",
    ),
    "unittest's file names": (
        {"tests/testhalf.py": "from unittest import TestCase\n\nclass T(TestCase):\n    def test_a(self): 1 / 0\n"},
        ("tests/testhalf.py", 4),
        "ZeroDivisionError",
    ),
}


@pytest.fixture
def run_tests(runner, make_project, test_tools):
    def run(files: dict[str, str], limits: CheckLimits | None = None) -> CheckResult:
        # Nothing of the test before: the runner is shared.
        runner.run(
            ["/bin/sh", "-c", 'rm -rf "$1"/tests "$1"/conftest.py "$1"/pytest.ini', "sh", runner.home], timeout=60
        )
        layout = laid_out(make_project({"dags/d.py": DAG, **files}), runner)
        return check_unit_tests(layout, runner, test_tools=test_tools, limits=limits or CheckLimits())

    return run


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_test_run_fails_at_its_line(run_tests, name):
    files, place, words = BROKEN[name]

    result = run_tests(files)

    assert places(result) == [place]
    assert words in result.failures[0].message
    assert result.failures[0].evidence


def test_failures_of_unittest_and_pytest_are_found_at_the_deepest_line_of_the_user(run_tests):
    result = run_tests({"tests/test_unit.py": UNITTEST, "tests/test_py.py": PYTEST})

    assert places(result) == [
        ("dags/d.py", 7),
        ("tests/test_py.py", 17),
        ("tests/test_py.py", 24),
        ("tests/test_py.py", 29),
        ("tests/test_py.py", 9),
        ("tests/test_unit.py", 11),
    ]
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


@pytest.mark.parametrize("files", [{"tests/readme.txt": ""}, {"tests/test_a.py": "import os\n"}])
def test_no_test_is_a_warning(run_tests, files):
    result = run_tests(files)

    assert [(v.severity, v.location and v.location.file) for v in result.verdicts] == [(Severity.WARN, "tests")]


def test_nothing_but_skipped_tests_is_a_warning(run_tests):
    result = run_tests({"tests/test_a.py": "import pytest\npytest.skip('later', allow_module_level=True)\n"})

    assert result.severity is Severity.WARN


def test_settings_and_fixtures_above_the_test_folder_are_used(run_tests):
    files = {
        "tests/test_a.py": "def test_a(answer, pytestconfig):\n    assert answer == 42\n",
        "conftest.py": "import pytest\n\n@pytest.fixture\ndef answer():\n    return 42\n",
        "pytest.ini": "[pytest]\naddopts = --tb=no -q\n",
    }

    assert run_tests(files).severity is Severity.PASS


def test_a_runner_without_pytest_is_a_failure(runner, make_project):
    layout = laid_out(make_project({"tests/test_a.py": "def test_a(): pass\n"}), runner)

    result = check_unit_tests(layout, runner, test_tools=None, limits=CheckLimits())

    assert [verdict.message for verdict in result.failures] == [
        "There is no pytest in the runner, and none was brought along."
    ]


def test_pytest_7_is_called_in_a_way_it_knows(runner, make_project, tmp_path_factory):
    tools = tmp_path_factory.mktemp("pytest-7")
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", tools, "pytest==7.1.3"], check=True
    )
    layout = laid_out(make_project({"tests/test_a.py": "def test_a(): pass\n"}), runner)

    result = check_unit_tests(layout, runner, test_tools=tools, limits=CheckLimits())

    assert [verdict.severity for verdict in result.verdicts] == [Severity.PASS], result.log
