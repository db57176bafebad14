"""DAG folders with every kind of fault in them, all at once: each file is judged for itself."""

import os
import zipfile

import pytest

from mwaa_deploy.checks.dag_integrity import DagJudgement
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.verdicts import Severity
from tests.integration.checks.conftest import places
from tests.integration.checks.dag_checks import judge_dags_of, of, write

pytestmark = pytest.mark.airflow

HEAD = "from datetime import datetime\nfrom airflow import DAG\n"
GOOD = "dag = DAG('{}', schedule=None, start_date=datetime(2024, 1, 1))\n"
CYCLE = """from airflow.operators.empty import EmptyOperator
with DAG("cycle", start_date=datetime(2024, 1, 1)):
    a = EmptyOperator(task_id="a")
    a >> EmptyOperator(task_id="b") >> a
"""

# By file: what it holds after HEAD, where the fault is, what is said, and by which rule.
BROKEN = {
    "syntax_error.py": ("x = (\n", ("dags/syntax_error.py", 3), "SyntaxError", "import-error"),
    "syntax_of_later.py": ("type X = int\n", ("dags/syntax_of_later.py", 3), "SyntaxError", "import-error"),
    "import_error.py": (
        "from airflow.models import Nothing\n",
        ("dags/import_error.py", 3),
        "ImportError",
        "import-error",
    ),
    "module_missing.py": (
        "\nimport no_such_module\n",
        ("dags/module_missing.py", 4),
        "ModuleNotFoundError",
        "import-error",
    ),
    "raises.py": ("\n\n1 / 0\n", ("dags/raises.py", 5), "ZeroDivisionError: division by zero", "import-error"),
    "raises_deeper.py": (
        "from helpers.deep import go\ngo()\n",
        ("dags/helpers/deep.py", 2),
        "ValueError: deep\ndown",
        "import-error",
    ),
    "raises_from.py": (
        "try:\n    int('x')\nexcept ValueError as e:\n    raise RuntimeError('wrapped') from e\n",
        ("dags/raises_from.py", 6),
        "RuntimeError: wrapped",
        "import-error",
    ),
    "line\nend.py": ("1 / 0\n", ("dags/line\nend.py", 3), "ZeroDivisionError", "import-error"),
    "sys_exit.py": ("import sys\nsys.exit(0)\n", ("dags/sys_exit.py", 4), "sys.exit(0) was called", "import-error"),
    "os_exit.py": ("import os\n\nos._exit(0)\n", ("dags/os_exit.py", 5), "os._exit(0) was called", "import-error"),
    "exec_away.py": (
        "import os\nos.execv('/bin/true', ['true'])\n",
        ("dags/exec_away.py", None),
        "ended with status 0",
        "import-error",
    ),
    "loops.py": ("while True:\n    pass\n", ("dags/loops.py", 3), "timeout", "parse-time"),
    "loops_on.py": (
        "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass\n",
        ("dags/loops_on.py", 6),
        "not loaded within 4 s",
        "parse-time",
    ),
    "crashes.py": (
        "import ctypes\nctypes.string_at(0)\n",
        ("dags/crashes.py", 4),
        "killed by signal 11",
        "import-error",
    ),
    "kills_itself.py": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
        ("dags/kills_itself.py", None),
        "killed by signal 9",
        "import-error",
    ),
    "cycle.py": (CYCLE, ("dags/cycle.py", 4), "Cycle detected", "cycle"),
    "no_variable.py": (
        "from airflow.models import Variable\nVariable.get('nowhere')\n",
        ("dags/no_variable.py", 4),
        "Variable nowhere does not exist",
        "import-error",
    ),
    "fork_bomb.py": (
        "import os, resource\nresource.setrlimit(resource.RLIMIT_NPROC, (20, 20))\nwhile True:\n    os.fork()\n",
        ("dags/fork_bomb.py", 6),
        "BlockingIOError",
        "import-error",
    ),
    "eats_memory.py": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))\nx = bytearray(1 << 32)\n",
        ("dags/eats_memory.py", 5),
        "MemoryError",
        "import-error",
    ),
    "same_id_b.py": (
        "\n\n" + GOOD.format("same"),
        ("dags/same_id_b.py", 5),
        "already taken by dags/same_id_a.py:3",
        "duplicate-dag-id",
    ),
}
GOOD_FILES = {
    "good.py": GOOD.format("good"),
    "same_id_a.py": GOOD.format("same"),
    "starts_something.py": "import subprocess\nsubprocess.Popen(['sleep', '98765'])\n" + GOOD.format("starts"),
    "warns.py": "dag = DAG('warns', schedule_interval='@daily', start_date=datetime(2024, 1, 1))\n",
    "prints.py": "print('::error::not a command')\n" + GOOD.format("prints"),
    "prints_much.py": "print('x' * 10_000_000)\n" + GOOD.format("prints_much"),
    "prints_bytes.py": "import os\nos.write(1, bytes(range(128, 256)))\n" + GOOD.format("prints_bytes"),
    "forks.py": "import os\nos.fork()\n" + GOOD.format("forks"),
    "closes_all.py": "import os\nos.closerange(0, 3)\n" + GOOD.format("closes_all"),
    "starts_thread.py": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\n" + GOOD.format("thread")
    ),
    "from_plugins.py": "import good_plugin\n" + GOOD.format("from_plugins"),
}
SLOW = "import time\ntime.sleep(0.6)\n" + GOOD.format("slow")
BESIDE = {
    "dags/helpers/__init__.py": "",
    "dags/helpers/deep.py": "def go():\n    raise ValueError('deep\\ndown')\n",
    "dags/ignored.py": HEAD + "1 / 0\n",
    "dags/.airflowignore": "ignored.py\n",
    "dags/words_missing.py": "raise RuntimeError('nothing for the scheduler')\n",
    "plugins/broken_plugin.py": "import os\nimport nothing_of_that_name\n",
    "plugins/good_plugin.py": "import os\n",
}
"""What else lies in the project."""
NAME = b"not-utf-8-\xff.py"


