import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.bundle.template import Template, TemplateParameter, parse_template, read_template
from mwaa_deploy.errors import TemplateInvalid
from mwaa_deploy.parts import Part

WHOLE = """\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  EnvironmentName: {Type: String}
  DagPath: {Type: String, Default: dags}
  PluginsVersion: {Type: String, Default: ""}
  RequirementsVersion: {Type: String}
  StartupVersion: {Type: String, Default: ""}
  Workers: {Type: Number, Default: 010}
  Subnets: {Type: List<AWS::EC2::Subnet::Id>, Default: [a, b]}
  Password: {Type: String, NoEcho: true}
Conditions:
  HasPlugins: !Not [!Equals [!Ref PluginsVersion, ""]]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17}
  Mwaa:
    Type: AWS::MWAA::Environment
    Properties:
      Name: !Ref EnvironmentName
      DagS3Path: !Ref DagPath
      PluginsS3Path: !If [HasPlugins, plugins.zip, !Ref "AWS::NoValue"]
      PluginsS3ObjectVersion: !If [HasPlugins, !Ref PluginsVersion, !Ref "AWS::NoValue"]
      RequirementsS3Path: !Sub "${DagPath}/requirements.txt"
      RequirementsS3ObjectVersion: {"Ref": RequirementsVersion}
      StartupScriptS3Path: !Join ["/", [startup, startup.sh]]
      StartupScriptS3ObjectVersion: !Sub "${StartupVersion}"
      ExecutionRoleArn: !GetAtt Role.Arn
"""


def environment(**properties: object) -> str:
    return json.dumps(
        {
            "Parameters": {"A": {"Type": "String"}, "B": {"Type": "String"}},
            "Resources": {"E": {"Type": "AWS::MWAA::Environment", "Properties": properties}},
        }
    )


def test_everything_a_deployment_needs_is_read():
    assert parse_template(WHOLE) == Template(
        body=WHOLE,
        parameters={
            "EnvironmentName": TemplateParameter(),
            "DagPath": TemplateParameter(default="dags"),
            "PluginsVersion": TemplateParameter(default=""),
            "RequirementsVersion": TemplateParameter(),
            "StartupVersion": TemplateParameter(default=""),
            "Workers": TemplateParameter(type="Number", default="010"),
            "Subnets": TemplateParameter(type="List<AWS::EC2::Subnet::Id>", default="a,b"),
            "Password": TemplateParameter(no_echo=True),
        },
        environment="Mwaa",
        version_parameters={
            Part.PLUGINS: "PluginsVersion",
            Part.REQUIREMENTS: "RequirementsVersion",
            Part.STARTUP_SCRIPT: "StartupVersion",
        },
        paths={
            Part.DAGS: "${DagPath}",
            Part.PLUGINS: "plugins.zip",
            Part.REQUIREMENTS: "${DagPath}/requirements.txt",
            Part.STARTUP_SCRIPT: "${Fn::Join}",
        },
    )


REFERENCES = st.recursive(
    st.just({"Ref": "A"}) | st.just({"Fn::Sub": "${A}"}),
    lambda inner: st.builds(lambda a, b: {"Fn::If": ["C", a, b]}, inner, inner | st.just({"Ref": "AWS::NoValue"})),
    max_leaves=6,
)


@given(value=REFERENCES)
def test_version_parameter_is_found_through_any_nesting(value):
    found = parse_template(environment(PluginsS3ObjectVersion=value))

    assert found.version_parameters == {Part.PLUGINS: "A"}


@pytest.mark.parametrize(
    "value",
    [
        "abc123",
        {"Ref": "AWS::StackName"},
        {"Ref": "SomeResource"},
        {"Fn::GetAtt": ["X", "Version"]},
        {"Fn::Sub": "${A}-x"},
        {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "B"}]},
        {"Fn::If": "C"},
        {"Ref": ["A"]},
        {"Ref": "A", "Extra": "B"},
        None,
    ],
)
def test_version_that_is_not_one_parameter_is_none(value):
    assert parse_template(environment(PluginsS3ObjectVersion=value)).version_parameters == {}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("plugins.zip", "plugins.zip"),
        ("a${b}c", "a${!b}c"),
        ({"Ref": "A"}, "${A}"),
        ({"Fn::If": ["C", "x.zip", "x.zip"]}, "x.zip"),
        ({"Fn::If": ["C", {"Ref": "AWS::NoValue"}, "x.zip"]}, "x.zip"),
        ({"Fn::If": ["C", "x.zip", "y.zip"]}, "${Fn::If}"),
        ({"Fn::ImportValue": "x"}, "${Fn::ImportValue}"),
    ],
)
def test_paths_are_written_as_fn_sub_would(value, path):
    assert parse_template(environment(PluginsS3Path=value)).paths == {Part.PLUGINS: path}


def test_template_without_environment_is_read():
    found = parse_template("Resources:\n  Topic: {Type: AWS::SNS::Topic}\n  Odd: text\n")

    assert (found.environment, found.paths, found.version_parameters) == (None, {}, {})


@pytest.mark.parametrize("echo", ["true", '"true"', "True", "'True'", "yes"])
def test_no_echo_in_every_spelling(echo):
    found = parse_template(f"Parameters:\n  P: {{Type: String, NoEcho: {echo}}}\nResources: {{}}\n")

    assert found.parameters["P"].no_echo


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Resources:\n  A: [1\n", "line 3"),
        ("", "no Resources"),
        ("- a\n", "no Resources"),
        ("Resources: text\n", "no Resources"),
        ("Parameters: [a]\nResources: {}\n", "line 1: Parameters is not a mapping"),
        ("Resources: {}\nParameters:\n  P: String\n", "line 3: parameter P is not a mapping"),
        ("Resources:\n  A: {}\n  A: {}\n", "line 3: the key A stands twice"),
        (
            "Resources:\n  A: {Type: 'AWS::MWAA::Environment'}\n  B: {Type: 'AWS::MWAA::Environment'}\n",
            r"2 MWAA environments: A \(line 2\), B \(line 3\)",
        ),
    ],
)
def test_broken_template_is_named_with_its_line(body, words):
    with pytest.raises(TemplateInvalid, match=words):
        parse_template(body, name="infra/template.yaml")


def test_file_is_read_and_named(tmp_path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(WHOLE)
    bad.write_bytes(b"Resources: \xff")

    assert read_template(good) == parse_template(WHOLE)
    with pytest.raises(TemplateInvalid, match=r"bad\.yaml is not UTF-8"):
        read_template(bad)


def test_digest_follows_the_text():
    assert parse_template(WHOLE).sha256 != parse_template(WHOLE + "\n").sha256


def test_a_yaml_alias_is_refused_as_cloudformation_would():
    body = "Resources:\n  A: &a {Type: AWS::S3::Bucket}\n  B: *a\n"
    with pytest.raises(TemplateInvalid, match="line 3: there is a YAML alias"):
        parse_template(body)


def test_an_anchor_that_nothing_refers_to_is_fine():
    assert parse_template("Resources:\n  A: &a {Type: AWS::S3::Bucket}\n").environment is None


def test_a_bomb_of_aliases_is_refused_at_once():
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    with pytest.raises(TemplateInvalid, match="alias"):
        parse_template("\n".join([*lines, "Resources: {A: {Type: AWS::S3::Bucket}}"]))
