"""Environments as resources of stacks."""

from collections.abc import Callable
from typing import Any

import pytest

from lab.aws.process import RunningAws
from tests.integration.lab_aws.conftest import put_requirements
from tests.integration.lab_aws.stacks import StackDriver

Client = Callable[..., Any]


@pytest.fixture
def parameters(s3: Any, name: str, bucket: str) -> dict[str, str]:
    return {"Name": name, "Bucket": bucket, "RequirementsVersion": put_requirements(s3, bucket, "pendulum==3.0.0\n")}


@pytest.fixture
def standing(stack: StackDriver, parameters: dict[str, str]) -> StackDriver:
    assert stack.change(**parameters) == "CREATE_COMPLETE", stack.reasons("Environment", "CREATE_FAILED")
    return stack


def updates(aws: RunningAws, name: str) -> list[list[str]]:
    """The changed fields of each update of an environment."""
    return [update["fields"] for update in aws.get("mwaa/history", name=name)["updates"]]


def replacement(described: dict[str, Any]) -> dict[str, str]:
    """Replacement of the environment in a change set, and the properties that call for it."""
    change = next(
        c["ResourceChange"] for c in described["Changes"] if c["ResourceChange"]["LogicalResourceId"] == "Environment"
    )
    targets = {detail["Target"]["Name"]: detail["Target"]["RequiresRecreation"] for detail in change["Details"]}
    return {"": change["Replacement"], **targets}


def test_a_stack_with_an_environment_is_created_and_passes_through_in_progress(
    standing: StackDriver, mwaa: Any, name: str, parameters: dict[str, str]
) -> None:
    environment = mwaa.get_environment(Name=name)["Environment"]

    assert standing.statuses == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert environment["Status"] == "AVAILABLE"
    assert environment["RequirementsS3ObjectVersion"] == parameters["RequirementsVersion"]
    assert environment["AirflowConfigurationOptions"] == {"core.parallelism": "32", "core.load_examples": "false"}
    assert environment["MaxWorkers"] == 5
    assert environment["Tags"].items() >= {"team": "data", "aws:cloudformation:stack-name": standing.name}.items()
    assert standing.outputs() == {"Arn": environment["Arn"], "Webserver": environment["WebserverUrl"]}


def test_new_requirements_update_the_environment_exactly_once(
    standing: StackDriver, aws: RunningAws, mwaa: Any, s3: Any, parameters: dict[str, str]
) -> None:
    version = put_requirements(s3, parameters["Bucket"], "pendulum==3.0.1\n")

    status = standing.change(**{**parameters, "RequirementsVersion": version})

    environment = mwaa.get_environment(Name=parameters["Name"])["Environment"]
    assert status == "UPDATE_COMPLETE"
    assert "UPDATE_IN_PROGRESS" in standing.statuses
    assert updates(aws, parameters["Name"]) == [["RequirementsS3ObjectVersion"]]
    assert environment["RequirementsS3ObjectVersion"] == version
    assert environment["LastUpdate"]["Status"] == "SUCCESS"


def test_nothing_new_is_told_in_cloudformations_words(standing: StackDriver, parameters: dict[str, str]) -> None:
    described = standing.prepare(**parameters)

    assert described["Status"] == "FAILED"
    assert "didn't contain changes" in described["StatusReason"]


def test_a_change_of_another_resource_leaves_the_environment_alone(
    standing: StackDriver, aws: RunningAws, parameters: dict[str, str]
) -> None:
    standing.template = standing.template.replace("Type: String, Name:", "Type: String, Description: where, Name:")

    assert standing.change(**parameters) == "UPDATE_COMPLETE"
    assert updates(aws, parameters["Name"]) == []


