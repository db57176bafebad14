import botocore.session
import pytest

from mwaa_deploy.target.stack_status import STACK_STATUSES, Readiness, stack_status


def test_the_table_has_every_status_of_the_api():
    model = botocore.session.get_session().get_service_model("cloudformation")
    assert set(STACK_STATUSES) == set(model.shape_for("StackStatus").enum)
    assert len(STACK_STATUSES) == 23


def test_whatever_is_in_progress_is_busy_but_for_a_review():
    busy = {name for name, status in STACK_STATUSES.items() if status.busy}
    assert busy == {name for name in STACK_STATUSES if name.endswith("_IN_PROGRESS")} - {"REVIEW_IN_PROGRESS"}


def test_the_good_ends():
    assert {name for name, status in STACK_STATUSES.items() if status.outcome == "good"} == {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "IMPORT_COMPLETE",
    }


def test_every_end_of_an_operation_is_good_or_bad():
    undecided = {name for name, status in STACK_STATUSES.items() if not status.busy and status.outcome == "open"}
    assert undecided == {"REVIEW_IN_PROGRESS"}


@pytest.mark.parametrize("status", [s for s in STACK_STATUSES.values() if s.readiness is Readiness.UNUSABLE])
def test_an_unusable_stack_comes_with_a_command(status):
    assert status.meaning
    assert "--stack-name mwaa-staging" in status.mend.format(stack="mwaa-staging")


def test_what_a_change_set_can_be_made_of():
    by_readiness = {
        readiness: {name for name, status in STACK_STATUSES.items() if status.readiness is readiness}
        for readiness in (Readiness.UPDATE, Readiness.CREATE)
    }
    assert by_readiness == {
        Readiness.UPDATE: {
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
            "IMPORT_COMPLETE",
            "IMPORT_ROLLBACK_COMPLETE",
        },
        Readiness.CREATE: {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"},
    }


def test_a_status_of_the_future_is_waited_for():
    assert stack_status("UPDATE_PAUSED").busy
    assert stack_status("UPDATE_PAUSED").outcome == "open"
