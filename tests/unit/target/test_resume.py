"""Deployments that ran out of time, or met somebody else's, and the run after them."""

import json

import pytest

from mwaa_deploy.errors import (
    EnvironmentUpdateFailed,
    EnvironmentWaitTimedOut,
    StackBusy,
    StackUpdateFailed,
    StackWaitTimedOut,
)
from mwaa_deploy.parts import Part
from mwaa_deploy.target.record import read_record
from tests.fakes.world import World

NOTE = "mwaa-deploy/mwaa-staging/unfinished.json"
BIG = "Name: staging\nClass: mw1.large\n"


@pytest.fixture
def world(tmp_path) -> World:
    world = World(tmp_path)
    world.deploy()
    world.environment.updates.clear()
    world.stack.knobs.calls.clear()
    world.log.lines.clear()
    world.timeout = 3600
    return world


def executed(world: World) -> int:
    return world.stack.knobs.count("execute")


def test_a_stack_that_outlasts_the_time_limit_is_resumed_without_a_second_update(world):
    world.stack.seconds = 2 * 3600
    world.files["plugins/operators.py"] = "p = 2\n"
    world.files["dags/a.py"] = "a = 2\n"
    record = read_record(world.bucket, "mwaa-staging")

    with pytest.raises(StackWaitTimedOut):
        world.deploy()

    assert world.bucket.contents["dags/a.py"] == b"a = 1\n"
    assert read_record(world.bucket, "mwaa-staging") == record
    assert json.loads(world.bucket.contents[NOTE])["change"]["run_url"] == "https://github.test/runs/2"
    made = world.versions_made

    outcome = world.deploy()

    world.assert_deployed()
    assert (executed(world), world.environment.updates) == (1, ["staging"])
    assert world.versions_made == made | {"dags/a.py": made["dags/a.py"] + 1}
    assert outcome.record_written
    assert any("An earlier deployment began it, https://github.test/runs/2" in line for line in world.log.lines)
    assert any("is UPDATE_IN_PROGRESS after 60 min of 16 to 36" in line for line in world.log.lines)


def test_an_environment_that_outlasts_the_time_limit_is_resumed_without_a_second_update(world):
    world.stack.environment_lags = 2 * 3600
    world.files["plugins/operators.py"] = "p = 2\n"
    with pytest.raises(EnvironmentWaitTimedOut):
        world.deploy()
    assert json.loads(world.bucket.contents[NOTE])["change"]["stack_done_at"]

    world.deploy()

    world.assert_deployed()
    assert (executed(world), world.environment.updates) == (1, ["staging"])


def test_a_run_that_is_out_of_time_twice_is_still_resumed(world):
    world.stack.seconds = 3 * 3600
    world.files["plugins/operators.py"] = "p = 2\n"
    with pytest.raises(StackWaitTimedOut):
        world.deploy()
    with pytest.raises(StackBusy):
        world.deploy()
    assert NOTE in world.bucket.contents

    world.deploy()

    world.assert_deployed()
    assert executed(world) == 1


def test_the_next_commit_is_deployed_after_what_the_one_before_began(world):
    world.stack.seconds = 2 * 3600
    world.files["plugins/operators.py"] = "p = 2\n"
    with pytest.raises(StackWaitTimedOut):
        world.deploy()

    world.stack.seconds = 1200
    world.files["plugins/operators.py"] = "p = 3\n"
    world.deploy()

    world.assert_deployed()
    assert (executed(world), len(world.environment.updates)) == (2, 2)


def test_a_return_to_the_commit_before_undoes_what_was_begun(world):
    world.stack.seconds = 2 * 3600
    world.files["plugins/operators.py"] = "p = 2\n"
    with pytest.raises(StackWaitTimedOut):
        world.deploy()

    world.stack.seconds = 1200
    world.files["plugins/operators.py"] = "p = 1\n"
    world.deploy()

    world.assert_deployed()


def test_a_stack_that_fails_after_the_time_limit_is_tried_again(world):
    world.stack.seconds = 2 * 3600
    world.stack.break_with("Mwaa", "no")
    world.files["plugins/operators.py"] = "p = 2\n"
    with pytest.raises(StackWaitTimedOut):
        world.deploy()

    world.stack.seconds = 1200
    world.deploy()

    world.assert_deployed()
    assert world.environment.updates == ["staging"]


