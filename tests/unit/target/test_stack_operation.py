from datetime import timedelta
from typing import Any

import pytest

from mwaa_deploy.errors import StackUpdateFailed, StackWaitTimedOut
from mwaa_deploy.target.stack_events import StackEvents
from mwaa_deploy.target.stack_operation import wait_for_operation
from mwaa_deploy.target.stack_status import STACK_STATUSES
from tests.fakes.clock import FakeClock
from tests.unit.target.stubs import stubbed
from tests.unit.target.test_stack_events import STACK, raw


def wait(looks: list[list[dict[str, Any]]], *, timeout: float = 600, interval: float = 10) -> FakeClock:
    """Wait while CloudFormation tells these events, a list for each look."""
    clock = FakeClock()
    with stubbed("cloudformation") as (client, stub):
        told: list[dict[str, Any]] = []
        for look in looks:
            told = [*look, *told]
            stub.add_response("describe_stack_events", {"StackEvents": told})
        try:
            wait_for_operation(
                "mwaa-staging",
                StackEvents(client, STACK, "ours"),
                timeout=timeout,
                interval=interval,
                clock=clock,
                on_event=lambda _: None,
            )
        finally:
            stub.assert_no_pending_responses()
    return clock


def own(number: int, status: str) -> dict[str, Any]:
    return raw(number, status, physical=STACK)


def test_an_operation_is_over_only_when_its_own_events_say_so():
    """Right after the start, nothing of the operation is to be seen yet."""
    before = raw(0, "UPDATE_COMPLETE", by="theirs", physical=STACK)
    clock = wait([[before], [own(1, "UPDATE_IN_PROGRESS")], [], [own(2, "UPDATE_COMPLETE")]])
    assert clock.slept == [1, 2, 4]


def test_the_cleanup_is_waited_for():
    assert wait([[own(1, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")], [own(2, "UPDATE_COMPLETE")]]).slept == [1]


def test_a_cleanup_that_outlasts_the_timeout_is_a_success():
    wait([[own(1, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")], []], timeout=1)


def test_a_roll_back_is_waited_for_and_the_first_cause_comes_first():
    failed = {**raw(2, "UPDATE_FAILED"), "ResourceStatusReason": "Unable to install"}
    cancelled = {**raw(1, "UPDATE_FAILED", resource="A"), "ResourceStatusReason": "Resource update cancelled"}
    second = {**raw(3, "CREATE_FAILED", resource="Note"), "ResourceStatusReason": "Name is taken"}
    with pytest.raises(StackUpdateFailed) as caught:
        wait([[own(4, "UPDATE_ROLLBACK_IN_PROGRESS"), second, failed, cancelled], [own(5, "UPDATE_ROLLBACK_COMPLETE")]])
    assert caught.value.what == (
        "Stack mwaa-staging ended as UPDATE_ROLLBACK_COMPLETE.\n"
        "First cause: Environment (AWS::MWAA::Environment) UPDATE_FAILED: Unable to install\n"
        "Failed after it:\n"
        "- Note (AWS::MWAA::Environment) CREATE_FAILED: Name is taken"
    )
    assert "put back what was there" in caught.value.meaning


def test_an_unusable_end_comes_with_the_command():
    with pytest.raises(StackUpdateFailed, match="continue-update-rollback --stack-name mwaa-staging"):
        wait([[own(1, "UPDATE_ROLLBACK_FAILED")]])


def test_a_stop_by_somebody_is_told():
    stopped = {**own(1, "UPDATE_ROLLBACK_IN_PROGRESS"), "ResourceStatusReason": "User Initiated"}
    with pytest.raises(StackUpdateFailed, match="First cause: User Initiated"):
        wait([[own(2, "UPDATE_ROLLBACK_COMPLETE"), stopped]])


def test_a_timeout_tells_the_status_and_how_to_go_on():
    with pytest.raises(StackWaitTimedOut, match="UPDATE_IN_PROGRESS after 1 minutes") as caught:
        wait([[own(1, "UPDATE_IN_PROGRESS")], *[[]] * 6], timeout=60, interval=30)
    assert "stack-timeout-minutes" in caught.value.mend
    assert "Run the job again: it waits" in caught.value.mend
    with pytest.raises(StackWaitTimedOut, match="waiting to begin"):
        wait([[]], timeout=0)


def test_events_are_handed_over_as_they_come():
    clock, seen = FakeClock(), []
    with stubbed("cloudformation") as (client, stub):
        first, last = own(1, "UPDATE_IN_PROGRESS"), own(2, "UPDATE_COMPLETE")
        stub.add_response("describe_stack_events", {"StackEvents": [first]})
        stub.add_response("describe_stack_events", {"StackEvents": [last, first]})
        start = clock.now()
        wait_for_operation(
            "mwaa-staging",
            StackEvents(client, STACK, "ours"),
            timeout=60,
            interval=5,
            clock=clock,
            on_event=lambda event: seen.append((event.status, clock.now() - start)),
        )
    assert seen == [("UPDATE_IN_PROGRESS", timedelta(0)), ("UPDATE_COMPLETE", timedelta(seconds=1))]


def test_each_look_at_an_operation_under_way_is_told():
    seen: list[str] = []
    with stubbed("cloudformation") as (client, stub):
        first, last = own(1, "UPDATE_IN_PROGRESS"), own(2, "UPDATE_COMPLETE")
        for events in ([], [first], [first], [last, first]):
            stub.add_response("describe_stack_events", {"StackEvents": events})
        wait_for_operation(
            "mwaa-staging",
            StackEvents(client, STACK, "ours"),
            timeout=60,
            interval=5,
            clock=FakeClock(),
            on_event=lambda _: None,
            on_look=seen.append,
        )
    assert seen == ["", "UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"]


GOOD_ENDS = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
STILL_AT_IT = {name for name in STACK_STATUSES if name.endswith("_IN_PROGRESS")} - {"REVIEW_IN_PROGRESS"}


@pytest.mark.parametrize("status", [*STACK_STATUSES, "A_STATUS_OF_THE_FUTURE"])
def test_each_status_ends_the_wait_well_or_badly_or_goes_on(status):
    if status in GOOD_ENDS:
        assert wait([[own(1, status)]]).slept == []
    elif status in STILL_AT_IT or status not in STACK_STATUSES:
        assert wait([[own(1, status)], [own(2, "UPDATE_COMPLETE")]]).slept == [1]
    else:
        with pytest.raises(StackUpdateFailed, match=f"ended as {status}"):
            wait([[own(1, status)]])


def test_a_cause_that_is_known_comes_with_advice_before_what_the_stack_needs():
    failed = {**raw(2, "UPDATE_FAILED"), "ResourceStatusReason": "INCORRECT_CONFIGURATION: networking components"}
    with pytest.raises(StackUpdateFailed) as caught:
        wait([[own(4, "UPDATE_ROLLBACK_FAILED"), failed]])
    assert caught.value.meaning.startswith("The environment's containers reach neither the internet")
    assert "so did rolling it back" in caught.value.meaning
    assert caught.value.mend.index("NAT gateway") < caught.value.mend.index("continue-update-rollback")
