"""The role of infra/github-oidc.yaml: enough for what every mode does, and each of its statements is needed.

A new statement needs a line in OPERATIONS.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from lab.aws.emulator import ACCOUNT
from lab.aws.process import RunningAws
from mwaa_deploy.errors import DriftFound
from mwaa_deploy.parts import Part
from mwaa_deploy.target.record import record_key
from tests.fixtures.lab_target import NETWORK
from tests.integration.lab_aws.infra import REPOSITORY, Deployments, Infra, make_infra
from tests.integration.lab_aws.issuer import Issuer


@pytest.fixture(scope="module")
def lab_variables(aws: RunningAws) -> Iterator[None]:
    """What leads the program's own clients to the lab."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        patch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        yield


@pytest.fixture(scope="module")
def tls_policies() -> dict[str, str]:
    """The policies that were taken off buckets, by bucket."""
    return {}


def _open(infra: Infra, policies: dict[str, str]) -> Infra:
    """Take off the bucket's policy, which refuses everything that the lab is asked over HTTP."""
    s3 = infra.root("s3")
    policies[infra.bucket] = s3.get_bucket_policy(Bucket=infra.bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=infra.bucket)
    return infra


@pytest.fixture(scope="module")
def with_stack(aws: RunningAws, issuer: Issuer, lab_variables: None, tls_policies: dict[str, str]) -> Infra:
    return _open(make_infra(aws, issuer, with_stack=True), tls_policies)


@pytest.fixture(scope="module")
def without_stack(aws: RunningAws, with_stack: Infra, tls_policies: dict[str, str]) -> Infra:
    """A second one in the account, for an environment that somebody else has made."""
    provider = with_stack.outputs["ProviderArn"]
    made = make_infra(aws, with_stack.issuer, with_stack=False, ExistingProviderArn=provider)
    made.root("mwaa").create_environment(
        Name=made.environment,
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/airflow",
        SourceBucketArn=f"arn:aws:s3:::{made.bucket}",
        DagS3Path="dags",
        NetworkConfiguration=NETWORK,
    )
    return _open(made, tls_policies)


@pytest.fixture(params=["with_stack", "without_stack"])
def infra(request: pytest.FixtureRequest) -> Infra:
    found: Infra = request.getfixturevalue(request.param)
    return found


class TestModes:
    """What every mode needs is granted."""

    def test_a_project_is_planned_deployed_changed_watched_and_rolled_back(self, infra: Infra, tmp_path: Path) -> None:
        deployments = Deployments(infra, tmp_path)

        first = deployments.plan()
        assert {op.part for op in first.operations} >= {Part.REQUIREMENTS, Part.STARTUP_SCRIPT, Part.DAGS}
        deployments.deploy()
        assert deployments.plan().empty

        deployments.world.files["startup.sh"] = "export A=2\n"
        deployments.world.files["dags/big.py"] = "#" * (9 << 20)
        del deployments.world.files["dags/team b/ü.py"]
        assert not deployments.plan().empty
        deployments.deploy()
        assert startup_script(infra) == b"export A=2\n"
        assert dag_files(infra) >= {"dags/big.py"}
        assert "dags/team b/ü.py" not in dag_files(infra)
        deployments.watch_drift()

        infra.root("s3").put_object(Bucket=infra.bucket, Key="dags/a.py", Body=b"by somebody else")
        with pytest.raises(DriftFound, match=r"a\.py"):
            deployments.watch_drift()

        deployments.roll_back()
        assert startup_script(infra) == b"export A=1\n"
        assert dag_files(infra) >= {"dags/team b/ü.py"}
        assert "dags/big.py" not in dag_files(infra)
        deployments.watch_drift()


def startup_script(infra: Infra) -> bytes:
    """What the environment starts with."""
    live = infra.root("mwaa").get_environment(Name=infra.environment)["Environment"]
    assert live["Status"] == "AVAILABLE"
    key, version = live["StartupScriptS3Path"], live["StartupScriptS3ObjectVersion"]
    found = infra.root("s3").get_object(Bucket=infra.bucket, Key=key, VersionId=version)
    body: bytes = found["Body"].read()
    return body


def dag_files(infra: Infra) -> set[str]:
    """Keys in the DAG folder."""
    listed = infra.root("s3").list_objects_v2(Bucket=infra.bucket, Prefix="dags/")
    return {entry["Key"] for entry in listed["Contents"]}


class Operation(NamedTuple):
    """One call that a statement allows; it may fail otherwise, but not be denied."""

    service: str
    call: Callable[[Any, Infra], object]
    of: str = "with_stack"


