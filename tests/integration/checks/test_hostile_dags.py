"""DAG files that outlive their process, end Airflow, or write results of their own: none turns a verdict green."""

import pytest

from mwaa_deploy.checks.verdicts import Severity
from tests.integration.checks.dag_checks import dag_layout, judge_dags_of, place, write

pytestmark = pytest.mark.airflow

HEAD = "from datetime import datetime\nfrom airflow import DAG\n"
GOOD = "dag = DAG('good', schedule=None, start_date=datetime(2024, 1, 1))\n"
STARTS = "import subprocess\nsubprocess.Popen(['sleep', '98765'])\n"

# A zombie (state Z) runs no more: whoever inherited it has only not asked for its status yet.
PROBE_AND_LOOK = """import pathlib, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]], check=True)
left = []
for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
    try:
        name, _, rest = path.read_text().rpartition(")")
    except OSError:  # it has ended meanwhile
        continue
    if name.endswith("(sleep") and rest.split()[0] != "Z":
        left.append(name)
print(left)
"""


def test_nothing_that_a_file_started_outlives_the_probe(runner, tmp_path):
    layout = dag_layout(write(tmp_path, {"dags/starts.py": HEAD + STARTS + GOOD}), runner)
    look, output = layout.own / "look.py", layout.own / "dags.json"
    runner.put(look, PROBE_AND_LOOK.encode())
    probe = [layout.own / "dag_probe.py", "--dags", layout.dags, "--plugins", layout.plugins, "--output", output]

    completed = runner.run([runner.python, str(look), *map(str, probe)], timeout=120)

    assert completed.exit_code == 0, completed.output
    assert completed.output.splitlines()[-1] == "[]"


def test_settings_that_end_airflow_itself_are_a_failure(runner, tmp_path):
    files = {
        "plugins/airflow_local_settings.py": "import os\nos._exit(0)\n",
        "dags/good.py": HEAD + GOOD,
    }

    judged = judge_dags_of(write(tmp_path, files), runner)

    assert [verdict.severity for verdict in judged.dags.verdicts] == [Severity.FAIL]
    assert "before it had parsed" in judged.dags.verdicts[0].message
    assert judged.plugins.skipped
    assert judged.rules.skipped


FORGE = """import json, os, sys
frame = sys._getframe()
while not hasattr(frame.f_locals.get('self'), '_output'):
    frame = frame.f_back
worker = frame.f_locals['self']
def say(text):
    os.write(worker._output, text.encode() + b'\\n')
"""
FORGED = """say('L %d {}' % worker._at)
say('C 1 0')
"""
DETACHED = """import os, pathlib, sys, time
frame = sys._getframe()
while 'options' not in frame.f_locals:
    frame = frame.f_back
output = pathlib.Path(frame.f_locals['options'].output)
load = '{"file": null, "seconds": 0, "dags": [], "errors": [], "warnings": [], "breaches": [], "rule_errors": []}'
forged = '{"airflow": "2", "python": "3", "rules": null, "plugins": {0}, "files": [{0}]}'.replace('{0}', load)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(20000):
            if not output.exists() or output.read_text() != forged:
                output.write_text(forged)
            time.sleep(0.001)
    os.kill(os.getpid(), 9)
1 / 0
"""


def test_a_result_that_a_file_wrote_itself_before_it_was_killed_is_not_believed(runner, tmp_path):
    body = FORGE + FORGED + "import signal\nos.kill(os.getpid(), signal.SIGKILL)\n"

    judged = judge_dags_of(write(tmp_path, {"dags/forged.py": HEAD + body}), runner)

    assert [verdict.subject for verdict in judged.dags.failures] == ["dags/forged.py"]
    assert "killed by signal 9" in judged.dags.failures[0].message


def test_a_detached_process_cannot_change_the_result(runner, tmp_path):
    judged = judge_dags_of(write(tmp_path, {"dags/detached.py": HEAD + DETACHED}), runner)

    assert [verdict.subject for verdict in judged.dags.failures] == ["dags/detached.py"]
    assert "ZeroDivisionError" in judged.dags.failures[0].message


def test_what_is_no_result_is_a_failure_of_that_file(runner, tmp_path):
    files = {"dags/forged.py": HEAD + FORGE + "say('L x')\n", "dags/good.py": HEAD + GOOD}

    judged = judge_dags_of(write(tmp_path, files), runner)

    assert [verdict.subject for verdict in judged.dags.failures] == ["dags/forged.py"]
    assert "not what loading it writes" in judged.dags.failures[0].message


FORGES_ANOTHERS = """import time
time.sleep(3)
bad = next(number for number, path in enumerate(worker._items) if path.endswith('bad.py'))
say('B %d' % bad)
say('L %d {"seconds": 0.1, "dags": [], "errors": [], "warnings": []}' % bad)
"""


@pytest.fixture(scope="module")
def hostile_together(runner, tmp_path_factory):
    files = {
        "dags/bad.py": HEAD + "import nothing_of_that_name\n",
        "dags/evil.py": HEAD + FORGE + FORGES_ANOTHERS + GOOD,
        "plugins/leaves.py": "import os\nos._exit(0)\n",
    }
    return judge_dags_of(write(tmp_path_factory.mktemp("together"), files), runner)


def test_a_file_cannot_tell_of_another(hostile_together):
    found = {verdict.subject: verdict.message for verdict in hostile_together.dags.failures}

    assert "nothing_of_that_name" in found["dags/bad.py"]
    assert "not what loading it writes" in found["dags/evil.py"]


def test_a_plugin_that_ends_its_process_fails_at_its_line(hostile_together):
    assert [place(verdict) for verdict in hostile_together.plugins.failures] == ["plugins/leaves.py:2"]


def test_a_result_of_another_form_is_a_failure_that_says_so(runner, tmp_path):
    body = FORGE + FORGED.replace("{}", '{"dags": [5]}') + "worker.leave()\n"

    judged = judge_dags_of(write(tmp_path, {"dags/forged.py": HEAD + body}), runner)

    assert [verdict.severity for verdict in judged.dags.verdicts] == [Severity.FAIL]
    assert "is not one of ours: an object was expected, not 5" in judged.dags.failures[0].message
