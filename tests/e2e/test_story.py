"""One repository's life under act, with the real action.yml, the real engine and the lab."""

import json

import pytest
import requests

from lab.project import REGION
from lab.world import REPOSITORY
from mwaa_deploy.report.comment import marker
from tests.e2e.conftest import ADDED_DAG, BUCKET, STACK, Story, left_over, make_story

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.lab, pytest.mark.airflow]


@pytest.fixture(scope="module")
def story(tmp_path_factory, world, base_image) -> Story:
    """Everything that happens, in order; the tests below look at what it left."""
    story = make_story(tmp_path_factory.mktemp("story"), world, base_image)
    project = story.project
    story.run("pull request", "pull_request", base=project.head)
    story.run("first push", "push")

    project.commit({"dags/added_later.py": ADDED_DAG}, "Add a DAG")
    story.run("dag", "push")

    operators = "plugins/greetings/operators.py"
    project.commit({operators: project.read(operators) + "\nANSWER = 42\n"}, "Change the plugin")
    story.snapshots["updates before plugin"] = story.updates()
    story.run("plugin", "push")
    story.snapshots["updates after plugin"] = story.updates()

    for name, (path, text) in {
        "import error": ("dags/broken.py", "from airflow.decorators import dag\n\nimport no_such_module\n"),
        "requirement": ("requirements.txt", project.read("requirements.txt") + "no-such-package-anywhere==9.9.9\n"),
        "test": ("tests/test_wrong.py", "def test_wrong():\n    answer = 41\n    assert answer == 42\n"),
    }.items():
        before = (project.folder / path).read_text(encoding="utf-8") if (project.folder / path).exists() else None
        project.commit({path: text}, f"Break: {name}")
        story.run(name, "push")
        project.commit({path: before}, f"Mend: {name}")

    story.run("mended", "push")
    story.run("again", "workflow_dispatch")

    # Two deployments fail one after the other; each brought something that the good one after them must ship.
    project.commit({operators: project.read(operators) + "\nQUESTION = 'six by nine'\n"}, "Change the plugin again")
    fail_next_update(story)
    story.run("first failure", "push")
    project.commit(
        {"dags/added_later.py": None, "dags/second.py": ADDED_DAG.replace("added_later", "second")}, "Move a DAG"
    )
    fail_next_update(story)
    story.run("second failure", "push")
    project.commit({"README.md": "Hello\n"}, "Say hello")
    story.run("good again", "push")
    return story


def fail_next_update(story: Story) -> None:
    name = story.environment()["Name"]
    failure = {"name": name, "message": "The environment could not be updated.", "times": 1}
    requests.post(f"{story.world.aws_url}/_lab/mwaa/fail", json=failure, timeout=30).raise_for_status()


def record(snapshot) -> str:
    latest = [o for o in snapshot["objects"] if o["key"].endswith("record.json")]
    return json.dumps(latest, sort_keys=True)


@pytest.mark.parametrize("name", ["pull request", "first push", "dag", "plugin", "mended", "again", "good again"])
def test_good_commits_are_green(story, name):
    assert story.results[name].succeeded, story.results[name].log


def test_a_pull_request_is_checked_and_planned_and_changes_nothing(story):
    result = story.results["pull request"]
    assert result.outputs["result"] == "planned"
    assert story.snapshots["before pull request"] == story.snapshots["pull request"]
    assert story.snapshots["pull request"]["stack"] is None
    assert "Plan" in result.summary


def test_a_pull_request_gets_a_comment(story, world):
    reader = {"Authorization": f"Bearer {world.add_token({'pull-requests': 'read'})}"}
    url = f"{world.github_url}/repos/{REPOSITORY}/issues/1/comments"

    comments = requests.get(url, headers=reader, timeout=10).json()

    (ours,) = [comment for comment in comments if comment["body"].startswith(marker(STACK))]
    assert ours["user"]["login"] == "github-actions[bot]"
    assert f"### ✅ Checks passed; this is the plan — {STACK}" in ours["body"]
    assert "<b>Plan.</b> Expected to take about" in ours["body"]


