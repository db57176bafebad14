"""The CloudFormation templates that users deploy: those of infra/ and the example's own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.bundle.keys import DEFAULT_KEYS
from mwaa_deploy.bundle.parameters import read_parameters
from mwaa_deploy.bundle.template import parse_template
from mwaa_deploy.parts import VERSIONED_PARTS

ROOT = Path(__file__).parents[2]
CONNECTED = (ROOT / "infra/environment.yaml", ROOT / "examples/hello-mwaa/infra/template.yaml")
PRIVATE = ROOT / "infra/environment-private.yaml"
TEMPLATES = (*CONNECTED, PRIVATE)
PARAMETER_FILES = (
    *((template, template.parent / "parameters/staging.json") for template in CONNECTED),
    (CONNECTED[1], CONNECTED[1].parent / "parameters/production.json"),
    (PRIVATE, PRIVATE.parent / "parameters/private.json"),
)


@pytest.fixture(params=TEMPLATES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def document(path: Path) -> Any:
    return load_document(path.read_text())


@pytest.fixture
def environment(document: Any) -> Any:
    return next(found for found in document["Resources"].values() if found["Type"] == "AWS::MWAA::Environment")


def _of_type(document: Any, kind: str) -> set[str]:
    return {name for name, found in document["Resources"].items() if found["Type"] == kind}


def _statements(document: Any) -> Iterator[Any]:
    for found in document["Resources"].values():
        properties = found.get("Properties", {})
        policies = [properties, *properties.get("Policies", [])]
        for policy in policies:
            yield from policy.get("PolicyDocument", {}).get("Statement", [])


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_cfn_lint_has_nothing_to_say(path: Path) -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.stdout, result.returncode) == ("", 0)


def test_each_version_is_a_parameter_that_may_be_left_empty(path: Path) -> None:
    template = parse_template(path.read_text())

    assert dict(template.version_parameters) == dict(
        zip(VERSIONED_PARTS, ("PluginsVersion", "RequirementsVersion", "StartupScriptVersion"), strict=True)
    )
    assert [template.parameters[name].default for name in template.version_parameters.values()] == ["", "", ""]


def test_the_parts_lie_where_they_lie_without_a_template(path: Path) -> None:
    assert parse_template(path.read_text()).paths == DEFAULT_KEYS


@pytest.mark.parametrize("part", ["Plugins", "Requirements", "StartupScript"])
def test_a_path_is_given_exactly_when_its_version_is(document: Any, environment: Any, part: str) -> None:
    """MWAA refuses a version without a path, and would take the newest object for a path without a version."""
    path, version = (environment["Properties"][f"{part}S3{kind}"]["Fn::If"] for kind in ("Path", "ObjectVersion"))

    assert path[0] == version[0] == f"Has{part}"
    assert path[2] == version[2] == {"Ref": "AWS::NoValue"}
    assert document["Conditions"][f"Has{part}"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": f"{part}Version"}, ""]}]}


def test_the_environment_waits_for_its_network_and_rights(document: Any, environment: Any) -> None:
    needed = {
        name
        for kind in (
            "AWS::EC2::Route",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::EC2::VPCEndpoint",
            "AWS::IAM::Policy",
        )
        for name in _of_type(document, kind)
    }

    assert set(environment["DependsOn"]) == needed


@pytest.mark.parametrize("path", CONNECTED, ids=lambda path: path.stem)
def test_the_private_subnets_reach_the_internet_only_through_nat(document: Any, environment: Any) -> None:
    resources = document["Resources"]
    private = {reference["Ref"] for reference in environment["Properties"]["NetworkConfiguration"]["SubnetIds"]}
    tables = {
        resources[name]["Properties"]["RouteTableId"]["Ref"]
        for name in _of_type(document, "AWS::EC2::SubnetRouteTableAssociation")
        if resources[name]["Properties"]["SubnetId"]["Ref"] in private
    }
    routes = [
        resources[name]["Properties"]
        for name in _of_type(document, "AWS::EC2::Route")
        if resources[name]["Properties"]["RouteTableId"]["Ref"] in tables
    ]

    assert len(private) == 2
    assert len(routes) == len(tables)
    assert all("NatGatewayId" in route and "GatewayId" not in route for route in routes)


def test_the_private_subnets_lie_in_two_availability_zones(document: Any, environment: Any) -> None:
    private = [reference["Ref"] for reference in environment["Properties"]["NetworkConfiguration"]["SubnetIds"]]
    zones = [document["Resources"][name]["Properties"]["AvailabilityZone"]["Fn::Select"][0] for name in private]

    assert sorted(zones) == ["0", "1"]


def test_only_the_environment_itself_reaches_its_security_group(document: Any) -> None:
    (name,) = _of_type(document, "AWS::EC2::SecurityGroupIngress")
    rule = document["Resources"][name]["Properties"]

    assert rule["SourceSecurityGroupId"] == rule["GroupId"]
    assert not {"CidrIp", "CidrIpv6"} & set(rule)


def test_the_execution_role_may_do_what_mwaa_asks_for_and_no_more(document: Any) -> None:
    granted = {action for statement in _statements(document) for action in _as_list(statement["Action"])}

    assert {action.partition(":")[0] for action in granted} == {"airflow", "s3", "logs", "cloudwatch", "sqs", "kms"}
    assert {action for action in granted if "*" in action} == {
        "s3:GetObject*",
        "s3:GetBucket*",
        "s3:List*",
        "kms:GenerateDataKey*",
    }


def test_only_what_has_no_resource_of_its_own_is_granted_on_everything(document: Any) -> None:
    granted = {
        action
        for statement in _statements(document)
        if statement.get("Resource") == "*"
        for action in _as_list(statement["Action"])
    }

    assert granted == {"logs:DescribeLogGroups", "s3:GetAccountPublicAccessBlock", "cloudwatch:PutMetricData"}


def test_keys_are_used_only_through_the_queues(document: Any) -> None:
    (statement,) = (found for found in _statements(document) if "kms:Decrypt" in _as_list(found["Action"]))

    assert statement["Condition"] == {"StringLike": {"kms:ViaService": {"Fn::Sub": "sqs.${AWS::Region}.amazonaws.com"}}}


def test_only_mwaa_acting_for_this_account_may_assume_the_execution_role(document: Any) -> None:
    trust = document["Resources"]["ExecutionRole"]["Properties"]["AssumeRolePolicyDocument"]

    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_policy_versions_are_text_to_every_yaml_parser(path: Path) -> None:
    """Without quotes, YAML 1.1 reads 2012-10-17 as a date."""
    written = re.findall(r"Version: *(\S*20\d\d-\d\d-\d\d\S*)", path.read_text())

    assert set(written) == {"'2010-09-09'", "'2012-10-17'"}


def test_a_replaced_environment_is_kept(environment: Any) -> None:
    assert environment["UpdateReplacePolicy"] == "Retain"


def test_no_parameters_file_is_left_out() -> None:
    there = {file for template in TEMPLATES for file in (template.parent / "parameters").glob("*.json")}

    assert {file for _, file in PARAMETER_FILES} == there


@pytest.mark.parametrize(("path", "file"), PARAMETER_FILES, ids=lambda path: path.stem)
def test_a_parameters_file_fits_its_template(path: Path, file: Path) -> None:
    """Every key is one of the template's, and every parameter without a default is given."""
    declared = parse_template(path.read_text()).parameters

    given = set(read_parameters(file).values)

    assert given - set(declared) == set()
    assert {name for name, parameter in declared.items() if parameter.default is None} - given == set()