def _change_set(client: Any, infra: Infra) -> object:
    body = "Resources: {Nothing: {Type: 'AWS::CloudFormation::WaitConditionHandle'}}"
    given = {"TemplateBody": body, "ChangeSetName": "one", "ChangeSetType": "CREATE"}
    return client.create_change_set(StackName=infra.stack, **given)


OPERATIONS: dict[str, Operation] = {
    "BucketListing": Operation("s3", lambda s3, infra: s3.list_object_versions(Bucket=infra.bucket)),
    "BucketSettings": Operation("s3", lambda s3, infra: s3.get_public_access_block(Bucket=infra.bucket)),
    "ReadObjects": Operation("s3", lambda s3, infra: s3.get_object(Bucket=infra.bucket, Key="requirements.txt")),
    "WriteObjects": Operation(
        "s3", lambda s3, infra: s3.put_object(Bucket=infra.bucket, Key=f"mwaa-deploy/{infra.stack}/x", Body=b"")
    ),
    "DeleteDags": Operation("s3", lambda s3, infra: s3.delete_object(Bucket=infra.bucket, Key="dags/x.py")),
    "DeleteNote": Operation(
        "s3", lambda s3, infra: s3.delete_object(Bucket=infra.bucket, Key=f"mwaa-deploy/{infra.stack}/unfinished.json")
    ),
    "EnvironmentState": Operation("mwaa", lambda mwaa, infra: mwaa.get_environment(Name=infra.environment)),
    "EnvironmentUpdate": Operation(
        "mwaa", lambda mwaa, infra: mwaa.update_environment(Name=infra.environment, MaxWorkers=0), "without_stack"
    ),
    "LiveAirflow": Operation(
        "mwaa", lambda mwaa, infra: mwaa.invoke_rest_api(Name=infra.environment, Path="/dags", Method="GET")
    ),
    "InstallationLogs": Operation(
        "logs", lambda logs, infra: logs.filter_log_events(logGroupName=f"airflow-{infra.environment}-Worker")
    ),
    "StackState": Operation("cloudformation", lambda stacks, infra: stacks.list_stack_resources(StackName=infra.stack)),
    "ChangeSets": Operation("cloudformation", _change_set),
    "ExecuteChangeSets": Operation(
        "cloudformation",
        lambda stacks, infra: stacks.execute_change_set(StackName=infra.stack, ChangeSetName="none-such"),
    ),
    "TerminationProtection": Operation(
        "cloudformation",
        lambda stacks, infra: stacks.update_termination_protection(
            StackName=infra.stack, EnableTerminationProtection=True
        ),
    ),
    "PreviewOfNewStack": Operation("cloudformation", lambda stacks, infra: stacks.delete_stack(StackName=infra.stack)),
}
"""What is denied once a statement is taken away, by the statement's Sid."""

NOT_ENFORCED = {
    "PassCloudFormationRole": "the emulator asks nobody for iam:PassRole",
}
"""Statements that no call of the emulator needs; docs/on-trust.md has them."""


def denied(operation: Operation, infra: Infra) -> bool:
    """Whether the role's session is refused what it asks for."""
    try:
        operation.call(infra.client(operation.service), infra)
    except ClientError as e:
        return "AccessDenied" in e.response["Error"]["Code"] or e.response["Error"]["Code"] == "403"
    return False


@pytest.fixture
def subject(request: pytest.FixtureRequest, sid: str) -> Iterator[Infra]:
    """The template's resources that a statement is part of; afterwards the role has all its statements again."""
    infra: Infra = request.getfixturevalue(OPERATIONS[sid].of)
    statements = infra.statements()
    yield infra
    infra.allow(statements)


@pytest.mark.parametrize("sid", OPERATIONS)
def test_each_statement_is_needed(subject: Infra, sid: str) -> None:
    statements = subject.statements()
    rest = [found for found in statements if found["Sid"] != sid]
    assert len(rest) == len(statements) - 1

    subject.allow(rest)

    assert denied(OPERATIONS[sid], subject)


@pytest.mark.parametrize("sid", [sid for sid in OPERATIONS if sid != "PreviewOfNewStack"])
def test_each_statement_is_enough(subject: Infra, sid: str) -> None:
    subject.allow([found for found in subject.statements() if found["Sid"] == sid])

    assert not denied(OPERATIONS[sid], subject)


