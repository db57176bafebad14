"""What a change set tells, and what it must not tell. The shapes are those of the API's reference."""

from typing import Any

from mwaa_deploy.ports import PropertyChange, ResourceChange, StackParameter
from mwaa_deploy.target.resource_changes import Secrets, resource_change, resource_changes, secrets_of
from tests.unit.target.stubs import stubbed
from tests.unit.target.test_change_sets import ID, change_sets, described


def test_a_property_that_two_things_change_is_named_once():
    """The shape of a parameter's change as AWS documents it: one dynamic and one static detail."""
    target = {"Attribute": "Properties", "Name": "RequirementsS3ObjectVersion", "RequiresRecreation": "Never"}
    raw = {
        "Action": "Modify",
        "LogicalResourceId": "Environment",
        "PhysicalResourceId": "mwaa-staging-env",
        "ResourceType": "AWS::MWAA::Environment",
        "Replacement": "False",
        "Scope": ["Properties", "Tags"],
        "Details": [
            {"Target": target, "Evaluation": "Dynamic", "ChangeSource": "DirectModification"},
            {
                "Target": target,
                "Evaluation": "Static",
                "ChangeSource": "ParameterReference",
                "CausingEntity": "RequirementsVersion",
            },
            {"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}, "ChangeSource": "DirectModification"},
        ],
    }
    assert resource_change(raw) == ResourceChange(
        action="Modify",
        logical_id="Environment",
        resource_type="AWS::MWAA::Environment",
        replacement="False",
        details=("RequirementsS3ObjectVersion", "Tags"),
        physical_id="mwaa-staging-env",
    )


def modified(*details: dict[str, Any]) -> dict[str, Any]:
    return {
        "Action": "Modify",
        "LogicalResourceId": "Environment",
        "ResourceType": "AWS::MWAA::Environment",
        "Details": list(details),
    }


def detail(path: str, cause: str = "", **target: str) -> dict[str, Any]:
    name = path.split("/")[2]
    more = {"CausingEntity": cause} if cause else {}
    return {"Target": {"Attribute": "Properties", "Name": name, "Path": path, **target}, **more}


def test_each_property_is_told_once_with_its_values():
    path = "/Properties/EnvironmentClass"
    values = {"BeforeValue": "mw1.small", "AfterValue": "mw1.large"}
    found = resource_change(
        modified(
            detail(path, RequiresRecreation="Never", **values),
            detail(path, "Class", RequiresRecreation="Conditionally", **values),
            detail("/Properties/Tags/team", RequiresRecreation="Never", AfterValue="data"),
        )
    )
    assert found.properties == (
        PropertyChange(path=path, before="mw1.small", after="mw1.large", recreation="Conditionally"),
        PropertyChange(path="/Properties/Tags/team", before=None, after="data", recreation="Never"),
    )


def test_policy_and_physical_id_are_told():
    found = resource_change({**modified(), "PolicyAction": "ReplaceAndDelete", "PhysicalResourceId": "staging"})
    assert (found.policy_action, found.physical_id) == ("ReplaceAndDelete", "staging")


def test_what_comes_from_a_no_echo_parameter_is_never_told():
    given = [StackParameter(key="Secret", value="hunter2"), StackParameter(key="Kept", value=None)]
    answer = {
        "Parameters": [
            {"ParameterKey": "Secret", "ParameterValue": "****"},
            {"ParameterKey": "Kept", "ParameterValue": "*****"},
            {"ParameterKey": "Class", "ParameterValue": "mw1.small"},
        ]
    }
    secrets = secrets_of(answer, given)
    assert secrets == Secrets(names=frozenset({"Secret", "Kept"}), values=frozenset({"hunter2"}))

    both = {"BeforeValue": "old", "AfterValue": "x:hunter2:y"}
    found = resource_change(
        modified(
            detail("/Properties/A", **both),
            detail("/Properties/B", BeforeValue="b1", AfterValue="b2"),
            detail("/Properties/B", "Kept", BeforeValue="b1", AfterValue="b2"),
            detail("/Properties/C", "Class", BeforeValue="c1", AfterValue="c2"),
            detail("/Properties/D", "Kept", AfterValue="d2"),
        ),
        secrets,
    )
    assert [(p.path, p.before, p.after) for p in found.properties] == [
        ("/Properties/A", "old", "****"),
        ("/Properties/B", "****", "****"),
        ("/Properties/C", "c1", "c2"),
        ("/Properties/D", None, "****"),
    ]
    assert "hunter2" not in str(found)


def test_a_nested_stack_brings_its_own_lines():
    inner = ResourceChange(action="Add", logical_id="Vpc", resource_type="AWS::EC2::VPC")
    stack = {
        "Action": "Modify",
        "LogicalResourceId": "Network",
        "ResourceType": "AWS::CloudFormation::Stack",
        "ChangeSetId": "arn:nested",
    }
    pages: list[dict[str, Any]] = [
        {"Changes": [{"ResourceChange": stack}, {"Type": "Resource"}]},
        {"Changes": [{"ResourceChange": modified()}]},
    ]
    asked: list[str] = []

    def nested(arn: str) -> tuple[ResourceChange, ...]:
        asked.append(arn)
        return (inner,)

    first, second = resource_changes(pages, Secrets(), nested)
    assert first.nested == (inner,)
    assert second.nested == ()
    assert asked == ["arn:nested"]


def test_a_nested_change_set_is_described_with_its_values():
    stack = {
        "Action": "Modify",
        "LogicalResourceId": "Network",
        "ResourceType": "AWS::CloudFormation::Stack",
        "ChangeSetId": f"{ID}-nested",
    }
    secret = [{"ParameterKey": "A", "ParameterValue": "****"}]  # of the outer stack, which hands it on by another name
    told = modified(detail("/Properties/Class", BeforeValue="x", AfterValue="very-secret"))
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": ID})
        wanted = {"IncludePropertyValues": True}
        stub.add_response(
            "describe_change_set",
            described("CREATE_COMPLETE", Changes=[{"ResourceChange": stack}], Parameters=secret),
            {"StackName": "mwaa-staging", "ChangeSetName": ID, **wanted},
        )
        stub.add_response(
            "describe_change_set",
            described("CREATE_COMPLETE", Changes=[{"ResourceChange": told}]),
            {"ChangeSetName": f"{ID}-nested", **wanted},
        )
        made = change_sets(client, include_nested=True).create(
            "UPDATE", template="x", parameters=[StackParameter(key="A", value="very-secret")], description=""
        )
    (line,) = made.changes
    assert line.nested[0].properties[0].after == "****"
