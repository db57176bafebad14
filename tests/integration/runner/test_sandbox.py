"""Each way to confine a command on this host, by itself."""

import os
import shutil
import socket
import subprocess
import threading
import uuid
from dataclasses import fields, replace
from pathlib import Path, PurePosixPath

import pytest

from mwaa_deploy.errors import RunnerUnconfined
from mwaa_deploy.runner.covers import mounts, private_paths
from mwaa_deploy.runner.process import run_process
from mwaa_deploy.runner.sandbox import Confinement, Limits, Sandbox, choose_sandbox, refuse_unconfined

PYTHON = "/usr/bin/python3"
NOBODY = 65_534


@pytest.fixture
def root(tmp_path_factory):
    folder = Path("/tmp") / f"sandbox-{uuid.uuid4().hex}"
    (folder / "tmp").mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "tmp").chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def hidden():
    """A folder that everybody may read."""
    folder = Path("/var/tmp") / f"hidden-{uuid.uuid4().hex}"
    folder.mkdir()
    (folder / "secret").write_text("secret of the host")
    yield folder
    shutil.rmtree(folder)


ROOT = os.geteuid() == 0
NAMESPACED = [Confinement.USER_NAMESPACES, *([Confinement.NAMESPACES] if ROOT else [])]
WAYS = [*NAMESPACED, *([Confinement.OTHER_USER] if ROOT else [])]


def make(way: Confinement, root: Path, hidden: Path) -> Sandbox:
    covers = mounts(root=root, private=[hidden], kept=[Path("/usr/share/misc")], resolver="")
    return Sandbox(
        confinement=way,
        uid=None if way is Confinement.USER_NAMESPACES else 54_321,
        mounts=() if way is Confinement.OTHER_USER else covers,
        python=PYTHON,
    )


@pytest.fixture(params=WAYS)
def sandbox(request, root, hidden):
    return make(request.param, root, hidden)


@pytest.fixture(params=NAMESPACED)
def namespaced(request, root, hidden):
    return make(request.param, root, hidden)


class AsNobody(Sandbox):
    """What a user without any right would start; root's own rights would hide a mistake."""

    def command(self, argv, cwd, env):
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        return [*become, *super().command(argv, cwd, env)]


def run(sandbox: Sandbox, *argv: str, timeout: float = 20, cwd: str = "/usr", env=None) -> tuple[int, str]:
    if sandbox.confinement is Confinement.USER_NAMESPACES and os.geteuid() == 0:
        sandbox = AsNobody(**{field.name: getattr(sandbox, field.name) for field in fields(sandbox)})
    output = bytearray()
    variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **(env or {})}
    ended = run_process(argv, sandbox=sandbox, cwd=cwd, env=variables, timeout=timeout, take=output.extend)
    return ended.code, output.decode()


def test_a_command_runs_where_it_should_as_nobody_in_particular(sandbox):
    code, printed = run(sandbox, PYTHON, "-c", "import os; print(os.getcwd(), os.getuid(), os.getgroups())")
    assert code == 0, printed
    folder, uid, *_ = printed.split()
    assert folder == "/usr"
    assert uid == ("1000" if sandbox.uid is None else "54321")


def test_its_exit_code_comes_through(sandbox):
    assert run(sandbox, "sh", "-c", "exit 44")[0] == 44


@pytest.mark.parametrize("way", [*WAYS, Confinement.NONE])
def test_results_are_handed_back_in_every_way(way, root, hidden):
    sandbox = Sandbox(confinement=way) if way is Confinement.NONE else make(way, root, hidden)
    if way is Confinement.USER_NAMESPACES and os.geteuid() == 0:
        sandbox = AsNobody(**{field.name: getattr(sandbox, field.name) for field in fields(sandbox)})
    paths = [PurePosixPath(root, "results", name) for name in ("a", "stale", "link", "fifo", "large")]
    Path(root, "results").mkdir(mode=0o777)
    Path(root, "results").chmod(0o777)
    Path(paths[1]).write_text("stale")
    line = "printf 'a\\n' >a; ln -s a link; mkfifo fifo; head -c 3000000 /dev/zero >large; echo out; exit 3"
    output = bytearray()
    ended = run_process(
        ["sh", "-c", line],
        sandbox=sandbox,
        cwd=str(paths[0].parent),
        env={"PATH": "/usr/bin:/bin"},
        timeout=20,
        take=output.extend,
        results=paths,
    )
    assert (ended.code, bytes(output)) == (3, b"out\n")
    assert ended.results == {paths[0]: b"a\n", paths[4]: bytes(3_000_000)}


