"""deploy.yml, called as users call it: in six lines, on a pull request and on a push."""

import pytest

from lab.project import ROOT
from tests.e2e.conftest import left_over, make_story

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.lab, pytest.mark.airflow]

CALLER = """
name: MWAA
on: {pull_request: , push: {branches: [main]}, workflow_dispatch: }
permissions: {}
jobs:
  mwaa:
    uses: ./.github/workflows/called.yml
    permissions: {contents: read, actions: read, id-token: write, pull-requests: write}
    with: {environment: staging, github-environment: staging, verify: versions} # no Airflow is live in this world
"""
SELF = "$/.github/actions/mwaa-deploy"
"""How deploy.yml names the action of its own commit; act does not know the syntax, nor fetch workflows of others."""


@pytest.fixture
def story(tmp_path, plain_world, base_image):
    story = make_story(tmp_path, plain_world, base_image)
    name, _, commit = story.project.action_reference.partition("@")
    called = (ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8")
    assert called.count(SELF) == 1
    story.project.commit(
        {
            ".github/workflows/caller.yml": CALLER,
            ".github/workflows/called.yml": called.replace(SELF, f"{name}/.github/actions/mwaa-deploy@{commit}"),
        },
        "Call the workflow",
    )
    return story


def test_a_pull_request_is_planned_and_a_push_deploys(story):
    base = story.project.head
    planned = story.run("a pull request", "pull_request", base=base, workflow="caller.yml")
    assert planned.succeeded, planned.log
    assert planned.outputs["result"] == "planned"
    assert story.snapshots["a pull request"] == story.snapshots["before a pull request"]

    deployed = story.run("a push", "push", workflow="caller.yml")
    assert deployed.succeeded, deployed.log
    assert deployed.outputs["result"] == "deployed"
    assert story.environment()["Status"] == "AVAILABLE"
    assert left_over(story.project.run_ids) == {}
