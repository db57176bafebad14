"""Runs that meet at the target, under act: two pushes in quick succession, and one that takes up what another left."""

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from lab.project import LabProject
from lab.workflow import ActResult
from tests.e2e.conftest import Story, left_over, make_story

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.lab, pytest.mark.airflow]

OPERATORS = "plugins/greetings/operators.py"


@pytest.fixture
def story(tmp_path: Path, plain_world, base_image) -> Story:
    """A project that is deployed already."""
    story = make_story(tmp_path, plain_world, base_image)
    story.project.set_input("verify", "versions")
    first = story.run("first", "push")
    assert first.succeeded, first.log
    return story


def pace(story: Story, seconds: float) -> None:
    """How long each passing status of the environment lasts from now on."""
    clock = {"seconds_per_status": seconds}
    requests.post(f"{story.world.aws_url}/_lab/mwaa/clock", json=clock, timeout=30).raise_for_status()


def contents(story: Story) -> dict[str, str]:
    """SHA-256 of what lies in the bucket now, by key."""
    target = story.target()
    assert isinstance(target, dict)
    return {o["key"]: o["sha256"] for o in target["objects"] if o["is_latest"] and o["kind"] == "version"}


def copy_of(project: LabProject, folder: Path) -> LabProject:
    """A checkout of another runner."""
    shutil.copytree(project.folder, folder, symlinks=True)
    return replace(project, folder=folder, run_ids=[])


def test_two_pushes_in_quick_succession_end_in_the_newest_commit(story, tmp_path):
    """Nothing queues them, as if each workflow had a concurrency group of its own."""
    project = story.project
    pace(story, 2)
    project.commit({"dags/both.py": "older = 1\n", OPERATORS: project.read(OPERATORS) + "\nA = 1\n"}, "The older")
    older = copy_of(project, tmp_path / "older")
    project.commit({"dags/both.py": "newer = 1\n", OPERATORS: project.read(OPERATORS) + "\nB = 1\n"}, "The newer")
    results: dict[str, ActResult] = {}

    def go(name: str, checkout: LabProject) -> None:
        results[name] = checkout.run("push")

    threads = [threading.Thread(target=go, args=run) for run in (("older", older), ("newer", project))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results["newer"].succeeded, results["newer"].log
    if not results["older"].succeeded:
        assert "newer than" in results["older"].log, results["older"].log
    assert left_over([*older.run_ids, *project.run_ids]) == {}
    settled = contents(story)
    again = story.run("again", "workflow_dispatch")
    assert again.outputs["result"] == "unchanged", again.log
    assert contents(story) == settled
    body = story.world.aws_client("s3", "eu-west-1").get_object(Bucket="my-mwaa-bucket", Key="dags/both.py")["Body"]
    assert body.read() == b"newer = 1\n"
    record = next(key for key in settled if key.endswith("/record.json"))
    body = story.world.aws_client("s3", "eu-west-1").get_object(Bucket="my-mwaa-bucket", Key=record)["Body"]
    assert json.loads(body.read())["commit"] == project.head


def test_a_run_takes_up_what_another_one_ran_out_of_time_for(story):
    project = story.project
    project.set_input("stack-timeout-minutes", "1")
    project.commit({OPERATORS: project.read(OPERATORS) + "\nLATE = 1\n"}, "Change the plugin")
    updates = story.updates()
    pace(story, 80)

    late = story.run("late", "push")
    assert not late.succeeded
    assert "Run the job again" in late.log
    assert story.updates() == updates + 1
    pace(story, 0.3)

    resumed = story.run("resumed", "workflow_dispatch")
    assert resumed.succeeded, resumed.log
    assert story.updates() == updates + 1
    environment = story.environment()
    assert environment["Status"] == "AVAILABLE"
    assert environment["PluginsS3ObjectVersion"] == resumed.outputs["plugins-version"]
    assert story.versions("plugins.zip") == 2
    assert left_over(project.run_ids) == {}
