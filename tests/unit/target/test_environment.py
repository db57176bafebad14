from datetime import UTC, datetime

import pytest

from mwaa_deploy.errors import AwsAccessDenied
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.environment import MwaaEnvironments, environment_state
from tests.unit.target.stubs import stubbed

NAME = "mwaa-staging"


def test_none_of_the_fields_is_promised():
    assert environment_state(NAME, {}) == EnvironmentState(name=NAME, status="UNKNOWN")


def test_the_last_update_is_told_with_its_time():
    began = datetime(2026, 1, 5, 12, tzinfo=UTC)
    update = {"Status": "FAILED", "CreatedAt": began, "Error": {"ErrorMessage": "Unable to install"}}

    found = environment_state(NAME, {"Status": "UPDATE_FAILED", "LastUpdate": update})

    assert (found.last_update_at, found.last_update_status) == (began, "FAILED")
    assert found.last_update_error == "Unable to install"


def test_not_being_allowed_to_look_names_the_environment():
    with stubbed("mwaa") as (client, stub):
        stub.add_client_error("get_environment", "AccessDeniedException", "denied", 403)
        with pytest.raises(AwsAccessDenied, match=r"airflow:eu-west-1:\*:environment/mwaa-staging"):
            MwaaEnvironments(client).get(NAME)


def test_only_log_groups_that_are_switched_on_are_told():
    on = {"Enabled": True, "LogLevel": "INFO", "CloudWatchLogGroupArn": "arn:aws:logs:r:1:log-group:airflow-x-Worker"}
    configuration = {"WorkerLogs": on, "TaskLogs": on | {"Enabled": False}, "SchedulerLogs": {"Enabled": True}}
    found = environment_state(NAME, {"LoggingConfiguration": configuration})
    assert found.log_groups == {"WorkerLogs": on["CloudWatchLogGroupArn"]}
