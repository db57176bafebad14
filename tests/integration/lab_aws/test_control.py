"""What the lab tells about itself."""

import hashlib
import signal
import subprocess
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from lab.aws.process import AwsNotStartedError, RunningAws, start_aws
from lab.aws.seed import make_bucket
from tests.integration.lab_aws.conftest import client_for, put_requirements, wait_until


def test_a_snapshot_has_every_version_and_delete_marker(aws: RunningAws, s3: Any, bucket: str) -> None:
    first = s3.list_object_versions(Bucket=bucket)["Versions"][0]["VersionId"]
    second = put_requirements(s3, bucket, "second\n")
    marker = s3.delete_object(Bucket=bucket, Key="requirements.txt")["VersionId"]
    dag = s3.put_object(Bucket=bucket, Key="dags/a b.py", Body=b"x = 1", Metadata={"sha256": "abc"})["VersionId"]

    versions = aws.get("s3/snapshot", bucket=bucket)["versions"]

    assert [(v["key"], v["version_id"], v["kind"], v["is_latest"]) for v in versions] == [
        ("dags/a b.py", dag, "version", True),
        ("requirements.txt", marker, "delete-marker", True),
        ("requirements.txt", second, "version", False),
        ("requirements.txt", first, "version", False),
    ]
    assert versions[0]["sha256"] == hashlib.sha256(b"x = 1").hexdigest()
    assert versions[0]["metadata"] == {"sha256": "abc"}
    assert aws.get("s3/snapshot", bucket=bucket)["versions"] == versions


def test_a_snapshot_of_many_keys_is_whole(aws: RunningAws, s3: Any, bucket: str) -> None:
    """S3 lists a thousand versions at a time."""
    for index in range(1005):
        s3.put_object(Bucket=bucket, Key=f"dags/{index:04}.py", Body=b"")

    versions = aws.get("s3/snapshot", bucket=bucket)["versions"]

    assert len({version["key"] for version in versions}) == 1006


def test_a_snapshot_of_no_bucket_is_not_found(aws: RunningAws) -> None:
    assert requests.get(f"{aws.url}/_lab/s3/snapshot?bucket=nobody-has-this", timeout=10).status_code == 404


def test_another_owner_of_the_bucket_is_refused(s3: Any, bucket: str) -> None:
    owned = {"Bucket": bucket, "Key": "requirements.txt"}

    assert s3.get_object(**owned, ExpectedBucketOwner="123456789012")["Body"].read() == b"pendulum\n"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(**owned, Body=b"", ExpectedBucketOwner="210987654321")
    with pytest.raises(ClientError, match="403"):
        s3.head_object(**owned, ExpectedBucketOwner="210987654321")


def test_every_call_is_counted_by_its_operation(issuer: Any) -> None:
    with start_aws(oidc_issuer=issuer.url) as running:
        s3, cloudformation = client_for(running.url, "s3"), client_for(running.url, "cloudformation")
        make_bucket(s3, "counted")
        running.delete("calls")
        s3.put_object(Bucket="counted", Key="dags/a.py", Body=b"")
        s3.list_objects_v2(Bucket="counted")
        cloudformation.describe_stacks()
        client_for(running.url, "ssm").get_parameters(Names=["/a"])
        client_for(running.url, "mwaa").list_environments()
        with pytest.raises(ClientError):
            s3.head_object(Bucket="counted", Key="absent")

        told = running.get("calls")

    assert told["operations"] == {
        "airflow:ListEnvironments": 1,
        "cloudformation:DescribeStacks": 1,
        "s3:HeadObject": 1,
        "s3:ListObjectsV2": 1,
        "s3:PutObject": 1,
        "ssm:GetParameters": 1,
    }
    assert told["total"] == 6
    assert told["calls"][-1].items() >= {"path": "/counted/absent", "status": 404, "access_key": "test"}.items()


def test_what_the_lab_does_not_know_is_answered_with_what_it_knows(aws: RunningAws) -> None:
    answer = requests.get(f"{aws.url}/_lab/nothing", timeout=10)

    assert answer.status_code == 404
    assert "GET /_lab/mwaa/history" in answer.json()["routes"]
    assert requests.post(f"{aws.url}/_lab/mwaa/fail", json={}, timeout=10).status_code == 400
    assert requests.post(f"{aws.url}/_lab/mwaa/clock", json={"seconds_per_day": 1}, timeout=10).status_code == 400
    assert (
        requests.post(f"{aws.url}/_lab/mwaa/status", json={"name": "no", "status": "PENDING"}, timeout=10).status_code
        == 404
    )


def test_it_ends_cleanly_while_an_environment_is_being_made(issuer: Any) -> None:
    with start_aws(oidc_issuer=issuer.url, seconds_per_status=60) as running:
        s3 = client_for(running.url, "s3")
        make_bucket(s3, "source")
        template = (
            '{"Resources": {"E": {"Type": "AWS::MWAA::Environment", "Properties": {"Name": "e", "DagS3Path": "dags",'
            '"SourceBucketArn": "arn:aws:s3:::source", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r",'
            '"NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}}}}}'
        )
        client_for(running.url, "cloudformation").create_stack(StackName="s", TemplateBody=template)
        mwaa = client_for(running.url, "mwaa")
        wait_until(lambda: mwaa.list_environments()["Environments"], ["e"])

        running.process.send_signal(signal.SIGTERM)

        assert running.process.wait(10) == 0


def test_a_port_already_taken_is_told(aws: RunningAws) -> None:
    with pytest.raises(AwsNotStartedError, match="exit status 1"):
        start_aws(oidc_issuer="https://token.example.com", port=int(aws.url.rsplit(":", 1)[1]))


def test_it_listens_on_loopback_alone(aws: RunningAws) -> None:
    port = aws.url.rsplit(":", 1)[1]
    listening = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout

    assert [line.split()[3] for line in listening.splitlines()] == [f"127.0.0.1:{port}"]
