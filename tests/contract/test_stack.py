"""What every Stack does: the fake and CloudFormation's in the lab."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import pytest
import yaml

from lab.aws.process import RunningAws
from lab.aws.seed import make_bucket
from mwaa_deploy.clock import SystemClock
from mwaa_deploy.errors import (
    AwsRefused,
    ChangeSetFailed,
    StackBusy,
    StackUnusable,
    StackUpdateFailed,
    StackWaitTimedOut,
)
from mwaa_deploy.ports import ChangeSet, Stack, StackEvent, StackParameter
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.change_sets import ChangeSetOptions
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.stack import CloudFormationStack
from mwaa_deploy.target.template_upload import TemplatePlace
from tests.fakes.log import FakeLog
from tests.fakes.stack import FakeStack

TEMPLATE = """
Parameters:
  Bucket: {Type: String}
  RequirementsVersion: {Type: String}
  Greeting: {Type: String, Default: hello}
  Secret: {Type: String, Default: hidden-one, NoEcho: true}
Resources:
  Environment:
    Type: AWS::MWAA::Environment
    Properties:
      Name: !Sub "${AWS::StackName}-env"
      ExecutionRoleArn: arn:aws:iam::123456789012:role/airflow
      SourceBucketArn: !Sub "arn:aws:s3:::${Bucket}"
      DagS3Path: dags
      RequirementsS3Path: requirements.txt
      RequirementsS3ObjectVersion: !Ref RequirementsVersion
      NetworkConfiguration:
        SubnetIds: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
        SecurityGroupIds: [sg-01234567]
  Note:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Name: !Sub "/mwaa/${AWS::StackName}"
      Value: !Ref Greeting
  Hidden:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Name: !Sub "/hidden/${AWS::StackName}"
      Value: !Ref Secret
Outputs:
  Said: {Value: !Ref Greeting}
"""
PLAIN = """
Resources:
  Note: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: hello}}
