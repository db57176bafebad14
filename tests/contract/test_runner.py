"""What every Runner does: the fake with files, the container and the virtual environment with everything."""

import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.inputs import RunnerKind
from mwaa_deploy.ports import Runner, RunnerFamily
from mwaa_deploy.runner.packages import find_packages, images_folder
from tests.fakes.runner import FakeRunner
from tests.fixtures.runner import AIRFLOW, SECRETS, running

REAL = [
    pytest.param(RunnerKind.CONTAINER, id="container", marks=[pytest.mark.engine, pytest.mark.airflow]),
    pytest.param(RunnerKind.VENV, id="venv", marks=pytest.mark.airflow),
]

MIB = 1024 * 1024


@pytest.fixture(scope="module", params=REAL)
def real(request: pytest.FixtureRequest) -> Iterator[Runner]:
    with running(request.param) as runner:
        yield runner


@pytest.fixture(scope="module", params=[pytest.param(None, id="fake"), *REAL])
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    if request.param is None:
        yield FakeRunner()
        return
    with running(request.param) as opened:
        yield opened


@pytest.fixture
def folder(runner: Runner) -> PurePosixPath:
    """A place of the test's own, which does not exist yet."""
    return runner.home / uuid.uuid4().hex


def python(runner: Runner, code: str, *arguments: str, timeout: float = 30, **env: str) -> str:
    completed = runner.run([runner.python, "-c", code, *arguments], timeout=timeout, env=env)
    assert completed.exit_code == 0, completed.output
    return completed.output


# ------------------------------------------------------------------------------------------------- files in and out


def test_bytes_put_are_read_again(runner, folder):
    runner.put(folder / "deep" / "file.bin", b"\x00\xff\n")
    assert runner.read(folder / "deep" / "file.bin") == b"\x00\xff\n"


def test_a_file_is_put_under_its_new_name(runner, folder, tmp_path):
    (tmp_path / "here.txt").write_text("text")
    runner.put(folder / "there.txt", tmp_path / "here.txt")
    assert runner.read(folder / "there.txt") == b"text"


def test_a_folder_is_put_with_all_it_holds_but_caches(runner, folder, tmp_path):
    for name in ("a.py", "sub/ü b.py", "sub/__pycache__/a.pyc", "gone.pyc", ".git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    runner.put(folder, tmp_path)
    assert runner.read(folder / "a.py") == b"a.py"
    assert runner.read(folder / "sub" / "ü b.py") == "sub/ü b.py".encode()
    assert runner.read(folder / "sub" / "__pycache__" / "a.pyc") is None
    assert runner.read(folder / "gone.pyc") is None
    assert runner.read(folder / ".git" / "config") is None


def test_a_second_folder_is_added_to_the_first(runner, folder, tmp_path):
    for name in "one", "two":
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(name)
        runner.put(folder, tmp_path / name)
    assert runner.read(folder / "one.py") == b"one"
    assert runner.read(folder / "two.py") == b"two"


def test_the_newer_bytes_are_read(runner, folder):
    runner.put(folder / "file", b"a long first text")
    runner.put(folder / "file", b"second")
    assert runner.read(folder / "file") == b"second"


def test_many_are_put_in_one_go(runner, folder, tmp_path):
    (tmp_path / "dags" / "team").mkdir(parents=True)
    (tmp_path / "dags" / "team" / "a.py").write_text("a")
    (tmp_path / "b.py").write_text("b")
    elsewhere = PurePosixPath("/tmp") / uuid.uuid4().hex / "c.py"
    runner.put_all({folder / "dags": tmp_path / "dags", folder / "deep" / "b.py": tmp_path / "b.py", elsewhere: b"c"})
    assert runner.read(folder / "dags" / "team" / "a.py") == b"a"
    assert runner.read(folder / "deep" / "b.py") == b"b"
    assert runner.read(elsewhere) == b"c"
    runner.put_all({})


def test_what_is_put_belongs_to_the_runners_user(real):
    elsewhere = PurePosixPath("/tmp") / uuid.uuid4().hex
    folder = real.home / uuid.uuid4().hex
    real.put_all({folder / "deep" / "a": b"", elsewhere / "deep" / "b": b""})
    written = real.run(
        ["touch", *(f"{each}/deep/more" for each in (folder, elsewhere)), f"{folder}/more", f"{elsewhere}/more"],
        timeout=30,
    )
    assert (written.exit_code, written.output) == (0, "")


def test_a_link_brings_no_file_of_the_host_along(runner, folder, tmp_path):
    (tmp_path / "outside").write_text("a secret of the host")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "dags" / "folder").symlink_to(tmp_path)
    runner.put(folder, tmp_path / "dags")
    assert runner.read(folder / "link") is None
    assert runner.read(folder / "folder" / "outside") is None