def test_every_statement_has_its_operation(with_stack: Infra, without_stack: Infra) -> None:
    granted = {found["Sid"] for infra in (with_stack, without_stack) for found in infra.statements()}

    assert granted == OPERATIONS.keys() | NOT_ENFORCED.keys()
    assert OPERATIONS.keys().isdisjoint(NOT_ENFORCED)


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("s3", lambda s3, infra: s3.delete_object(Bucket=infra.bucket, Key="requirements.txt")),
        (
            "s3",
            lambda s3, infra: s3.delete_object(Bucket=infra.bucket, Key=record_key(infra.stack or infra.environment)),
        ),
        ("s3", lambda s3, infra: s3.delete_object(Bucket=infra.bucket, Key="dags/a.py", VersionId="1")),
        ("s3", lambda s3, infra: s3.put_object(Bucket=infra.bucket, Key="other.txt", Body=b"")),
        ("s3", lambda s3, infra: s3.get_object(Bucket=infra.bucket, Key="mwaa-deploy/another/record.json")),
        ("s3", lambda s3, infra: s3.list_object_versions(Bucket=f"{infra.bucket}-2")),
        ("s3", lambda s3, infra: s3.put_bucket_versioning(Bucket=infra.bucket, VersioningConfiguration={})),
        ("mwaa", lambda mwaa, infra: mwaa.get_environment(Name=f"{infra.environment}-2")),
        ("mwaa", lambda mwaa, infra: mwaa.update_environment(Name=f"{infra.environment}-2", MaxWorkers=0)),
        ("mwaa", lambda mwaa, infra: mwaa.delete_environment(Name=infra.environment)),
        ("cloudformation", lambda stacks, infra: stacks.delete_stack(StackName=f"{infra.stack}-2")),
        ("cloudformation", lambda stacks, infra: stacks.describe_stacks(StackName=f"{infra.stack}-2")),
        ("iam", lambda iam, infra: iam.put_role_policy(RoleName=infra.role, PolicyName="p", PolicyDocument="{}")),
        ("logs", lambda logs, _: logs.filter_log_events(logGroupName="another-group")),
    ],
)
def test_what_belongs_to_others_is_denied(infra: Infra, service: str, call: Callable[[Any, Infra], object]) -> None:
    assert denied(Operation(service, call), infra)


class TestTrust:
    """Whose tokens are given the role."""

    @pytest.mark.parametrize(
        "subject",
        [
            f"repo:{REPOSITORY}:ref:refs/heads/other",
            f"repo:{REPOSITORY}:ref:refs/tags/main",
            f"repo:{REPOSITORY}:pull_request",
            f"repo:{REPOSITORY}:environment:production",
            f"repo:{REPOSITORY}-fork:ref:refs/heads/main",
            "repo:octo@1/flows@2:ref:refs/heads/main",
        ],
    )
    def test_another_subject_is_refused(self, with_stack: Infra, subject: str) -> None:
        assert with_stack.credentials()
        with pytest.raises(ClientError, match="AccessDenied"):
            with_stack.credentials(sub=subject)

    @pytest.mark.parametrize(
        ("parameters", "taken", "refused"),
        [
            (
                {"OwnerId": "123456", "RepositoryId": "456789"},
                "repo:octo@123456/flows@456789:ref:refs/heads/main",
                "repo:octo/flows:ref:refs/heads/main",
            ),
            (
                {"Branch": "release/2"},
                "repo:octo/flows:ref:refs/heads/release/2",
                "repo:octo/flows:ref:refs/heads/main",
            ),
            (
                {"Environment": "production"},
                "repo:octo/flows:environment:production",
                "repo:octo/flows:ref:refs/heads/main",
            ),
            (
                {"Environment": "production", "OwnerId": "1", "RepositoryId": "2"},
                "repo:octo@1/flows@2:environment:production",
                "repo:octo@1/flows@3:environment:production",
            ),
        ],
    )
    def test_the_parameters_name_the_one_subject(
        self, with_stack: Infra, parameters: dict[str, str], taken: str, refused: str
    ) -> None:
        provider = with_stack.outputs["ProviderArn"]
        made = make_infra(
            with_stack.aws, with_stack.issuer, with_stack=False, ExistingProviderArn=provider, **parameters
        )

        assert made.credentials(sub=taken)
        with pytest.raises(ClientError, match="AccessDenied"):
            made.credentials(sub=refused)


def test_the_bucket_takes_no_request_without_tls(infra: Infra, tls_policies: dict[str, str]) -> None:
    """The lab's own requests are such."""
    infra.root("s3").put_bucket_policy(Bucket=infra.bucket, Policy=tls_policies[infra.bucket])
    try:
        assert denied(OPERATIONS["BucketListing"], infra)
    finally:
        infra.root("s3").delete_bucket_policy(Bucket=infra.bucket)
    assert not denied(OPERATIONS["BucketListing"], infra)


def test_the_bucket_is_one_that_mwaa_takes(infra: Infra) -> None:
    s3 = infra.root("s3")

    assert s3.get_bucket_versioning(Bucket=infra.bucket)["Status"] == "Enabled"
    blocks = s3.get_public_access_block(Bucket=infra.bucket)["PublicAccessBlockConfiguration"]
    assert set(blocks.values()) == {True}
