"""DAG folders with every kind of fault in them, all at once: each file is judged for itself."""

import pytest

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.verdicts import CheckResult, Severity
from mwaa_deploy.source.project import Project
from tests.integration.checks.conftest import check, laid_out, places

pytestmark = pytest.mark.airflow

HEAD = "from datetime import datetime\nfrom airflow import DAG\n"
GOOD = "dag = DAG('{}', start_date=datetime(2024, 1, 1))\n"
CYCLE = """from airflow.operators.empty import EmptyOperator
with DAG("cycle", start_date=datetime(2024, 1, 1)):
    a = EmptyOperator(task_id="a")
    a >> EmptyOperator(task_id="b") >> a
"""

# By file: what it holds after HEAD, where the fault is, and what is said.
BROKEN = {
    "syntax_error.py": ("x = (\n", ("dags/syntax_error.py", 3), "SyntaxError"),
    "import_error.py": ("from airflow.models import Nothing\n", ("dags/import_error.py", 3), "ImportError"),
    "module_missing.py": ("\nimport no_such_module\n", ("dags/module_missing.py", 4), "ModuleNotFoundError"),
    "raises.py": ("\n\n1 / 0\n", ("dags/raises.py", 5), "ZeroDivisionError: division by zero"),
    "raises_deeper.py": ("from helpers.deep import go\ngo()\n", ("dags/helpers/deep.py", 2), "ValueError: deep\ndown"),
    "raises_from.py": (
        "try:\n    int('x')\nexcept ValueError as e:\n    raise RuntimeError('wrapped') from e\n",
        ("dags/raises_from.py", 6),
        "RuntimeError: wrapped",
    ),
    "sys_exit.py": ("import sys\nsys.exit(0)\n", ("dags/sys_exit.py", 4), "sys.exit(0) was called"),
    "os_exit.py": ("import os\n\nos._exit(0)\n", ("dags/os_exit.py", 5), "os._exit(0) was called"),
    "exec_away.py": (
        "import os\nos.execv('/bin/true', ['true'])\n",
        ("dags/exec_away.py", None),
        "ended with status 0",
    ),
    "loops.py": ("while True:\n    pass\n", ("dags/loops.py", 3), "timeout"),
    "loops_on.py": (
        "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass\n",
        ("dags/loops_on.py", 6),
        "not loaded within 2 s",
    ),
    "crashes.py": ("import ctypes\nctypes.string_at(0)\n", ("dags/crashes.py", 4), "killed by signal 11"),
    "kills_itself.py": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
        ("dags/kills_itself.py", None),
        "killed by signal 9",
    ),
    "cycle.py": (
        CYCLE,
        ("dags/cycle.py", 4),
        "Cycle detected",
    ),
    "no_variable.py": (
        "from airflow.models import Variable\nVariable.get('nowhere')\n",
        ("dags/no_variable.py", 4),
        "Variable nowhere does not exist",
    ),
    "same_id_b.py": ("\n\n" + GOOD.format("same"), ("dags/same_id_b.py", 5), "already taken by dags/same_id_a.py:3"),
}
GOOD_FILES = {
    "good.py": GOOD.format("good"),
    "same_id_a.py": GOOD.format("same"),
    "starts_something.py": "import subprocess\nsubprocess.Popen(['sleep', '98765'])\n" + GOOD.format("starts"),
    "warns.py": "dag = DAG('warns', schedule_interval='@daily', start_date=datetime(2024, 1, 1))\n",
    "prints.py": "print('::error::not a command')\n" + GOOD.format("prints"),
}
SLOW = "import time\ntime.sleep(0.6)\n" + GOOD.format("slow")


@pytest.fixture(scope="module")
def judged(runner, tmp_path_factory) -> CheckResult:
    root = tmp_path_factory.mktemp("broken")
    (root / "dags" / "helpers").mkdir(parents=True)
    (root / "dags" / "helpers" / "__init__.py").touch()
    (root / "dags" / "helpers" / "deep.py").write_text("def go():\n    raise ValueError('deep\\ndown')\n")
    for name, (body, _, _) in BROKEN.items():
        (root / "dags" / name).write_text(HEAD + body)
    for name, body in {**GOOD_FILES, "slow.py": SLOW}.items():
        (root / "dags" / name).write_text(HEAD + body)
    (root / "dags" / "ignored.py").write_text(HEAD + "1 / 0\n")
    (root / "dags" / ".airflowignore").write_text("ignored\n")
    (root / "plugins").mkdir()
    (root / "plugins" / "broken_plugin.py").write_text("import os\nimport nothing_of_that_name\n")
    (root / "plugins" / "good_plugin.py").write_text("import os\n")
    project = Project(repository=root, root=root, dags=root / "dags", plugins=root / "plugins")
    return check(project, runner, limits=CheckLimits(dag_file=2)).results[1]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_fails_at_its_line(judged, name):
    _, (file, line), words = BROKEN[name]

    found = [v for v in judged.failures if v.location and (v.location.file, v.location.line) == (file, line)]

    assert len(found) == 1, places(judged)
    assert words in found[0].message


