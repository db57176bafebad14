"""The world as end-to-end tests use it: every part together."""

from pathlib import Path

import jwt
import pytest
import requests
from botocore.exceptions import ClientError
from github import Auth, Github

from lab.aws.seed import make_bucket, make_oidc_role
from lab.clients import aws_client
from lab.processes import ProcessFailedError
from lab.world import REPOSITORY, WorldBusyError, read_world, running_world, start_world


def oidc_token(variables):
    url = variables["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=sts.amazonaws.com"
    bearer = variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    return requests.get(url, headers={"Authorization": f"bearer {bearer}"}, timeout=10).json()["value"]


def test_a_job_gets_a_token_with_its_claims(world):
    token = oidc_token(world.register_job(event_name="pull_request", run_id="12"))

    claims = jwt.decode(token, options={"verify_signature": False})

    assert (claims["sub"], claims["run_id"]) == (f"repo:{REPOSITORY}:pull_request", "12")


def test_sts_takes_the_issuers_token_for_the_right_repository_only(world):
    role = make_oidc_role(world.aws_client("iam"), "deploy", world.oidc_url, REPOSITORY)
    sts = world.aws_client("sts")

    assumed = sts.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="test", WebIdentityToken=oidc_token(world.register_job())
    )
    stranger = oidc_token(world.register_job(repository="stranger/fork"))
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="test", WebIdentityToken=stranger)

    assert assumed["Credentials"]["SessionToken"]


def test_a_recorded_run_is_found_through_githubs_api(world):
    token = world.add_token({"actions": "read", "contents": "read"})
    world.record_run(500, "deploy.yml", "a" * 40, "main", "push", None)
    with Github(base_url=world.github_url, auth=Auth.Token(token), retry=None) as client:
        workflow = client.get_repo(REPOSITORY).get_workflow("deploy.yml")
        before = [run.id for run in workflow.get_runs(branch="main", status="success")]
        world.record_run(500, "deploy.yml", "a" * 40, "main", "push", "success")
        after = [(run.id, run.head_sha) for run in workflow.get_runs(branch="main", status="success")]

    assert (before, after) == ([], [(500, "a" * 40)])


def test_aws_clients_reach_the_labs_aws(world):
    make_bucket(world.aws_client("s3"), "some-bucket")

    names = [bucket["Name"] for bucket in world.aws_client("s3").list_buckets()["Buckets"]]

    assert "some-bucket" in names
    assert world.aws_client("mwaa").list_environments()["Environments"] == []
    assert world.aws_client("sts", "us-east-1").meta.region_name == "us-east-1"


def test_the_world_is_kept_in_its_folder(world):
    assert read_world(world.folder) == world
    assert (world.folder / "world.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_has_one_world(world):
    with pytest.raises(WorldBusyError, match="python -m lab down --folder"):
        start_world(world.folder, airflow=False)

    assert all(process.alive for process in world.processes)


def children():
    """Ids of this process's children."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for task in tasks for pid in task.read_text().split()}


def test_a_part_that_does_not_start_ends_the_others(tmp_path):
    folder, before = tmp_path / "world", children()

    with (
        pytest.raises(ProcessFailedError, match=r"(?s)aws ended with exit code 2 .*invalid float value: 'soon'"),
        running_world(folder, airflow=False, seconds_per_status="soon"),  # type: ignore[arg-type]
    ):
        pytest.fail("the world is not there")

    assert children() == before
    assert not folder.exists()


def test_a_client_does_not_put_mwaas_prefix_before_the_host(world):
    assert aws_client("mwaa", world.aws_url).meta.config.inject_host_prefix is False