def test_a_class_is_not_live_before_mwaa_has_begun_to_change_it(world):
    """No version changes, so that the environment looks finished from the first moment on."""
    world.stack.environment_begins = 1500
    world.files["parameters.yml"] = BIG
    began = world.clock.now()

    world.deploy()

    assert (world.clock.now() - began).total_seconds() == 1500 + 1200
    world.assert_deployed()


def test_a_class_that_mwaa_rolls_back_after_its_stack_is_done_is_red(world):
    world.stack.environment_begins, world.stack.environment_fails = 1500, "no capacity"
    world.files["parameters.yml"] = BIG

    with pytest.raises(EnvironmentUpdateFailed, match="no capacity"):
        world.deploy()

    with pytest.raises(EnvironmentUpdateFailed, match="CloudFormation takes for live what is not") as caught:
        world.deploy()
    assert "aws mwaa update-environment --name staging" in caught.value.mend
    assert executed(world) == 1


def test_an_update_by_hand_mends_what_mwaa_had_rolled_back(world):
    world.stack.environment_begins, world.stack.environment_fails = 1500, "no capacity"
    world.files["parameters.yml"] = BIG
    with pytest.raises(EnvironmentUpdateFailed):
        world.deploy()
    world.environment.bring("staging", versions={}, paths={}, seconds=1200)

    world.deploy()

    world.assert_deployed()


def test_an_update_that_begins_after_the_run_was_killed_is_waited_for(world, monkeypatch):
    world.stack.environment_begins = 1500
    world.files["parameters.yml"] = BIG
    monkeypatch.setattr("mwaa_deploy.target.stack_change.wait_until_live", killed)
    with pytest.raises(KeyboardInterrupt):
        world.deploy()
    monkeypatch.undo()
    began = world.clock.now()

    world.deploy()

    world.assert_deployed()
    assert (world.clock.now() - began).total_seconds() == 300 + 1200


def killed(*_arguments, **_options):
    raise KeyboardInterrupt


def test_somebody_elses_change_is_waited_for_and_planned_against(world):
    """Their update brought other plugins; the plan has to see them."""
    other = world.bucket.put_foreign("plugins.zip", b"theirs")
    world.stack.occupy(600)
    world.environment.bring("staging", versions={Part.PLUGINS: other.version}, paths={}, seconds=1200)
    world.files["dags/a.py"] = "a = 2\n"

    world.deploy()

    world.assert_deployed()
    assert world.environment.states["staging"].versions[Part.PLUGINS] != other.version


def test_maintenance_delays_a_deployment_and_does_not_break_it(world):
    world.environment.maintain("staging", seconds=1800)
    world.files["plugins/operators.py"] = "p = 2\n"

    world.deploy()

    world.assert_deployed()


def test_an_environment_left_in_update_failed_takes_the_next_update(world):
    world.environment.fail_update("staging", "last week's")
    world.files["plugins/operators.py"] = "p = 2\n"

    world.deploy()

    world.assert_deployed()


def test_an_environment_left_in_update_failed_begins_the_next_update_late(world):
    world.environment.fail_update("staging", "last week's")
    world.stack.environment_begins = 1500
    world.files["plugins/operators.py"] = "p = 2\n"

    world.deploy()

    world.assert_deployed()


def test_a_broken_environment_is_told_before_anything_is_uploaded(world):
    world.environment.set_status("staging", "UNAVAILABLE")
    world.files["plugins/operators.py"] = "p = 2\n"
    made = world.versions_made

    with pytest.raises(EnvironmentUpdateFailed, match="staging is UNAVAILABLE"):
        world.deploy()

    assert world.versions_made == made


def test_a_stack_in_progress_has_a_line_a_minute_with_elapsed_and_expected_time(world):
    world.files["plugins/operators.py"] = "p = 2\n"

    world.deploy()

    lines = [line.rstrip(".") for line in world.log.lines if "is UPDATE_IN_PROGRESS after" in line]
    assert lines == [f"Stack mwaa-staging is UPDATE_IN_PROGRESS after {m} min of 16 to 36" for m in range(20)]


def test_a_failed_stack_is_no_time_out(world):
    world.stack.break_with("Mwaa", "no")
    world.files["plugins/operators.py"] = "p = 2\n"
    with pytest.raises(StackUpdateFailed, match="Mwaa: no"):
        world.deploy()