def test_covered_files_are_not_there(namespaced, hidden):
    assert run(Sandbox(confinement=Confinement.NONE), "cat", f"{hidden}/secret")[1] == "secret of the host"
    assert "secret of the host" not in run(namespaced, "cat", f"{hidden}/secret")[1]


def test_covers_stay(namespaced, hidden):
    for command in (
        f"umount {hidden}; umount -l {hidden}; cat {hidden}/secret",
        f"unshare --user --map-root-user --mount sh -c 'umount -l {hidden}; cat {hidden}/secret'",
        f"nsenter --target 1 --mount cat {hidden}/secret",
    ):
        assert "secret of the host" not in run(namespaced, "sh", "-c", command)[1]


@pytest.fixture
def neighbour(request):
    """Another process of the user who starts the sandbox, with a secret in its environment."""
    user = NOBODY if ROOT and "USER_NAMESPACES" in request.node.name else os.geteuid()
    secret = f"secret-{uuid.uuid4().hex}"
    command = ["sh", "-c", "echo ready; read -r line"]
    with subprocess.Popen(command, env={"TOKEN": secret}, stdin=-1, stdout=-1, user=user) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield secret
        process.kill()


def test_no_environment_of_another_process_can_be_read(sandbox, neighbour):
    look = "cat /proc/[0-9]*/environ; umount -l /proc; cat /proc/[0-9]*/environ"
    assert neighbour not in run(sandbox, "sh", "-c", look)[1]


def test_no_other_process_is_seen(namespaced):
    pids = run(namespaced, "sh", "-c", "cd /proc; echo [0-9]*")[1].split()
    assert str(os.getpid()) not in pids
    assert 1 <= len(pids) < 10


def test_no_socket_of_the_system_is_there(namespaced):
    folder = Path("/run") if ROOT else Path(f"/run/user/{os.geteuid()}")
    path = folder / f"mwaa-deploy-{uuid.uuid4().hex}.sock"
    knock = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1]); print('open')"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0o666)
        try:
            assert run(Sandbox(confinement=Confinement.NONE), PYTHON, "-c", knock, str(path)) == (0, "open\n")
            assert "open" not in run(namespaced, PYTHON, "-c", knock, str(path))[1]
        finally:
            path.unlink()


def test_tmp_is_its_own(namespaced, root):
    name = f"/tmp/{uuid.uuid4().hex}"
    assert run(namespaced, "touch", name)[0] == 0
    assert not Path(name).exists()
    assert (root / "tmp" / Path(name).name).exists()


def test_what_is_kept_is_there(sandbox, root):
    (root / "file").write_text("kept")
    assert run(sandbox, "cat", f"{root}/file") == (0, "kept")
    assert (
        run(sandbox, "ls", "/usr/share/misc")[1]
        == run(Sandbox(confinement=Confinement.NONE), "ls", "/usr/share/misc")[1]
    )


def test_no_right_is_left(sandbox):
    status = run(sandbox, "cat", "/proc/self/status")[1]
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status
    assert run(sandbox, "touch", "/etc/mwaa-deploy-was-here")[0] != 0


@pytest.fixture
def host_runner():
    """A self-hosted runner in a folder of its own, of the user whom the sandbox starts as; the job's variables."""
    folder = Path("/var/tmp") / f"runner-{uuid.uuid4().hex}"
    for name in ("_work/_actions/own/mwaa-deploy/v1/entrypoint", "_work/_temp", "_work/repo/repo", "python 3/lib"):
        (folder / name).mkdir(parents=True)
    for name in HOST_SECRETS:
        (folder / name).write_text("secret of the host")
    (folder / "python 3" / "lib" / "os.py").write_text("needed")
    subprocess.run(["chmod", "-R", "a+rwX", folder], check=True)
    work = folder / "_work"
    yield (
        folder,
        {
            "RUNNER_WORKSPACE": f"{work}/repo",
            "RUNNER_TEMP": f"{work}/_temp",
            "GITHUB_ACTION_PATH": f"{work}/_actions/own/mwaa-deploy/v1",
            "GITHUB_WORKSPACE": f"{work}/repo/repo",
        },
    )
    shutil.rmtree(folder)


