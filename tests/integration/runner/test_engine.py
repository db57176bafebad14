"""The engine, and what a run leaves in it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mwaa_deploy.errors import EngineUnavailable
from mwaa_deploy.inputs import Inputs, RunnerKind
from mwaa_deploy.runner.choose import open_runner
from mwaa_deploy.runner.engine import LABEL, connect
from tests.fakes.log import FakeLog
from tests.fixtures.runner import AIRFLOW, our_environment


@contextmanager
def old_engine() -> Iterator[str]:
    """An engine of 2017, as far as it gets asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"ApiVersion": "1.32", "MinAPIVersion": "1.12", "Version": "17.09.0-ce"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_no_engine_is_said_with_what_to_do(tmp_path):
    with pytest.raises(EngineUnavailable, match=r"No Docker Engine answers at unix://.*nobody\.sock") as raised:
        connect({"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}, "label")
    assert "runner: venv" in raised.value.mend


def test_an_engine_that_is_too_old_is_refused():
    with old_engine() as address, pytest.raises(EngineUnavailable, match=r"1\.32"):
        connect({"DOCKER_HOST": address}, "label")


def test_a_container_that_was_asked_for_needs_an_engine(tmp_path):
    env = our_environment(DOCKER_HOST=f"unix://{tmp_path}/nobody.sock")
    for asked in (
        Inputs(airflow_version=AIRFLOW, runner=RunnerKind.CONTAINER),
        Inputs(airflow_version=AIRFLOW, runner_image="registry.example/mwaa:1"),
    ):
        with pytest.raises(EngineUnavailable), open_runner(asked, env, FakeLog()):
            pass


@pytest.mark.airflow
def test_without_an_engine_the_virtual_environment_serves(tmp_path):
    env = our_environment(DOCKER_HOST=f"unix://{tmp_path}/nobody.sock")
    log = FakeLog()
    with open_runner(Inputs(airflow_version=AIRFLOW), env, log) as runner:
        assert runner.description.startswith("virtual environment")
    assert "No Docker Engine answers" in log.text


@pytest.mark.engine
def test_what_a_run_left_is_removed_by_its_label_and_nothing_else():
    with connect(our_environment(), "leftovers-one") as engine, connect(our_environment(), "leftovers-two") as other:
        for each in engine, other:
            each.client.volumes.create(labels=each.labels)
            each.client.networks.create(f"mwaa-deploy-{each.labels[LABEL]}", labels=each.labels)
        engine.remove_leftovers()
        chosen = [{"label": f"{LABEL}={each.labels[LABEL]}"} for each in (engine, other)]
        left = [(engine.client.volumes.list(filters=f), engine.client.networks.list(filters=f)) for f in chosen]
        other.remove_leftovers()
    assert left[0] == ([], [])
    assert (len(left[1][0]), len(left[1][1])) == (1, 1)
