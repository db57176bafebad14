"""A stack that cannot be updated: what is done about it, before anything else is."""

import pytest

from mwaa_deploy.deployment import deploy, look_first
from mwaa_deploy.errors import StackRecoveryRefused, StackUnusable, StackWaitTimedOut
from mwaa_deploy.journal import Journal
from mwaa_deploy.plan_ahead import look_ahead
from mwaa_deploy.ports import StackEvent
from mwaa_deploy.saved_plan import SavedPlan
from mwaa_deploy.target.recovery import Remedy, recovery_of
from mwaa_deploy.target.stack import CloudFormationStack
from mwaa_deploy.target.stack_status import STACK_STATUSES
from tests.fakes.clock import FakeClock
from tests.fakes.world import World
from tests.unit.target.stubs import answer_events, stubbed
from tests.unit.target.test_stack import STACK_ID, stacks
from tests.unit.target.test_stack_events import raw

WAITED_FOR = {
    "CREATE_IN_PROGRESS",
    "ROLLBACK_IN_PROGRESS",
    "DELETE_IN_PROGRESS",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "IMPORT_IN_PROGRESS",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "A_STATUS_OF_THE_FUTURE",
}
NEVER_WAS = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
COMMANDS = {
    "CREATE_FAILED": "aws cloudformation rollback-stack",
    "DELETE_FAILED": "aws cloudformation delete-stack",
    "UPDATE_FAILED": "aws cloudformation rollback-stack",
    "UPDATE_ROLLBACK_FAILED": "aws cloudformation continue-update-rollback",
    "IMPORT_ROLLBACK_FAILED": "aws cloudformation describe-stack-events",
    "ROLLBACK_COMPLETE": "aws cloudformation delete-stack",
    "ROLLBACK_FAILED": "aws cloudformation delete-stack",
}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def run(world, *, saved=None):
    job, journal = world.job(saved=saved), Journal()
    deploy(job, look_first(job), world.log, journal)
    return journal


def give_failed_stack(world, status="ROLLBACK_COMPLETE"):
    world.stack.set_status(status, "The following resource(s) failed to create: [Mwaa].")


@pytest.mark.parametrize("consent", [True, False])
@pytest.mark.parametrize("status", [*STACK_STATUSES, "A_STATUS_OF_THE_FUTURE", ""])
def test_each_status_has_its_remedy_and_only_a_stack_that_never_was_is_deleted(status, consent):
    found = recovery_of(status, consent=consent)
    if status in WAITED_FOR:
        assert found.remedy is Remedy.WAIT
    elif status in NEVER_WAS and consent:
        assert found.remedy is Remedy.DELETE
    elif status in COMMANDS:
        assert found.remedy is Remedy.REFUSE
        assert COMMANDS[status] in found.mend
        assert found.meaning
        assert ("recreate-failed-stack: true" in found.mend) == (status in NEVER_WAS)
    else:
        assert found.remedy is Remedy.NONE


@pytest.mark.parametrize("status", COMMANDS)
def test_an_unusable_stack_is_refused_before_anything_is_uploaded(world, status):
    give_failed_stack(world, status)
    with pytest.raises(StackRecoveryRefused) as caught:
        run(world)
    assert world.versions_made == {}
    assert world.stack.knobs.count("create_change_set") == 0
    assert status in caught.value.what
    assert "failed to create: [Mwaa]" in caught.value.what
    assert f"{COMMANDS[status]} --stack-name mwaa-staging" in caught.value.mend
    assert "Nothing has been uploaded" in caught.value.meaning
    assert caught.value.exit_code == 67


@pytest.mark.parametrize("status", sorted(NEVER_WAS))
def test_a_stack_that_never_was_is_created_again_with_consent(world, status):
    world.recreate_failed_stack = True
    give_failed_stack(world, status)
    run(world)
    assert world.stack.state().status == "CREATE_COMPLETE"
    assert world.stack.knobs.count("delete_never_created") == 1
    assert world.environment.states["staging"].versions
    assert any("DELETE_COMPLETE" in line for line in world.log.text.splitlines())


