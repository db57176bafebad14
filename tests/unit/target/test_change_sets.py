from typing import Any

import pytest

from mwaa_deploy.errors import AwsUnavailable, ChangeSetFailed
from mwaa_deploy.ports import StackParameter
from mwaa_deploy.target.change_sets import ChangeSetOptions, ChangeSets, is_no_change
from tests.fakes.clock import FakeClock
from tests.unit.target.stubs import stubbed

ID = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/mwaa-deploy-x/1"
EMPTY = "The submitted information didn't contain changes. Submit different information to create a change set."
PARAMETERS = [StackParameter(key="A", value="1"), StackParameter(key="B", value=None)]


def change_sets(client: Any, clock: FakeClock | None = None, **options: Any) -> ChangeSets:
    return ChangeSets(
        client,
        "mwaa-staging",
        stack_arn="arn:stack",
        options=ChangeSetOptions(**options),
        clock=clock or FakeClock(),
        interval=5,
        timeout=60,
    )


def create(sets: ChangeSets, template: str = "Resources: {}"):
    return sets.create("UPDATE", template=template, parameters=PARAMETERS, description="commit abc")


def described(status: str, reason: str = "", **more: Any) -> dict[str, Any]:
    execution = "AVAILABLE" if status == "CREATE_COMPLETE" else "UNAVAILABLE"
    return {"ChangeSetId": ID, "Status": status, "StatusReason": reason, "ExecutionStatus": execution, **more}


def change(logical_id: str) -> dict[str, Any]:
    return {
        "Type": "Resource",
        "ResourceChange": {"Action": "Add", "LogicalResourceId": logical_id, "ResourceType": "AWS::SSM::Parameter"},
    }


@pytest.mark.parametrize("reason", [EMPTY, "No updates are to be performed."])
def test_both_ways_to_say_no_changes_are_known(reason):
    assert is_no_change(reason)
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", described("CREATE_IN_PROGRESS"))
        stub.add_response("describe_change_set", described("FAILED", reason))
        stub.add_response("delete_change_set", {}, {"ChangeSetName": ID, "StackName": "mwaa-staging"})
        assert create(change_sets(client)).empty


def test_no_changes_may_be_said_at_once():
    with stubbed("cloudformation") as (client, stub):
        stub.add_client_error("create_change_set", "ValidationError", "No updates are to be performed.")
        assert create(change_sets(client)).empty


def test_any_other_failure_is_told_and_cleared_away():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", described("FAILED", "Transform failed with: boom"))
        stub.add_response("delete_change_set", {})
        with pytest.raises(ChangeSetFailed, match="Transform failed with: boom"):
            create(change_sets(client))


