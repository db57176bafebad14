"""Startup scripts that fail, hang, hide or do well, run by a real bash beside a real Airflow."""

import json
from dataclasses import replace

import pytest

from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.startup_script import StartupOutcome, check_startup_script
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.source.project import Project
from tests.integration.checks.conftest import check, laid_out, places

pytestmark = pytest.mark.airflow

SCRIPT = "startup/startup.sh"

BROKEN = {
    "exit with a status": ("export A=1\nif true; then\n  exit 3\nfi\n", 3, "exit 3"),
    "exit in a function": ("f() {\n  exit 4\n}\nf\n", 2, "exit 4"),
    "set -e": ("set -e\necho one\nls /nowhere\necho two\n", 3, "set -e ended the script"),
    "set -e in a function": ("set -euo pipefail\nf() {\n  ls /nowhere | cat\n}\nf\n", 3, "set -e ended the script"),
    "set -u": ("set -u\n\necho $NOT_THERE\n", 3, "NOT_THERE: unbound variable"),
    "a syntax error": ("export A=1\nif true; then\n  echo\n", 4, "syntax error"),
    "an open quote": ("export A=1\necho 'open\n", 2, "unexpected EOF"),
    "exec": ("export A=1\nexec true\n", 2, "exec replaced the shell"),
    "a kill": ("export A=1\nkill -KILL $$\n", None, "killed by signal 9"),
    "an exit past the alias": ("export A=1\nbuiltin exit 0\n", None, "ended past the script's end"),
    "PATH overwritten": ("\nexport PATH=/opt/mine\n", 2, "/usr/bin"),
    "lines of Windows": ("export A=1\nexport B=2\r\n", 2, "CRLF"),
}

WARNED = """\
export A=1
. $AIRFLOW_HOME/dags/env.sh
f() {
  ls /nowhere
}
f
sudo yum install -y libaio
dnf install -y libaio
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=sqlite://
export PYTHONPATH=/x MWAA__CORE__X=1
sleep 600 &
[ -f /nowhere ] && export B=2
"""


@pytest.fixture(scope="module")
def layout(runner, tmp_path_factory) -> Layout:
    """A project whose script each test writes anew."""
    root = tmp_path_factory.mktemp("project")
    for name, text in (("dags/env.sh", "\nfalse\n"), (SCRIPT, "")):
        (root / name).parent.mkdir()
        (root / name).write_text(text)
    return laid_out(Project(repository=root, root=root, dags=root / "dags", startup_script=root / SCRIPT), runner)


@pytest.fixture
def start(runner, layout):
    def start(script: str, limits: CheckLimits | None = None) -> StartupOutcome:
        layout.project.startup_script.write_bytes(script.encode())
        runner.put(layout.startup_script, layout.project.startup_script)
        return check_startup_script(layout, runner, limits=limits or CheckLimits())

    return start


@pytest.mark.parametrize("name", BROKEN)
def test_a_script_that_fails_on_mwaa_fails_at_its_line(start, name):
    script, line, words = BROKEN[name]

    result = start(script).result

    assert places(result) == [(SCRIPT, line)], result
    assert words in result.failures[0].message


def test_what_mwaa_takes_no_notice_of_is_a_warning_at_its_line(start):
    result = start(WARNED).result

    found = [((v.location.file, v.location.line), v.rule) for v in result.verdicts]
    assert found == [
        (("dags/env.sh", 2), "failed-command"),
        ((SCRIPT, 4), "failed-command"),
        ((SCRIPT, 7), "not-run"),
        ((SCRIPT, 8), "not-run"),
        ((SCRIPT, 9), "protected"),
        ((SCRIPT, None), "processes"),
        ((SCRIPT, None), "exported"),
    ]
    assert result.severity is Severity.WARN
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN, MWAA__CORE__X, PYTHONPATH" in result.verdicts[4].message
    assert result.verdicts[-1].message.endswith("It exports A.")


