"""The container as the engine sees it: how it is confined, how it dies, and that nothing is left."""

import io
import socket
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from mwaa_deploy.errors import RunnerBroken, RunnerImageUnusable
from mwaa_deploy.inputs import Inputs, RunnerKind
from mwaa_deploy.ports import RunnerFamily
from mwaa_deploy.runner.choose import open_runner
from mwaa_deploy.runner.container import ContainerRunner, ContainerSettings
from mwaa_deploy.runner.engine import LABEL, Engine, connect
from tests.fakes.log import FakeLog
from tests.fixtures.runner import AIRFLOW, base_image, our_environment, running

pytestmark = [pytest.mark.engine, pytest.mark.airflow]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine that ends the test without anything of the test's in it."""
    label = f"test-{abs(hash(request.node.nodeid))}"
    with connect(our_environment(), label) as engine:
        yield engine
        left = of(engine)
        engine.remove_leftovers()
    assert left == []


@pytest.fixture(scope="module")
def image() -> str:
    """Our own image, built."""
    with running(RunnerKind.CONTAINER) as runner:
        return runner.description.split()[1].rstrip(",")


def of(engine: Engine) -> list[Any]:
    chosen: dict[str, Any] = {"label": f"{LABEL}={engine.labels[LABEL]}"}
    client = engine.client
    return [
        *client.containers.list(all=True, filters=chosen),
        *client.networks.list(filters=chosen),
        *client.volumes.list(filters=chosen),
    ]


def settings(image: str, **more: Any) -> ContainerSettings:
    return ContainerSettings(**{"image": image, "airflow_version": AIRFLOW, "environment": {}, **more})


def test_it_is_confined(engine, image):
    with ContainerRunner(engine, settings(image)):
        (container,) = of(engine)
        host = container.attrs["HostConfig"]
        assert host["CapDrop"] == ["ALL"]
        assert {name.removeprefix("CAP_") for name in host["CapAdd"]} == {"KILL", "SETGID", "SETUID"}
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["PidsLimit"] == 1024
        assert 0 < host["Memory"] == host["MemorySwap"] < engine.memory()
        assert (host["Binds"], container.attrs["Mounts"], host["Privileged"]) == (None, [], False)
        assert host["Init"]


def test_it_is_gone_within_seconds(engine, image):
    with ContainerRunner(engine, settings(image)) as runner:
        runner.run(["sh", "-c", "sleep 300 &"], timeout=30)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    assert of(engine) == []


def test_anonymous_volumes_of_an_image_go_with_it(engine, image):
    """MWAA's own images declare one."""
    volumes = {volume.id for volume in engine.client.volumes.list()}
    base = engine.client.containers.create(image)
    with_volume = base.commit("mwaa-deploy/test", "volume", changes="VOLUME /usr/local/mwaa")
    base.remove()
    try:
        with ContainerRunner(engine, settings(with_volume.tags[0])) as runner:
            assert runner.run(["test", "-d", "/usr/local/mwaa"], timeout=30).exit_code == 0
    finally:
        engine.client.images.remove(with_volume.id, force=True)
    assert {volume.id for volume in engine.client.volumes.list()} <= volumes


def test_the_network_can_be_left_out(engine, image):
    code = "import socket; socket.create_connection(('127.0.0.11', 53), 1)"
    interfaces = ["sh", "-c", "ls /sys/class/net"]
    with ContainerRunner(engine, settings(image, network=False)) as runner:
        assert runner.run(interfaces, timeout=30).output == "lo\n"
        assert runner.run([runner.python, "-c", code], timeout=30).exit_code != 0
    with ContainerRunner(engine, settings(image)) as runner:
        assert "eth0" in runner.run(interfaces, timeout=30).output


def test_an_image_with_another_airflow_is_refused_and_removed(engine, image):
    with (
        pytest.raises(RunnerImageUnusable, match=r"holds Airflow 2\.10\.3, not 2\.9\.2"),
        ContainerRunner(engine, settings(image, airflow_version="2.9.2")),
    ):
        pass
    assert of(engine) == []


def test_an_image_without_airflow_is_refused_and_removed(engine):
    reference = base_image()
    with pytest.raises(RunnerImageUnusable, match="holds no Airflow"), ContainerRunner(engine, settings(reference)):
        pass
    assert of(engine) == []


def test_an_image_that_is_not_there_is_told(engine):
    with pytest.raises(RunnerBroken, match="cannot be started"), ContainerRunner(engine, settings("no/such:image")):
        pass


def test_a_container_that_is_killed_under_a_command_is_told(engine, image):
    with ContainerRunner(engine, settings(image)) as runner:
        (container,) = of(engine)
        killer = threading.Timer(1.0, container.kill)
        killer.start()
        with pytest.raises(RunnerBroken, match="exit code 137"):
            runner.run(["sleep", "60"], timeout=30)
        killer.join()
        with pytest.raises(RunnerBroken, match="broke while running true"):
            runner.run(["true"], timeout=30)


