"""What every Environment does, and waiting on it: the fake and MWAA's in the lab."""

import uuid
from typing import Protocol

import pytest

from lab.aws.process import RunningAws
from lab.aws.seed import make_bucket
from mwaa_deploy.clock import SystemClock
from mwaa_deploy.errors import EnvironmentBusy, EnvironmentMissing, EnvironmentUpdateFailed, EnvironmentWaitTimedOut
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Clock, Environment
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.environment_update import Awaited, Before, before, updated_since
from mwaa_deploy.target.environment_wait import wait_until_live
from tests.fakes.clock import FakeClock
from tests.fakes.environment import FakeEnvironment
from tests.fakes.log import FakeLog

ROLE = "arn:aws:iam::123456789012:role/airflow"
NETWORK = {"SubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"], "SecurityGroupIds": ["sg-01234567"]}


class World(Protocol):
    """An MWAA with nothing in it."""

    @property
    def environments(self) -> Environment: ...
    @property
    def clock(self) -> Clock: ...
    def version(self) -> str: ...
    def create(self, name: str, requirements: str) -> None: ...
    def update(self, name: str, requirements: str) -> None: ...
    def update_late(self, name: str, requirements: str) -> None: ...
    def fail_update(self, name: str, requirements: str, message: str) -> None: ...
    def set_status(self, name: str, status: str) -> None: ...


class FakeWorld:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.environments = FakeEnvironment(self.clock)
        self.environments.seconds = 60
        self.serial = 0

    def version(self) -> str:
        self.serial += 1
        return f"v{self.serial}"

    def create(self, name: str, requirements: str) -> None:
        self.environments.bring(
            name,
            versions={Part.REQUIREMENTS: requirements},
            paths={Part.REQUIREMENTS: "requirements.txt", Part.DAGS: "dags"},
            seconds=60,
        )

    def update(self, name: str, requirements: str) -> None:
        self.environments.bring(name, versions={Part.REQUIREMENTS: requirements}, paths={}, seconds=60)

    def update_late(self, name: str, requirements: str) -> None:
        self.environments.bring(name, versions={Part.REQUIREMENTS: requirements}, paths={}, begins=1, seconds=60)

    def fail_update(self, name: str, requirements: str, message: str) -> None:
        self.environments.fail_update(name, message, seconds=60)

    def set_status(self, name: str, status: str) -> None:
        self.environments.set_status(name, status)


class LabWorld:
    def __init__(self, clients: AwsClients, lab: RunningAws) -> None:
        self.clock = SystemClock()
        self.environments = MwaaEnvironments(clients.client("mwaa"))
        self.bucket = f"bucket-{uuid.uuid4().hex}"
        self.mwaa = clients.client("mwaa")
        self.s3 = clients.client("s3")
        self.lab = lab
        make_bucket(self.s3, self.bucket)

    def version(self) -> str:
        answer = self.s3.put_object(Bucket=self.bucket, Key="requirements.txt", Body=b"")
        return str(answer["VersionId"])

    def create(self, name: str, requirements: str) -> None:
        self.mwaa.create_environment(
            Name=name,
            ExecutionRoleArn=ROLE,
            SourceBucketArn=f"arn:aws:s3:::{self.bucket}",
            DagS3Path="dags",
            NetworkConfiguration=NETWORK,
            RequirementsS3Path="requirements.txt",
            RequirementsS3ObjectVersion=requirements,
        )

    def update(self, name: str, requirements: str) -> None:
        self.mwaa.update_environment(Name=name, RequirementsS3ObjectVersion=requirements)

    def update_late(self, name: str, requirements: str) -> None:
        self.lab.post("mwaa/clock", seconds_before_update=1)
        try:
            self.update(name, requirements)
        finally:
            self.lab.post("mwaa/clock", seconds_before_update=0)

    def fail_update(self, name: str, requirements: str, message: str) -> None:
        self.lab.post("mwaa/fail", name=name, message=message, times=1)
        self.update(name, requirements)

    def set_status(self, name: str, status: str) -> None:
        self.lab.post("mwaa/status", name=name, status=status)


@pytest.fixture(params=["fake", pytest.param("lab", marks=pytest.mark.lab)])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    return LabWorld(request.getfixturevalue("clients"), request.getfixturevalue("lab_aws"))


@pytest.fixture
def name() -> str:
    return f"environment-{uuid.uuid4().hex}"


def wait(world: World, name: str, requirements: str, earlier: Before | None = None, timeout: float = 600):
    return wait_until_live(
        world.environments,
        name,
        Awaited(versions={Part.REQUIREMENTS: requirements}, before=earlier),
        timeout=timeout,
        clock=world.clock,
        log=FakeLog(),
        interval=0.1,
    )


def test_an_environment_that_is_not_there_is_none(world, name):
    assert world.environments.get(name) is None


def test_an_environment_tells_what_it_runs_with(world, name):
    version = world.version()
    world.create(name, version)
    assert world.environments.get(name).status == "CREATING"
    state = wait(world, name, version)
    assert state == world.environments.get(name)
    assert state.name == name
    assert state.status == "AVAILABLE"
    assert state.versions == {Part.REQUIREMENTS: version}
    assert state.paths == {Part.REQUIREMENTS: "requirements.txt", Part.DAGS: "dags"}
    assert state.airflow_version
    assert state.webserver_url
    assert state.last_update_at is None
    assert state.last_update_status is None
    assert state.last_update_error is None


