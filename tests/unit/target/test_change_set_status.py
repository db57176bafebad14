"""Every row of the table of change sets' statuses, and what is done about it."""

from typing import Any

import botocore.session
import pytest

from mwaa_deploy.errors import ChangeSetFailed
from mwaa_deploy.target.change_set_status import CHANGE_SET_STATUSES, Course, change_set_status
from tests.fakes.clock import FakeClock
from tests.unit.target.stubs import stubbed
from tests.unit.target.test_change_sets import ID, change, change_sets, create, described

EXECUTION = ["UNAVAILABLE", "AVAILABLE", "EXECUTE_IN_PROGRESS", "EXECUTE_COMPLETE", "EXECUTE_FAILED", "OBSOLETE"]
EXPECTED = {
    **{(status, execution): "wait" for status in ("CREATE_PENDING", "CREATE_IN_PROGRESS") for execution in EXECUTION},
    **{
        (status, execution): "gone"
        for status in ("DELETE_PENDING", "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED")
        for execution in EXECUTION
    },
    **{("FAILED", execution): "failed" for execution in EXECUTION},
    ("CREATE_COMPLETE", "UNAVAILABLE"): "wait",
    ("CREATE_COMPLETE", "AVAILABLE"): "ready",
    ("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS"): "gone",
    ("CREATE_COMPLETE", "EXECUTE_COMPLETE"): "gone",
    ("CREATE_COMPLETE", "EXECUTE_FAILED"): "gone",
    ("CREATE_COMPLETE", "OBSOLETE"): "obsolete",
    ("CREATE_COMPLETE", "A_STATUS_OF_THE_FUTURE"): "wait",
    ("A_STATUS_OF_THE_FUTURE", "AVAILABLE"): "wait",
}


def test_the_table_has_every_status_of_the_api():
    model = botocore.session.get_session().get_service_model("cloudformation")
    assert set(CHANGE_SET_STATUSES) == set(model.shape_for("ChangeSetStatus").enum)
    executions = set(model.shape_for("ExecutionStatus").enum)
    assert all(set(rows) == executions for rows in CHANGE_SET_STATUSES.values())


@pytest.mark.parametrize(("status", "execution"), EXPECTED)
def test_what_will_not_do_says_why(status, execution):
    row = change_set_status(status, execution)
    assert row.course == EXPECTED[status, execution]
    assert bool(row.meaning) == (row.course not in {Course.WAIT, Course.READY})
    assert bool(row.mend) == (row.course in {Course.GONE, Course.OBSOLETE})


@pytest.mark.parametrize(("status", "execution"), EXPECTED)
def test_each_row_is_acted_upon(status, execution):
    course, clock = EXPECTED[status, execution], FakeClock()
    look = described(status, "its reason", Changes=[change("A")], ExecutionStatus=execution)
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", look)
        if course == "wait":
            stub.add_response("describe_change_set", described("CREATE_COMPLETE", Changes=[change("A")]))
        if course in {"failed", "obsolete"}:
            add_validation(stub)
        if course in {"failed", "gone", "obsolete"}:
            stub.add_response("delete_change_set", {}, {"ChangeSetName": ID, "StackName": "mwaa-staging"})
            with pytest.raises(ChangeSetFailed) as caught:
                create(change_sets(client, clock))
            row = change_set_status(status, execution)
            assert row.meaning in caught.value.meaning
            assert row.mend in caught.value.mend
            assert ("its reason" in caught.value.what) == (course == "failed")
        else:
            assert [line.logical_id for line in create(change_sets(client, clock)).changes] == ["A"]
    assert bool(clock.slept) == (course == "wait")


def add_validation(stub: Any) -> None:
    """For what is asked about a failure besides."""
