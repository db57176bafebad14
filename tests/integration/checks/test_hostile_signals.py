"""DAG files that send signals to what loads them: refused in their own line, and the other files are judged."""

import pytest

from mwaa_deploy.checks.verdicts import Severity
from tests.integration.checks.dag_checks import judge_dags_of, of, place, write

pytestmark = pytest.mark.airflow

WORDS = "# airflow dag\n"
GOOD = """from datetime import datetime
from airflow import DAG
dag = DAG('good', schedule=None, start_date=datetime(2024, 1, 1))
"""
HOSTILE = {
    "parent.py": "import os\nos.kill(os.getppid(), 9)\n",
    "group_of_parent.py": "import os\nos.killpg(os.getpgid(os.getppid()), 9)\n",
    "everybody.py": "import os\nos.kill(-1, 9)\n",
    "by_another_program.py": "import subprocess\nsubprocess.run(['/bin/sh', '-c', 'kill -9 -1'], check=True)\n",
}
OWN_CHILD = "import subprocess\nchild = subprocess.Popen(['sleep', '98765'])\nchild.kill()\nassert child.wait() == -9\n"


def test_what_loads_the_files_cannot_be_killed_by_one(runner, tmp_path):
    files = {f"dags/{name}": WORDS + text for name, text in HOSTILE.items()}

    result = judge_dags_of(write(tmp_path, {**files, "dags/good.py": GOOD}), runner).dags

    assert sorted(str(place(verdict)) for verdict in result.failures) == sorted(f"{name}:3" for name in files)
    assert [verdict.severity for verdict in of(result, "dags/good.py")] == [Severity.PASS]


def test_a_file_may_end_what_it_started_itself(runner, tmp_path):
    result = judge_dags_of(write(tmp_path, {"dags/a.py": WORDS + OWN_CHILD, "dags/good.py": GOOD}), runner).dags

    assert not result.failures
