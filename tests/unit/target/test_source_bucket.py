"""The environment reads from the bucket that files are uploaded to, or nothing is changed."""

from dataclasses import replace

import pytest

from mwaa_deploy.errors import BucketElsewhere, VerificationFailed
from mwaa_deploy.plan import OperationKind
from mwaa_deploy.target.record import read_record
from tests.fakes.world import TEMPLATE, World


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def reads(world: World, arn: str) -> None:
    """The template has this SourceBucketArn, and a parameter Bucket."""
    properties = f"    Properties:\n      SourceBucketArn: {arn}\n"
    template = TEMPLATE.replace("    Properties:\n", properties).replace("Parameters:\n", "Parameters:\n  B: {}\n")
    world.files["template.yaml"] = template.replace("B: {}", "Bucket: {Type: String, Default: mwaa-bucket}")


BY_PARAMETER = "!Sub 'arn:${AWS::Partition}:s3:::${Bucket}'"


@pytest.mark.parametrize("arn", ["arn:aws:s3:::theirs", "!Sub 'arn:aws:s3:::${Bucket}-x'", "!Ref Name"])
def test_a_template_with_another_bucket_is_refused_before_anything_is_changed(world, arn):
    reads(world, arn)

    with pytest.raises(
        BucketElsewhere, match=r"Mwaa of the template reads from .* not from bucket mwaa-bucket"
    ) as caught:
        world.deploy()

    assert "Nothing has been changed" in caught.value.meaning
    assert world.bucket.contents == {}
    assert world.stack.knobs.count("create_change_set") == 0


def test_a_parameter_of_the_file_or_of_the_stack_counts(world):
    reads(world, BY_PARAMETER)
    world.files["parameters.yml"] = "Name: staging\nBucket: theirs\n"
    with pytest.raises(BucketElsewhere, match=r"arn:.*:s3:::theirs, not from") as caught:
        world.deploy()
    assert caught.value.mend.startswith("with:\n  bucket: theirs\n")

    world.files["parameters.yml"] = "Name: staging\n"
    world.deploy()
    world.assert_deployed()
    assert world.plan().empty


def test_without_a_template_the_environment_decides(world):
    reads(world, BY_PARAMETER)
    world.deploy()
    del world.files["template.yaml"], world.files["parameters.yml"]
    world.bucket.name = "another-bucket"
    held = world.bucket.contents

    with pytest.raises(BucketElsewhere, match="staging reads from bucket mwaa-bucket, not from another-bucket"):
        world.deploy()

    assert world.bucket.contents == held


def test_where_the_template_does_not_tell_the_environment_does(world):
    reads(world, BY_PARAMETER)
    world.deploy()
    reads(world, "!ImportValue Theirs")
    assert world.state(world.bundle()).bucket_doubt == ""
    world.bucket.name = "another-bucket"

    with pytest.raises(BucketElsewhere, match="staging reads from bucket mwaa-bucket"):
        world.deploy()


def test_where_nobody_can_tell_the_plan_says_so_and_the_end_is_compared(world):
    reads(world, "!ImportValue Theirs")
    note = (
        "Whether Mwaa will read from bucket mwaa-bucket cannot be told before CloudFormation has made it: its "
        "SourceBucketArn is ${Fn::ImportValue}. It is compared after that."
    )
    assert note in world.plan().notes
    bring = world.environment.bring
    world.environment.bring = lambda name, **given: bring(name, **(given | {"bucket": "theirs"}))

    with pytest.raises(VerificationFailed, match="reads from bucket theirs, not from mwaa-bucket"):
        world.deploy()

    assert read_record(world.bucket, "mwaa-staging") is None


def test_an_environment_may_move_to_the_bucket_of_its_template(world):
    reads(world, BY_PARAMETER)
    world.deploy()
    world.bucket.name = "new-bucket"
    world.files["parameters.yml"] = "Name: staging\nBucket: new-bucket\n"

    world.deploy()

    assert world.environment.states["staging"].bucket == "new-bucket"
    assert world.plan().empty


def test_an_environment_that_somebody_moved_is_moved_back(world):
    reads(world, BY_PARAMETER)
    world.deploy()
    world.environment.put(replace(world.environment.states["staging"], bucket="theirs"))

    found = world.plan()

    assert [d.text for d in found.drift] == ["bucket: the environment reads theirs, not mwaa-bucket."]
    (operation,) = found.of_kind(OperationKind.CHANGE_SET)
    assert "reads from bucket theirs instead of mwaa-bucket" in operation.reason
    world.deploy()
    assert world.environment.states["staging"].bucket == "mwaa-bucket"
    assert world.plan().empty