def test_what_is_asked_for():
    with stubbed("cloudformation") as (client, stub):
        asked: dict[str, Any] = {}
        client.meta.events.register(
            "provide-client-params.cloudformation.CreateChangeSet", lambda params, **_: asked.update(params)
        )
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", described("CREATE_COMPLETE", Changes=[change("A")]))
        made = create(change_sets(client, role_arn="arn:aws:iam::123456789012:role/cfn-service", tags={"team": "data"}))
    assert made.name == asked.pop("ChangeSetName")
    assert made.name.startswith("mwaa-deploy-20260105120000-")
    assert asked == {
        "StackName": "mwaa-staging",
        "ChangeSetType": "UPDATE",
        "TemplateBody": "Resources: {}",
        "Parameters": [
            {"ParameterKey": "A", "ParameterValue": "1"},
            {"ParameterKey": "B", "UsePreviousValue": True},
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        "Description": "commit abc",
        "RoleARN": "arn:aws:iam::123456789012:role/cfn-service",
        "Tags": [{"Key": "team", "Value": "data"}],
    }


def asked_for(kind: str, **options: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    with stubbed("cloudformation") as (client, stub):
        event = "provide-client-params.cloudformation.CreateChangeSet"
        client.meta.events.register(event, lambda params, **_: asked.update(params))
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", described("CREATE_COMPLETE", Changes=[change("A")]))
        change_sets(client, **options).create(kind, template="x", parameters=(), description="")
    return asked


def test_topics_nested_stacks_and_drift_are_asked_for_where_the_user_wants_them():
    topic = "arn:aws:sns:eu-west-1:123456789012:deployments"
    wanted = {"NotificationARNs": [topic], "IncludeNestedStacks": True, "DeploymentMode": "REVERT_DRIFT"}
    options = {"notification_arns": (topic,), "include_nested": True, "revert_drift": True}
    assert wanted.items() <= asked_for("UPDATE", **options).items()
    assert not wanted.keys() & asked_for("UPDATE").keys()


def test_a_stack_that_is_not_there_yet_has_not_drifted():
    assert "DeploymentMode" not in asked_for("CREATE", revert_drift=True)


def test_every_page_of_changes_is_read():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", described("CREATE_COMPLETE", Changes=[change("A")], NextToken="2"))
        stub.add_response(
            "describe_change_set",
            described("CREATE_COMPLETE", Changes=[change("B")]),
            {"StackName": "mwaa-staging", "ChangeSetName": ID, "IncludePropertyValues": True, "NextToken": "2"},
        )
        assert [c.logical_id for c in create(change_sets(client)).changes] == ["A", "B"]


def test_a_change_of_outputs_alone_is_not_empty():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", described("CREATE_COMPLETE", Changes=[]))
        (line,) = create(change_sets(client)).changes
    assert (line.action, line.resource_type) == ("Modify", "AWS::CloudFormation::Stack")


def test_a_template_that_is_too_large_is_refused_before_it_is_sent():
    with stubbed("cloudformation") as (client, _), pytest.raises(ChangeSetFailed, match="51,201 bytes"):
        create(change_sets(client), "ä" + "x" * 51_199)


def test_a_template_of_the_largest_size_is_sent():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", described("CREATE_COMPLETE", Changes=[change("A")]))
        create(change_sets(client), "x" * 51_200)


def test_missing_capabilities_come_with_the_line_to_add():
    with stubbed("cloudformation") as (client, stub):
        stub.add_client_error(
            "create_change_set", "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]"
        )
        with pytest.raises(ChangeSetFailed, match="capabilities: CAPABILITY_IAM, CAPABILITY_NAMED_IAM"):
            create(change_sets(client))


def test_a_change_set_that_is_never_ready_is_given_up():
    clock = FakeClock()
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": ID})
        for _ in range(15):
            stub.add_response("describe_change_set", described("CREATE_PENDING"))
        stub.add_response("delete_change_set", {})
        with pytest.raises(ChangeSetFailed, match="CREATE_PENDING after 60 s"):
            create(change_sets(client, clock))
    assert 60 <= sum(clock.slept) < 65


def test_deleting_what_is_gone_is_fine_and_all_else_is_not():
    with stubbed("cloudformation") as (client, stub):
        stub.add_client_error("delete_change_set", "ChangeSetNotFound", "ChangeSet [x] does not exist")
        stub.add_client_error("delete_change_set", "ServiceUnavailable", "", 503)
        change_sets(client).delete(ID)
        with pytest.raises(AwsUnavailable):
            change_sets(client).delete(ID)


def failed_change_set(answer: dict[str, Any] | None) -> ChangeSetFailed:
    """A failed change set; `answer` is what DescribeEvents says, None to deny it."""
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", described("FAILED", "Validation failed with 2 error(s)."))
        if answer is None:
            stub.add_client_error("describe_events", "AccessDenied", "no", 403)
        else:
            wanted = {"ChangeSetName": ID, "Filters": {"FailedEvents": True}}
            stub.add_response("describe_events", answer, wanted)
        stub.add_response("delete_change_set", {})
        with pytest.raises(ChangeSetFailed) as caught:
            create(change_sets(client))
    return caught.value


def test_what_cloudformations_own_validation_found_is_told():
    path = {"LogicalResourceId": "Logs", "ValidationPath": "/Resources/Logs/Properties/BucketName"}
    events = [
        {**path, "ValidationStatusReason": "Bucket dags already exists", "EventType": "VALIDATION_ERROR"},
        {**path, "ValidationStatusReason": "Bucket dags already exists", "EventType": "VALIDATION_ERROR"},
        {"ResourceStatusReason": "Failed"},
        {"EventType": "STACK_EVENT"},
    ]
    error = failed_change_set({"OperationEvents": events})
    assert error.what.endswith(
        "Validation failed with 2 error(s).\n"
        "- Logs /Resources/Logs/Properties/BucketName: Bucket dags already exists\n"
        "- Failed"
    )
    assert "another name" in error.mend


def test_who_may_not_ask_for_the_findings_gets_the_reason():
    assert failed_change_set(None).what.endswith("Validation failed with 2 error(s).")
