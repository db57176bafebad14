"""Processes end with whoever started them, and only what was started is ended."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from lab import processes
from lab.processes import Process, ProcessFailedError

# A child that leaves its group and session, as Airflow's DAG processor does, with one that ignores SIGTERM below it.
FAMILY = """
import os, signal, subprocess, sys, time
if len(sys.argv) > 2:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(sys.argv[1] + ".grandchild", "w").write(str(os.getpid()))
    time.sleep(600)
else:
    subprocess.Popen([sys.executable, __file__, sys.argv[1], "grandchild"], start_new_session=True)
    open(sys.argv[1] + ".child", "w").write(str(os.getpid()))
    time.sleep(600)
"""

# A starter that is killed before it can end anything.
STARTER = """
import os, sys, time
from pathlib import Path
from lab import processes
processes.start(sys.argv[2:], log=Path(sys.argv[1]), env=dict(os.environ), tied=True)
time.sleep(600)
"""


def wait_for(found, seconds=10):
    deadline = time.monotonic() + seconds
    while not (value := found()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


@pytest.fixture
def family(tmp_path):
    """The command of a process with a child, and a function that gives their ids once both run."""
    script = tmp_path / "family.py"
    script.write_text(FAMILY)

    def pids():
        files = [tmp_path / f"pid.{who}" for who in ("child", "grandchild")]
        return wait_for(lambda: all(file.exists() and file.read_text() for file in files)) and [
            int(file.read_text()) for file in files
        ]

    return [sys.executable, str(script), str(tmp_path / "pid")], pids


def gone(pids):
    return wait_for(lambda: not any(processes.started_at(pid) for pid in pids))


def test_ending_a_tied_process_ends_its_whole_family(tmp_path, family):
    command, pids = family
    running = processes.start(command, log=tmp_path / "log", env=dict(os.environ), tied=True)
    members = pids()
    assert all(processes.started_at(pid) for pid in members)

    processes.end(running)

    assert gone(members)
    assert running.returncode == 128 + signal.SIGTERM


def test_killing_the_starter_ends_its_tied_processes(tmp_path, family):
    command, pids = family
    env = {**os.environ, "PYTHONPATH": str(processes.ROOT)}
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path / "log"), *command], env=env)
    members = pids()

    starter.kill()
    starter.wait()

    assert gone(members)


def test_a_tied_process_that_ends_takes_its_family_along(tmp_path, family):
    command, pids = family
    running = processes.start(command, log=tmp_path / "log", env=dict(os.environ), tied=True)
    child, grandchild = pids()

    os.kill(child, signal.SIGKILL)

    assert gone([grandchild])
    assert running.wait(10) == 128 + signal.SIGKILL
    processes.end(running)


def test_the_exit_code_and_output_of_a_tied_process_are_kept(tmp_path):
    command = [sys.executable, "-c", "import sys; print('so it is'); sys.exit(3)"]
    running = processes.start(command, log=tmp_path / "log", env=dict(os.environ), tied=True)

    assert running.wait(10) == 3
    processes.end(running)
    assert (tmp_path / "log").read_text() == "so it is\n"


@pytest.fixture
def sleeper():
    running = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield Process(name="x", pid=running.pid, started=processes.started_at(running.pid), url="", log="")
    running.kill()
    running.wait()


def test_a_process_is_stopped_by_id_and_start_time(sleeper):
    assert sleeper.alive

    processes.stop([sleeper])

    assert not sleeper.alive


def test_another_process_with_the_same_id_is_left_alone(sleeper):
    processes.stop([replace(sleeper, started="long ago")])

    assert sleeper.alive


def test_a_process_that_ends_before_it_answers_is_reported_with_its_log(tmp_path):
    log = tmp_path / "log"
    url = f"http://127.0.0.1:{processes.free_port()}"
    command = [sys.executable, "-c", "raise SystemExit('no such thing')"]
    running = processes.start(command, log=log, env=dict(os.environ), tied=False)

    with pytest.raises(ProcessFailedError, match=r"part ended with exit code 1 .*\n.*no such thing"):
        processes.wait_until_answers(url, running, name="part", log=log, timeout=20)


def test_a_process_that_never_answers_is_reported_in_time(tmp_path, sleeper):
    url = f"http://127.0.0.1:{processes.free_port()}"
    running = processes.start(["sleep", "600"], log=tmp_path / "log", env=dict(os.environ), tied=True)

    with pytest.raises(ProcessFailedError, match="part did not answer on http://127"):
        processes.wait_until_answers(url, running, name="part", log=tmp_path / "log", timeout=0.3)
    processes.end(running)