"""
LONG = 600.0


class World(Protocol):
    """A stack that does not exist, and an MWAA behind it."""

    @property
    def stack(self) -> Stack: ...
    @property
    def bucket(self) -> str: ...
    def version(self) -> str: ...
    def break_environment(self, message: str) -> None: ...
    def slow_down(self) -> None: ...
    def tag_with(self, tags: Mapping[str, str]) -> None: ...


class FakeWorld:
    bucket = "bucket"

    def __init__(self) -> None:
        self.stack = FakeStack("stack", seconds=60)
        self.stack.tells_values = True
        self.serial = 0

    def version(self) -> str:
        self.serial += 1
        return f"v{self.serial}"

    def break_environment(self, message: str) -> None:
        self.stack.break_with("Environment", message)

    def slow_down(self) -> None:
        self.stack.seconds = 2 * LONG

    def tag_with(self, tags: Mapping[str, str]) -> None:
        self.stack.tags = tags


class LabWorld:
    def __init__(self, clients: AwsClients, lab: RunningAws) -> None:
        self.lab = lab
        self.bucket = f"bucket-{uuid.uuid4().hex}"
        self.s3 = clients.client("s3")
        make_bucket(self.s3, self.bucket)
        self.name = f"stack-{uuid.uuid4().hex}"
        bucket = S3Bucket(self.s3, self.bucket, FakeLog())
        topic = "arn:aws:sns:us-east-1:000000000000:events"
        self.cloudformation = clients.client("cloudformation")
        self.options = ChangeSetOptions(
            notification_arns=(topic,),
            include_nested=True,
            revert_drift=True,
            template_place=TemplatePlace(bucket=bucket, region="us-east-1", name=self.name),
        )
        self.tag_with({})

    def tag_with(self, tags: Mapping[str, str]) -> None:
        self.stack = CloudFormationStack(
            self.cloudformation,
            self.name,
            clock=SystemClock(),
            options=replace(self.options, tags=tags),
            interval=0.1,
            change_set_timeout=60,
        )

    def version(self) -> str:
        answer = self.s3.put_object(Bucket=self.bucket, Key="requirements.txt", Body=b"")
        return str(answer["VersionId"])

    def break_environment(self, message: str) -> None:
        self.lab.post("mwaa/fail", name=f"{self.stack.name}-env", message=message, times=1)

    def slow_down(self) -> None:
        self.lab.post("mwaa/clock", seconds_per_status=5)


@pytest.fixture(params=["fake", pytest.param("lab", marks=pytest.mark.lab)])
def world(request: pytest.FixtureRequest):
    if request.param == "fake":
        yield FakeWorld()
        return
    lab = request.getfixturevalue("lab_aws")
    before = lab.get("mwaa/clock")["seconds_per_status"]
    yield LabWorld(request.getfixturevalue("clients"), lab)
    lab.post("mwaa/clock", seconds_per_status=before)


def values(world: World, version: str | None, **others: str | None) -> list[StackParameter]:
    given = {"Bucket": world.bucket, "RequirementsVersion": version, **others}
    return [StackParameter(key=key, value=value) for key, value in given.items()]


def change(world: World, parameters: list[StackParameter], *, create: bool = False) -> ChangeSet:
    return world.stack.create_change_set(template=TEMPLATE, parameters=parameters, create=create, description="a test")


def execute(world: World, change_set: ChangeSet, timeout: float = LONG) -> list[StackEvent]:
    events: list[StackEvent] = []
    world.stack.execute(change_set, timeout=timeout, on_event=events.append)
    return events


def create(world: World, version: str | None = None) -> None:
    execute(world, change(world, values(world, version or world.version()), create=True))


def test_a_stack_that_is_not_there_is_none(world):
    assert world.stack.state() is None


def test_a_change_set_for_a_new_stack_adds_everything(world):
    change_set = change(world, values(world, "v"), create=True)
    assert change_set.type == "CREATE"
    assert not change_set.empty
    assert sorted((c.action, c.logical_id, c.resource_type) for c in change_set.changes) == [
        ("Add", "Environment", "AWS::MWAA::Environment"),
        ("Add", "Hidden", "AWS::SSM::Parameter"),
        ("Add", "Note", "AWS::SSM::Parameter"),
    ]
    assert world.stack.state().status == "REVIEW_IN_PROGRESS"


def test_a_change_set_that_was_only_looked_at_leaves_no_stack(world):
    world.stack.delete_change_set(change(world, values(world, "v"), create=True))
    assert world.stack.state() is None


def test_deleting_a_change_set_twice_is_fine(world):
    change_set = change(world, values(world, "v"), create=True)
    world.stack.delete_change_set(change_set)
    world.stack.delete_change_set(change_set)


def test_a_stack_left_with_an_unexecuted_change_set_is_created_all_the_same(world):
    change(world, values(world, "v"), create=True)
    change_set = change(world, values(world, world.version()), create=False)
    assert change_set.type == "CREATE"
    execute(world, change_set)
    assert world.stack.state().status == "CREATE_COMPLETE"


def test_a_created_stack_tells_its_parameters_outputs_and_environment(world):
    version = world.version()
    create(world, version)
    state = world.stack.state()
    assert state.name == world.stack.name
    assert state.status == "CREATE_COMPLETE"
    assert state.parameters == {
        "Bucket": world.bucket,
        "RequirementsVersion": version,
        "Greeting": "hello",
        "Secret": "****",
    }
    assert state.outputs == {"Said": "hello"}
    assert state.environment_name == f"{world.stack.name}-env"


def test_events_come_once_each_and_oldest_first(world):
    events = execute(world, change(world, values(world, world.version()), create=True))
    own = [event.status for event in events if event.logical_id == world.stack.name]
    assert own == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert (events[0].status, events[-1].status) == ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    assert events[-1].logical_id == world.stack.name
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert [event.status for event in events if event.logical_id == "Environment"][-1] == "CREATE_COMPLETE"
    again = execute(world, change(world, values(world, world.version())))
    assert {event.status for event in again} <= {
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    }


def test_looks_at_an_operation_under_way_are_told_with_its_status(world):
    create(world)
    looks: list[str] = []
    change_set = change(world, values(world, world.version()))
    world.stack.execute(change_set, timeout=LONG, on_event=lambda _: None, on_look=looks.append)
    assert "UPDATE_IN_PROGRESS" in looks
    assert set(looks) <= {"", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}


def test_without_changes_the_change_set_is_empty(world):
    version = world.version()
    create(world, version)
    change_set = change(world, values(world, version))
    assert change_set.empty
    assert change_set.type == "UPDATE"
    assert world.stack.state().status == "CREATE_COMPLETE"
    world.stack.delete_change_set(change_set)


def test_a_changed_version_modifies_the_environment_alone(world):
    create(world)
    change_set = change(world, values(world, world.version()))
    (line,) = change_set.changes
    assert (line.action, line.logical_id, line.replacement) == ("Modify", "Environment", "False")
    assert "RequirementsS3ObjectVersion" in line.details


def test_an_update_keeps_previous_values_and_falls_back_to_defaults(world):
    version = world.version()
    execute(world, change(world, values(world, version, Greeting="good morning"), create=True))
    kept = change(world, values(world, None, Greeting=None))
    assert kept.empty
    execute(world, change(world, values(world, None)))
    state = world.stack.state()
    assert state.status == "UPDATE_COMPLETE"
    assert state.parameters["RequirementsVersion"] == version
    assert state.parameters["Greeting"] == "hello"
    assert state.outputs == {"Said": "hello"}


def test_each_update_moves_the_time_of_the_last_change_and_a_change_set_does_not(world):
    create(world, world.version())
    created = world.stack.state().changed_at
    found = change(world, values(world, world.version()))
    assert world.stack.state().changed_at == created
    execute(world, found)
    updated = world.stack.state().changed_at
    assert updated > created
    world.stack.delete_change_set(change(world, values(world, world.version())))
    assert world.stack.state().changed_at == updated


def test_an_update_that_fails_moves_it_too(world):
    create(world)
    created = world.stack.state().changed_at
    world.break_environment("Unable to install the requirements")
    with pytest.raises(StackUpdateFailed):
        execute(world, change(world, values(world, world.version())))
    assert world.stack.state().changed_at > created


def test_the_tags_are_those_of_the_last_change_set_that_had_any(world):
    version = world.version()
    world.tag_with({"team": "data", "cost": "7"})
    create(world, version)
    assert world.stack.state().tags == {"team": "data", "cost": "7"}
    world.tag_with({})
    assert change(world, values(world, version)).empty
    world.tag_with({"team": "data", "cost": "8"})
    execute(world, change(world, values(world, version)))
    assert world.stack.state().tags == {"team": "data", "cost": "8"}
    world.tag_with({"team": "data"})
    execute(world, change(world, values(world, version)))
    assert world.stack.state().tags == {"team": "data"}


def test_a_stack_is_protected_without_an_update_and_stays_so(world):
    create(world)
    before = world.stack.state()
    assert not before.protected
    world.stack.protect()
    assert world.stack.state() == replace(before, protected=True)
    execute(world, change(world, values(world, world.version())))
    assert world.stack.state().protected


def test_what_does_not_exist_is_not_protected(world):
    with pytest.raises(AwsRefused):
        world.stack.protect()


def test_a_change_set_that_is_deleted_changes_nothing(world):
    version = world.version()
    create(world, version)
    world.stack.delete_change_set(change(world, values(world, world.version())))
    state = world.stack.state()
    assert (state.status, state.parameters["RequirementsVersion"]) == ("CREATE_COMPLETE", version)


@pytest.mark.parametrize(
    ("template", "parameters"),
    [
        pytest.param(TEMPLATE, [StackParameter(key="Bucket", value="b")], id="a required parameter missing"),
        pytest.param("Resources: [", [], id="no YAML"),
    ],
)
def test_what_makes_no_change_set_leaves_no_stack(world, template, parameters):
    with pytest.raises(ChangeSetFailed):
        world.stack.create_change_set(template=template, parameters=parameters, create=True, description="")
    assert world.stack.state() is None


def test_what_exists_cannot_be_created(world):
    create(world)
    with pytest.raises(ChangeSetFailed):
        change(world, values(world, None), create=True)


def test_what_does_not_exist_cannot_be_updated(world):
    with pytest.raises(ChangeSetFailed):
        change(world, values(world, "v"), create=False)
    assert world.stack.state() is None


def test_a_change_set_is_executed_once(world):
    change_set = change(world, values(world, world.version()), create=True)
    execute(world, change_set)
    with pytest.raises(ChangeSetFailed, match=change_set.name):
        execute(world, change_set)


def test_a_failed_creation_names_its_cause_and_leaves_an_unusable_stack(world):
    world.break_environment("Unable to install the requirements")
    change_set = change(world, values(world, world.version()), create=True)
    with pytest.raises(StackUpdateFailed, match=r"First cause: Environment"):
        execute(world, change_set)
    assert world.stack.state().status == "ROLLBACK_COMPLETE"
    with pytest.raises(StackUnusable, match="ROLLBACK_COMPLETE"):
        change(world, values(world, world.version()))


def test_a_failed_update_is_rolled_back(world):
    version = world.version()
    create(world, version)
    world.break_environment("Unable to install the requirements")
    change_set = change(world, values(world, world.version()))
    with pytest.raises(StackUpdateFailed, match=r"First cause: Environment.*Unable to install the requirements"):
        execute(world, change_set)
    state = world.stack.state()
    assert (state.status, state.parameters["RequirementsVersion"]) == ("UPDATE_ROLLBACK_COMPLETE", version)
    assert not change(world, values(world, world.version())).empty


def test_an_update_that_takes_too_long_goes_on_by_itself(world):
    create(world)
    change_set = change(world, values(world, world.version()))
    world.slow_down()
    with pytest.raises(StackWaitTimedOut, match="UPDATE_IN_PROGRESS"):
        execute(world, change_set, timeout=1)
    assert world.stack.state().status == "UPDATE_IN_PROGRESS"
    with pytest.raises(StackBusy, match="UPDATE_IN_PROGRESS"):
        change(world, values(world, None))


def test_a_changed_property_is_told_with_its_values(world):
    before, after = world.version(), world.version()
    create(world, before)
    (line,) = change(world, values(world, after)).changes
    (found,) = line.properties
    assert (found.path, found.before, found.after) == ("/Properties/RequirementsS3ObjectVersion", before, after)
    assert found.recreation == "Never"


def test_a_secret_is_told_as_changed_and_never_shown(world):
    version = world.version()
    create(world, version)
    found = change(world, values(world, version, Secret="hidden-two"))
    assert [line.logical_id for line in found.changes] == ["Hidden"]
    (value,) = found.changes[0].properties
    assert (value.path, value.before, value.after) == ("/Properties/Value", "****", "****")


def test_a_template_that_is_too_large_for_a_request_is_deployed(world):
    large = TEMPLATE + "# " + "x" * 60_000 + "\n"
    given = values(world, world.version())
    execute(world, world.stack.create_change_set(template=large, parameters=given, create=True, description=""))
    assert world.stack.state().status == "CREATE_COMPLETE"
    assert world.stack.create_change_set(template=large, parameters=given, create=False, description="").empty


def test_a_template_that_is_too_large_for_everything_is_refused(world):
    with pytest.raises(ChangeSetFailed, match="1,000,000"):
        world.stack.create_change_set(
            template=TEMPLATE + "#" * 1_000_000, parameters=values(world, "v"), create=True, description=""
        )
    assert world.stack.state() is None


def test_a_stack_that_never_was_is_deleted_and_created_again(world):
    world.break_environment("Unable to install the requirements")
    with pytest.raises(StackUpdateFailed):
        create(world)
    events: list[StackEvent] = []
    looks: list[str] = []
    world.stack.delete_never_created(timeout=LONG, on_event=events.append, on_look=looks.append)
    assert looks[-1] == "DELETE_COMPLETE"
    assert [event.status for event in events if event.resource_type == "AWS::CloudFormation::Stack"] == [
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]
    assert world.stack.state() is None
    create(world)
    assert world.stack.state().status == "CREATE_COMPLETE"


def test_a_stack_that_is_well_is_not_deleted(world):
    create(world)
    with pytest.raises(StackUnusable, match="CREATE_COMPLETE"):
        world.stack.delete_never_created(timeout=LONG, on_event=lambda _: None)
    assert world.stack.state().status == "CREATE_COMPLETE"


def test_there_is_nothing_to_delete_where_there_is_no_stack(world):
    world.stack.delete_never_created(timeout=LONG, on_event=lambda _: None)
    assert world.stack.state() is None


@pytest.mark.parametrize("written", [TEMPLATE, json.dumps(yaml.safe_load(PLAIN), indent=3) + "\n"])
def test_the_template_is_told_as_it_was_handed_in(world, written):
    assert world.stack.template() is None
    given = values(world, world.version()) if written is TEMPLATE else []
    change_set = world.stack.create_change_set(template=written, parameters=given, create=True, description="")
    execute(world, change_set)
    assert world.stack.template() == written
    later = written.replace("hello", "hi")
    change_set = world.stack.create_change_set(
        template=later, parameters=[replace(p, value=None) for p in given], create=False, description=""
    )
    assert world.stack.template() == written
    execute(world, change_set)
    assert world.stack.template() == later
