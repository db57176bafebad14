"""The example's workflows that go back to an earlier deployment, and that tell what others have changed, under act."""

from pathlib import Path

import pytest

from lab.project import REGION
from tests.e2e.conftest import ADDED_DAG, BUCKET, Story, left_over, make_story

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.lab, pytest.mark.airflow]

OPERATORS = "plugins/greetings/operators.py"


@pytest.fixture(scope="module")
def story(tmp_path_factory, module_world, base_image) -> Story:
    """Two deployments, one roll-back, some drift, and what puts it right."""
    folder: Path = tmp_path_factory.mktemp("rollback")
    story = make_story(folder, module_world, base_image)
    project, s3 = story.project, story.world.aws_client("s3", REGION)
    project.set_input("verify", "versions")
    project.set_input("verify", "versions", workflow="roll-back.yml")
    story.run("first", "push")
    project.commit({OPERATORS: project.read(OPERATORS) + "\nANSWER = 42\n", "dags/added_later.py": ADDED_DAG}, "Change")
    story.run("second", "push")
    story.run("no drift", "workflow_dispatch", workflow="drift.yml")
    story.run("back", "workflow_dispatch", workflow="roll-back.yml")
    story.run("nowhere", "workflow_dispatch", workflow="roll-back.yml", inputs={"to": "0123456789abcdef"})
    s3.put_object(Bucket=BUCKET, Key="dags/hello_mwaa.py", Body=b"# mine now\n")
    story.run("drift", "workflow_dispatch", workflow="drift.yml")
    project.commit({"README.md": "Hello\n"}, "Say hello")
    story.run("mended", "push")
    story.run("drift mended", "workflow_dispatch", workflow="drift.yml")
    return story


@pytest.mark.parametrize("name", ["first", "second", "no drift", "back", "mended", "drift mended"])
def test_what_goes_well_is_green(story, name):
    assert story.results[name].succeeded, story.results[name].log


def dags(snapshot) -> dict[str, str]:
    """SHA-256 of the DAG files in the bucket, by key."""
    found = [o for o in snapshot["objects"] if o["is_latest"] and o["kind"] == "version"]
    return {o["key"]: o["sha256"] for o in found if o["key"].startswith("dags/")}


def test_a_roll_back_brings_parts_and_dags_of_the_deployment_before_back_together(story):
    first, second, back = (story.snapshots[name] for name in ("first", "second", "back"))
    assert "dags/added_later.py" in dags(second)
    assert dags(back) == dags(first)
    version = "PluginsS3ObjectVersion"
    assert second["environment"][version] != first["environment"][version]
    assert back["environment"][version] == first["environment"][version]
    assert back["environment"]["Status"] == "AVAILABLE"
    commit = story.results["back"].outputs["rolled-back-to"]
    assert f"Commit <code>{commit[:12]}</code> is live and verified" in story.results["back"].summary


def test_a_roll_back_to_what_was_never_deployed_changes_nothing_and_lists_what_there_is(story):
    result = story.results["nowhere"]
    assert not result.succeeded
    assert "No record is of commit, run or version 0123456789abcdef." in result.log
    assert dags(story.snapshots["nowhere"]) == dags(story.snapshots["back"])
    assert story.snapshots["nowhere"]["environment"] == story.snapshots["back"]["environment"]


def test_drift_is_told_by_file_and_changes_nothing(story):
    assert story.results["no drift"].outputs["drift"] == "0"
    result = story.results["drift"]
    assert not result.succeeded
    assert result.outputs["drift"] == "1"
    assert "hello_mwaa.py" in result.summary.replace("&#95;", "_")
    assert story.snapshots["before drift"] == story.snapshots["drift"]


def test_the_next_deployment_puts_right_what_has_drifted(story):
    mended = dags(story.snapshots["mended"])
    assert mended["dags/hello_mwaa.py"] == dags(story.snapshots["second"])["dags/hello_mwaa.py"]
    assert "dags/added_later.py" in mended
    assert story.results["drift mended"].outputs["drift"] == "0"


def test_nothing_is_left_in_the_engine(story):
    assert left_over(story.project.run_ids) == {}
