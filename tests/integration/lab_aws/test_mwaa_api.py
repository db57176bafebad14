"""The control plane over its API."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws.process import RunningAws
from tests.integration.lab_aws.conftest import put_requirements, wait_until

Create = Callable[..., str]

EVERYTHING: dict[str, Any] = {
    "AirflowConfigurationOptions": {"core.parallelism": "64"},
    "AirflowVersion": "2.10.3",
    "EndpointManagement": "CUSTOMER",
    "EnvironmentClass": "mw1.medium",
    "KmsKey": "alias/flows",
    "MaxWebservers": 4,
    "MaxWorkers": 12,
    "MinWebservers": 3,
    "MinWorkers": 2,
    "RequirementsS3Path": "requirements.txt",
    "Schedulers": 3,
    "Tags": {"team": "data"},
    "WebserverAccessMode": "PUBLIC_ONLY",
    "WeeklyMaintenanceWindowStart": "TUE:23:30",
}


def get(mwaa: Any, name: str) -> dict[str, Any]:
    environment: dict[str, Any] = mwaa.get_environment(Name=name)["Environment"]
    return environment


def settle(mwaa: Any, name: str, status: str = "AVAILABLE") -> dict[str, Any]:
    wait_until(lambda: get(mwaa, name)["Status"], status)
    return get(mwaa, name)


def walked(aws: RunningAws, name: str) -> list[str]:
    return [change["status"] for change in aws.get("mwaa/history", name=name)["statuses"]]


def test_every_field_given_is_kept(create: Create, mwaa: Any, s3: Any, bucket: str, name: str) -> None:
    versions = {"RequirementsS3ObjectVersion": put_requirements(s3, bucket, "pendulum\n")}
    for part, key in (("Plugins", "plugins.zip"), ("StartupScript", "startup/startup.sh")):
        version = s3.put_object(Bucket=bucket, Key=key, Body=b"")["VersionId"]
        versions |= {f"{part}S3Path": key, f"{part}S3ObjectVersion": version}
    given = {**EVERYTHING, **versions}

    create(**given)

    assert get(mwaa, name)["Status"] == "CREATING"
    assert settle(mwaa, name).items() >= given.items()


def test_fields_never_given_are_missing(create: Create, mwaa: Any, name: str) -> None:
    create()

    assert (
        settle(mwaa, name)
        .keys()
        .isdisjoint({"PluginsS3Path", "PluginsS3ObjectVersion", "RequirementsS3ObjectVersion", "KmsKey", "LastUpdate"})
    )


def test_an_update_changes_what_it_names_and_keeps_the_rest(
    create: Create, mwaa: Any, aws: RunningAws, name: str
) -> None:
    create(**EVERYTHING)
    before = settle(mwaa, name)

    mwaa.update_environment(Name=name, MaxWorkers=20, WorkerReplacementStrategy="GRACEFUL")

    during = get(mwaa, name)
    after = settle(mwaa, name)
    assert (during["Status"], during["LastUpdate"]["Status"]) == ("UPDATING", "PENDING")
    assert after["LastUpdate"]["Status"] == "SUCCESS"
    assert after["LastUpdate"]["WorkerReplacementStrategy"] == "GRACEFUL"
    assert {**after, "LastUpdate": None} == {**before, "MaxWorkers": 20, "LastUpdate": None}
    assert walked(aws, name) == ["CREATING", "AVAILABLE", "UPDATING", "AVAILABLE"]


def test_an_empty_path_clears_a_part(create: Create, mwaa: Any, name: str) -> None:
    create(**EVERYTHING)
    settle(mwaa, name)

    mwaa.update_environment(Name=name, RequirementsS3Path="")

    assert "RequirementsS3Path" not in settle(mwaa, name)


def test_another_airflow_version_takes_a_snapshot_first(create: Create, mwaa: Any, aws: RunningAws, name: str) -> None:
    create(AirflowVersion="2.10.3")
    settle(mwaa, name)

    mwaa.update_environment(Name=name, AirflowVersion="2.11.0")
    settle(mwaa, name)

    assert walked(aws, name)[2:] == ["CREATING_SNAPSHOT", "UPDATING", "AVAILABLE"]


def test_a_failing_update_restores_the_old_fields(
    *, create: Create, mwaa: Any, aws: RunningAws, s3: Any, bucket: str, name: str
) -> None:
    create(RequirementsS3Path="requirements.txt")
    before = settle(mwaa, name)
    aws.post("mwaa/fail", name=name, message="Out of luck.", times=1)

    mwaa.update_environment(Name=name, RequirementsS3ObjectVersion=put_requirements(s3, bucket, "no\n"), MaxWorkers=3)

    after = settle(mwaa, name, "UPDATE_FAILED")
    update = after.pop("LastUpdate")
    assert after == {**before, "Status": "UPDATE_FAILED"}
    assert update["Status"] == "FAILED"
    assert update["Error"] == {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": "Out of luck."}
    assert walked(aws, name)[2:] == ["UPDATING", "ROLLING_BACK", "UPDATE_FAILED"]


def test_an_environment_whose_update_failed_can_be_updated_again(
    create: Create, mwaa: Any, aws: RunningAws, name: str
) -> None:
    create()
    settle(mwaa, name)
    aws.post("mwaa/fail", name=name, times=1)
    mwaa.update_environment(Name=name, MaxWorkers=3)
    settle(mwaa, name, "UPDATE_FAILED")

    mwaa.update_environment(Name=name, MaxWorkers=4)

    assert settle(mwaa, name)["MaxWorkers"] == 4


def test_a_path_without_an_object_fails_the_creation(create: Create, mwaa: Any, name: str) -> None:
    create(PluginsS3Path="plugins.zip")

    environment = settle(mwaa, name, "CREATE_FAILED")

    assert "plugins.zip does not exist" in environment["LastUpdate"]["Error"]["ErrorMessage"]


@pytest.mark.parametrize("status", ["MAINTENANCE", "PENDING", "UNAVAILABLE", "CREATE_FAILED", "UPDATING"])
def test_a_busy_environment_refuses_an_update(
    create: Create, mwaa: Any, aws: RunningAws, name: str, status: str
) -> None:
    create()
    settle(mwaa, name)
    aws.post("mwaa/status", name=name, status=status)

    with pytest.raises(mwaa.exceptions.ValidationException, match=status):
        mwaa.update_environment(Name=name, MaxWorkers=4)


def test_an_environment_being_created_refuses_updates_and_deletion(create: Create, mwaa: Any, name: str) -> None:
    create()

    with pytest.raises(mwaa.exceptions.ValidationException, match="CREATING"):
        mwaa.update_environment(Name=name, MaxWorkers=4)
    with pytest.raises(mwaa.exceptions.ValidationException, match="CREATING"):
        mwaa.delete_environment(Name=name)


def test_what_is_not_there_is_not_found(mwaa: Any, name: str) -> None:
    for call in (mwaa.get_environment, mwaa.update_environment, mwaa.delete_environment):
        with pytest.raises(mwaa.exceptions.ResourceNotFoundException) as caught:
            call(Name=name)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_name_can_be_taken_once(create: Create, mwaa: Any) -> None:
    create()

    with pytest.raises(mwaa.exceptions.ValidationException, match="already exists"):
        create()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"Name": "1-starts-with-a-digit"}, "regular expression pattern"),
        ({"WebserverAccessMode": "SOMETIMES"}, "enum value set"),
        ({"Schedulers": 6}, "less than or equal to 5"),
        (
            {"NetworkConfiguration": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
            "greater than or equal to 2",
        ),
        ({"AirflowConfigurationOptions": {"Core.Parallelism": "1"}}, "airflowConfigurationOptions.key"),
        ({"LoggingConfiguration": {"TaskLogs": {"Enabled": True, "LogLevel": "LOUD"}}}, "taskLogs.logLevel"),
        ({"MinWorkers": 9, "MaxWorkers": 3}, "MinWorkers"),
        ({"SourceBucketArn": "not-an-arn"}, "sourceBucketArn"),
        ({"DagS3Path": None}, "'dagS3Path' failed to satisfy constraint: Member must not be null"),
    ],
)
def test_what_breaks_the_apis_own_description_is_refused(
    create: Create, mwaa: Any, fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(mwaa.exceptions.ValidationException, match=complaint):
        create(**fields)


def test_a_source_bucket_mwaa_could_not_use_is_refused(create: Create, mwaa: Any, s3: Any, name: str) -> None:
    placed = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    s3.create_bucket(Bucket=f"plain-{name}", **placed)
    s3.create_bucket(Bucket=f"public-{name}", **placed)
    s3.put_bucket_versioning(Bucket=f"public-{name}", VersioningConfiguration={"Status": "Enabled"})
    s3.delete_public_access_block(Bucket=f"public-{name}")

    for bucket, complaint in (("absent", "does not exist"), ("plain", "versioning"), ("public", "public access")):
        with pytest.raises(mwaa.exceptions.ValidationException, match=complaint):
            create(SourceBucketArn=f"arn:aws:s3:::{bucket}-{name}")


def test_tags_are_set_and_removed(create: Create, mwaa: Any, name: str) -> None:
    create(Tags={"team": "data", "stage": "test"})
    arn = get(mwaa, name)["Arn"]

    mwaa.tag_resource(ResourceArn=arn, Tags={"owner": "ann"})
    mwaa.untag_resource(ResourceArn=arn, tagKeys=["stage"])

    assert mwaa.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "data", "owner": "ann"}


def test_environments_are_listed_page_by_page(create: Create, mwaa: Any, name: str) -> None:
    names = [create(Name=f"{name}-{index}") and f"{name}-{index}" for index in range(3)]

    pages = list(mwaa.get_paginator("list_environments").paginate(PaginationConfig={"PageSize": 2}))

    listed = [listed for page in pages for listed in page["Environments"]]
    assert len(pages) > 1
    assert listed == sorted(set(listed))
    assert set(names) <= set(listed)


def test_deleting_takes_a_while_and_then_it_is_gone(create: Create, mwaa: Any, aws: RunningAws, name: str) -> None:
    create()
    settle(mwaa, name)

    mwaa.delete_environment(Name=name)

    assert get(mwaa, name)["Status"] == "DELETING"
    wait_until(lambda: walked(aws, name)[-1], "DELETED")
    with pytest.raises(mwaa.exceptions.ResourceNotFoundException):
        get(mwaa, name)


def test_the_clock_can_be_changed_while_an_environment_walks(
    create: Create, mwaa: Any, aws: RunningAws, name: str
) -> None:
    before = aws.get("mwaa/clock")["seconds_per_status"]
    try:
        aws.post("mwaa/clock", seconds_per_status=60)
        create()
        time.sleep(3 * before)
        assert get(mwaa, name)["Status"] == "CREATING"
    finally:
        aws.post("mwaa/clock", seconds_per_status=before)

    settle(mwaa, name)


def test_an_update_can_begin_later_than_it_was_accepted(create: Create, mwaa: Any, aws: RunningAws, name: str) -> None:
    create()
    settle(mwaa, name)
    aws.post("mwaa/clock", seconds_before_update=1)
    try:
        mwaa.update_environment(Name=name, EnvironmentClass="mw1.large")
        found = get(mwaa, name)
        assert (found["Status"], found["EnvironmentClass"]) == ("AVAILABLE", "mw1.small")
        assert "LastUpdate" not in found
    finally:
        aws.post("mwaa/clock", seconds_before_update=0)

    wait_until(lambda: get(mwaa, name).get("LastUpdate", {}).get("Status"), "SUCCESS")
    assert get(mwaa, name)["EnvironmentClass"] == "mw1.large"


def test_the_rest_api_of_an_environment_without_airflow_answers_an_error(create: Create, mwaa: Any, name: str) -> None:
    create()
    settle(mwaa, name)

    with pytest.raises(mwaa.exceptions.RestApiServerException) as caught:
        mwaa.invoke_rest_api(Name=name, Path="/dags", Method="GET")
    assert caught.value.response["RestApiStatusCode"] == 503


def test_tokens_are_given_for_environments_that_exist(create: Create, mwaa: Any, name: str) -> None:
    with pytest.raises(ClientError, match="not found"):
        mwaa.create_web_login_token(Name=name)
    create()
    settle(mwaa, name)

    token = mwaa.create_web_login_token(Name=name)

    assert token["WebServerHostname"] == get(mwaa, name)["WebserverUrl"]
    assert token["WebToken"]