def test_a_missing_file_and_a_folder_read_as_none(runner, folder):
    runner.put(folder / "file", b"")
    assert runner.read(folder / "missing") is None
    assert runner.read(folder / "file" / "below") is None
    assert runner.read(folder) is None
    assert runner.read(runner.home) is None
    assert runner.read(folder / "file") == b""


def test_a_file_too_large_is_not_taken_out(real):
    assert real.run(["truncate", "--size=65M", "large"], timeout=30).exit_code == 0
    with pytest.raises(RunnerBroken, match="too large"):
        real.read(real.home / "large")


# -------------------------------------------------------------------------------------------------------- commands


def test_a_command_ends_with_its_code_and_what_it_printed(real):
    completed = real.run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=30)
    assert (completed.exit_code, completed.timed_out) == (3, False)
    assert sorted(completed.output.split()) == ["err", "out"]
    assert 0 < completed.seconds < 30


def test_a_command_that_does_not_exist_ends_with_127(real):
    assert real.run(["no-such-command"], timeout=30).exit_code == 127


def test_arguments_arrive_as_they_are(real):
    words = ["two words", "$HOME", "'\"", "", "--", "ü"]
    assert python(real, "import sys; print(sys.argv[1:])", *words) == f"{words}\n"


def test_variables_are_added_and_do_not_stay(real):
    code = "import os; print(os.environ.get('COLOUR'), os.environ['AIRFLOW_HOME'])"
    assert python(real, code, COLOUR="blue ü\nsecond line").split() == ["blue", "ü", "second", "line", str(real.home)]
    assert python(real, code).split() == ["None", str(real.home)]


def test_commands_run_in_home_unless_told_otherwise(real):
    assert real.run(["pwd"], timeout=30).output == f"{real.home}\n"
    assert real.run(["pwd"], timeout=30, cwd=real.home / "dags").output == f"{real.home / 'dags'}\n"


def test_output_that_is_no_text_is_shown_as_far_as_it_is(real):
    assert real.run(["printf", r"a\377\200b"], timeout=30).output == "a��b"


def test_ten_megabytes_of_bytes_that_are_no_text_do_no_harm(real):
    completed = real.run(
        [real.python, "-c", r"import os; [os.write(1, b'\xff\x00' * 50_000) for _ in range(100)]"], timeout=60
    )
    assert completed.exit_code == 0
    assert "bytes left out" in completed.output


def test_long_output_keeps_its_beginning_and_its_end(real):
    output = python(real, f"import sys; sys.stdout.write('first ' + 'x' * {3 * MIB} + ' last')")
    assert output.startswith("first x")
    assert output.endswith("x last")
    assert "bytes left out" in output
    assert MIB - 100 < len(output) < MIB + 100


def test_every_line_of_many_quick_commands_arrives(real):
    for number in range(20):
        assert real.run(["echo", str(number)], timeout=30).output == f"{number}\n"


def test_a_command_is_killed_at_its_time_limit_with_all_it_started(real):
    mark = f"3{uuid.uuid4().int % 10**8}"
    started = time.monotonic()
    completed = real.run(
        ["sh", "-c", f"setsid nohup sleep {mark} >/dev/null & sleep {mark} & echo before; sleep {mark}"], timeout=1.0
    )
    assert time.monotonic() - started < 10
    assert completed.timed_out
    assert completed.exit_code != 0
    assert completed.output == "before\n"
    assert processes_with(mark) == []


def test_a_command_that_ignores_every_signal_is_killed_too(real):
    code = "import signal, time; [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]; time.sleep(60)"
    started = time.monotonic()
    assert real.run([real.python, "-c", code], timeout=1.0).timed_out
    assert time.monotonic() - started < 15


def test_what_a_command_leaves_running_ends_with_it(real):
    mark = f"4{uuid.uuid4().int % 10**8}"
    started = time.monotonic()
    completed = real.run(["sh", "-c", f"setsid sleep {mark} & echo done"], timeout=60)
    assert (completed.exit_code, completed.output, completed.timed_out) == (0, "done\n", False)
    assert time.monotonic() - started < 10
    assert processes_with(mark) == []