def test_events_tell_of_changed_and_new_resources_alone(
    standing: StackDriver, s3: Any, parameters: dict[str, str]
) -> None:
    version = put_requirements(s3, parameters["Bucket"], "pendulum==3.0.1\n")
    extra = "  Extra: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: '1'}}\n"
    standing.template = standing.template.replace("Outputs:", f"{extra}Outputs:")

    standing.change(**{**parameters, "RequirementsVersion": version})

    told = standing.events()
    assert [event for event in told if event[0] == "Environment"] == [
        ("Environment", "UPDATE_IN_PROGRESS"),
        ("Environment", "UPDATE_COMPLETE"),
    ]
    assert [event for event in told if event[0] == "Extra"] == [
        ("Extra", "CREATE_IN_PROGRESS"),
        ("Extra", "CREATE_COMPLETE"),
    ]
    assert {logical_id for logical_id, _ in told} == {"Environment", "Extra", standing.name}


def test_new_stack_tags_update_the_environment(
    standing: StackDriver, aws: RunningAws, mwaa: Any, parameters: dict[str, str]
) -> None:
    """A tag that changes with every deployment would cost an environment update with every deployment."""
    standing.tags = {"commit": "abc"}

    assert standing.change(**parameters) == "UPDATE_COMPLETE"

    assert updates(aws, parameters["Name"]) == [[]]
    assert mwaa.get_environment(Name=parameters["Name"])["Environment"]["Tags"]["commit"] == "abc"


def test_a_failing_update_rolls_the_stack_back(
    standing: StackDriver, aws: RunningAws, mwaa: Any, s3: Any, parameters: dict[str, str]
) -> None:
    name = parameters["Name"]
    aws.post("mwaa/fail", name=name, message="Requirements could not be installed.", times=1)
    version = put_requirements(s3, parameters["Bucket"], "no-such-package\n")

    status = standing.change(**{**parameters, "RequirementsVersion": version})

    walked = [change["status"] for change in aws.get("mwaa/history", name=name)["statuses"]]
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "UPDATE_ROLLBACK_IN_PROGRESS" in standing.statuses
    assert len(standing.reasons("Environment", "UPDATE_FAILED")) == 1
    assert "Update failed. Requirements could not be installed." in standing.reasons("Environment", "UPDATE_FAILED")[0]
    assert (
        mwaa.get_environment(Name=name)["Environment"]["RequirementsS3ObjectVersion"]
        == parameters["RequirementsVersion"]
    )
    assert walked[2:] == ["UPDATING", "ROLLING_BACK", "UPDATE_FAILED", "UPDATING", "AVAILABLE"]


def test_a_roll_back_that_fails_leaves_the_stack_rollback_failed(
    standing: StackDriver, aws: RunningAws, client: Client, s3: Any, parameters: dict[str, str]
) -> None:
    aws.post("mwaa/fail", name=parameters["Name"], message="No way.", times=2)
    version = put_requirements(s3, parameters["Bucket"], "no-such-package\n")

    assert standing.change(**{**parameters, "RequirementsVersion": version}) == "UPDATE_ROLLBACK_FAILED"
    client("cloudformation").continue_update_rollback(StackName=standing.name)
    assert standing.wait() == "UPDATE_ROLLBACK_COMPLETE"


def test_a_version_that_is_not_there_fails_the_update_by_itself(
    standing: StackDriver, parameters: dict[str, str]
) -> None:
    status = standing.change(**{**parameters, "RequirementsVersion": "deadbeef"})

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "version deadbeef of requirements.txt does not exist" in standing.reasons("Environment", "UPDATE_FAILED")[0]


