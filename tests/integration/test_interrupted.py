"""A run that is ended from outside takes with it what it had started."""

import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from mwaa_deploy.runner.engine import LABEL
from tests.fixtures.runner import AIRFLOW, base_image, our_environment

PROGRAM = Path(sys.executable).with_name("mwaa-deploy")
HANGS = "from airflow import DAG\nimport time\ntime.sleep(300)\n"

pytestmark = [pytest.mark.engine, pytest.mark.airflow]


def containers(label: str) -> list[str]:
    argv = ["docker", "ps", "--all", "--quiet", "--filter", f"label={LABEL}={label}"]
    return subprocess.run(argv, capture_output=True, check=True, text=True).stdout.split()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_no_container_outlives_a_check_that_is_ended(tmp_path, number):
    label = f"interrupted-{uuid.uuid4().hex}"
    (tmp_path / ".git").mkdir()
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "hangs.py").write_text(HANGS)
    env = our_environment(MWAA_DEPLOY_BASE_IMAGE=base_image(), MWAA_DEPLOY_RUN_LABEL=label)
    argv = [str(PROGRAM), "check", "--airflow-version", AIRFLOW, "--runner", "container"]
    with subprocess.Popen(argv, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not containers(label) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert containers(label)
        time.sleep(2)

        process.send_signal(number)
        said, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Interrupted" in said
    assert containers(label) == []
