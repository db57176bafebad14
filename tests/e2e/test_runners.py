"""The same pull request and push on every way of running: docker-in-docker, virtual environment, without root."""

import pwd
import subprocess
import tempfile
from pathlib import Path

import pytest

from lab.project import WORKFLOW
from tests.e2e.conftest import left_over, make_story

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.lab, pytest.mark.airflow]

LOOK_FOR_LEFTOVERS = """
      - name: Nothing in the workspace belongs to somebody else
        run: test -z "$(find "$GITHUB_WORKSPACE" "$RUNNER_TEMP" ! -user "$(id -un)" -print -quit)"
"""


@pytest.fixture
def story(tmp_path, plain_world, base_image):
    """A project whose lab has no live Airflow: asking it would be waiting in vain for ten minutes."""
    story = make_story(tmp_path, plain_world, base_image)
    story.project.set_input("verify", "versions")
    return story


def pull_request_and_push(story):
    first = story.run("pull request", "pull_request", base=story.project.head)
    assert first.succeeded, first.log
    assert first.outputs["result"] == "planned"
    assert story.snapshots["before pull request"] == story.snapshots["pull request"]
    push = story.run("push", "push")
    assert push.succeeded, push.log
    assert push.outputs["result"] == "deployed"
    environment = story.snapshots["push"]["environment"]
    assert environment["Status"] == "AVAILABLE"
    assert environment["PluginsS3ObjectVersion"] == push.outputs["plugins-version"]
    assert left_over(story.project.run_ids) == {}
    return push


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"runner": "container", "docker-engine": "dind"}, "container mwaa-deploy/runner:2.10.3"),
        ({"runner": "venv"}, "virtual environment"),
    ],
    ids=["dind", "venv"],
)
def test_the_same_pull_request_and_push_pass(story, inputs, said):
    for name, value in inputs.items():
        story.project.set_input(name, value)
    push = pull_request_and_push(story)
    assert said in push.summary
    assert ("Start a Docker Engine of our own" in push.log) == ("docker-engine" in inputs)


@pytest.fixture
def account():
    """An account in the group that may use the engine, as on GitHub's runners."""
    name = "mwaa-deploy-e2e"
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--create-home", "--groups", "docker", name], check=True)
    yield name
    subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)


def test_a_run_without_root_leaves_no_file_of_roots(story, tmp_path, account):
    path = f".github/workflows/{WORKFLOW}"
    story.project.commit({path: story.project.read(path).rstrip("\n") + LOOK_FOR_LEFTOVERS}, "Look for leftovers")
    subprocess.run(
        ["chown", "--recursive", f"{account}:{account}", story.project.folder, story.project.action], check=True
    )
    temporary = Path(tempfile.gettempdir())
    for folder in (tmp_path, *(above for above in tmp_path.parents if temporary in above.parents)):
        folder.chmod(0o755)
    story.project.user = account
    pull_request_and_push(story)