def test_a_refused_update_is_not_sent_back(
    standing: StackDriver, aws: RunningAws, s3: Any, parameters: dict[str, str]
) -> None:
    aws.post("mwaa/status", name=parameters["Name"], status="MAINTENANCE")
    version = put_requirements(s3, parameters["Bucket"], "pendulum\n")

    assert standing.change(**{**parameters, "RequirementsVersion": version}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "MAINTENANCE" in standing.reasons("Environment", "UPDATE_FAILED")[0]
    assert updates(aws, parameters["Name"]) == []


def test_a_failing_creation_rolls_the_stack_back_and_leaves_no_environment(
    stack: StackDriver, aws: RunningAws, mwaa: Any, parameters: dict[str, str]
) -> None:
    aws.post("mwaa/fail", name=parameters["Name"], message="No way.", times=1)

    assert stack.change(**parameters) == "ROLLBACK_COMPLETE"
    assert "Creation failed" in stack.reasons("Environment", "CREATE_FAILED")[0]


def test_deleting_the_stack_deletes_the_environment(
    standing: StackDriver, mwaa: Any, parameters: dict[str, str]
) -> None:
    assert standing.delete() == "DELETE_COMPLETE"
    with pytest.raises(mwaa.exceptions.ResourceNotFoundException):
        mwaa.get_environment(Name=parameters["Name"])


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"Name": "another"}, {"": "True", "Name": "Always"}),
        ({"Subnets": "subnet-1,subnet-3"}, {"": "True", "NetworkConfiguration": "Always"}),
        ({"SecurityGroup": "sg-2"}, {"": "False", "NetworkConfiguration": "Never"}),
        ({"AirflowVersion": "2.11.0"}, {"": "False", "AirflowVersion": "Never"}),
        ({"RequirementsVersion": "next"}, {"": "False", "RequirementsS3ObjectVersion": "Never"}),
    ],
)
def test_a_change_set_says_whether_it_replaces_the_environment(
    standing: StackDriver, parameters: dict[str, str], changed: dict[str, str], expected: dict[str, str]
) -> None:
    assert replacement(standing.prepare(**{**parameters, **changed})) == expected


def test_moving_a_named_environment_to_other_subnets_is_refused(
    standing: StackDriver, aws: RunningAws, parameters: dict[str, str]
) -> None:
    assert standing.change(**{**parameters, "Subnets": "subnet-1,subnet-3"}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing" in standing.reasons("Environment", "UPDATE_FAILED")[0]
    assert updates(aws, parameters["Name"]) == []


NETWORK = """
Resources:
  Network: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Network, CidrBlock: 10.0.0.0/24}}
  Address: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  Gateway:
    Type: AWS::EC2::NatGateway
    Properties: {SubnetId: !Ref Subnet, AllocationId: !GetAtt Address.AllocationId}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: workers, VpcId: !Ref Network}}
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref Group, IpProtocol: '-1', SourceSecurityGroupId: !Ref Group}
  Provider:
    Type: AWS::IAM::OIDCProvider
    Properties: {Url: 'https://token.example.com', ClientIdList: [sts.amazonaws.com]}
Outputs:
  Gateway: {Value: !Ref Gateway}
  Group: {Value: !Ref Group}
  Address: {Value: !Ref Address}
  Provider: {Value: !GetAtt Provider.Arn}
"""


def test_the_network_types_the_emulator_lacks_are_made_and_removed(client: Client, name: str) -> None:
    stack = StackDriver(client("cloudformation"), f"network-{name}", NETWORK)
    ec2, iam = client("ec2"), client("iam")

    assert stack.change() == "CREATE_COMPLETE"
    outputs = stack.outputs()
    rules = ec2.describe_security_groups(GroupIds=[outputs["Group"]])["SecurityGroups"][0]["IpPermissions"]
    assert [pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]] == [outputs["Group"]]
    assert ec2.describe_nat_gateways(NatGatewayIds=[outputs["Gateway"]])["NatGateways"][0]["State"] == "available"
    assert outputs["Address"] in [found["PublicIp"] for found in ec2.describe_addresses()["Addresses"]]
    provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=outputs["Provider"])
    assert provider["ClientIDList"] == ["sts.amazonaws.com"]

    stack.template = NETWORK.replace("Domain: vpc", "Domain: vpc, Tags: [{Key: team, Value: data}]").replace(
        "[sts.amazonaws.com]", "[sts.amazonaws.com, another]"
    )
    assert stack.change() == "UPDATE_COMPLETE"
    assert stack.outputs() == outputs
    provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=outputs["Provider"])
    assert provider["ClientIDList"] == ["sts.amazonaws.com", "another"]

    assert stack.delete() == "DELETE_COMPLETE"
    assert outputs["Address"] not in [found["PublicIp"] for found in ec2.describe_addresses()["Addresses"]]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=outputs["Provider"])
