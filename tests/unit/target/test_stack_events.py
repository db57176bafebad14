from datetime import UTC, datetime, timedelta
from typing import Any

from mwaa_deploy.ports import StackEvent
from mwaa_deploy.target.stack_events import StackEvents, failures
from tests.unit.target.stubs import stubbed

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/mwaa-staging/1"
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def raw(
    number: int, status: str, *, resource: str = "Environment", by: str = "ours", physical: str = "p"
) -> dict[str, Any]:
    """An event of the operation whose token is `by`."""
    kind = "AWS::CloudFormation::Stack" if physical == STACK else "AWS::MWAA::Environment"
    return {
        "StackId": STACK,
        "StackName": "mwaa-staging",
        "EventId": f"event-{number}",
        "Timestamp": NOON + timedelta(seconds=number),
        "LogicalResourceId": resource,
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ClientRequestToken": by,
    }


def event(status: str, reason: str = "", logical_id: str = "Environment") -> StackEvent:
    return StackEvent(
        at=NOON, logical_id=logical_id, resource_type="AWS::MWAA::Environment", status=status, reason=reason
    )


def test_only_events_of_the_operation_are_told_oldest_first():
    with stubbed("cloudformation") as (client, stub):
        events = StackEvents(client, STACK, "ours")
        others = raw(1, "UPDATE_COMPLETE", by="theirs", physical=STACK)
        page = [raw(3, "UPDATE_IN_PROGRESS"), raw(2, "UPDATE_IN_PROGRESS", physical=STACK), others]
        stub.add_response("describe_stack_events", {"StackEvents": page, "NextToken": "more"}, {"StackName": STACK})
        assert [e.at.second for e in events.fresh()] == [2, 3]
        assert events.stack_status == "UPDATE_IN_PROGRESS"


def test_each_event_is_told_once_however_often_it_is_listed():
    with stubbed("cloudformation") as (client, stub):
        events = StackEvents(client, STACK, "ours")
        first = [raw(2, "UPDATE_IN_PROGRESS", physical=STACK)]
        stub.add_response("describe_stack_events", {"StackEvents": first})
        stub.add_response("describe_stack_events", {"StackEvents": [raw(3, "UPDATE_COMPLETE", physical=STACK), *first]})
        stub.add_response("describe_stack_events", {"StackEvents": [raw(3, "UPDATE_COMPLETE", physical=STACK), *first]})
        assert [e.status for e in events.fresh()] == ["UPDATE_IN_PROGRESS"]
        assert [e.status for e in events.fresh()] == ["UPDATE_COMPLETE"]
        assert list(events.fresh()) == []
        assert events.stack_status == "UPDATE_COMPLETE"


def test_a_page_full_of_news_is_followed_by_the_next():
    with stubbed("cloudformation") as (client, stub):
        events = StackEvents(client, STACK, "ours")
        stub.add_response("describe_stack_events", {"StackEvents": [raw(3, "B"), raw(2, "A")], "NextToken": "more"})
        stub.add_response("describe_stack_events", {"StackEvents": [raw(1, "Z", physical=STACK)]})
        assert [e.status for e in events.fresh()] == ["Z", "A", "B"]


def test_a_nested_stack_is_not_the_stack():
    with stubbed("cloudformation") as (client, stub):
        events = StackEvents(client, STACK, "ours")
        nested = {**raw(1, "UPDATE_COMPLETE"), "ResourceType": "AWS::CloudFormation::Stack"}
        stub.add_response("describe_stack_events", {"StackEvents": [nested]})
        assert len(list(events.fresh())) == 1
        assert events.stack_status == ""


def test_the_first_failure_that_is_no_cancellation_is_the_cause():
    cause = event("UPDATE_FAILED", "Unable to install the requirements")
    also = event("CREATE_FAILED", "Name is taken", "Note")
    told = failures(
        [
            event("UPDATE_IN_PROGRESS"),
            event("CREATE_FAILED", "Resource creation cancelled", "Queue"),
            cause,
            event("UPDATE_FAILED", "Resource update cancelled", "Topic"),
            also,
            event("UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update: [Environment].", "stack"),
        ]
    )
    assert told == (cause, also)


NESTED = "arn:aws:cloudformation:eu-west-1:123456789012:stack/mwaa-staging-Network-X/2"


def nested_failure(number: int, physical: str = NESTED) -> dict[str, Any]:
    return {
        **raw(number, "UPDATE_FAILED", resource="Network", physical=physical),
        "ResourceType": "AWS::CloudFormation::Stack",
        "ResourceStatusReason": "Embedded stack was not successfully updated",
    }


def told_causes(client: Any, page: list[dict[str, Any]]) -> list[str]:
    events = StackEvents(client, STACK, "ours")
    assert len(list(events.fresh())) == len(page)
    return [cause.reason for cause in events.causes()]


def test_a_nested_stacks_own_cause_takes_its_place():
    page = [nested_failure(5), raw(2, "UPDATE_IN_PROGRESS", physical=STACK)]
    inside = {**raw(4, "CREATE_FAILED", resource="Nat", by="another"), "ResourceStatusReason": "NAT gateway failed"}
    before = {**raw(1, "CREATE_FAILED", resource="Old", by="another"), "ResourceStatusReason": "of another operation"}
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stack_events", {"StackEvents": page})
        stub.add_response("describe_stack_events", {"StackEvents": [inside, before]}, {"StackName": NESTED})
        assert told_causes(client, page) == ["NAT gateway failed"]


def test_a_nested_stack_that_may_not_be_seen_or_says_nothing_stands_for_itself():
    page = [nested_failure(5), raw(2, "UPDATE_IN_PROGRESS", physical=STACK)]
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stack_events", {"StackEvents": page})
        stub.add_client_error("describe_stack_events", "AccessDenied", "no", 403)
        assert told_causes(client, page) == ["Embedded stack was not successfully updated"]


def test_a_nested_stack_in_a_nested_stack_is_followed_and_never_in_a_circle():
    deeper = NESTED.replace("Network", "Deeper")
    page = [nested_failure(5), raw(2, "UPDATE_IN_PROGRESS", physical=STACK)]
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stack_events", {"StackEvents": page})
        stub.add_response("describe_stack_events", {"StackEvents": [nested_failure(4, deeper)]}, {"StackName": NESTED})
        stub.add_response("describe_stack_events", {"StackEvents": [nested_failure(4)]}, {"StackName": deeper})
        assert told_causes(client, page) == ["Embedded stack was not successfully updated"]