def test_a_container_that_is_removed_is_told(engine, image):
    with ContainerRunner(engine, settings(image)) as runner:
        engine.remove_leftovers()
        for call in (lambda: runner.run(["true"], timeout=30), lambda: runner.put(runner.home / "file", b"")):
            with pytest.raises(RunnerBroken, match="broke while"):
                call()


class Between:
    """A socket in front of the engine's, which can be cut off as if the engine had died: it hangs up on everybody."""

    def __init__(self, path: Path, to: str) -> None:
        self._ends: list[socket.socket] = []
        self._to = to
        self._dead = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                if self._dead:
                    near.close()
                    continue
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._to)
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        self._dead = True
        self._shut(self._ends)

    def close(self) -> None:
        self._shut([*self._ends, self._listener])
        for each in (*self._ends, self._listener):
            each.close()

    @staticmethod
    def _shut(ends: list[socket.socket]) -> None:
        for each in ends:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def test_an_engine_that_dies_half_way_is_told_and_the_clean_up_finds_what_it_left(engine, image, tmp_path):
    between = Between(tmp_path / "docker.sock", "/var/run/docker.sock")
    env = our_environment(DOCKER_HOST=f"unix://{tmp_path}/docker.sock")
    with connect(env, engine.labels[LABEL]) as through, ContainerRunner(through, settings(image)) as runner:
        threading.Timer(0.5, between.cut).start()
        with pytest.raises(RunnerBroken, match="broke while running sleep") as raised:
            runner.run(["sleep", "60"], timeout=30)
    between.close()
    assert "does not answer any more" in raised.value.meaning
    assert len(of(engine)) == 1
    engine.remove_leftovers()
    assert of(engine) == []


def test_running_out_of_memory_is_told_as_such(engine, image):
    with ContainerRunner(engine, settings(image, memory=256 * 1024 * 1024)) as runner:
        completed = runner.run([runner.python, "-c", "x = bytearray(1 << 30)"], timeout=60)
        assert (completed.exit_code, completed.timed_out, completed.out_of_memory) == (137, False, True)
        killed = runner.run(["sh", "-c", "kill -9 $$"], timeout=30)
        assert (killed.exit_code, killed.timed_out, killed.out_of_memory) == (137, False, False)


def test_processes_are_limited(engine, image):
    code = "import os, time\nfor _ in range(100):\n    if os.fork() == 0:\n        time.sleep(60)\n        os._exit(0)"
    with ContainerRunner(engine, settings(image, processes=50)) as runner:
        completed = runner.run([runner.python, "-c", code], timeout=30)
        assert (completed.exit_code, completed.timed_out) == (1, False)
        assert "Resource temporarily unavailable" in completed.output
        assert runner.run(["echo", "usable"], timeout=30).output == "usable\n"


def test_user_code_can_neither_end_nor_replace_what_watches_it(engine, image):
    """It runs as another user; all that it can kill is what runs as its own."""
    code = (
        "import os, signal\n"
        "for pid in [int(name) for name in os.listdir('/proc') if name.isdigit()]:\n"
        "    if b'supervisor.py' in open(f'/proc/{pid}/cmdline', 'rb').read():\n"
        "        script = '/mwaa-deploy/supervisor.py'\n"
        "        for act in (lambda: os.kill(pid, 9), lambda: os.kill(pid, 19),\n"
        "                    lambda: os.listdir(f'/proc/{pid}/fd'),\n"
        "                    lambda: open(script, 'a'), lambda: os.unlink(script), lambda: os.rename(script, '/x')):\n"
        "            try:\n                act()\n                print('done')\n"
        "            except OSError as e:\n                print(type(e).__name__)\n"
        "os.kill(-1, signal.SIGKILL); os.kill(os.getpid(), signal.SIGKILL)"
    )
    with ContainerRunner(engine, settings(image)) as runner:
        completed = runner.run([runner.python, "-c", code], timeout=30)
        assert set(completed.output.split()) == {"PermissionError"}
        assert (completed.exit_code, completed.timed_out) == (137, False)
        assert runner.run(["echo", "usable"], timeout=30).output == "usable\n"


def test_user_code_that_ends_what_reads_a_result_only_loses_the_result(engine, image):
    """The reader runs as the user, beside other commands of the user's."""
    code = (
        "import os, sys\n"
        "stop, *results = sys.argv[1:]\n"
        "while not os.path.exists(stop):\n"
        "    for pid in [int(name) for name in os.listdir('/proc') if name.isdigit() and int(name) != os.getpid()]:\n"
        "        try:\n"
        "            there = set(filter(os.path.exists, results))\n"  # first: the command may become another
        "            words = open(f'/proc/{pid}/cmdline').read().split('\\0')\n"
        "            if '/mwaa-deploy/supervisor.py' in words and there & set(words):\n"
        "                os.kill(pid, 9)\n"
        "                print('killed')\n"
        "        except OSError:\n"
        "            pass"
    )
    with ContainerRunner(engine, settings(image)) as runner, ThreadPoolExecutor(1) as pool:
        stop, *results = (runner.home / name for name in ("stop", "a", "b", "c", "d", "e"))
        killing = pool.submit(runner.run, [runner.python, "-c", code, *map(str, (stop, *results))], timeout=60)
        write = ["sh", "-c", 'head -c 60000000 /dev/zero >"$0"; exit 3']
        ended = [runner.run([*write, str(result)], timeout=30, results=[result]) for result in results]
        runner.put(stop, b"")
        assert "killed" in killing.result().output
    assert {completed.exit_code for completed in ended} == {3}
    assert any(completed.results == {} for completed in ended)


