"""The probe waits for its word, can be stopped and started anew, and finds what was installed meanwhile."""

import time

import pytest

from mwaa_deploy.checks.dag_integrity import begin_probe, judge_probe
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.running_probe import ABORTED
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.verdicts import Severity
from tests.integration.checks.dag_checks import dag_layout, write

pytestmark = pytest.mark.airflow

SETTINGS = CheckSettings()
HEAD = "from datetime import datetime\nfrom airflow import DAG\n"
DAG = "dag = DAG('late', schedule=None, start_date=datetime(2024, 1, 1))\n"

INSTALL = """import pathlib, site
packages = pathlib.Path(site.getsitepackages()[0])
(packages / "installed_late.py").write_text("")
(packages / "elsewhere").mkdir(exist_ok=True)
(packages / "elsewhere" / "added_by_pth.py").write_text("")
(packages / "late.pth").write_text("elsewhere\\n")
"""


def test_what_is_installed_before_the_word_is_there(fresh_runner, tmp_path):
    layout = dag_layout(
        write(tmp_path, {"dags/late.py": HEAD + "import installed_late, added_by_pth\n" + DAG}), fresh_runner
    )
    limits = CheckLimits()

    with begin_probe(layout, fresh_runner, settings=SETTINGS, limits=limits) as probe:
        time.sleep(10)
        installed = fresh_runner.run([fresh_runner.python, "-c", INSTALL], timeout=60)
        judged = judge_probe(probe.go(), layout, SETTINGS, limits)

    assert installed.exit_code == 0, installed.output
    assert [(v.severity, v.message) for v in judged.dags.failures] == []


def test_files_that_come_before_the_word_are_judged(runner, tmp_path):
    layout = dag_layout(write(tmp_path, {"dags/first.py": HEAD + "1 / 0\n"}), runner)
    limits = CheckLimits()

    with begin_probe(layout, runner, settings=SETTINGS, limits=limits) as probe:
        runner.put(layout.dags / "first.py", (HEAD + DAG).encode())
        judged = judge_probe(probe.go(), layout, SETTINGS, limits)

    assert [v.severity for v in judged.dags.verdicts] == [Severity.PASS]


def test_a_probe_that_is_stopped_leaves_nothing_running(runner, tmp_path):
    layout = dag_layout(write(tmp_path, {"dags/late.py": HEAD + DAG}), runner)

    with begin_probe(layout, runner, settings=SETTINGS, limits=CheckLimits()) as probe:
        probe.stop()
        answer = probe.go()

    assert answer.completed.exit_code == ABORTED
    assert answer.document is None


def test_a_probe_can_be_started_anew(runner, tmp_path):
    layout = dag_layout(write(tmp_path, {"dags/late.py": HEAD + DAG}), runner)
    limits = CheckLimits()

    with begin_probe(layout, runner, settings=SETTINGS, limits=limits) as probe:
        probe.restart()
        judged = judge_probe(probe.go(), layout, SETTINGS, limits)

    assert [v.severity for v in judged.dags.verdicts] == [Severity.PASS]


def test_all_files_together_have_a_time_limit(runner, tmp_path):
    layout = dag_layout(write(tmp_path, {"dags/slow.py": HEAD + "import time\ntime.sleep(20)\n" + DAG}), runner)
    limits = CheckLimits(dags=6)

    with begin_probe(layout, runner, settings=SETTINGS, limits=limits) as probe:
        judged = judge_probe(probe.go(), layout, SETTINGS, limits)

    assert [v.message for v in judged.dags.failures] == ["The DAG files were not all parsed after 6 s."]


def test_settings_that_need_a_requirement_are_imported_once_it_is_there(fresh_runner, tmp_path):
    files = {"plugins/airflow_local_settings.py": "import installed_late\n", "dags/late.py": HEAD + DAG}
    layout = dag_layout(write(tmp_path, files), fresh_runner)
    limits = CheckLimits()

    with begin_probe(layout, fresh_runner, settings=SETTINGS, limits=limits) as probe:
        time.sleep(5)
        fresh_runner.run([fresh_runner.python, "-c", INSTALL], timeout=60)
        judged = judge_probe(probe.go(), layout, SETTINGS, limits)

    assert [(v.severity, v.message) for v in judged.dags.failures] == []


KILL_AMONG = """import os, pathlib, signal, subprocess, sys, time
go, seen, *argv = sys.argv[1:]
probe = subprocess.Popen([sys.executable, *argv, "--wait-for", go])
children = pathlib.Path("/proc/%d/task/%d/children" % (probe.pid, probe.pid))
def kill():
    for child in children.read_text().split():
        os.kill(int(child), signal.SIGKILL)
while not children.read_text():
    time.sleep(0.01)
kill()
time.sleep(0.5)
assert probe.poll() is None, "it did not begin again"
pathlib.Path(go).write_text("go")
while not pathlib.Path(seen).exists():
    time.sleep(0.01)
kill()
print(probe.wait(), pathlib.Path(seen).read_text())
"""


def test_a_probe_that_is_killed_begins_again_only_if_it_had_touched_no_file(runner, tmp_path):
    layout = dag_layout(write(tmp_path, {"dags/first.py": ""}), runner)
    go, seen, output, script = (layout.own / name for name in ("killed.go", "seen", "dags.json", "killed.py"))
    says = f"import time\nopen({str(seen)!r}, 'a').write('seen ')\ntime.sleep(20)\n"
    runner.put_all({layout.dags / "first.py": (HEAD + says + DAG).encode(), script: KILL_AMONG.encode()})
    probe = [layout.own / "dag_probe.py", "--dags", layout.dags, "--plugins", layout.plugins, "--output", output]

    completed = runner.run([runner.python, *map(str, (script, go, seen, *probe))], timeout=120)

    assert completed.output.splitlines()[-1] == "137 seen ", completed.output
