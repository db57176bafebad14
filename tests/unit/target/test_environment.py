import botocore.session
import pytest

from mwaa_deploy.errors import (
    AwsAccessDenied,
    EnvironmentMissing,
    EnvironmentUpdateFailed,
    EnvironmentWaitTimedOut,
)
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.environment import (
    ENVIRONMENT_STATUSES,
    Course,
    MwaaEnvironments,
    environment_state,
    environment_status,
    wait_until_live,
)
from tests.fakes.clock import FakeClock
from tests.fakes.environment import FakeEnvironment
from tests.fakes.log import FakeLog
from tests.unit.target.stubs import stubbed

NAME = "mwaa-staging"
EXPECTED = {Part.REQUIREMENTS: "new"}


def state(status: str, requirements: str = "old", error: str | None = None) -> EnvironmentState:
    return EnvironmentState(
        name=NAME, status=status, versions={Part.REQUIREMENTS: requirements}, last_update_error=error
    )


class Wait:
    """A wait on an environment that is at first AVAILABLE on its old version."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.log = FakeLog()
        self.environments = FakeEnvironment(self.clock)
        self.environments.put(state("AVAILABLE"))

    def __call__(self, timeout: float = 7200, **options: float) -> EnvironmentState:
        return wait_until_live(
            self.environments,
            NAME,
            versions=EXPECTED,
            timeout=timeout,
            clock=self.clock,
            log=self.log,
            **options,
        )


@pytest.fixture
def wait() -> Wait:
    return Wait()


def test_the_table_has_every_status_of_the_api():
    model = botocore.session.get_session().get_service_model("mwaa")
    assert set(ENVIRONMENT_STATUSES) == set(model.shape_for("EnvironmentStatus").enum)


def test_a_status_of_the_future_is_waited_for():
    assert environment_status("HIBERNATING").course is Course.UNDER_WAY


def test_none_of_the_fields_is_promised():
    assert environment_state(NAME, {}) == EnvironmentState(name=NAME, status="UNKNOWN")


def test_an_environment_on_the_expected_versions_is_not_waited_for(wait):
    wait.environments.put(state("AVAILABLE", "new"))
    assert wait().versions == EXPECTED
    assert wait.clock.slept == []


def test_available_on_old_versions_is_not_the_end(wait):
    """CloudFormation may be done before MWAA has begun."""
    wait.environments.later(70, state("UPDATING"))
    wait.environments.later(1500, state("AVAILABLE", "new"))
    assert wait().status == "AVAILABLE"
    assert sum(wait.clock.slept) == 1500


def test_parts_that_are_not_expected_do_not_count(wait):
    wait.environments.put(
        EnvironmentState(name=NAME, status="AVAILABLE", versions={Part.REQUIREMENTS: "new", Part.PLUGINS: "any"})
    )
    assert wait().status == "AVAILABLE"


def test_an_expected_part_that_the_environment_never_had_is_waited_for(wait):
    wait.environments.put(EnvironmentState(name=NAME, status="AVAILABLE"))
    wait.environments.later(60, state("AVAILABLE", "new"))
    assert wait().versions == EXPECTED


@pytest.mark.parametrize("status", ["UPDATE_FAILED", "CREATE_FAILED", "UNAVAILABLE", "DELETING", "DELETED"])
def test_a_lost_environment_is_a_failure_with_mwaas_reason(wait, status):
    wait.environments.put(state(status, error="Unable to install the requirements"))
    with pytest.raises(EnvironmentUpdateFailed, match=f"{NAME} is {status}: Unable to install the requirements"):
        wait()


def test_a_roll_back_is_waited_for_and_then_a_failure(wait):
    for seconds, status in ((60, "UPDATING"), (600, "ROLLING_BACK"), (1800, "UPDATE_FAILED")):
        wait.environments.later(seconds, state(status))
    with pytest.raises(EnvironmentUpdateFailed):
        wait()
    assert sum(wait.clock.slept) == 1800


def test_an_environment_that_stays_on_old_versions_is_a_failure_before_the_timeout(wait):
    with pytest.raises(EnvironmentUpdateFailed, match="requirements: version old instead of new"):
        wait(settle=900)
    assert sum(wait.clock.slept) == 900


def test_only_idle_time_counts_against_settling(wait):
    wait.environments.later(600, state("UPDATING"))
    wait.environments.later(1200, state("AVAILABLE"))
    wait.environments.later(1800, state("AVAILABLE", "new"))
    assert wait(settle=900).versions == EXPECTED


@pytest.mark.parametrize("status", ["UPDATING", "MAINTENANCE", "PENDING", "HIBERNATING"])
def test_a_timeout_names_the_status(wait, status):
    wait.environments.put(state(status))
    with pytest.raises(EnvironmentWaitTimedOut, match=f"still {status} after 2 minutes"):
        wait(timeout=120)
    assert sum(wait.clock.slept) == 120


def test_an_environment_that_vanishes_is_missing(wait):
    wait.environments.states.clear()
    with pytest.raises(EnvironmentMissing, match=NAME):
        wait()


def test_every_minute_and_every_new_status_has_a_line(wait):
    wait.environments.put(state("UPDATING"))
    wait.environments.later(90, state("ROLLING_BACK"))
    with pytest.raises(EnvironmentWaitTimedOut):
        wait(timeout=200, interval=10)
    assert [line[: line.index(".")] for line in wait.log.lines] == [
        f"{NAME} is UPDATING after 0 min",
        f"{NAME} is UPDATING after 1 min",
        f"{NAME} is ROLLING_BACK after 2 min",
        f"{NAME} is ROLLING_BACK after 2 min",
    ]


def test_not_being_allowed_to_look_names_the_environment():
    with stubbed("mwaa") as (client, stub):
        stub.add_client_error("get_environment", "AccessDeniedException", "denied", 403)
        with pytest.raises(AwsAccessDenied, match=r"airflow:eu-west-1:\*:environment/mwaa-staging"):
            MwaaEnvironments(client).get(NAME)
