from contextlib import nullcontext
from typing import Any

import pytest

from mwaa_deploy.errors import AwsAccessDenied, ChangeSetFailed, StackBusy, StackUnusable
from mwaa_deploy.ports import ChangeSet
from mwaa_deploy.target.stack import CloudFormationStack
from mwaa_deploy.target.stack_status import STACK_STATUSES, Readiness, stack_status
from tests.fakes.clock import FakeClock
from tests.unit.target.stubs import stubbed

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/mwaa-staging/1"
CHANGE_SET = ChangeSet(id="arn:change-set/1", name="mwaa-deploy-1", type="UPDATE", changes=())

READY = {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "ChangeSetId": "arn:change-set/1"}


def stacks(status: str) -> dict[str, Any]:
    return {
        "Stacks": [
            {
                "StackId": STACK_ID,
                "StackName": "mwaa-staging",
                "StackStatus": status,
                "CreationTime": "2026-01-05T12:00:00Z",
            }
        ]
    }


def stack(client: Any) -> CloudFormationStack:
    return CloudFormationStack(client, "mwaa-staging", clock=FakeClock())


def create(client: Any) -> ChangeSet:
    return stack(client).create_change_set(template="Resources: {}", parameters=(), create=False, description="d")


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "A_NEW_STATUS"])
def test_a_busy_stack_is_left_alone(status):
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks(status))
        stub.add_response("describe_stacks", stacks(status))
        with pytest.raises(StackBusy, match=status):
            create(client)
        with pytest.raises(StackBusy, match=status):
            stack(client).execute(CHANGE_SET, timeout=1, on_event=lambda _: None)


def test_a_stack_that_somebody_else_got_hold_of_first_is_busy():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("UPDATE_COMPLETE"))
        stub.add_client_error(
            "create_change_set",
            "ValidationError",
            f"Stack:{STACK_ID} is in UPDATE_IN_PROGRESS state and can not be updated.",
        )
        with pytest.raises(StackBusy, match="UPDATE_IN_PROGRESS"):
            create(client)


def test_an_unusable_stack_comes_with_the_command():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("ROLLBACK_COMPLETE"))
        with pytest.raises(StackUnusable, match="delete-stack --stack-name mwaa-staging"):
            create(client)


def test_a_deleted_stack_is_not_there():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("DELETE_COMPLETE"))
        assert stack(client).state() is None


def test_the_environment_is_looked_for_on_every_page():
    def resource(kind: str, physical: str) -> dict[str, Any]:
        return {
            "LogicalResourceId": "R",
            "ResourceType": kind,
            "PhysicalResourceId": physical,
            "LastUpdatedTimestamp": "2026-01-05T12:00:00Z",
            "ResourceStatus": "CREATE_COMPLETE",
        }

    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("UPDATE_COMPLETE"))
        vpc = {"StackResourceSummaries": [resource("AWS::EC2::VPC", "vpc-1")], "NextToken": "2"}
        stub.add_response("list_stack_resources", vpc)
        stub.add_response(
            "list_stack_resources", {"StackResourceSummaries": [resource("AWS::MWAA::Environment", "staging")]}
        )
        state = stack(client).state()
    assert state is not None
    assert state.environment_name == "staging"


def test_a_stale_change_set_is_not_executed():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("UPDATE_COMPLETE"))
        stub.add_client_error(
            "execute_change_set", "InvalidChangeSetStatus", "ChangeSet [x] cannot be executed in its current status"
        )
        with pytest.raises(ChangeSetFailed, match="Run the job again"):
            stack(client).execute(CHANGE_SET, timeout=1, on_event=lambda _: None)


def test_a_review_that_holds_somebody_elses_change_set_is_not_deleted():
    with stubbed("cloudformation") as (client, stub):
        stub.add_client_error("describe_stacks", "ValidationError", "Stack with id mwaa-staging does not exist")
        stub.add_response("create_change_set", {"Id": "arn:change-set/1"})
        stub.add_response("describe_change_set", READY)
        made = stack(client)
        change_set = made.create_change_set(template="x", parameters=(), create=True, description="d")
        stub.add_response("delete_change_set", {})
        stub.add_response("describe_stacks", stacks("REVIEW_IN_PROGRESS"))
        stub.add_response("list_change_sets", {"Summaries": [{"ChangeSetName": "theirs"}]})
        made.delete_change_set(change_set)


def test_a_stack_one_may_not_see_is_not_called_missing():
    with stubbed("cloudformation") as (client, stub):
        stub.add_client_error("describe_stacks", "AccessDenied", "not allowed", 403)
        with pytest.raises(AwsAccessDenied, match="stack/mwaa-staging"):
            stack(client).state()


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("Transform failed with: boom", pytest.raises(ChangeSetFailed, match="boom")),
        ("No updates are to be performed.", nullcontext()),
    ],
)
def test_the_shell_of_a_change_set_that_came_to_nothing_is_deleted(reason, outcome):
    with stubbed("cloudformation") as (client, stub):
        stub.add_client_error("describe_stacks", "ValidationError", "Stack with id mwaa-staging does not exist")
        stub.add_response("create_change_set", {"Id": "arn:change-set/1"})
        stub.add_response(
            "describe_change_set", {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": reason}
        )
        stub.add_response("delete_change_set", {})
        stub.add_response("describe_stacks", stacks("REVIEW_IN_PROGRESS"))
        stub.add_response("list_change_sets", {"Summaries": []})
        stub.add_response("delete_stack", {}, {"StackName": STACK_ID})
        stub.add_response("describe_stacks", stacks("DELETE_IN_PROGRESS"), {"StackName": STACK_ID})
        stub.add_response("describe_stacks", stacks("DELETE_COMPLETE"), {"StackName": STACK_ID})
        with outcome:
            assert create(client).empty


def test_a_shell_that_was_there_before_is_not_ours_to_delete():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("REVIEW_IN_PROGRESS"))
        stub.add_response("create_change_set", {"Id": "arn:change-set/1"})
        stub.add_response("describe_change_set", READY)
        stub.add_response("delete_change_set", {})
        made = stack(client)
        made.delete_change_set(made.create_change_set(template="x", parameters=(), create=False, description="d"))


EVERY_STATUS = [*STACK_STATUSES, "A_STATUS_OF_THE_FUTURE"]


@pytest.mark.parametrize("status", EVERY_STATUS)
def test_a_change_set_is_made_refused_or_put_off_by_the_stacks_status(status):
    """Each row of the table: what CreateChangeSet is asked, or not asked at all."""
    readiness = stack_status(status).readiness
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks(status))
        if readiness is Readiness.BUSY:
            with pytest.raises(StackBusy, match=status):
                create(client)
            return
        if readiness is Readiness.UNUSABLE:
            with pytest.raises(StackUnusable, match="--stack-name mwaa-staging"):
                create(client)
            return
        stub.add_response("create_change_set", {"Id": "arn:change-set/1"})
        stub.add_response("describe_change_set", READY)
        assert create(client).type == ("CREATE" if status in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE") else "UPDATE")


def test_the_topics_that_are_told_its_events_are_told():
    """The lab keeps none."""
    described = stacks("UPDATE_COMPLETE")
    described["Stacks"][0]["NotificationARNs"] = ["arn:aws:sns:eu-west-1:123456789012:events"]
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", described)
        stub.add_response("list_stack_resources", {"StackResourceSummaries": []})
        found = stack(client).state()
    assert found is not None
    assert found.notification_arns == ("arn:aws:sns:eu-west-1:123456789012:events",)
    assert (found.tags, found.protected) == ({}, False)