def test_the_first_push_creates_stack_and_environment_on_the_uploaded_versions(story):
    result, target = story.results["first push"], story.snapshots["first push"]
    environment = target["environment"]
    assert target["stack"][0]["StackStatus"] == "CREATE_COMPLETE"
    assert environment["Status"] == "AVAILABLE"
    assert environment["RequirementsS3ObjectVersion"] == result.outputs["requirements-version"]
    assert environment["PluginsS3ObjectVersion"] == result.outputs["plugins-version"]
    assert environment["StartupScriptS3ObjectVersion"] == result.outputs["startup-script-version"]
    assert result.outputs["deployed"] == "true"


def test_a_dag_push_makes_no_new_version_and_no_environment_update(story):
    before, after = story.snapshots["before dag"], story.snapshots["dag"]
    assert before["environment"] == after["environment"]
    assert before["stack"] == after["stack"]
    assert story.results["dag"].outputs["environment-updated"] == "false"
    assert story.results["dag"].outputs["deployed"] == "true"
    new = {o["key"] for o in after["objects"]} - {o["key"] for o in before["objects"]}
    assert new == {"dags/added_later.py"}


def test_a_plugin_change_makes_one_version_and_one_update(story):
    assert story.snapshots["updates after plugin"] - story.snapshots["updates before plugin"] == 1
    before, after = story.snapshots["before plugin"], story.snapshots["plugin"]
    changed = {key for key in after["environment"] if after["environment"][key] != before["environment"].get(key)}
    assert changed == {"PluginsS3ObjectVersion", "LastUpdate"}
    count = [sum(o["key"] == "plugins.zip" for o in s["objects"]) for s in (before, after)]
    assert count == [1, 2]


@pytest.mark.parametrize(
    ("name", "file", "line"),
    [
        ("import error", "dags/broken.py", "3"),
        ("requirement", "requirements.txt", None),
        ("test", "tests/test_wrong.py", "3"),
    ],
)
def test_a_broken_commit_is_red_on_its_line_and_touches_nothing(story, name, file, line):
    result = story.results[name]
    assert not result.succeeded
    places = [(error.properties.get("file"), error.properties.get("line")) for error in result.errors]
    if line is None:
        line = str(len(story.project.read("requirements.txt").splitlines()) + 1)
    assert (file, line) in places, result.log
    assert story.snapshots[f"before {name}"] == story.snapshots[name]
    assert record(story.snapshots[f"before {name}"]) == record(story.snapshots[name])


def test_a_manual_run_of_an_unchanged_commit_deploys_nothing_and_says_so(story):
    result = story.results["again"]
    assert result.outputs["result"] == "unchanged"
    assert result.outputs["deployed"] == "false"
    assert story.snapshots["before again"]["environment"] == story.snapshots["again"]["environment"]
    assert story.snapshots["before again"]["stack"] == story.snapshots["again"]["stack"]
    assert "nothing to deploy" in result.summary.lower()


def test_failed_deployments_are_red_and_leave_the_record(story):
    for name in ("first failure", "second failure"):
        assert not story.results[name].succeeded
        assert record(story.snapshots[f"before {name}"]) == record(story.snapshots[name])
        assert any("could not be updated" in error.message for error in story.results[name].errors)


def test_a_good_deployment_ships_everything_since_the_last_good_one(story):
    snapshot = story.snapshots["good again"]
    dags = {
        o["key"]
        for o in snapshot["objects"]
        if o["key"].startswith("dags/") and o["is_latest"] and o["kind"] == "version"
    }
    assert "dags/second.py" in dags
    assert "dags/added_later.py" not in dags
    version = snapshot["environment"]["PluginsS3ObjectVersion"]
    body = (
        story.world.aws_client("s3", REGION)
        .get_object(Bucket=BUCKET, Key="plugins.zip", VersionId=version)["Body"]
        .read()
    )
    assert version != story.snapshots["again"]["environment"]["PluginsS3ObjectVersion"]
    assert version == story.results["good again"].outputs["plugins-version"]
    assert body[:2] == b"PK"
    assert story.versions("plugins.zip") == 3


def test_the_live_airflow_lists_exactly_the_deployed_dags(story):
    wanted = {"hello_mwaa", "price_report", "second"}
    assert story.wait_for_live_dags(wanted) == wanted


def test_nothing_that_a_run_started_is_left(story):
    assert story.results
    assert left_over(story.project.run_ids) == {}


def test_the_stack_is_the_one_the_workflow_names(story):
    assert story.snapshots["first push"]["stack"][0]["StackName"] == STACK
