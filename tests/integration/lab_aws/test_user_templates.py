"""The templates that users are given, deployed as they are with their own parameters files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mwaa_deploy.bundle.parameters import read_parameters
from tests.integration.lab_aws.stacks import StackDriver

ROOT = Path(__file__).parents[3]
TEMPLATES = {
    ROOT / "infra/environment.yaml": "parameters/staging.json",
    ROOT / "examples/hello-mwaa/infra/template.yaml": "parameters/staging.json",
    ROOT / "infra/environment-private.yaml": "parameters/private.json",
}
"""With the parameters file of each."""
KEYS = {
    "PluginsVersion": "plugins.zip",
    "RequirementsVersion": "requirements.txt",
    "StartupScriptVersion": "startup.sh",
}


@pytest.fixture(params=TEMPLATES, ids=lambda path: path.stem)
def template(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def parameters(template: Path, bucket: str, name: str) -> dict[str, Any]:
    """The template's own parameters file, with the test's bucket and name in it."""
    given = read_parameters(template.parent / TEMPLATES[template]).values
    mine = {"BucketName": bucket, "EnvironmentName": name}
    return {key: mine.get(key, value or "") for key, value in given.items()}


@pytest.fixture
def stack(client: Callable[..., Any], name: str, template: Path) -> StackDriver:
    return StackDriver(client("cloudformation"), name, template.read_text())


@pytest.fixture
def versions(s3: Any, bucket: str) -> dict[str, Any]:
    return {name: s3.put_object(Bucket=bucket, Key=key, Body=b"1")["VersionId"] for name, key in KEYS.items()}


def test_the_environment_runs_with_the_versions_given(
    stack: StackDriver, parameters: dict[str, Any], versions: dict[str, Any], mwaa: Any, name: str
) -> None:
    assert stack.change(**parameters, **versions) == "CREATE_COMPLETE"

    environment = mwaa.get_environment(Name=name)["Environment"]
    assert environment["Status"] == "AVAILABLE"
    assert {
        environment["PluginsS3Path"]: environment["PluginsS3ObjectVersion"],
        environment["RequirementsS3Path"]: environment["RequirementsS3ObjectVersion"],
        environment["StartupScriptS3Path"]: environment["StartupScriptS3ObjectVersion"],
    } == {KEYS[parameter]: version for parameter, version in versions.items()}
    assert (
        stack.outputs().items()
        >= {
            "EnvironmentName": name,
            "WebserverUrl": f"https://{environment['WebserverUrl']}",
        }.items()
    )


def test_a_project_with_dags_alone_gets_an_environment_too(
    stack: StackDriver, parameters: dict[str, Any], mwaa: Any, name: str
) -> None:
    assert stack.change(**parameters) == "CREATE_COMPLETE"

    environment = mwaa.get_environment(Name=name)["Environment"]
    assert environment["DagS3Path"] == "dags"
    assert [field for field in environment if field.endswith("S3ObjectVersion")] == []


def test_a_new_version_changes_the_environment_in_place_and_nothing_else(
    stack: StackDriver, parameters: dict[str, Any], versions: dict[str, Any], s3: Any
) -> None:
    stack.change(**parameters, **versions)
    new = s3.put_object(Bucket=parameters["BucketName"], Key="requirements.txt", Body=b"2")["VersionId"]

    described = stack.prepare(**parameters, **{**versions, "RequirementsVersion": new})

    (change,) = (entry["ResourceChange"] for entry in described["Changes"])
    assert (change["LogicalResourceId"], change["Action"], change["Replacement"]) == ("Environment", "Modify", "False")


def test_the_same_again_is_no_change(stack: StackDriver, parameters: dict[str, Any], versions: dict[str, Any]) -> None:
    stack.change(**parameters, **versions)

    described = stack.prepare(**parameters, **versions)

    assert (described["Status"], described["Changes"]) == ("FAILED", [])


def test_others_can_look_up_the_environment_s_name(
    stack: StackDriver, parameters: dict[str, Any], client: Callable[..., Any], name: str
) -> None:
    stack.change(**parameters)

    found = client("ssm").get_parameter(Name=f"/mwaa/{stack.name}/environment-name")["Parameter"]

    assert found["Value"] == name


def test_the_stack_can_be_deleted(stack: StackDriver, parameters: dict[str, Any], mwaa: Any, name: str) -> None:
    stack.change(**parameters)

    assert stack.delete() == "DELETE_COMPLETE"

    with pytest.raises(mwaa.exceptions.ResourceNotFoundException):
        mwaa.get_environment(Name=name)


class TestEnvironmentTemplate:
    """What only infra/environment.yaml offers."""

    @pytest.fixture(params=[ROOT / "infra/environment.yaml"], ids=["environment"])
    def template(self, request: pytest.FixtureRequest) -> Path:
        found: Path = request.param
        return found

    @pytest.mark.parametrize("count", ["1", "2"])
    def test_there_are_as_many_nat_gateways_as_asked_for(
        self, stack: StackDriver, parameters: dict[str, Any], count: str
    ) -> None:
        assert stack.change(**{**parameters, "NatGateways": count}) == "CREATE_COMPLETE"

        resources = stack.client.describe_stack_resources(StackName=stack.name)["StackResources"]
        assert sum(found["ResourceType"] == "AWS::EC2::NatGateway" for found in resources) == int(count)

    def test_the_environment_is_called_like_its_stack_when_it_has_no_name(
        self, stack: StackDriver, parameters: dict[str, Any], mwaa: Any
    ) -> None:
        stack.change(**{**parameters, "EnvironmentName": ""})

        assert mwaa.get_environment(Name=stack.name)["Environment"]["Status"] == "AVAILABLE"

    def test_the_smallest_class_takes_one_worker_only(self, stack: StackDriver, parameters: dict[str, Any]) -> None:
        with pytest.raises(stack.client.exceptions.ClientError, match=r"mw1\.micro runs exactly one worker"):
            stack.prepare(**{**parameters, "EnvironmentClass": "mw1.micro"})


class TestPrivateEnvironmentTemplate:
    """What only infra/environment-private.yaml offers."""

    @pytest.fixture(params=[ROOT / "infra/environment-private.yaml"], ids=["environment-private"])
    def template(self, request: pytest.FixtureRequest) -> Path:
        found: Path = request.param
        return found

    def test_the_web_server_is_private_and_nothing_leads_out(
        self, stack: StackDriver, parameters: dict[str, Any], mwaa: Any, client: Callable[..., Any], name: str
    ) -> None:
        assert stack.change(**parameters) == "CREATE_COMPLETE"

        assert mwaa.get_environment(Name=name)["Environment"]["WebserverAccessMode"] == "PRIVATE_ONLY"
        # The emulator does not filter by VPC.
        vpc, ec2 = stack.outputs()["VpcId"], client("ec2")
        endpoints = [found for found in ec2.describe_vpc_endpoints()["VpcEndpoints"] if found["VpcId"] == vpc]
        assert len({found["ServiceName"] for found in endpoints}) == 10
        tables = [found for found in ec2.describe_route_tables()["RouteTables"] if found["VpcId"] == vpc]
        ways = {
            route.get("NatGatewayId") or route.get("GatewayId", "") for found in tables for route in found["Routes"]
        }
        assert tables
        assert {way for way in ways if way.startswith(("nat-", "igw-"))} == set()