def test_a_broken_plugin_fails_at_its_line(judged):
    assert ("plugins/broken_plugin.py", 2) in places(judged)


def test_nothing_else_fails(judged):
    assert len(judged.failures) == len(BROKEN) + 1


@pytest.mark.parametrize("name", GOOD_FILES)
def test_a_good_file_passes_beside_the_broken_ones(judged, name):
    (verdict,) = [v for v in judged.verdicts if v.subject == f"dags/{name}"]

    assert verdict.severity is Severity.PASS
    assert "1 DAG" in verdict.message


def test_a_slow_file_is_warned_about(judged):
    (verdict,) = [v for v in judged.verdicts if v.subject == "dags/slow.py"]

    assert verdict.severity is Severity.WARN
    assert "over 0.5 s" in verdict.message


def test_a_file_that_airflow_ignores_is_ignored(judged):
    assert not [v for v in judged.verdicts if "ignored.py" in v.subject]


def test_warnings_are_shown_at_the_line_that_causes_them(judged):
    (verdict,) = [v for v in judged.verdicts if v.subject == "dags/warns.py"]

    assert verdict.evidence.startswith("dags/warns.py:3: RemovedInAirflow3Warning: ")


def test_what_a_file_prints_is_in_the_log(judged):
    assert "::error::not a command" in judged.log


PROBE_AND_LOOK = """import pathlib, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]], check=True)
print([comm for comm in (path.read_text() for path in pathlib.Path("/proc").glob("[0-9]*/comm")) if "sleep" in comm])
"""


def test_nothing_that_a_file_started_outlives_the_probe(fresh_runner, make_project):
    layout = laid_out(make_project({"dags/starts.py": HEAD + GOOD_FILES["starts_something.py"]}), fresh_runner)
    look, output = layout.own / "look.py", layout.own / "dags.json"
    fresh_runner.put(look, PROBE_AND_LOOK.encode())
    probe = [layout.own / "dag_probe.py", "--dags", layout.dags, "--plugins", layout.plugins, "--output", output]

    completed = fresh_runner.run([fresh_runner.python, str(look), *map(str, probe)], timeout=120)

    assert completed.exit_code == 0, completed.output
    assert completed.output.splitlines()[-1] == "[]"


def test_settings_that_end_airflow_itself_are_a_failure(fresh_runner, make_project):
    files = {
        "plugins/airflow_local_settings.py": "import os\nos._exit(0)\n",
        "dags/good.py": HEAD + GOOD.format("good"),
    }

    result = check(make_project(files), fresh_runner).results[1]

    assert [verdict.severity for verdict in result.verdicts] == [Severity.FAIL]
    assert "before it had parsed" in result.verdicts[0].message


FORGED = """import json, os, signal, sys
frame = sys._getframe()
while 'result' not in frame.f_locals:
    frame = frame.f_back
open(frame.f_locals['result'], 'w').write(json.dumps({'dags': [{'id': 'd', 'tasks': 1, 'line': 1}]}))
os.kill(os.getpid(), signal.SIGKILL)
"""
DETACHED = """import os, pathlib, sys, time
frame = sys._getframe()
while 'options' not in frame.f_locals:
    frame = frame.f_back
output = pathlib.Path(frame.f_locals['options'].output)
forged = '{"airflow": "2", "python": "3", "plugins": {0}, "files": [{0}]}'.replace(
    '{0}', '{"file": null, "seconds": 0, "dags": [{"id": "d", "tasks": 1, "line": 1}], "errors": [], "warnings": []}'
)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(20000):
            if output.read_text() != forged:
                output.write_text(forged)
            time.sleep(0.001)
    os.kill(os.getpid(), 9)
1 / 0
"""


def test_a_result_that_a_file_wrote_itself_before_it_was_killed_is_not_believed(fresh_runner, make_project):
    result = check(make_project({"dags/forged.py": HEAD + FORGED}), fresh_runner).results[1]

    assert [verdict.subject for verdict in result.failures] == ["dags/forged.py"]
    assert "killed by signal 9" in result.failures[0].message


def test_a_detached_process_cannot_change_the_result(fresh_runner, make_project):
    result = check(make_project({"dags/detached.py": HEAD + DETACHED}), fresh_runner).results[1]

    assert [verdict.subject for verdict in result.failures] == ["dags/detached.py"]
    assert "ZeroDivisionError" in result.failures[0].message


def test_a_result_of_another_form_is_a_failure_that_says_so(fresh_runner, make_project):
    text = FORGED.replace("'dags': [{'id': 'd', 'tasks': 1, 'line': 1}]", "'dags': 5").replace(
        "os.kill(os.getpid(), signal.SIGKILL)", "import ctypes; ctypes.CDLL(None)._exit(0)"
    )

    result = check(make_project({"dags/forged.py": HEAD + text}), fresh_runner).results[1]

    assert [verdict.severity for verdict in result.verdicts] == [Severity.FAIL]
    assert "dags.json is not one of ours: 'dags' is 5" in result.failures[0].message
