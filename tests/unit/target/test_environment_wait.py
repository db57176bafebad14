from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mwaa_deploy.errors import EnvironmentMissing, EnvironmentUpdateFailed, EnvironmentWaitTimedOut
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.environment_update import Awaited, Before
from mwaa_deploy.target.environment_wait import wait_until_live
from tests.fakes.clock import FakeClock
from tests.fakes.environment import FakeEnvironment
from tests.fakes.log import FakeLog

NAME = "mwaa-staging"
LAST_WEEK = datetime(2026, 1, 1, tzinfo=UTC)
OLD = EnvironmentState(
    name=NAME,
    status="AVAILABLE",
    versions={Part.REQUIREMENTS: "old"},
    last_update_at=LAST_WEEK,
    last_update_status="SUCCESS",
)
NEW = {Part.REQUIREMENTS: "new"}


class Wait:
    """A wait for an update of an environment that is at first AVAILABLE on its old version."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.log = FakeLog()
        self.environments = FakeEnvironment(self.clock)
        self.environments.put(OLD)
        self.awaited = Awaited(versions=NEW, before=Before(status=OLD.status, last_update_at=OLD.last_update_at))

    def __call__(self, timeout: float = 7200, **options: Any) -> EnvironmentState:
        return wait_until_live(
            self.environments, NAME, self.awaited, timeout=timeout, clock=self.clock, log=self.log, **options
        )

    def update(self, *, begins: float = 0, seconds: float = 0) -> None:
        self.environments.bring(NAME, versions=NEW, paths={}, begins=begins, seconds=seconds)


@pytest.fixture
def wait() -> Wait:
    return Wait()


def test_an_update_that_is_over_is_not_waited_for(wait):
    wait.update()
    assert wait().versions == NEW
    assert wait.clock.slept == []


def test_available_on_old_versions_is_not_the_end(wait):
    """CloudFormation may be done before MWAA has begun."""
    wait.update(begins=70, seconds=1430)
    assert wait().status == "AVAILABLE"
    assert sum(wait.clock.slept) == 1500


def test_an_update_without_a_new_version_is_waited_for_until_mwaa_has_begun_it(wait):
    """Another environment class, or an option: nothing but LastUpdate tells that the old state is the old one."""
    wait.environments.put(replace(OLD, versions=NEW))
    wait.environments.bring(NAME, versions={}, paths={}, begins=120, seconds=1380)
    assert wait().last_update_status == "SUCCESS"
    assert sum(wait.clock.slept) == 1500


def test_a_failure_of_an_earlier_update_is_not_ours(wait):
    failed = replace(OLD, status="UPDATE_FAILED", last_update_status="FAILED", last_update_error="last week's")
    wait.environments.put(failed)
    wait.awaited = replace(wait.awaited, before=Before(status="UPDATE_FAILED", last_update_at=LAST_WEEK))
    wait.update(begins=60, seconds=1200)
    assert wait().status == "AVAILABLE"


def test_an_environment_that_fails_again_is_a_failure_with_the_new_reason(wait):
    failed = replace(OLD, status="UPDATE_FAILED", last_update_status="FAILED", last_update_error="last week's")
    wait.environments.put(failed)
    wait.awaited = replace(wait.awaited, before=Before(status="UPDATE_FAILED", last_update_at=LAST_WEEK))
    wait.environments.fail_update(NAME, "today's", begins=60, seconds=1200)
    with pytest.raises(EnvironmentUpdateFailed, match="UPDATE_FAILED: today's"):
        wait()
    assert sum(wait.clock.slept) == 1260


def test_an_expected_part_that_the_environment_never_had_is_waited_for(wait):
    wait.environments.put(replace(OLD, versions={}))
    wait.update(seconds=60)
    assert wait().versions == NEW


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UNAVAILABLE", "DELETING", "DELETED"])
def test_a_lost_environment_is_a_failure_with_mwaas_reason(wait, status):
    wait.environments.put(replace(OLD, status=status, last_update_error="Unable to install the requirements"))
    with pytest.raises(EnvironmentUpdateFailed, match=f"{NAME} is {status}: Unable to install the requirements"):
        wait()
    assert wait.clock.slept == []


def test_a_roll_back_is_waited_for_and_then_a_failure(wait):
    wait.environments.fail_update(NAME, "Unable to install", begins=60, seconds=1740)
    with pytest.raises(EnvironmentUpdateFailed, match="Unable to install"):
        wait()
    assert sum(wait.clock.slept) == 1800


def test_an_update_that_mwaa_never_begins_is_a_failure_before_the_timeout(wait):
    with pytest.raises(EnvironmentUpdateFailed, match="MWAA has not begun the update yet"):
        wait(settle=900)
    assert sum(wait.clock.slept) == 900


def test_an_environment_that_stays_on_old_versions_is_a_failure_before_the_timeout(wait):
    wait.environments.bring(NAME, versions={Part.REQUIREMENTS: "another"}, paths={})
    with pytest.raises(EnvironmentUpdateFailed, match="requirements: version another instead of new"):
        wait(settle=900)
    assert sum(wait.clock.slept) == 900


def test_only_idle_time_counts_against_settling(wait):
    wait.environments.later(600, replace(OLD, status="UPDATING"))
    wait.environments.later(1200, OLD)
    wait.update(begins=1800, seconds=600)
    assert wait(settle=900).versions == NEW


@pytest.mark.parametrize("status", ["UPDATING", "MAINTENANCE", "PENDING", "HIBERNATING"])
def test_a_timeout_names_the_status_and_says_how_to_go_on(wait, status):
    wait.environments.put(replace(OLD, status=status))
    with pytest.raises(EnvironmentWaitTimedOut, match=rf"still {status} after 2 min of 16 to 36\.") as caught:
        wait(timeout=120, expected=(16, 36))
    assert sum(wait.clock.slept) == 120
    assert "Run the job again: it waits" in caught.value.mend
    assert "stack-timeout-minutes" in caught.value.mend


def test_workers_that_are_replaced_gracefully_may_take_twelve_hours(wait):
    wait.update(begins=60, seconds=12 * 3600)
    assert wait(timeout=13 * 3600).versions == NEW
    assert sum(wait.clock.slept) == 12 * 3600 + 60


def test_an_environment_that_vanishes_is_missing(wait):
    wait.environments.states.clear()
    with pytest.raises(EnvironmentMissing, match=NAME):
        wait()


def test_every_minute_and_every_new_status_has_a_line_with_elapsed_and_expected_time(wait):
    wait.environments.fail_update(NAME, "no", begins=15, seconds=270)
    began = wait.clock.now() - timedelta(minutes=20)
    with pytest.raises(EnvironmentWaitTimedOut):
        wait(timeout=200, interval=10, since=began, expected=(16, 36))
    assert [line[: line.index(".")] for line in wait.log.lines] == [
        f"{NAME} is AVAILABLE after 20 min of 16 to 36",
        f"{NAME} is UPDATING after 20 min of 16 to 36",
        f"{NAME} is UPDATING after 21 min of 16 to 36",
        f"{NAME} is UPDATING after 22 min of 16 to 36",
        f"{NAME} is ROLLING_BACK after 22 min of 16 to 36",
    ]


def test_without_a_plan_the_table_says_how_long_it_usually_takes(wait):
    wait.update(seconds=60)
    wait()
    assert wait.log.lines[0] == f"{NAME} is UPDATING after 0 min of 15 to 35. It is being updated."