@pytest.mark.parametrize("path", [PRIVATE], ids=lambda path: path.stem)
class TestWithoutTheInternet:
    """What only infra/environment-private.yaml promises."""

    def test_no_way_leads_out(self, document: Any) -> None:
        ways = {"InternetGateway", "VPCGatewayAttachment", "NatGateway", "EIP", "Route", "EgressOnlyInternetGateway"}

        assert {found["Type"] for found in document["Resources"].values()} & {
            f"AWS::EC2::{way}" for way in ways
        } == set()

    def test_the_web_server_is_private_whatever_is_given(self, document: Any, environment: Any) -> None:
        assert environment["Properties"]["WebserverAccessMode"] == "PRIVATE_ONLY"
        assert "WebserverAccessMode" not in document["Parameters"]

    def test_every_service_of_mwaa_has_an_endpoint(self, document: Any) -> None:
        """Source: "Creating the required VPC service endpoints" of MWAA's user guide."""
        needed = [
            "s3",
            "sqs",
            "logs",
            "monitoring",
            "kms",
            "ecr.api",
            "ecr.dkr",
            "airflow.api",
            "airflow.env",
            "airflow.ops",
        ]

        names = [found["ServiceName"]["Fn::Sub"] for found in self._endpoints(document)]

        assert sorted(names) == sorted(f"com.amazonaws.${{AWS::Region}}.{service}" for service in needed)

    def test_each_endpoint_answers_under_its_public_name_where_the_environment_runs(
        self, document: Any, environment: Any
    ) -> None:
        network = environment["Properties"]["NetworkConfiguration"]
        interfaces = [found for found in self._endpoints(document) if found["VpcEndpointType"] == "Interface"]

        assert len(interfaces) == 9
        for found in interfaces:
            assert found["PrivateDnsEnabled"] is True
            assert found["SubnetIds"] == network["SubnetIds"]
            assert found["SecurityGroupIds"] == network["SecurityGroupIds"]

    def test_both_subnets_reach_s3_by_the_one_gateway(self, document: Any, environment: Any) -> None:
        resources = document["Resources"]
        subnets = environment["Properties"]["NetworkConfiguration"]["SubnetIds"]
        ties = [resources[name]["Properties"] for name in _of_type(document, "AWS::EC2::SubnetRouteTableAssociation")]
        (gateway,) = (found for found in self._endpoints(document) if found["VpcEndpointType"] == "Gateway")

        assert gateway["ServiceName"]["Fn::Sub"].endswith(".s3")
        assert sorted(tie["SubnetId"]["Ref"] for tie in ties) == sorted(subnet["Ref"] for subnet in subnets)
        assert all(gateway["RouteTableIds"] == [tie["RouteTableId"]] for tie in ties)

    def test_it_takes_the_parameters_of_the_connected_one(self, document: Any) -> None:
        connected = set(parse_template(CONNECTED[0].read_text()).parameters)

        assert set(document["Parameters"]) == connected - {"WebserverAccessMode", "NatGateways"}

    @staticmethod
    def _endpoints(document: Any) -> list[Any]:
        return [document["Resources"][name]["Properties"] for name in _of_type(document, "AWS::EC2::VPCEndpoint")]


