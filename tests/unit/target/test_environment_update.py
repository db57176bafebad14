"""What an environment's status and LastUpdate say together about an update of ours."""

from datetime import UTC, datetime, timedelta

import pytest

from mwaa_deploy.parts import Part
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.environment_update import (
    Awaited,
    Before,
    Stand,
    before,
    failed_since,
    judge,
    updated_since,
)

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
T1 = T0 + timedelta(minutes=5)
LIVE, UNDER_WAY, IDLE, FAILED = Stand.LIVE, Stand.UNDER_WAY, Stand.IDLE, Stand.FAILED
EARLIER = Before(status="AVAILABLE", last_update_at=T0)


def state(
    status: str = "AVAILABLE", version: str = "new", *, at: datetime | None = T1, update: str | None = "SUCCESS"
) -> EnvironmentState:
    versions = {Part.REQUIREMENTS: version, Part.PLUGINS: "any"}
    return EnvironmentState(name="e", status=status, versions=versions, last_update_at=at, last_update_status=update)


def stand(found: EnvironmentState, earlier: Before | None = EARLIER, *, updated: bool = True) -> Stand:
    return judge(found, Awaited(versions={Part.REQUIREMENTS: "new"}, before=earlier, updated=updated)).stand


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("CREATING", UNDER_WAY),
        ("CREATE_FAILED", FAILED),
        ("AVAILABLE", LIVE),
        ("UPDATING", UNDER_WAY),
        ("DELETING", FAILED),
        ("DELETED", FAILED),
        ("UNAVAILABLE", FAILED),
        ("UPDATE_FAILED", FAILED),
        ("ROLLING_BACK", UNDER_WAY),
        ("CREATING_SNAPSHOT", UNDER_WAY),
        ("PENDING", UNDER_WAY),
        ("MAINTENANCE", UNDER_WAY),
        ("HIBERNATING", UNDER_WAY),
    ],
)
def test_each_status_with_an_update_of_ours(status, expected):
    assert stand(state(status)) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(state(), LIVE, id="ours, ended well"),
        pytest.param(state(version="old"), IDLE, id="ended well, but somebody else's versions"),
        pytest.param(state(at=T0), IDLE, id="not begun, versions right already"),
        pytest.param(state(version="old", at=T0), IDLE, id="not begun"),
        pytest.param(state(at=T0 - timedelta(days=1)), IDLE, id="an even older one"),
        pytest.param(state(update="PENDING"), UNDER_WAY, id="taken on, status lags behind"),
        pytest.param(state(update="FAILED"), FAILED, id="failed, status says nothing"),
        pytest.param(state("UPDATE_FAILED", "old", update="FAILED"), FAILED, id="failed"),
        pytest.param(state("UPDATE_FAILED", "old", at=T0, update="FAILED"), IDLE, id="failed before ours began"),
        pytest.param(state("UPDATING", "old", at=T0), UNDER_WAY, id="LastUpdate lags behind"),
        pytest.param(state(update=None), IDLE, id="ended, nobody knows how"),
        pytest.param(state(at=None, update=None), IDLE, id="MWAA tells of no update at all"),
        pytest.param(state("UPDATE_FAILED", at=None, update=None), FAILED, id="a failure that was not there before"),
    ],
)
def test_an_update_is_live_only_when_it_is_a_newer_one_that_went_well(found, expected):
    assert stand(found) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(state(at=None, update=None), LIVE, id="created, never updated"),
        pytest.param(state(version="old", at=None, update=None), IDLE, id="created with something else"),
        pytest.param(state("CREATE_FAILED", at=None, update=None), FAILED, id="not created"),
        pytest.param(state(), LIVE, id="updated at once"),
    ],
)
def test_an_environment_just_created_needs_no_update(found, expected):
    assert stand(found, None) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(state(at=T0), LIVE, id="as before"),
        pytest.param(state("UPDATE_FAILED", at=T0, update="FAILED"), LIVE, id="a failure of before"),
        pytest.param(state(version="old"), IDLE, id="other versions"),
        pytest.param(state("MAINTENANCE"), UNDER_WAY, id="maintenance"),
        pytest.param(state("UNAVAILABLE"), FAILED, id="broken"),
    ],
)
def test_without_an_update_of_ours_the_versions_count(found, expected):
    assert stand(found, updated=False) is expected


def test_the_first_update_ever_is_newer_than_none():
    assert updated_since(state(), Before(status="AVAILABLE"))
    assert not updated_since(state(at=None), Before(status="AVAILABLE"))


def test_a_failure_of_before_is_not_ours_even_without_a_time():
    found = state("UPDATE_FAILED", at=None, update=None)
    assert not failed_since(found, Before(status="UPDATE_FAILED"))
    assert failed_since(found, Before(status="AVAILABLE"))


def test_what_is_still_rolled_back_has_not_ended():
    assert not failed_since(state("ROLLING_BACK", update="FAILED"), EARLIER)


def test_what_is_kept_of_an_environment_is_what_tells_updates_apart():
    assert before(state(at=T0)) == EARLIER
    assert before(None) is None


def test_other_versions_are_named():
    found = judge(state(version="old"), Awaited(versions={Part.REQUIREMENTS: "new", Part.STARTUP_SCRIPT: "s"}))
    assert found.text.splitlines()[1:] == [
        "requirements: version old instead of new",
        "startup-script: version none instead of s",
    ]
