"""The example's workflow that takes to production what was verified in staging, under act."""

import json
from typing import Any

import pytest

from lab.aws.seed import make_bucket
from lab.project import REGION
from tests.e2e.conftest import BUCKET, STACK, Story, left_over, make_story

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.lab, pytest.mark.airflow]

PRODUCTION_BUCKET, PRODUCTION_STACK = "my-mwaa-production-bucket", "hello-mwaa-production"


@pytest.fixture(scope="module")
def story(tmp_path_factory, world, base_image) -> Story:
    """One run of both jobs."""
    story = make_story(tmp_path_factory.mktemp("promotion"), world, base_image)
    make_bucket(world.aws_client("s3", REGION), PRODUCTION_BUCKET)
    story.run("promotion", "workflow_dispatch", workflow="promotion.yml")
    return story


def environment(story: Story, name: str) -> dict[str, Any]:
    found: dict[str, Any] = story.world.aws_client("mwaa", REGION).get_environment(Name=name)["Environment"]
    return found


def bodies(story: Story, bucket: str) -> dict[str, bytes]:
    """What lies in a bucket, our own notes aside."""
    s3 = story.world.aws_client("s3", REGION)
    listed = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    names = [key for key in listed if not key.startswith("mwaa-deploy/")]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in names}


def record(story: Story, bucket: str, stack: str) -> dict[str, Any]:
    s3 = story.world.aws_client("s3", REGION)
    body = s3.get_object(Bucket=bucket, Key=f"mwaa-deploy/{stack}/record.json")["Body"].read()
    found: dict[str, Any] = json.loads(body)
    return found


def test_both_jobs_are_green(story):
    assert story.results["promotion"].succeeded, story.results["promotion"].log
    assert story.results["promotion"].outputs["result"] == "deployed"


def test_production_has_the_very_bytes_of_staging_and_runs_them(story):
    assert bodies(story, PRODUCTION_BUCKET) == bodies(story, BUCKET)
    assert {"plugins.zip", "requirements.txt", "startup.sh", "dags/hello_mwaa.py"} <= bodies(story, BUCKET).keys()
    found = environment(story, PRODUCTION_STACK)
    assert (found["Status"], found["EnvironmentClass"]) == ("AVAILABLE", "mw1.medium")
    outputs = story.results["promotion"].outputs
    assert found["PluginsS3ObjectVersion"] == outputs["plugins-version"]
    assert found["RequirementsS3ObjectVersion"] == outputs["requirements-version"]
    listed = [story.world.live_dags(name, REGION)["dags"] for name in (STACK, PRODUCTION_STACK)]
    staging, production = ({dag["dag_id"] for dag in dags} for dags in listed)
    assert production == staging
    assert "hello_mwaa" in production


def test_record_and_summary_say_where_it_comes_from_and_that_the_checks_did_not_run_again(story):
    staging, production = record(story, BUCKET, STACK), record(story, PRODUCTION_BUCKET, PRODUCTION_STACK)
    assert staging["verified"]
    assert production["verified"]
    assert staging["commit"] == production["commit"] == story.project.head
    assert "promoted_from" not in staging
    assert production["promoted_from"] == {"target": STACK, "bucket": BUCKET, "run_url": staging["run_url"]}
    result = story.results["promotion"]
    assert "are promoted from staging, hello-mwaa-staging in bucket my-mwaa-bucket" in result.log
    assert result.summary.count("The checks were not run again.") == 1


def test_nothing_is_left_in_the_engine(story):
    assert left_over(story.project.run_ids) == {}