class TestGithubOidc:
    """infra/github-oidc.yaml, which has no environment in it."""

    PATH = ROOT / "infra/github-oidc.yaml"

    @pytest.fixture
    def document(self) -> Any:
        return load_document(self.PATH.read_text())

    @pytest.fixture
    def statements(self, document: Any) -> list[Any]:
        """The deploying role's statements, those under a condition too."""
        found = document["Resources"]["DeployPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        return [entry["Fn::If"][1] if "Fn::If" in entry else entry for entry in found]

    def test_cfn_lint_has_nothing_to_say(self) -> None:
        test_cfn_lint_has_nothing_to_say(self.PATH)

    def test_policy_versions_are_text_to_every_yaml_parser(self) -> None:
        test_policy_versions_are_text_to_every_yaml_parser(self.PATH)

    def test_the_trust_policy_compares_exactly(self, document: Any) -> None:
        trust = document["Resources"]["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]

        (statement,) = trust["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Condition"].keys() == {"StringEquals"}
        issuer = "token.actions.githubusercontent.com"
        assert statement["Condition"]["StringEquals"].keys() == {f"{issuer}:aud", f"{issuer}:sub"}
        assert statement["Condition"]["StringEquals"][f"{issuer}:aud"] == "sts.amazonaws.com"

    @pytest.mark.parametrize("name", ["Repository", "Branch", "Environment", "OwnerId", "RepositoryId"])
    def test_no_parameter_of_the_subject_takes_a_wildcard(self, document: Any, name: str) -> None:
        pattern = re.compile(document["Parameters"][name]["AllowedPattern"])

        good = {"Repository": "octo/flows", "OwnerId": "1", "RepositoryId": "1"}.get(name, "main")
        assert pattern.fullmatch(good)
        assert [bad for bad in ("*", f"{good}*", good.replace(good[-1], "?")) if pattern.fullmatch(bad)] == []

    def test_only_the_login_is_granted_on_everything(self, statements: list[Any]) -> None:
        assert {entry["Sid"] for entry in statements if entry["Resource"] == "*"} == {"RegistryLogin"}

    def test_no_action_has_a_wildcard(self, statements: list[Any]) -> None:
        assert [action for entry in statements for action in _as_list(entry["Action"]) if "*" in action] == []

    def test_no_version_can_be_deleted(self, statements: list[Any]) -> None:
        assert "s3:DeleteObjectVersion" not in {action for entry in statements for action in _as_list(entry["Action"])}

    def test_roles_are_passed_to_one_service_each(self, statements: list[Any]) -> None:
        passing = [entry for entry in statements if "iam:PassRole" in _as_list(entry["Action"])]

        assert len(passing) == 2
        assert all("iam:PassedToService" in entry["Condition"]["StringEquals"] for entry in passing)

    def test_the_documentation_has_each_statement(self, statements: list[Any]) -> None:
        told = set(re.findall(r"`(\w+)`", (ROOT / "docs/iam.md").read_text()))

        assert {entry["Sid"] for entry in statements} - told == set()

    def test_the_bucket_outlives_its_stack_and_is_versioned_closed_encrypted_and_tls_only(self, document: Any) -> None:
        bucket = document["Resources"]["Bucket"]

        assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["Properties"]["PublicAccessBlockConfiguration"]) == 4
        assert "BucketEncryption" in bucket["Properties"]
        (statement,) = document["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
