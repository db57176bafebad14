"""What every InstallLogs does: the fake, and CloudWatch Logs in the lab."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from lab.aws.process import RunningAws
from mwaa_deploy.errors import AwsAccessDenied
from mwaa_deploy.ports import InstallLogs, LogLine
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.install_logs import CloudWatchLogs
from tests.fakes.live_airflow import FakeInstallLogs
from tests.integration.lab_aws.conftest import client_for

NOW = datetime.now(tz=UTC).replace(microsecond=0)
PIP = "requirements_install"


class Place(Protocol):
    @property
    def logs(self) -> InstallLogs: ...
    def say(self, group: str, stream: str, text: str, *, at: datetime) -> None: ...


class FakePlace:
    def __init__(self) -> None:
        self.logs = FakeInstallLogs()

    def say(self, group: str, stream: str, text: str, *, at: datetime) -> None:
        self.logs.say(group, stream, text, at=at)


class LabPlace:
    def __init__(self, clients: AwsClients) -> None:
        self.client = clients.client("logs")
        self.logs = CloudWatchLogs(self.client)

    def say(self, group: str, stream: str, text: str, *, at: datetime) -> None:
        name = group.rpartition(":")[2]
        for make, what in (
            (self.client.create_log_group, {"logGroupName": name}),
            (self.client.create_log_stream, {"logGroupName": name, "logStreamName": stream}),
        ):
            try:
                make(**what)
            except self.client.exceptions.ResourceAlreadyExistsException:
                continue
        event = {"timestamp": int(at.timestamp() * 1000), "message": text}
        self.client.put_log_events(logGroupName=name, logStreamName=stream, logEvents=[event])


@pytest.fixture(params=["fake", pytest.param("lab", marks=pytest.mark.lab)])
def place(request: pytest.FixtureRequest) -> Place:
    return FakePlace() if request.param == "fake" else LabPlace(request.getfixturevalue("clients"))


@pytest.fixture
def group() -> str:
    return f"arn:aws:logs:eu-west-1:123456789012:log-group:airflow-{uuid.uuid4().hex}-Worker"


def test_lines_come_in_the_order_of_time_with_their_streams(place, group):
    place.say(group, f"{PIP}_b", "second", at=NOW + timedelta(seconds=2))
    place.say(group, f"{PIP}_a", "first", at=NOW + timedelta(seconds=1))
    assert list(place.logs.lines(group, PIP, NOW)) == [
        LogLine(stream=f"{PIP}_a", at=NOW + timedelta(seconds=1), text="first"),
        LogLine(stream=f"{PIP}_b", at=NOW + timedelta(seconds=2), text="second"),
    ]


def test_other_streams_and_other_groups_are_left_out(place, group):
    place.say(group, "scheduler_ip-10-0-0-1", "no", at=NOW)
    place.say(f"{group}-other", f"{PIP}_a", "nor this", at=NOW)
    place.say(group, f"{PIP}_a", "yes", at=NOW)
    assert [line.text for line in place.logs.lines(group, PIP, NOW)] == ["yes"]


def test_lines_from_before_are_left_out(place, group):
    place.say(group, f"{PIP}_a", "before", at=NOW - timedelta(seconds=1))
    place.say(group, f"{PIP}_a", "at that moment", at=NOW)
    assert [line.text for line in place.logs.lines(group, PIP, NOW)] == ["at that moment"]


def test_a_group_that_is_not_there_has_no_lines(place, group):
    assert list(place.logs.lines(group, PIP, NOW)) == []


@pytest.mark.lab
def test_logs_that_may_not_be_read_are_named_with_the_statement(clients, lab_aws: RunningAws, group):
    LabPlace(clients).say(group, f"{PIP}_a", "x", at=NOW)
    iam, user = clients.client("iam"), f"nobody-{uuid.uuid4().hex}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    client = client_for(
        lab_aws.url,
        "logs",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )

    with pytest.raises(AwsAccessDenied) as caught:
        list(CloudWatchLogs(client).lines(group, PIP, NOW))

    assert "logs:FilterLogEvents" in caught.value.mend
