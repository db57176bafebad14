"""Which changes are refused, for what would be lost with them."""

from dataclasses import replace

import pytest

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.errors import ReplacementRefused
from mwaa_deploy.plan_ahead import look_ahead
from mwaa_deploy.ports import ResourceChange
from mwaa_deploy.target.replacement import (
    describe_change,
    loses_bucket,
    refused_changes,
    replacement_refused,
    replaces_environment,
    what_is_lost,
)
from tests.fakes.world import World

ENVIRONMENT = ResourceChange(action="Modify", logical_id="Mwaa", resource_type="AWS::MWAA::Environment")
BUCKET = ResourceChange(
    action="Modify", logical_id="Source", resource_type="AWS::S3::Bucket", replacement="False", physical_id="dags"
)
NESTED = ResourceChange(
    action="Modify", logical_id="Inner", resource_type="AWS::CloudFormation::Stack", replacement="False"
)


@pytest.mark.parametrize(
    ("action", "kind", "replacement", "policy", "refused"),
    [
        ("Modify", "AWS::MWAA::Environment", "False", "", False),
        ("Modify", "AWS::MWAA::Environment", "Conditional", "", True),
        ("Modify", "AWS::MWAA::Environment", "True", "", True),
        ("Modify", "AWS::MWAA::Environment", "", "ReplaceAndDelete", True),
        ("Modify", "AWS::MWAA::Environment", "", "ReplaceAndRetain", True),
        ("Modify", "AWS::MWAA::Environment", "", "ReplaceAndSnapshot", True),
        ("Dynamic", "AWS::MWAA::Environment", "", "Delete", True),
        ("Dynamic", "AWS::MWAA::Environment", "", "Snapshot", True),
        ("Modify", "AWS::MWAA::Environment", "False", "Retain", False),
        ("Remove", "AWS::MWAA::Environment", "", "", True),
        ("Remove", "AWS::MWAA::Environment", "", "Delete", True),
        ("Remove", "AWS::MWAA::Environment", "", "Retain", True),
        ("Add", "AWS::MWAA::Environment", "", "", False),
        ("Import", "AWS::MWAA::Environment", "", "", False),
        ("SyncWithActual", "AWS::MWAA::Environment", "", "", False),
        ("Modify", "AWS::CloudFormation::Stack", "False", "", False),
        ("Remove", "AWS::CloudFormation::Stack", "", "Delete", True),
        ("Modify", "AWS::CloudFormation::Stack", "True", "ReplaceAndDelete", True),
        ("Modify", "AWS::IAM::Role", "True", "ReplaceAndDelete", False),
        ("Modify", "AWS::EC2::SecurityGroup", "True", "", False),
        ("Remove", "AWS::SNS::Topic", "", "Delete", False),
    ],
)
def test_what_costs_the_metadata_database(action, kind, replacement, policy, refused):
    found = ResourceChange(
        action=action, logical_id="X", resource_type=kind, replacement=replacement, policy_action=policy
    )
    assert replaces_environment(found) is refused
    assert (refused_changes([found], "dags") == (found,)) is refused
    assert (", replacement" in describe_change(found)) is (replacement in ("True", "Conditional"))


def test_an_environment_in_a_nested_stack_counts_however_deep_it_lies():
    goes = replace(ENVIRONMENT, replacement="True", details=("Name",))
    deep = replace(NESTED, logical_id="Outer", nested=(replace(NESTED, nested=(BUCKET, goes)),))
    assert replaces_environment(deep)
    assert not replaces_environment(replace(NESTED, nested=(ENVIRONMENT, BUCKET)))
    assert what_is_lost(deep, [deep]) == (
        "The change set would replace the environment Mwaa in the nested stack Outer because of Name."
    )


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (BUCKET, False),
        (replace(BUCKET, replacement="True"), True),
        (replace(BUCKET, replacement="True", physical_id="logs"), False),
        (replace(BUCKET, action="Remove", replacement="", policy_action="Delete"), True),
        (replace(BUCKET, action="Remove", replacement="", policy_action="Retain"), False),
        (replace(BUCKET, policy_action="ReplaceAndRetain"), True),
        (replace(NESTED, nested=(replace(BUCKET, replacement="True"),)), True),
        (replace(BUCKET, resource_type="AWS::S3::BucketPolicy", replacement="True"), False),
    ],
)
def test_the_bucket_that_the_environment_reads_from_is_not_lost(change, lost):
    assert loses_bucket(change, "dags") is lost
    assert bool(refused_changes([change], "dags")) is lost


def test_what_the_environment_stands_on_is_named_when_it_goes_with_it():
    subnet = ResourceChange(action="Modify", logical_id="SubnetA", resource_type="AWS::EC2::Subnet", replacement="True")
    topic = replace(subnet, logical_id="Alarm", resource_type="AWS::SNS::Topic")
    goes = replace(ENVIRONMENT, replacement="Conditional", details=("NetworkConfiguration",))
    error = replacement_refused(goes, [topic, subnet, goes])
    assert error.what == (
        "The change set would replace the environment Mwaa because of NetworkConfiguration, and with it what it stands "
        "on: SubnetA (AWS::EC2::Subnet). It was deleted again."
    )
    assert "allow-replacement: true" in error.mend


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (replace(ENVIRONMENT, action="Remove"), "The change set would remove the environment Mwaa."),
        (replace(BUCKET, replacement="True"), "The change set would replace the environment's bucket Source."),
        (replace(NESTED, action="Remove"), "The change set would remove the nested stack Inner."),
    ],
)
def test_what_is_lost_is_said(change, told):
    assert what_is_lost(change, [change]) == told


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.deploy()
    world.files["parameters.yml"] = "Name: another\n"
    world.stack.replace_on("Mwaa")
    return world


def test_a_replacement_is_refused_and_leaves_nothing(world):
    with pytest.raises(ReplacementRefused, match="replace the environment Mwaa because of Name"):
        world.deploy()
    assert world.stack.change_sets == {}
    assert "another" not in world.environment.states


def test_a_replacement_that_is_allowed_is_carried_out_with_a_warning(world):
    world.allow_replacement = True
    outcome = world.deploy()
    assert outcome.environment_name == "another"
    assert world.environment.states["another"].versions == outcome.versions
    (warning,) = (found for found in world.log.annotations if found.severity is Severity.WARN)
    assert warning.message == (
        "The change set would replace the environment Mwaa because of Name. allow-replacement lets it."
    )


def test_a_plan_tells_of_a_replacement_that_is_allowed_without_calling_it_an_obstacle(world):
    world.allow_replacement = True
    job = world.job()
    state = job.look()
    found = look_ahead(job, state, job.plan(state))
    assert found.plan.obstacles == ()
    assert found.notes == (
        "The change set would replace the environment Mwaa because of Name. allow-replacement lets it.",
    )