CLEANUP = "_work/_actions/own/mwaa-deploy/v1/entrypoint/cleanup.sh"
HOST_SECRETS = (".credentials", "_work/_temp/git-credentials-x.config", "_work/repo/repo/.env", CLEANUP)


@pytest.mark.parametrize("way", NAMESPACED)
def test_nothing_of_a_self_hosted_runner_is_read_or_written(way, root, host_runner):
    folder, env = host_runner
    covers = mounts(
        root=root, private=private_paths(env, Path("/nonexistent")), kept=[folder / "python 3"], resolver=""
    )
    sandbox = Sandbox(confinement=way, uid=None if way is Confinement.USER_NAMESPACES else 54_321, mounts=covers)
    for name in HOST_SECRETS:
        assert "secret of the host" not in run(sandbox, "cat", f"{folder}/{name}")[1]
        run(sandbox, "sh", "-c", 'mkdir -p "${1%/*}"; echo changed >>"$1"', "sh", f"{folder}/{name}")
        assert (folder / name).read_text() == "secret of the host"
    kept = f"{folder}/python 3/lib/os.py"
    assert run(sandbox, "cat", kept) == (0, "needed")
    assert "Read-only" in run(sandbox, "sh", "-c", 'echo changed >>"$1"', "sh", kept)[1]


def test_nothing_but_its_own_folders_can_be_written(namespaced, root, hidden):
    hidden.parent.joinpath("open").mkdir(mode=0o777, exist_ok=True)
    everybodys = hidden.parent / "open"
    everybodys.chmod(0o777)
    try:
        assert "Read-only" in run(namespaced, "touch", f"{everybodys}/file")[1]
        assert list(everybodys.iterdir()) == []
        for command in (
            "mount -o remount,bind,rw /",
            "unshare --user --map-root-user --mount mount -o remount,bind,rw /",
        ):
            assert run(namespaced, "sh", "-c", f"{command} && touch {everybodys}/file")[0] != 0
    finally:
        shutil.rmtree(everybodys)
    for folder in ("/tmp", "/dev/shm", f"{root}/tmp"):
        assert run(namespaced, "touch", f"{folder}/mwaa-deploy-{root.name}") == (0, "")
    assert not Path(f"/dev/shm/mwaa-deploy-{root.name}").exists()
    assert run(namespaced, PYTHON, "-c", "import multiprocessing as m, os; m.Lock(); os.openpty()") == (0, "")


def test_everything_is_killed_at_the_time_limit(sandbox):
    mark = f"5{uuid.uuid4().int % 10**8}"
    code, _ = run(sandbox, "sh", "-c", f"setsid nohup sleep {mark} & sleep {mark}", timeout=0.7)
    assert code != 0
    alive = subprocess.run(["pgrep", "-f", f"sleep {mark}"], capture_output=True, text=True, check=False).stdout
    assert alive == ""


def test_a_second_command_goes_on_when_the_first_is_ended(sandbox):
    ended = []
    other = threading.Thread(target=lambda: ended.append(run(sandbox, "sh", "-c", "sleep 2; echo done")))
    other.start()
    assert run(sandbox, "sh", "-c", "setsid sleep 60 & sleep 60", timeout=0.5)[0] == 137
    other.join()
    assert ended == [(0, "done\n")]


def test_without_the_network_only_loopback_is_there(namespaced):
    code = (
        "import socket; print([name for _, name in socket.if_nameindex() if name in ('lo', 'eth0')])\n"
        "server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname())"
    )
    assert run(replace(namespaced, network=False), PYTHON, "-c", code) == (0, "['lo']\n")


def test_a_fork_bomb_ends_within_its_limit(sandbox):
    mark = f"bomb-{uuid.uuid4().hex}"
    held = replace(sandbox, limits=Limits(processes=64))
    code, _ = run(held, PYTHON, "-c", "import os\nwhile True:\n    os.fork()", mark, timeout=3)
    assert code != 0
    assert subprocess.run(["pgrep", "-f", mark], capture_output=True, text=True, check=False).stdout == ""
    assert run(held, "echo", "usable") == (0, "usable\n")


