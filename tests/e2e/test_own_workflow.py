"""Our own ci.yml, whose job `action` says `uses: ./` on the example, once for each kind of runner."""

import subprocess

import pytest
import yaml

from lab.project import GIT, ROOT, new_run_id
from lab.workflow import Act, export_checkout
from tests.e2e.conftest import left_over

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.airflow]

NO_SETUP = """
name: Python is there already
description: Stands in for actions/setup-python, which the tests cannot download.
inputs: {python-version: {description: Unused.}}
runs: {using: composite, steps: [{run: "python3 --version", shell: bash}]}
"""


@pytest.mark.parametrize("name", ["container", "docker-in-docker", "virtual environment"])
def test_uses_dot_slash_checks_the_example(tmp_path, base_image, name):
    checkout, setup = tmp_path / "checkout", tmp_path / "setup-python"
    export_checkout(ROOT, checkout)
    setup.mkdir()
    (setup / "action.yml").write_text(NO_SETUP, encoding="utf-8")
    for argv in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "checkout"]):
        subprocess.run([*GIT, *argv], cwd=checkout, check=True)
    subprocess.run(
        [*GIT, "remote", "add", "origin", "https://github.com/acme/mwaa-deploy.git"], cwd=checkout, check=True
    )
    steps = yaml.safe_load((checkout / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["action"][
        "steps"
    ]
    reference = next(step["uses"] for step in steps if "setup-python" in step.get("uses", ""))
    run_id = new_run_id()
    act = Act(
        repository=checkout, action=setup, action_reference=reference, env={**base_image, "GITHUB_RUN_ID": str(run_id)}
    )
    result = act.run("push", workflow="ci.yml", options=("--job", "action", "--matrix", f"name:{name}"))
    assert result.succeeded, result.log
    assert result.outputs["result"] == "passed"
    assert "✅ Checks passed" in result.summary
    assert left_over([run_id]) == {}