def test_nothing_escapes_by_detaching_itself(real):
    """Sessions of their own, twice forked, without the command's output and its environment."""
    mark = f"6{uuid.uuid4().int % 10**8}"
    code = (
        "import os, subprocess, sys\n"
        "for _ in range(5):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            os.closerange(0, 100)\n"
        "            os.execvpe('sleep', ['sleep', sys.argv[1]], {'PATH': '/usr/bin:/bin'})\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "print(len([1 for pid in os.listdir('/proc') if pid.isdigit() and\n"
        "    sys.argv[1].encode() in open(f'/proc/{pid}/cmdline', 'rb').read()]))"
    )
    assert int(python(real, code, mark)) >= 5
    assert processes_with(mark) == []


def test_commands_of_several_threads_do_not_end_each_other(real):
    def one(number: int) -> tuple[int, str, bool]:
        line = f"setsid sleep 60 & sleep {0.3 + number % 2}; echo {number}; exit {number}"
        completed = real.run(["sh", "-c", line], timeout=30)
        return completed.exit_code, completed.output, completed.timed_out

    with ThreadPoolExecutor(8) as pool:
        stopped = pool.submit(real.run, ["sleep", "60"], timeout=0.5)
        assert list(pool.map(one, range(6))) == [(number, f"{number}\n", False) for number in range(6)]
        assert stopped.result().timed_out


def test_a_command_that_kills_all_it_can_never_ends_well(real):
    code = "import os; os.kill(-1, 9); os.kill(os.getpid(), 9)"
    assert real.run([real.python, "-c", code], timeout=30).exit_code != 0
    assert real.run(["echo", "usable"], timeout=30).output == "usable\n"


@pytest.mark.parametrize("detach", ["", "os.setsid()"])
def test_a_fork_bomb_ends_as_a_failed_command(real, detach):
    mark = f"bomb-{uuid.uuid4().hex}"
    code = f"import os\nwhile True:\n    if os.fork() == 0:\n        {detach or 'pass'}"
    started = time.monotonic()
    completed = real.run([real.python, "-c", code, mark], timeout=2)
    assert completed.exit_code != 0
    assert time.monotonic() - started < 40
    assert processes_with(mark) == []
    assert real.run(["echo", "usable"], timeout=30).output == "usable\n"


def test_a_printed_exit_code_or_report_is_only_printed(real):
    report = '{"code": 0, "timed_out": false, "out_of_memory": false, "killed_all": false, "left": false}'
    completed = real.run(["sh", "-c", 'echo "$1"; echo "$1" >&2; exit 124', "sh", report], timeout=30)
    assert (completed.exit_code, completed.timed_out, completed.output) == (124, False, f"{report}\n{report}\n")


def test_the_runner_is_usable_after_a_time_limit(real):
    assert real.run(["sleep", "60"], timeout=0.5).timed_out
    assert real.run(["echo", "still here"], timeout=30).output == "still here\n"


def processes_with(mark: str) -> list[str]:
    """Command lines on this host, those in containers among them, that hold a mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


# ------------------------------------------------------------------------------------------------- files handed back


@pytest.fixture
def empty(real: Runner) -> PurePosixPath:
    """A folder of the test's own."""
    path = real.home / uuid.uuid4().hex
    assert real.run(["mkdir", str(path)], timeout=30).exit_code == 0
    return path


def test_what_a_command_wrote_is_handed_back(real, empty):
    a, b, none = empty / "ü a", empty / "b", empty / "none"
    line = 'printf "\\0\\377\\n{}" > "$1"; : > "$2"; echo out; exit 3'
    completed = real.run(["sh", "-c", line, "sh", str(a), str(b)], timeout=30, results=[a, none, b])
    assert (completed.exit_code, completed.output) == (3, "out\n")
    assert completed.results == {a: b"\0\xff\n{}", b: b""}
    assert real.read(a) == b"\0\xff\n{}"


def test_a_fake_hands_back_what_the_answer_writes():
    fake, path, stale = FakeRunner(), PurePosixPath("/a"), PurePosixPath("/b")
    fake.files[stale] = b"stale"
    fake.answer("write", writes={path: b"fresh"})
    assert fake.run(["write"], timeout=1, results=[path, stale]).results == {path: b"fresh"}
    assert fake.run(["write"], timeout=1).results == {}


def test_what_was_there_before_is_no_result(real, empty):
    stale, kept = empty / "stale", empty / "kept"
    real.put_all({stale: b"stale", kept: b"kept"})
    assert real.run(["true"], timeout=30, results=[stale]).results == {}
    assert (real.read(stale), real.read(kept)) == (None, b"kept")
    assert real.run(["no-such-command"], timeout=30, results=[kept]).results == {}


def test_only_a_regular_file_is_a_result(real, empty):
    paths = [empty / name for name in ("link", "dangling", "fifo", "folder", "file/below", "file")]
    real.put(empty / "there", b"of somebody")
    line = "ln -s there link; ln -s missing dangling; mkfifo fifo; mkdir folder; echo x > file"
    started = time.monotonic()
    completed = real.run(["sh", "-c", line], timeout=30, cwd=empty, results=paths)
    assert (completed.exit_code, completed.output) == (0, "")
    assert completed.results == {empty / "file": b"x\n"}
    assert time.monotonic() - started < 10
    # Removed like a file, but for the folder, which then is none.
    assert real.run(["ls"], timeout=30, cwd=empty, results=paths).output.split() == ["folder", "there"]


def test_nothing_is_read_or_removed_that_the_command_could_not(real):
    """The supervisor of a container is root."""
    shadow, passwd = PurePosixPath("/etc/shadow"), PurePosixPath("/etc/passwd")
    assert real.run(["cat", str(shadow)], timeout=30).exit_code != 0
    assert shadow not in real.run(["true"], timeout=30, results=[shadow, passwd]).results
    assert real.run(["test", "-e", str(shadow), "-a", "-s", str(passwd)], timeout=30).exit_code == 0


def test_large_results_arrive_whole(real, empty):
    code = "import sys\nfor path in sys.argv[1:]:\n    open(path, 'wb').write(bytes(range(256)) * 20_000)"
    paths = [empty / "one", empty / "two"]
    completed = real.run([real.python, "-c", code, *map(str, paths)], timeout=60, results=paths)
    assert completed.results == dict.fromkeys(paths, bytes(range(256)) * 20_000)


def test_a_result_too_large_is_told(real):
    path = real.home / "too-large"
    with pytest.raises(RunnerBroken, match="too large"):
        real.run(["truncate", "--size=65M", str(path)], timeout=30, results=[path])
    assert real.run(["rm", str(path)], timeout=30).exit_code == 0


def test_a_result_of_a_command_that_was_killed_is_what_it_had_written(real):
    path = real.home / "half"
    completed = real.run(["sh", "-c", 'echo half > "$0"; sleep 60', str(path)], timeout=1.0, results=[path])
    assert (completed.timed_out, completed.results) == (True, {path: b"half\n"})


def test_commands_side_by_side_get_their_own_results(real, empty):
    paths = [empty / str(number) for number in range(8)]

    def results_of(path: PurePosixPath) -> object:
        line = 'echo "$0" > "$0"; sleep 0.2'
        return real.run(["sh", "-c", line, str(path)], timeout=30, results=[path]).results

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(results_of, paths)) == [{path: f"{path}\n".encode()} for path in paths]


# ------------------------------------------------------------------------------------------------ Airflow as in MWAA


def test_it_is_of_our_own_family(runner):
    assert runner.family is RunnerFamily.OURS


def test_it_names_itself_and_its_differences(real):
    assert f"Airflow {AIRFLOW}, Python 3.11." in real.description
    assert any("SQLite" in sentence for sentence in real.differences)
    assert all(sentence.endswith(".") for sentence in real.differences)


def test_home_is_laid_out_as_in_mwaa(real):
    for name in "dags", "plugins", "requirements", "startup":
        assert real.run(["test", "-d", name], timeout=30).exit_code == 0
    constraints = real.read(real.home / ".local" / "etc" / "airflow_constraints.txt")
    packages = find_packages(images_folder({}), AIRFLOW)
    assert constraints is not None
    assert constraints.decode() == packages.constraints()
    assert b"apache-airflow-providers-amazon==9.0.0\n" in constraints
    essential = real.read(real.home / ".local" / "etc" / "mwaa_essential_constraints.txt")
    assert essential is not None
    assert essential.decode() == packages.essential_constraints()
    assert f"apache-airflow=={AIRFLOW}\n".encode() in essential


def test_airflow_of_the_asked_version_has_a_migrated_database(real):
    code = (
        "from airflow import __version__; from airflow.models import Variable; Variable.set('colour', 'blue')\n"
        "print(__version__, Variable.get('missing', default_var='empty'), Variable.get('colour'))"
    )
    assert python(real, code, timeout=120).splitlines()[-1] == f"{AIRFLOW} empty blue"


def test_packages_can_be_installed_and_replaced(real, tmp_path):
    project = {
        "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "statsd"\nversion = "99.0"\n[tool.setuptools]\npy-modules = ["own_module"]\n',
        "own_module.py": "",
    }
    for name, text in project.items():
        (tmp_path / name).write_text(text)
    real.put(real.home / "own", tmp_path)
    command = [real.python, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "./own"]
    installed = real.run(command, timeout=120)
    assert installed.exit_code == 0, installed.output
    assert python(real, "from importlib.metadata import version; print(version('statsd'))") == "99.0\n"


# ------------------------------------------------------------------------------------------------------ the network

LOOK_OUT = """
import os, socket, sys, time
while not os.path.exists(sys.argv[1]):
    time.sleep(0.05)
print(sorted(name for _, name in socket.if_nameindex() if name == "lo" or name.startswith("e")))
try:
    socket.create_connection(("192.0.2.1", 80), 2)
except OSError as e:
    print(e.strerror)
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
"""
"""Waits for a file, then tries an address that nobody has (RFC 5737) and one of its own."""


def test_a_fake_that_is_closed_tells_who_ran_offline():
    fake = FakeRunner()
    fake.run(["before"], timeout=1)
    fake.run(["early"], timeout=1, network=False)
    fake.close_network()
    fake.run(["after"], timeout=1)
    assert (fake.offline, fake.network) == ([("early",), ("after",)], False)


@pytest.mark.parametrize("kind", REAL)
def test_a_closed_network_is_closed_for_everything(kind):
    with running(kind) as real:
        go = real.home / "go"
        with ThreadPoolExecutor(1) as pool:
            early = pool.submit(real.run, [real.python, "-c", LOOK_OUT, str(go)], timeout=60, network=False)
            before = real.run(["cat", "/proc/net/dev"], timeout=30).output
            assert len(before.splitlines()) > 3, before
            real.close_network()
            real.put(go, b"")
            late = real.run([real.python, "-c", LOOK_OUT, str(go)], timeout=60)
        for completed in (early.result(), late):
            assert (completed.exit_code, completed.output) == (0, "['lo']\nNetwork is unreachable\n")
        real.close_network()
        assert not any("could not be closed" in sentence for sentence in real.differences)


# --------------------------------------------------------------------------------------------------- what is hidden


def test_no_secret_of_ours_is_in_its_environment(real):
    printed = real.run(["env"], timeout=30).output
    for secret in SECRETS.values():
        assert secret not in printed
    names = {line.partition("=")[0] for line in printed.splitlines()}
    assert {name for name in names if name.startswith(("AWS_", "GITHUB_", "INPUT_", "ACTIONS_", "DOCKER_"))} <= {
        "AWS_EC2_METADATA_DISABLED"
    }


def test_no_other_process_shows_its_environment(real):
    """The token of a step lies in the environment of the processes around it."""
    secret = f"secret-{uuid.uuid4().hex}"
    code = (
        "import glob\nfor path in glob.glob('/proc/[0-9]*/environ'):\n    try:\n"
        "        print(open(path, errors='replace').read())\n    except OSError:\n        pass"
    )
    other = subprocess.Popen(["sh", "-c", "echo ready; read -r line"], env={"TOKEN": secret}, stdin=-1, stdout=-1)
    with other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"ready\n"
            own = Path(f"/proc/{other.pid}/environ").read_bytes()
            assert secret.encode() in own
            assert secret not in python(real, code)
        finally:
            other.kill()


def test_no_socket_of_an_engine_is_there(real):
    code = (
        "import os, socket, sys\nfor path in sys.argv[1:]:\n    try:\n"
        "        socket.socket(socket.AF_UNIX).connect(path)\n        print(path)\n    except OSError:\n        pass"
    )
    sockets = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock")
    assert python(real, code, *sockets) == ""


def test_covers_cannot_be_taken_away(real):
    for command in (["umount", "/run"], ["umount", "-l", "/proc"], ["unshare", "-Urm", "umount", "/run"]):
        assert real.run(command, timeout=30).exit_code != 0
    assert real.run(["test", "-S", "/run/docker.sock"], timeout=30).exit_code != 0


def test_it_is_neither_root_nor_can_become_it(real):
    assert python(real, "import os; print(os.getuid() == 0)") == "False\n"
    status = python(real, "print(open('/proc/self/status').read())")
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status


def test_it_cannot_write_to_the_system(real):
    for path in "/etc/cron.d", "/usr/local/bin", os.path.expanduser("~"):  # noqa: PTH111 -- a path inside too
        assert real.run(["touch", f"{path}/mwaa-deploy-was-here"], timeout=30).exit_code != 0