def test_a_memory_hog_is_held(sandbox):
    held = replace(sandbox, limits=Limits(memory=128 * 1024 * 1024))
    code, printed = run(held, PYTHON, "-c", "x = bytearray(1 << 28)")
    assert code == 1
    assert "MemoryError" in printed


def test_where_memory_runs_out_it_goes_first(sandbox):
    assert run(sandbox, "cat", "/proc/self/oom_score_adj")[1] == "1000\n"


def test_no_variable_of_the_commands_rules_what_makes_the_sandbox(sandbox, root):
    """Its tools run with more rights than the command."""
    (root / "bin").mkdir()
    for name in ("unshare", "setpriv", "mount", "sed", "env"):
        (root / "bin" / name).write_text(f"#!/bin/sh\necho replaced {name} >>{root}/tmp/replaced\n")
        (root / "bin" / name).chmod(0o755)
    chosen = {
        "PATH": f"{root}/bin:/usr/bin:/bin",
        "LD_PRELOAD": f"{root}/none.so",
        "BASH_ENV": "/x",
        "PYTHONHOME": "/x",
    }
    code, printed = run(sandbox, "printenv", "PATH", env=chosen)
    assert (code, printed.splitlines()[-1]) == (0, chosen["PATH"])
    assert not (root / "tmp" / "replaced").exists()
    # One warning of the loader's for each step that saw the variable.
    assert printed.count("none.so") <= 1


def test_the_strongest_way_that_works_is_taken():
    def chosen(uid, *working):
        return choose_sandbox((), uid, lambda sandbox: sandbox.confinement in working)

    everything = tuple(Confinement)
    assert chosen(50_000, *everything).confinement is Confinement.NAMESPACES
    assert chosen(50_000, Confinement.OTHER_USER) == Sandbox(confinement=Confinement.OTHER_USER, uid=50_000)
    assert chosen(None, *everything).confinement is Confinement.USER_NAMESPACES
    assert chosen(50_000).confinement is chosen(None).confinement is Confinement.NONE


def test_a_weaker_way_says_so():
    said = {way: Sandbox(confinement=way).difference for way in Confinement}
    assert said[Confinement.NAMESPACES] is said[Confinement.USER_NAMESPACES] is None
    assert "another user" in str(said[Confinement.OTHER_USER])
    assert "was not kept from" in str(said[Confinement.NONE])


@pytest.mark.parametrize("way", [Confinement.OTHER_USER, Confinement.NONE])
def test_a_job_without_namespaces_is_refused(way):
    with pytest.raises(RunnerUnconfined) as raised:
        refuse_unconfined(Sandbox(confinement=way), {"GITHUB_ACTIONS": "true"})
    assert "runner: container" in raised.value.mend
    assert "- run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" in raised.value.mend
    refuse_unconfined(Sandbox(confinement=way), {})


@pytest.mark.parametrize("way", [Confinement.NAMESPACES, Confinement.USER_NAMESPACES])
def test_a_job_with_namespaces_goes_on(way):
    refuse_unconfined(Sandbox(confinement=way), {"GITHUB_ACTIONS": "true"})


def test_without_any_nobody_gets_on_by_sudo():
    assert "NoNewPrivs:\t1" in run(Sandbox(confinement=Confinement.NONE), "cat", "/proc/self/status")[1]


def test_without_any_a_command_still_ends_in_time():
    none = Sandbox(confinement=Confinement.NONE)
    assert run(none, "sh", "-c", "sleep 60 & sleep 60", timeout=0.5)[0] == 137
    assert run(none, "no-such-command")[0] == 127


def test_names_are_still_resolved_where_the_resolvers_file_lies_in_run(root):
    """As on Ubuntu, where /etc/resolv.conf is a link to systemd's."""
    link = root / "resolv.conf"
    link.symlink_to("/run/systemd/resolve/stub-resolv.conf")
    way = Sandbox(
        confinement=Confinement.USER_NAMESPACES,
        mounts=(("tmpfs", "/run", ""), ("text", str(link), "nameserver 127.0.0.53\n")),
    )
    assert run(way, "cat", str(link)) == (0, "nameserver 127.0.0.53\n")
    assert run(Sandbox(confinement=way.confinement, mounts=way.mounts[:1]), "cat", str(link))[0] != 0
