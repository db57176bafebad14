"""Waiting for what runs at the target, before anything is planned."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mwaa_deploy.errors import EnvironmentBusy, StackBusy
from mwaa_deploy.ports import EnvironmentState, StackState
from mwaa_deploy.target.environment_status import ENVIRONMENT_STATUSES
from mwaa_deploy.target.environment_update import Before
from mwaa_deploy.target.environment_wait import SETTLE
from mwaa_deploy.target.ports_of_target import Target
from mwaa_deploy.target.settle import Runs, Settled, settle, what_runs
from mwaa_deploy.target.stack_status import STACK_STATUSES
from mwaa_deploy.target.unfinished import BegunChange, Unfinished
from tests.fakes.world import World

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
STACK = StackState(id="i", name="s", status="UPDATE_COMPLETE", environment_name="e")
ENVIRONMENT = EnvironmentState(
    name="e", status="AVAILABLE", last_update_at=NOW - timedelta(days=7), last_update_status="SUCCESS"
)
CHANGE = BegunChange(
    since=NOW - timedelta(minutes=50),
    run_url="https://github.test/runs/1",
    before=Before(status="AVAILABLE", last_update_at=ENVIRONMENT.last_update_at),
    expected=(16, 36),
)


def runs(stack: StackState | None = STACK, environment: EnvironmentState | None = ENVIRONMENT, change=None):
    return what_runs(stack, environment, Unfinished(stack=change is not None, change=change), now=NOW)


# -- the decision --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [*STACK_STATUSES, "A_STATUS_OF_THE_FUTURE"])
def test_each_stack_status_is_waited_for_or_not(status):
    found = runs(replace(STACK, status=status))

    waits = status.endswith(("_IN_PROGRESS", "FUTURE")) and status != "REVIEW_IN_PROGRESS"
    assert (found is not None) is waits
    if found is not None:
        assert (found.on, found.state) == (Runs.STACK, f"Stack s is {status}")


@pytest.mark.parametrize("status", [*ENVIRONMENT_STATUSES, "A_STATUS_OF_THE_FUTURE"])
def test_each_environment_status_is_waited_for_or_not(status):
    found = runs(environment=replace(ENVIRONMENT, status=status))

    at_rest = {"AVAILABLE", "UPDATE_FAILED", "UNAVAILABLE", "CREATE_FAILED", "DELETED"}
    assert (found is None) is (status in at_rest)
    if found is not None:
        assert (found.on, found.state) == (Runs.ENVIRONMENT, f"e is {status}")


def test_nothing_runs_where_there_is_nothing():
    assert runs(None, None) is None


def test_the_stack_comes_first():
    found = runs(replace(STACK, status="UPDATE_IN_PROGRESS"), replace(ENVIRONMENT, status="UPDATING"))
    assert found is not None
    assert found.on is Runs.STACK


def test_a_foreign_update_is_told_by_mwaas_own_time():
    began = NOW - timedelta(minutes=12)
    updating = replace(ENVIRONMENT, status="UPDATING", last_update_at=began, last_update_status="PENDING")

    found = runs(environment=updating)

    assert found is not None
    assert (found.since, found.expected) == (began, (15, 35))


@pytest.mark.parametrize(
    ("stack", "environment"), [("UPDATE_IN_PROGRESS", "UPDATING"), ("UPDATE_COMPLETE", "UPDATING")]
)
def test_a_change_of_an_earlier_run_is_told_with_the_run(stack, environment):
    found = runs(replace(STACK, status=stack), replace(ENVIRONMENT, status=environment), CHANGE)

    assert found is not None
    assert "https://github.test/runs/1" in found.meaning
    assert (found.since, found.expected) == (CHANGE.since, (16, 36))


@pytest.mark.parametrize(
    ("minutes", "updated", "waits"),
    [
        pytest.param(5, False, True, id="may still begin"),
        pytest.param(5, True, False, id="has begun, and is over"),
        pytest.param(SETTLE / 60, False, False, id="will not begin any more"),
    ],
)
def test_an_update_that_mwaa_has_not_begun_is_waited_for_a_while(minutes, updated, waits):
    change = replace(CHANGE, stack_done_at=NOW - timedelta(minutes=minutes))
    environment = replace(ENVIRONMENT, last_update_at=NOW) if updated else ENVIRONMENT

    found = runs(environment=environment, change=change)

    assert (found is not None) is waits
    if found is not None:
        assert "MWAA has not begun the update yet" in found.meaning


def test_a_change_that_may_never_have_been_executed_is_not_waited_for():
    """The run died between its note and the change set: nothing will begin."""
    assert runs(change=CHANGE) is None


# -- the wait ------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path) -> World:
    world = World(tmp_path)
    world.deploy()
    world.log.lines.clear()
    return world


def wait(world: World, timeout: float = 4 * 3600, **options) -> Settled:
    bundle = world.bundle()
    target = Target(
        bucket=world.bucket,
        stack=world.stack,
        environments=world.environment,
        clock=world.clock,
        log=world.log,
        timeout=timeout,
    )
    return settle(world.state(bundle), target=target, read=lambda: world.state(bundle), **options)


def test_a_target_at_rest_is_not_looked_at_again(world):
    for fake in (world.bucket, world.stack, world.environment):
        fake.knobs.calls.clear()

    settled = wait(world)

    assert settled.note == ""
    assert (world.stack.knobs.count("state"), world.environment.knobs.count("get")) == (1, 1)
    assert world.log.lines == []


def test_a_foreign_stack_update_is_waited_for_with_a_line_a_minute(world):
    world.stack.occupy(300)

    settled = wait(world)

    assert settled.state.stack is not None
    assert settled.state.stack.status == "UPDATE_COMPLETE"
    assert [line.partition(".")[0] for line in world.log.lines] == [
        f"Stack mwaa-staging is UPDATE_IN_PROGRESS after {minutes} min" for minutes in range(5)
    ]
    assert "Another run, another person, or AWS itself" in world.log.lines[0]
    assert settled.note == "Waited 5 min before anything was changed: Stack mwaa-staging is UPDATE_IN_PROGRESS."


def test_maintenance_and_what_follows_it_are_waited_for(world):
    world.environment.maintain("staging", seconds=600)
    world.environment.bring("staging", versions={}, paths={}, begins=600, seconds=1200)
    began = world.clock.now()

    settled = wait(world)

    assert settled.state.environment is not None
    assert settled.state.environment.status == "AVAILABLE"
    assert (world.clock.now() - began).total_seconds() == 1800
    assert "staging is MAINTENANCE; staging is UPDATING" in settled.note
    assert any("staging is UPDATING after 5 min of 15 to 35" in line for line in world.log.lines)


def test_a_stack_that_is_done_before_its_environment_is_followed_by_it(world):
    world.stack.occupy(120)
    world.environment.bring("staging", versions={}, paths={}, begins=30, seconds=600)

    assert "Stack mwaa-staging is UPDATE_IN_PROGRESS; staging is UPDATING" in wait(world).note


def test_what_begins_while_the_target_is_read_is_waited_for_too(world):
    world.stack.occupy(60)
    bundle, target_reads = world.bundle(), []

    def read():
        target_reads.append(world.clock.now())
        if len(target_reads) == 1:
            world.environment.maintain("staging", seconds=300)
        return world.state(bundle)

    state = world.state(bundle)
    target = Target(
        bucket=world.bucket, stack=world.stack, environments=world.environment, clock=world.clock, log=world.log
    )
    settled = settle(state, target=target, read=read)

    assert len(target_reads) == 2
    assert settled.state.environment is not None
    assert settled.state.environment.status == "AVAILABLE"


def test_a_stack_that_stays_busy_is_red_and_says_how_to_go_on(world):
    world.stack.occupy(7200)

    with pytest.raises(StackBusy, match="UPDATE_IN_PROGRESS after this run has waited for 60 min") as caught:
        wait(world, timeout=3600)

    assert "This run has changed nothing" in caught.value.meaning
    assert "stack-timeout-minutes" in caught.value.mend


def test_an_environment_that_stays_busy_is_red_and_says_how_to_go_on(world):
    world.environment.set_status("staging", "PENDING")

    with pytest.raises(EnvironmentBusy, match="staging is PENDING after this run has waited for 60 min") as caught:
        wait(world, timeout=3600)

    assert "VPC endpoints" in caught.value.meaning
    assert "Run the job again" in caught.value.mend


def test_the_time_limit_holds_for_everything_together(world):
    world.stack.occupy(3000)
    world.environment.bring("staging", versions={}, paths={}, seconds=4000)

    with pytest.raises(EnvironmentBusy):
        wait(world, timeout=3600)


def test_an_environment_being_deleted_is_waited_for_until_it_is_gone(world):
    world.stack._state = world.stack.deployed = None
    leaving = world.environment.states["staging"]
    world.environment.put(replace(leaving, status="DELETING"))
    world.environment.later(600, replace(leaving, status="DELETED"))

    settled = wait(world, environment_name="staging")

    assert settled.state.environment is None
    assert "staging is DELETING" in settled.note
