"""The virtual environment where this host or its runner is peculiar."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from mwaa_deploy.errors import RunnerUnconfined
from mwaa_deploy.runner.home import HomeTemplates
from mwaa_deploy.runner.packages import find_packages, images_folder
from mwaa_deploy.runner.pythons import find_python
from mwaa_deploy.runner.venv import VenvRunner
from tests.fakes.log import FakeLog
from tests.fixtures.runner import AIRFLOW

pytestmark = pytest.mark.airflow


def open_venv(**more: str) -> VenvRunner:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")} | more
    packages = find_packages(images_folder({}), AIRFLOW)
    python = find_python(packages.python, env)
    return VenvRunner(packages, python, HomeTemplates(env, FakeLog()), env=env)


@pytest.fixture
def without_unshare(tmp_path):
    """A path on which nothing is found that could make a namespace."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "env").symlink_to(str(shutil.which("env")))
    return {"PATH": str(tools)}


def test_a_job_is_refused_where_there_are_no_namespaces(without_unshare):
    with pytest.raises(RunnerUnconfined), open_venv(GITHUB_ACTIONS="true", **without_unshare):
        pass


def test_elsewhere_it_goes_on_and_says_so(without_unshare):
    with open_venv(**without_unshare) as runner:
        assert "could read" in runner.differences[0]
        assert runner.run([runner.python, "-c", "print(open('/proc/self/status').read())"], timeout=60).output.count(
            "NoNewPrivs:\t1"
        )
        assert not any("could not be closed" in sentence for sentence in runner.differences)
        runner.close_network()
        assert any("could not be closed" in sentence for sentence in runner.differences)


def test_a_self_hosted_runners_folder_is_hidden_and_airflow_still_runs():
    folder = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="runner-"))
    folder.chmod(0o755)
    try:
        (folder / "_work" / "repo").mkdir(parents=True)
        (folder / ".credentials").write_text("secret of the host")
        with open_venv(GITHUB_ACTIONS="true", RUNNER_WORKSPACE=f"{folder}/_work/repo") as runner:
            code = f"import airflow, os; print(os.path.exists({str(folder / '.credentials')!r}))"
            assert runner.run([runner.python, "-c", code], timeout=60).output.splitlines()[-1] == "False"
    finally:
        shutil.rmtree(folder)