@pytest.fixture(scope="module")
def judged(runner, tmp_path_factory) -> DagJudgement:
    root = tmp_path_factory.mktemp("broken")
    bodies = {name: body for name, (body, *_) in BROKEN.items()} | GOOD_FILES | {"slow.py": SLOW}
    write(root, {f"dags/{name}": HEAD + body for name, body in bodies.items()})
    write(root, BESIDE)
    with zipfile.ZipFile(root / "dags" / "packed.zip", "w") as archive:
        archive.writestr(
            "in_zip.py", HEAD + "from beside import name\ndag = DAG(name, start_date=datetime(2024, 1, 1))\n"
        )
        archive.writestr("beside.py", "name = 'zipped'\n")
    (root / "dags" / os.fsdecode(NAME)).write_text(HEAD + GOOD.format("named"))
    return judge_dags_of(root, runner, limits=CheckLimits(dag_file=4))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_fails_at_its_line(judged, name):
    _, (file, line), words, rule = BROKEN[name]

    found = [v for v in judged.dags.failures if v.location and (v.location.file, v.location.line) == (file, line)]

    assert len(found) == 1, places(judged.dags)
    assert words in found[0].message
    assert found[0].rule == rule


def test_a_broken_plugin_fails_at_its_line(judged):
    assert places(judged.plugins) == [("plugins/broken_plugin.py", 2)]
    assert judged.plugins.failures[0].rule == "plugin-error"


def test_nothing_else_fails(judged):
    assert len(judged.dags.failures) == len(BROKEN) + 1


def test_a_name_that_is_not_utf8_fails(judged):
    (verdict,) = of(judged.dags, "dags/not-utf-8-?.py")

    assert verdict.severity is Severity.FAIL
    assert "the name is not UTF-8" in verdict.message


@pytest.mark.parametrize("name", [*GOOD_FILES, "packed.zip"])
def test_a_good_file_passes_beside_the_broken_ones(judged, name):
    found = [v for v in of(judged.dags, f"dags/{name}") if v.rule != "deprecation"]

    assert [(v.severity, "1 DAG" in v.message) for v in found] == [(Severity.PASS, True)]


def test_a_slow_file_is_warned_about(judged):
    (verdict,) = of(judged.dags, "dags/slow.py")

    assert verdict.severity is Severity.WARN
    assert verdict.rule == "parse-time"
    assert "over 0.5 s" in verdict.message


@pytest.mark.parametrize("name", ["ignored.py", "words_missing.py"])
def test_a_file_that_airflow_ignores_is_ignored(judged, name):
    assert not [v for v in judged.dags.verdicts if name in v.subject]


def test_what_goes_away_is_warned_about_at_the_line_that_uses_it(judged):
    (verdict,) = [v for v in of(judged.dags, "dags/warns.py") if v.rule == "deprecation"]

    assert verdict.severity is Severity.WARN
    assert verdict.message.startswith("RemovedInAirflow3Warning: ")
    assert verdict.location
    assert verdict.location.line == 3


def test_what_a_file_prints_is_in_the_log(judged):
    assert "::error::not a command" in judged.dags.log
