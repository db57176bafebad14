import botocore.session
import pytest

from mwaa_deploy.target.environment_status import ENVIRONMENT_STATUSES, Course, environment_status

READY, BUSY, LOST = Course.READY, Course.BUSY, Course.LOST


def test_the_table_has_every_status_of_the_api():
    model = botocore.session.get_session().get_service_model("mwaa")
    assert set(ENVIRONMENT_STATUSES) == set(model.shape_for("EnvironmentStatus").enum)
    assert len(ENVIRONMENT_STATUSES) == 12


@pytest.mark.parametrize(
    ("name", "waiting", "starting"),
    [
        ("CREATING", BUSY, BUSY),
        ("CREATE_FAILED", LOST, LOST),
        ("AVAILABLE", READY, READY),
        ("UPDATING", BUSY, BUSY),
        ("DELETING", LOST, BUSY),
        ("DELETED", LOST, LOST),
        ("UNAVAILABLE", LOST, LOST),
        ("UPDATE_FAILED", READY, READY),
        ("ROLLING_BACK", BUSY, BUSY),
        ("CREATING_SNAPSHOT", BUSY, BUSY),
        ("PENDING", BUSY, BUSY),
        ("MAINTENANCE", BUSY, BUSY),
        ("HIBERNATING", BUSY, BUSY),
    ],
)
def test_what_a_status_means_for_waiting_and_for_starting(name, waiting, starting):
    status = environment_status(name)

    assert (status.waiting, status.starting) == (waiting, starting)
    assert status.meaning.endswith(".")


def test_a_status_of_the_future_is_called_new():
    assert environment_status("HIBERNATING").meaning == "This status is new to this program."