def test_a_command_whose_supervisor_is_gone_is_never_taken_for_a_success(engine, image):
    with ContainerRunner(engine, settings(image)) as runner:
        (container,) = of(engine)
        script = "kill -9 $(pgrep -f supervisor.py | head -n 1)"
        killer = threading.Timer(1.0, container.exec_run, [["sh", "-c", script]], {"user": "0"})
        killer.start()
        with pytest.raises(RunnerBroken, match="broke while running sleep"):
            runner.run(["sleep", "60"], timeout=30)
        killer.join()
        container.reload()
        assert container.status == "exited"


def test_an_image_without_python_is_refused_and_removed(engine):
    with derived(engine, base_image(), "RUN rm -f /usr/bin/python3* /usr/local/bin/python3*") as reference:
        with (
            pytest.raises(RunnerImageUnusable, match=r"no Python 3\.7 or later"),
            ContainerRunner(engine, settings(reference)),
        ):
            pass
        assert of(engine) == []


def test_an_image_that_knows_no_user_but_root_is_refused_and_removed(engine, image):
    with derived(engine, image, "USER root\nRUN userdel airflow") as reference:
        with (
            pytest.raises(RunnerImageUnusable, match="runs everything as root"),
            ContainerRunner(engine, settings(reference)),
        ):
            pass
        assert of(engine) == []


def test_an_image_with_a_user_and_a_python_of_its_own_is_looked_into(engine):
    """Airflow lies in the second Python of the path, and in the user's own site."""
    lines = f"""
    RUN useradd --create-home --home-dir /srv/data data && mkdir -p /opt/first /opt/second \\
        && ln -s /usr/bin/python3 /opt/second/python3
    RUN printf '#!/bin/sh\\nexec /usr/bin/python3 -s "$@"\\n' > /opt/first/python3 && chmod +x /opt/first/python3
    USER data
    RUN site=$(python3 -m site --user-site) && mkdir -p "$site/apache_airflow-{AIRFLOW}.dist-info" /srv/data/bin \
        && printf 'Metadata-Version: 2.1\\nName: apache-airflow\\nVersion: {AIRFLOW}\\n' \
           > "$site/apache_airflow-{AIRFLOW}.dist-info/METADATA" \
        && printf '#!/opt/second/python3\\n' > /srv/data/bin/airflow
    ENV PATH=/opt/first:/usr/local/bin:/usr/bin:/bin:/srv/data/bin
    """
    with (
        derived(engine, base_image(), lines) as reference,
        ContainerRunner(engine, settings(reference)) as runner,
    ):
        assert runner.family is RunnerFamily.OTHER
        assert runner.python == "/opt/second/python3"
        assert str(runner.home) == "/srv/data/airflow"
        assert runner.run(["sh", "-c", "id -un; echo $HOME"], timeout=30, cwd=PurePosixPath("/")).output == (
            "data\n/srv/data\n"
        )
        assert any("neither one of MWAA's nor ours" in sentence for sentence in runner.differences)


@contextmanager
def derived(engine: Engine, base: str, lines: str) -> Iterator[str]:
    """An image with something changed."""
    dockerfile = f"FROM {base}\n{textwrap.dedent(lines)}".encode()
    image, _ = engine.client.images.build(fileobj=io.BytesIO(dockerfile), rm=True, forcerm=True)
    try:
        yield str(image.id)
    finally:
        engine.client.images.remove(str(image.id), force=True)


def test_a_failure_of_the_checks_leaves_nothing():
    label = "test-failing-checks"
    env = our_environment(MWAA_DEPLOY_RUN_LABEL=label, MWAA_DEPLOY_BASE_IMAGE=base_image())
    asked = Inputs(airflow_version=AIRFLOW, runner=RunnerKind.CONTAINER)
    with pytest.raises(KeyboardInterrupt), open_runner(asked, env, FakeLog()):
        raise KeyboardInterrupt
    with connect(env, label) as engine:
        assert of(engine) == []


def test_a_link_inside_is_followed_to_its_file(engine, image):
    with ContainerRunner(engine, settings(image)) as runner:
        runner.put(runner.home / "real" / "file", b"text")
        runner.run(["sh", "-c", "ln -s real/file relative; ln -s /etc/hostname absolute; ln -s loop loop"], timeout=30)
        assert runner.read(runner.home / "relative") == b"text"
        assert runner.read(runner.home / "absolute")
        assert runner.read(runner.home / "loop") is None
