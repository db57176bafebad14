"""DAG files that take processes and memory from each other: each is judged for itself, and the good ones pass."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mwaa_deploy.checks.verdicts import Severity, Verdict
from mwaa_deploy.inputs import Inputs, RunnerKind
from mwaa_deploy.ports import Runner
from mwaa_deploy.runner.choose import RunnerLimits, open_runner
from tests.fakes.log import FakeLog
from tests.fixtures.runner import AIRFLOW, base_image, our_environment
from tests.integration.checks.dag_checks import judge_dags_of, place, write

pytestmark = [pytest.mark.engine, pytest.mark.airflow]

WORDS = "# airflow dag\n"
GOOD = """from datetime import datetime
from airflow import DAG
dag = DAG('good', schedule=None, start_date=datetime(2024, 1, 1))
"""

HOSTILE = {
    "exits.py": ("import sys\nsys.exit(3)\n", "sys.exit(3) was called"),
    "leaves.py": ("import os\nos._exit(3)\n", "os._exit(3) was called"),
    "forks.py": ("import os\nwhile True:\n    os.fork()\n", None),
    "prints.py": ("print('x' * 10_000_000)\n", ""),
    "waits.py": ("import threading, time\nthreading.Thread(target=time.sleep, args=[10**6]).start()\n", ""),
    "closes.py": ("import os\nos.closerange(3, 50)\n", "was killed by signal 9"),
    "good.py": (GOOD, ""),
}
"""What is in each file, and words of its failure; none for a file that passes."""

ENDED = "import os\nfor _ in range(40):\n    if os.fork() == 0:\n        os.kill(os.getpid(), 9)\n"
"""Nobody waits for what it starts."""

TAKES_ALL = """import os, time
until = time.monotonic() + 4
while time.monotonic() < until:
    try:
        if os.fork() == 0:
            time.sleep(60)
    except OSError:
        pass
"""
NEEDS_ONE = "import threading, time\ntime.sleep(2)\nthreading.Thread(target=print).start()\n"

TAKES_MEMORY = """import os, time
for _ in range(100):
    if os.fork() == 0:
        held = os.urandom(5 << 20)
        time.sleep(5)
        os.kill(os.getpid(), 9)
time.sleep(5)
"""
"""Each of the processes holds less than what all of them come from."""


@contextmanager
def small_runner(processes: int, memory: int) -> Iterator[Runner]:
    """A container that has few processes and little memory for the user's code."""
    inputs = Inputs(airflow_version=AIRFLOW, runner=RunnerKind.CONTAINER)
    env = our_environment(MWAA_DEPLOY_BASE_IMAGE=base_image())
    with open_runner(inputs, env, FakeLog(), limits=RunnerLimits(processes=processes, memory=memory << 20)) as runner:
        yield runner


@pytest.fixture(scope="module")
def tight() -> Iterator[Runner]:
    with small_runner(48, 400) as runner:
        yield runner


def judged(runner: Runner, root, files: dict[str, str]) -> dict[str, Verdict]:
    """The one verdict about each file."""
    write(root, {f"dags/{name}": WORDS + text for name, text in files.items()})
    verdicts = judge_dags_of(root, runner).dags.verdicts
    assert sorted(verdict.subject for verdict in verdicts) == sorted(f"dags/{name}" for name in files), verdicts
    return {verdict.subject.removeprefix("dags/"): verdict for verdict in verdicts}


@pytest.mark.parametrize(
    ("processes", "said"),
    [
        pytest.param(48, "Resource temporarily unavailable", id="over the runner's limit"),
        pytest.param(400, "more than 128 processes were forked", id="over the limit of one file"),
    ],
)
def test_each_of_many_hostile_files_gets_the_verdict_that_it_gets_alone(tmp_path, processes, said):
    with small_runner(processes, 2000) as runner:
        found = judged(runner, tmp_path, {name: text for name, (text, _) in HOSTILE.items()})

    for name, (_, words) in HOSTILE.items():
        expected = said if words is None else words
        assert (found[name].severity is Severity.FAIL) is bool(expected), found[name]
        assert expected in found[name].message
    assert place(found["forks.py"]) == "dags/forks.py:4"


def test_processes_that_ended_take_no_room_from_the_next_files(tight, tmp_path):
    found = judged(tight, tmp_path, {"a.py": ENDED, "b.py": ENDED, "c.py": ENDED, "good.py": GOOD})

    assert all(verdict.severity is not Severity.FAIL for verdict in found.values()), found


def test_a_file_is_not_blamed_for_the_processes_that_another_one_took(tight, tmp_path):
    waiting = {f"waiting_{number}.py": GOOD.replace("good", f"good_{number}") for number in range(5)}
    found = judged(tight, tmp_path, {"a.py": TAKES_ALL, "b.py": NEEDS_ONE, **waiting})

    assert all(verdict.severity is not Severity.FAIL for verdict in found.values()), found


def test_when_memory_runs_out_the_others_are_judged_all_the_same(tmp_path):
    with small_runner(150, 300) as runner:
        found = judged(runner, tmp_path, {"takes_memory.py": TAKES_MEMORY, "good.py": GOOD})

    assert found["good.py"].severity is Severity.PASS
