"""The container as the engine sees it: how it is confined, how it dies, and that nothing is left."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mwaa_deploy.errors import RunnerBroken, RunnerImageUnusable
from mwaa_deploy.inputs import Inputs, RunnerKind
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
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["PidsLimit"] == 4096
        assert 0 < host["Memory"] < engine.memory()
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


def test_memory_is_limited(engine, image):
    with ContainerRunner(engine, settings(image, memory=256 * 1024 * 1024)) as runner:
        completed = runner.run([runner.python, "-c", "x = bytearray(1 << 30)"], timeout=60)
        assert completed.exit_code == 137
        assert not completed.timed_out
        assert runner.run(["echo", "alive"], timeout=30).output == "alive\n"


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
