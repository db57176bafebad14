"""Each part starts alone by one command, says where it listens, and ends cleanly on SIGTERM."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import processes
from lab.processes import ROOT
from lab.world import World, read_world


def start(*argv):
    """Start a part as a user would; what it prints is read line by line."""
    command = [sys.executable, "-m", *argv]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def read(folder) -> World:
    world = read_world(folder)
    assert world
    return world


def lab(*argv):
    done = subprocess.run([sys.executable, "-m", "lab", *argv], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def listening(port):
    """The addresses, as the kernel writes them, that somebody listens on with this port."""
    tables = [Path(f"/proc/net/{table}").read_text().splitlines()[1:] for table in ("tcp", "tcp6")]
    sockets = [line.split()[1:4] for table in tables for line in table]
    return {local.split(":")[0] for local, _, state in sockets if state == "0A" and local.endswith(f":{port:04X}")}


@pytest.mark.parametrize("module", ["lab.github", "lab.oidc", "lab.airflow"])
def test_a_part_starts_alone_and_ends_on_sigterm(module, tmp_path):
    port = processes.free_port()
    options = ["--folder", str(tmp_path / "folder")] if module == "lab.airflow" else []
    with start(module, "--port", str(port), *options) as running:
        line = running.stdout.readline()
        url = f"http://127.0.0.1:{port}"

        assert line.strip().endswith(f"listens on {url}")
        assert processes.answers(url)
        assert listening(port) == {"0100007F"}

        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
    assert not processes.answers(url)


def test_up_says_where_everything_listens_and_down_ends_it(tmp_path):
    folder = tmp_path / "world"
    code, told = lab("up", "--no-airflow", "--folder", str(folder))
    try:
        world = read(folder)
        assert code == 0, told
        assert re.findall(r"^(\w+) +(http://\S+) +up", told, re.MULTILINE) == [
            ("oidc", world.oidc_url),
            ("github", world.github_url),
            ("aws", world.aws_url),
        ]
        assert lab("status", "--folder", str(folder)) == (0, told)
        assert json.loads((folder / "world.json").read_text())["aws_url"] == world.aws_url
        assert world.live_airflow_url is None

        code, told = lab("up", "--no-airflow", "--folder", str(folder))
        assert code == 1
        assert "already up" in told
        assert all(process.alive for process in world.processes)
    finally:
        code, told = lab("down", "--folder", str(folder))
    assert (code, told) == (0, "")
    assert not any(process.alive for process in world.processes)
    assert not folder.exists()


def test_status_notices_a_part_that_is_gone(tmp_path):
    folder = tmp_path / "world"
    lab("up", "--no-airflow", "--folder", str(folder))
    try:
        github = next(process for process in read(folder).processes if process.name == "github")
        os.kill(github.pid, signal.SIGKILL)
        while github.alive:
            time.sleep(0.02)
        code, told = lab("status", "--folder", str(folder))
    finally:
        lab("down", "--folder", str(folder))

    assert code == 1
    assert re.search(r"^github .* gone ", told, re.MULTILINE)


def test_down_leaves_what_is_not_the_labs(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    assert lab("down", "--folder", str(tmp_path)) == (0, "")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_status_without_a_world_says_so(tmp_path):
    code, told = lab("status", "--folder", str(tmp_path))

    assert code == 1
    assert "No world is up" in told


def test_run_ends_everything_on_sigterm(tmp_path):
    folder = tmp_path / "world"
    with start("lab", "run", "--no-airflow", "--folder", str(folder)) as running:
        told = [running.stdout.readline() for _ in range(5)]
        world = read(folder)
        assert told[-1].startswith("All of it is written down")

        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
    assert not any(process.alive for process in world.processes)
    assert not folder.exists()


def test_a_killed_run_leaves_no_process(tmp_path):
    with start("lab", "run", "--no-airflow", "--folder", str(tmp_path / "world")) as running:
        while "written down" not in running.stdout.readline():
            pass
        world = read(tmp_path / "world")
        running.kill()
    deadline = time.monotonic() + 15
    while any(process.alive for process in world.processes) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not any(process.alive for process in world.processes)