def test_an_update_is_waited_for(world, name):
    old, new = world.version(), world.version()
    world.create(name, old)
    earlier = before(wait(world, name, old))
    world.update(name, new)
    under_way = world.environments.get(name)
    assert (under_way.status, under_way.last_update_status) == ("UPDATING", "PENDING")
    state = wait(world, name, new, earlier)
    assert state.status == "AVAILABLE"
    assert state.versions == {Part.REQUIREMENTS: new}
    assert state.last_update_status == "SUCCESS"
    assert state.last_update_at == under_way.last_update_at


def test_each_update_has_a_later_time_than_the_one_before(world, name):
    version = world.version()
    world.create(name, version)
    first = before(wait(world, name, version))
    world.update(name, version)
    second = before(wait(world, name, version, first))
    world.update(name, version)
    third = before(wait(world, name, version, second))
    assert first == Before(status="AVAILABLE")
    assert updated_since(world.environments.get(name), second)
    assert not updated_since(world.environments.get(name), third)


def test_an_update_that_changes_no_version_is_not_live_before_mwaa_has_begun_it(world, name):
    version = world.version()
    world.create(name, version)
    earlier = before(wait(world, name, version))
    world.update_late(name, version)
    assert before(world.environments.get(name)) == earlier
    assert wait(world, name, version, earlier).last_update_status == "SUCCESS"


def test_a_rolled_back_update_is_a_failure_with_mwaas_reason(world, name):
    old, new = world.version(), world.version()
    world.create(name, old)
    earlier = before(wait(world, name, old))
    world.fail_update(name, new, "Unable to install the requirements")
    with pytest.raises(EnvironmentUpdateFailed, match="UPDATE_FAILED: Unable to install the requirements"):
        wait(world, name, new, earlier)
    state = world.environments.get(name)
    assert state.status == "UPDATE_FAILED"
    assert state.versions == {Part.REQUIREMENTS: old}
    assert state.last_update_status == "FAILED"


def test_a_failure_of_an_earlier_update_does_not_fail_the_next_one(world, name):
    old, new = world.version(), world.version()
    world.create(name, old)
    earlier = before(wait(world, name, old))
    world.fail_update(name, new, "Unable to install the requirements")
    with pytest.raises(EnvironmentUpdateFailed):
        wait(world, name, new, earlier)
    assert world.environments.get(name).status == "UPDATE_FAILED"
    failed = before(world.environments.get(name))
    world.update_late(name, new)
    state = wait(world, name, new, failed)
    assert (state.status, state.last_update_status, state.last_update_error) == ("AVAILABLE", "SUCCESS", None)


def test_an_environment_under_maintenance_is_waited_for_in_vain(world, name):
    version = world.version()
    world.create(name, version)
    wait(world, name, version)
    world.set_status(name, "MAINTENANCE")
    with pytest.raises(EnvironmentWaitTimedOut, match="MAINTENANCE"):
        wait(world, name, version, before(world.environments.get(name)), timeout=1)


@pytest.mark.parametrize("strategy", ["", "GRACEFUL", "FORCED"])
def test_an_update_that_is_asked_for_is_begun_and_leaves_the_rest_alone(world, name, strategy):
    old, new = world.version(), world.version()
    world.create(name, old)
    created = wait(world, name, old)
    world.environments.update(
        name,
        versions={Part.REQUIREMENTS: new},
        paths={Part.REQUIREMENTS: "requirements.txt"},
        worker_replacement=strategy,
    )
    assert world.environments.get(name).last_update_status == "PENDING"
    state = wait(world, name, new, before(created))
    assert state.versions == {Part.REQUIREMENTS: new}
    assert state.paths == created.paths


def test_a_busy_environment_takes_no_update(world, name):
    old, new = world.version(), world.version()
    world.create(name, old)
    with pytest.raises(EnvironmentBusy, match="CREATING"):
        world.environments.update(name, versions={Part.REQUIREMENTS: new}, paths={})
    earlier = before(wait(world, name, old))
    world.environments.update(name, versions={Part.REQUIREMENTS: new}, paths={})
    with pytest.raises(EnvironmentBusy, match="UPDATING"):
        world.environments.update(name, versions={Part.REQUIREMENTS: old}, paths={})
    assert wait(world, name, new, earlier).versions == {Part.REQUIREMENTS: new}


def test_an_environment_whose_update_failed_takes_another(world, name):
    old, new = world.version(), world.version()
    world.create(name, old)
    earlier = before(wait(world, name, old))
    world.fail_update(name, new, "Unable to install the requirements")
    with pytest.raises(EnvironmentUpdateFailed):
        wait(world, name, new, earlier)
    failed = before(world.environments.get(name))
    world.environments.update(name, versions={Part.REQUIREMENTS: new}, paths={})
    assert wait(world, name, new, failed).status == "AVAILABLE"


def test_an_environment_that_is_not_there_takes_no_update(world, name):
    with pytest.raises(EnvironmentMissing):
        world.environments.update(name, versions={}, paths={})
