"""Unit tests that run beside the DAG files can neither help nor hurt them."""

import pytest

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity
from tests.integration.checks.conftest import check, places

pytestmark = pytest.mark.airflow

ALONE = "they were parsed once more, alone"
WAITS = """import os, time
from datetime import datetime
from airflow import DAG

until = time.monotonic() + 6
while time.monotonic() < until and not {there}:
    time.sleep(0.02)
{line}
dag = DAG("d", schedule=None, start_date=datetime(2024, 1, 1), catchup=False)
"""
MADE = "os.path.exists(os.path.join(os.path.dirname(__file__), 'made.py'))"


def dags(report: CheckReport) -> CheckResult:
    return next(result for result in report.results if result.check == "dag-import")


def test_a_module_that_a_test_makes_and_removes_helps_no_dag(fresh_runner, make_project, test_tools):
    project = make_project(
        {
            "dags/d.py": WAITS.format(there=MADE, line="import made"),
            "tests/test_a.py": "import pathlib, time\n\n"
            "def test_a():\n"
            "    made = pathlib.Path('dags/made.py')\n"
            "    made.write_text('')\n"
            "    time.sleep(4)\n"
            "    made.unlink()\n",
        }
    )

    report = check(project, fresh_runner, test_tools=test_tools, limits=CheckLimits(dag_file=20))

    assert places(dags(report)) == [("dags/d.py", 8)]
    assert "No module named 'made'" in dags(report).failures[0].message
    assert any(ALONE in verdict.message for verdict in dags(report).verdicts)
    tests = next(result for result in report.results if result.check == "unit-tests")
    assert tests.severity is Severity.PASS


def test_a_variable_that_a_test_sets_helps_no_dag(fresh_runner, make_project, test_tools):
    project = make_project(
        {
            "dags/d.py": WAITS.format(
                there="Variable.get('set', None)", line="assert Variable.get('set', None)"
            ).replace("import DAG\n", "import DAG\nfrom airflow.models import Variable\n"),
            "tests/test_a.py": "from airflow.models import Variable\n\ndef test_a():\n    Variable.set('set', '1')\n",
        }
    )

    report = check(project, fresh_runner, test_tools=test_tools, limits=CheckLimits(dag_file=20))

    assert places(dags(report)) == [("dags/d.py", 9)]


def test_what_a_dag_file_writes_helps_no_test(fresh_runner, make_project, test_tools):
    project = make_project(
        {
            "dags/d.py": "import pathlib\nfrom datetime import datetime\nfrom airflow import DAG\n\n"
            "made = pathlib.Path(__file__).with_name('made.py')\n"
            "made.write_text('')\n"
            "dag = DAG('d', schedule=None, start_date=datetime(2024, 1, 1), catchup=False)\n",
            "tests/test_a.py": "import pathlib, time\n\n"
            "def test_a():\n"
            "    until = time.monotonic() + 8\n"
            "    while time.monotonic() < until and not pathlib.Path('dags/made.py').exists():\n"
            "        time.sleep(0.05)\n"
            "    assert pathlib.Path('dags/made.py').exists()\n",
        }
    )

    report = check(project, fresh_runner, test_tools=test_tools, limits=CheckLimits(dag_file=20))

    tests = next(result for result in report.results if result.check == "unit-tests")
    assert places(tests) == [("tests/test_a.py", 7)]


def test_where_nothing_is_written_dags_are_parsed_once(fresh_runner, make_project, test_tools):
    project = make_project(
        {
            "dags/d.py": WAITS.format(there="True", line="import ours"),
            "dags/deep/e.py": "import ours\n",
            "plugins/ours.py": "A = 1\n",
            "tests/test_a.py": "import d, ours\n\ndef test_a():\n    assert ours.A == 1\n",
        }
    )

    report = check(project, fresh_runner, test_tools=test_tools)

    assert not report.failed
    assert not any(ALONE in verdict.message for verdict in dags(report).verdicts)