@pytest.mark.parametrize("script", ["return 5\n", "[ -f /nowhere ] && export A=1\n"])
def test_a_last_status_that_is_not_0_is_a_warning(start, script):
    assert [(v.severity, v.rule) for v in start(script).result.verdicts] == [
        (Severity.WARN, "exit-status"),
        (Severity.PASS, "exported"),
    ]


def test_what_fails_after_sudo_may_do_well_on_mwaa(start):
    result = start("sudo dnf install -y jre\nset -e\nno-such-tool --version\n").result

    assert places(result, Severity.WARN) == [(SCRIPT, 1), (SCRIPT, 3)]
    assert not result.failures


def test_a_script_that_hangs_is_ended_at_the_line_it_is_at(start):
    result = start("export A=1\nf() {\n  sleep 600\n}\nf\n", CheckLimits(startup_script=1)).result

    assert places(result) == [(SCRIPT, 3)]
    assert "not done after 1 s" in result.failures[0].message


def test_a_script_that_ignores_every_signal_is_ended(start):
    result = start("trap '' TERM INT HUP\nwhile :; do :; done\n", CheckLimits(startup_script=1)).result

    assert places(result) == [(SCRIPT, None)]


def test_a_slow_script_is_warned_about(start):
    result = start("sleep 1.3\n", CheckLimits(startup_script=2)).result

    assert [verdict.rule for verdict in result.verdicts] == ["time", "exported"]


def test_exported_variables_reach_later_commands_and_no_report(start, runner):
    outcome = start(
        'export COLOUR="blue\nü \'x\'" PATH="$HOME/bin:$PATH" AIRFLOW_HOME=/elsewhere LD_PRELOAD=/none.so\n'
        "unexported=1\nexport KEPT=of-the-script\nexit 0\n"
    )

    code = "import os, json; print(json.dumps(dict(os.environ)))"
    seen = outcome.runner.run([runner.python, "-c", code], timeout=30, env={"KEPT": "of-the-check"})
    environment = json.loads(seen.output.splitlines()[-1])
    assert environment["COLOUR"] == "blue\nü 'x'"
    assert environment["PATH"].startswith(f"{runner.home}/bin:")
    assert environment["AIRFLOW_HOME"] == str(runner.home)
    assert environment["KEPT"] == "of-the-check"
    assert environment["MWAA_AIRFLOW_COMPONENT"] == "scheduler"
    assert "unexported" not in environment
    passed = outcome.result.verdicts[-1]
    assert passed.severity is Severity.PASS
    assert passed.message.endswith("It exports COLOUR, KEPT, LD_PRELOAD, PATH.")
    assert "blue" not in repr(outcome.result.verdicts)


def test_the_component_is_known_to_the_script_and_its_exits_are_as_on_mwaa(start):
    """There `exit` is an alias whose status is always 0, in a subshell too."""
    result = start('[ "$MWAA_AIRFLOW_COMPONENT$#" = scheduler0 ] || exit 9\n(exit 0) && exit 0\nexit 8\n').result

    assert [verdict.severity for verdict in result.verdicts] == [Severity.PASS]


def test_a_project_without_a_script_is_skipped(runner, make_project):
    outcome = check_startup_script(laid_out(make_project({}), runner), runner, limits=CheckLimits())

    assert outcome.result.skipped == "The project has no startup script."
    seen = outcome.runner.run(["/bin/sh", "-c", "echo $MWAA_COMMAND"], timeout=30)
    assert seen.output == "scheduler\n"


def test_the_time_limit_for_dag_files_that_the_script_sets_is_the_one_that_holds(fresh_runner, make_project):
    project = make_project(
        {
            "dags/slow.py": "import time\n\nfrom airflow import DAG\n\ntime.sleep(8)\n",
            SCRIPT: "export AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT=2.5\n",
        }
    )

    report = check(replace(project, startup_script=project.root / SCRIPT), fresh_runner)

    dags = next(result for result in report.results if result.check == "dag-import")
    assert places(dags) == [("dags/slow.py", 5)]
    assert "after 2.5s" in dags.failures[0].message