def test_a_stack_that_ever_was_is_not_deleted_whatever_is_consented_to(world):
    run(world)
    world.recreate_failed_stack = True
    world.files["plugins/operators.py"] = "p = 2\n"
    world.stack.set_status("UPDATE_ROLLBACK_FAILED")
    with pytest.raises(StackRecoveryRefused):
        run(world)
    assert world.stack.knobs.count("delete_never_created") == 0


def test_dags_are_deployed_beside_a_stack_that_is_left_alone(world):
    run(world)
    world.files["dags/a.py"] = "a = 2\n"
    world.stack.set_status("UPDATE_ROLLBACK_FAILED")
    run(world)
    assert world.bucket.contents["dags/a.py"] == b"a = 2\n"


def test_a_saved_plan_is_no_consent_to_a_deletion_it_does_not_tell_of(world):
    world.recreate_failed_stack = True
    give_failed_stack(world)
    with pytest.raises(StackRecoveryRefused):
        run(world, saved=SavedPlan(name="plan.json", document={}))
    assert world.stack.knobs.count("delete_never_created") == 0


def ahead(world):
    job = world.job()
    state = job.look()
    return look_ahead(job, state, job.plan(state))


def test_a_plan_says_that_a_deployment_would_be_refused(world):
    give_failed_stack(world, "UPDATE_ROLLBACK_FAILED")
    (obstacle,) = ahead(world).plan.obstacles
    assert obstacle.startswith(
        "A deployment would be refused: Stack mwaa-staging is UPDATE_ROLLBACK_FAILED and cannot be updated"
    )
    assert world.stack.knobs.count("create_change_set") == 0


def test_a_plan_says_that_a_stack_would_be_created_again(world):
    world.recreate_failed_stack = True
    give_failed_stack(world)
    found = ahead(world)
    assert found.notes == (
        "Stack mwaa-staging is ROLLBACK_COMPLETE: a deployment would delete it and create it again.",
    )
    assert found.plan.obstacles == ()
    assert world.stack.state().status == "ROLLBACK_COMPLETE"


# ------------------------------------------------------------------------------------------------ the real stack


def delete(client, clock=None, timeout=600.0):
    seen: list[StackEvent] = []
    stack = CloudFormationStack(client, "mwaa-staging", clock=clock or FakeClock())
    stack.delete_never_created(timeout=timeout, on_event=seen.append)
    return [event.status for event in seen]


def own(number, status):
    return raw(number, status, physical=STACK_ID)


def test_the_very_stack_is_deleted_and_waited_for():
    clock = FakeClock()
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("ROLLBACK_COMPLETE"))
        stub.add_response("delete_stack", {})
        answer_events(client, stub, "DeleteStack", [[own(1, "DELETE_IN_PROGRESS")], [own(2, "DELETE_COMPLETE")]])
        assert delete(client, clock) == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert clock.slept == [1]


def test_what_has_become_of_the_stack_since_is_left_alone():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("CREATE_COMPLETE"))
        with pytest.raises(StackUnusable, match="CREATE_COMPLETE by now"):
            delete(client)


def test_a_protected_stack_comes_with_the_command():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("ROLLBACK_COMPLETE"))
        stub.add_client_error("delete_stack", "ValidationError", "TerminationProtection is enabled")
        with pytest.raises(StackUnusable, match="no-enable-termination-protection --stack-name mwaa-staging"):
            delete(client)


def test_a_resource_that_will_not_go_is_named():
    failed = {**raw(2, "DELETE_FAILED", resource="Logs"), "ResourceStatusReason": "The bucket is not empty"}
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("ROLLBACK_FAILED"))
        stub.add_response("delete_stack", {})
        answer_events(client, stub, "DeleteStack", [[own(3, "DELETE_FAILED"), failed]])
        with pytest.raises(StackUnusable, match="Logs: The bucket is not empty"):
            delete(client)


def test_a_deletion_that_takes_too_long_is_said():
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("describe_stacks", stacks("ROLLBACK_COMPLETE"))
        stub.add_response("delete_stack", {})
        answer_events(client, stub, "DeleteStack", [[own(1, "DELETE_IN_PROGRESS")]])
        with pytest.raises(StackWaitTimedOut, match="still being deleted"):
            delete(client, timeout=0)
