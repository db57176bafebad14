"""Deployments that break off, and what the next one makes of it."""

from dataclasses import replace

import pytest

from mwaa_deploy.bundle.exclude import Exclude
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import (
    AwsUnavailable,
    DeletionRefused,
    EnvironmentMissing,
    EnvironmentUpdateFailed,
    StackBusy,
    StackUpdateFailed,
    VerificationFailed,
)
from mwaa_deploy.outcome import Progress
from mwaa_deploy.parts import Part
from mwaa_deploy.target.record import fetch_record, read_record, record_key, write_record
from tests.fakes.world import TEMPLATE, World


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def test_two_failed_deployments_and_a_good_one_ship_everything(world):
    world.deploy()
    record = world.bucket.contents[record_key("mwaa-staging")]
    world.files["plugins/operators.py"] = "p = 2\n"
    world.stack.break_with("Mwaa", "no")
    with pytest.raises(StackUpdateFailed):
        world.deploy()
    world.files["dags/requirements.txt"] = "x==2\n"
    world.files["dags/a.py"] = "a = 2\n"
    world.stack.break_with("Mwaa", "no again")
    with pytest.raises(StackUpdateFailed):
        world.deploy()
    assert world.bucket.contents[record_key("mwaa-staging")] == record
    assert world.bucket.contents["dags/a.py"] == b"a = 1\n"

    world.files["dags/third.py"] = "t = 1\n"
    world.deploy()

    world.assert_deployed()


def test_upload_of_a_failed_deployment_is_used_again(world):
    """A crash between upload and change set costs no second version."""
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    world.stack.knobs.fail("create_change_set", AwsUnavailable("gone"))
    with pytest.raises(AwsUnavailable):
        world.deploy()
    made = world.versions_made

    outcome = world.deploy()

    world.assert_deployed()
    assert world.versions_made == made
    assert outcome.uploaded == {}
    assert outcome.environment_updated


def test_return_to_the_recorded_commit_after_a_broken_sync(world):
    """The bucket has the other content in the same size, and the record says that it has not."""
    world.deploy()
    world.files["dags/a.py"] = "a = 2\n"
    world.bucket.knobs.fail("put_if", AwsUnavailable("gone"))
    with pytest.raises(AwsUnavailable):
        world.deploy()
    assert world.bucket.contents["dags/a.py"] == b"a = 2\n"

    world.files["dags/a.py"] = "a = 1\n"
    world.deploy()

    world.assert_deployed()


def test_note_outlives_a_second_broken_deployment(world):
    world.deploy()
    world.files["dags/a.py"] = "a = 2\n"
    world.bucket.knobs.fail("put_if", AwsUnavailable("gone"))
    with pytest.raises(AwsUnavailable):
        world.deploy()
    del world.files["dags/a.py"]
    world.files["dags/other.py"] = "o = 1\n"
    world.bucket.knobs.fail("put", AwsUnavailable("gone"), after=1)
    with pytest.raises(AwsUnavailable):
        world.deploy()
    assert world.bucket.contents["dags/a.py"] == b"a = 2\n"

    world.files["dags/a.py"] = "a = 1\n"
    world.deploy()

    world.assert_deployed()


def test_return_to_the_recorded_template_after_a_crash(world):
    """The stack has the other template, and the record says that it has not."""
    world.deploy()
    changed = TEMPLATE.replace("DagS3Path: dags\n", "DagS3Path: dags\n      MaxWorkers: 5\n")
    world.files["template.yaml"] = changed
    world.environment.knobs.fail("get", AwsUnavailable("gone"), after=2)
    with pytest.raises(AwsUnavailable):
        world.deploy()
    assert "MaxWorkers" in world.stack.deployed.resources["Mwaa"]["Properties"]

    world.files["template.yaml"] = TEMPLATE
    world.deploy()

    assert "MaxWorkers" not in world.stack.deployed.resources["Mwaa"]["Properties"]
    world.assert_deployed()
    assert world.plan().empty


def test_crash_before_the_record_leaves_no_note_behind_for_good(world):
    world.deploy()
    del world.files["dags/a.py"]
    world.bucket.knobs.fail("put_if", AwsUnavailable("gone"))
    with pytest.raises(AwsUnavailable):
        world.deploy()
    assert "dags/a.py" not in world.bucket.contents

    world.deploy()

    world.assert_deployed()
    assert world.plan().empty


def test_failed_upload_of_a_dag_deletes_nothing(world):
    world.deploy()
    del world.files["dags/a.py"]
    world.files["dags/b.py"] = "b"
    world.bucket.knobs.fail("put", AwsUnavailable("gone"), after=1)
    progress = Progress(world.clock)

    with pytest.raises(AwsUnavailable):
        world.deploy(progress)

    assert "dags/a.py" in world.bucket.contents
    outcome = progress.outcome()
    assert (outcome.dags_added, outcome.dags_deleted, outcome.record) == ((), (), None)
    assert outcome.steps[-1].failed


def test_failed_deployment_tells_how_far_it_came(world):
    world.stack.break_with("Mwaa", "no subnet")
    progress = Progress(world.clock)

    with pytest.raises(StackUpdateFailed):
        world.deploy(progress)

    outcome = progress.outcome()
    assert set(outcome.uploaded) == {Part.PLUGINS, Part.REQUIREMENTS, Part.STARTUP_SCRIPT}
    assert [step.name for step in outcome.steps if step.failed] == ["stack"]
    assert any(event.reason == "no subnet" for event in outcome.stack_events)
    assert not outcome.record_written
    assert "dags/a.py" not in world.bucket.contents


def test_environment_that_lags_behind_its_stack_is_waited_for(world):
    world.deploy()
    world.stack.environment_lags = 300
    world.files["plugins/operators.py"] = "p = 2\n"
    world.files["dags/a.py"] = "a = 2\n"
    began = world.clock.now()

    world.deploy()

    world.assert_deployed()
    assert (world.clock.now() - began).total_seconds() >= 1500


def test_busy_stack_stops_before_the_dags(world):
    world.deploy()
    world.stack.set_status("UPDATE_IN_PROGRESS")
    world.files["plugins/operators.py"] = "p = 2\n"
    world.files["dags/a.py"] = "a = 2\n"

    with pytest.raises(StackBusy):
        world.deploy()

    assert world.bucket.contents["dags/a.py"] == b"a = 1\n"


def test_environment_changed_behind_an_empty_change_set_is_found_out_at_once(world):
    """Waiting for it would be in vain, and DAGs must not go to an environment that runs other plugins."""
    world.deploy()
    world.files["template.yaml"] = "# a comment\n" + TEMPLATE
    world.files["dags/a.py"] = "a = 2\n"
    real = world.stack.create_change_set

    def create(**arguments):
        world.environment.bring("staging", versions={Part.PLUGINS: "theirs"}, paths={})
        return real(**arguments)

    world.stack.create_change_set = create
    slept = len(world.clock.slept)

    with pytest.raises(VerificationFailed, match="plugins: runs theirs, not v0001"):
        world.deploy()

    assert len(world.clock.slept) == slept
    assert world.bucket.contents["dags/a.py"] == b"a = 1\n"


def test_stack_without_its_environment_is_refused(world):
    world.deploy()
    world.environment.states.clear()

    with pytest.raises(EnvironmentMissing, match="MWAA has no such environment"):
        world.deploy()


def test_foreign_write_during_the_deployment_is_found_out(world):
    world.deploy()
    world.files["dags/a.py"] = "a = 2\n"
    real = world.bucket.list
    seen = []

    def list_twice(prefix):
        seen.append(prefix)
        if len(seen) == 2:
            world.bucket.put_foreign("dags/intruder.py", b"i")
            world.bucket.put_foreign("dags/a.py", b"longer than before")
        return real(prefix)

    world.bucket.list = list_twice
    record = read_record(world.bucket, "mwaa-staging")

    with pytest.raises(VerificationFailed, match=r"18 instead of 6 bytes: a\.py\n- not deleted: intruder\.py"):
        world.deploy()

    assert read_record(world.bucket, "mwaa-staging") == record


def test_foreign_write_in_the_same_size_is_found_out(world):
    world.deploy()
    world.files["dags/b.py"] = "b = 1\n"
    real = world.bucket.list
    seen = []

    def list_twice(prefix):
        seen.append(prefix)
        if len(seen) == 2:
            world.bucket.put_foreign("dags/a.py", b"a = 3\n")
        return real(prefix)

    world.bucket.list = list_twice

    with pytest.raises(VerificationFailed, match=r"- overwritten: a\.py"):
        world.deploy()


def test_dag_overwritten_in_the_same_size_is_put_right(world):
    world.deploy()
    world.bucket.put_foreign("dags/a.py", b"a = 3\n")

    outcome = world.deploy()

    world.assert_deployed()
    assert outcome.dags_changed == ("a.py",)
    assert world.plan().empty


def test_dag_restored_by_hand_to_our_own_upload_is_not_uploaded_again(world):
    """Copied within S3 it keeps our metadata, while its version is another one."""
    world.deploy()
    stored = world.bucket.head("dags/a.py")
    world.bucket.put_foreign("dags/a.py", b"a = 3\n")
    world.bucket.put("dags/a.py", b"a = 1\n", sha256=stored.sha256, commit="c")
    made = world.versions_made

    outcome = world.deploy()

    world.assert_deployed()
    assert world.versions_made == made
    assert outcome.changed_nothing


def test_first_deployment_into_a_folder_of_others_changes_nothing(world):
    world.bucket.put_foreign("dags/theirs.py", b"t = 1\n")

    with pytest.raises(DeletionRefused, match=r"- theirs\.py"):
        world.deploy()

    assert list(world.bucket.contents) == ["dags/theirs.py"]
    assert world.stack.knobs.count("create_change_set") == 0

    world.deletions = DeletionLimits(count=1)
    world.deploy()

    world.assert_deployed()


def test_file_that_is_excluded_from_now_on_leaves_the_target(world):
    world.files["dags/notes.md"] = "n\n"
    world.deploy()
    assert "dags/notes.md" in world.bucket.contents
    world.exclude = Exclude(("*.md",))

    outcome = world.deploy()

    assert outcome.dags_deleted == ("notes.md",)
    assert "dags/notes.md" not in world.bucket.contents
    assert world.plan().empty


def test_protected_files_outlive_a_deployment(world):
    world.protected = ("shared",)
    world.bucket.put_foreign("dags/shared/theirs.py", b"t = 1\n")

    world.deploy()

    assert world.bucket.contents["dags/shared/theirs.py"] == b"t = 1\n"
    assert world.plan().empty


def test_file_of_a_broken_first_deployment_is_deleted_without_asking(world):
    world.bucket.knobs.fail("put", AwsUnavailable("gone"), after=5)
    with pytest.raises(AwsUnavailable):
        world.deploy()
    arrived = [key for key in world.bucket.contents if key.startswith("dags/") and key.endswith(".py")]
    for key in arrived:
        del world.files[key]
    world.files["dags/other.py"] = "o = 1\n"

    world.deploy()

    assert len(arrived) == 1
    world.assert_deployed()


def test_record_of_schema_1_costs_a_look_and_no_upload(world):
    world.deploy()
    record = read_record(world.bucket, "mwaa-staging")
    assert record is not None
    _, etag = fetch_record(world.bucket, "mwaa-staging")
    write_record(world.bucket, replace(record, schema=1, objects={}), etag=etag)
    made = world.versions_made

    outcome = world.deploy()

    assert (outcome.changed_nothing, outcome.record_written) == (True, True)
    assert world.versions_made == made
    renewed = read_record(world.bucket, "mwaa-staging")
    assert renewed is not None
    assert (renewed.schema, renewed.objects) == (record.schema, record.objects)


def test_version_set_by_hand_is_put_right(world):
    """The stack names the right version, the environment runs another: only a new version makes CloudFormation act."""
    world.deploy()
    right = world.environment.states["staging"].versions[Part.PLUGINS]
    other = world.bucket.put_foreign("plugins.zip", b"somebody's")
    world.bucket.versions["plugins.zip"].reverse()
    world.environment.bring("staging", versions={Part.PLUGINS: other.version}, paths={})

    world.deploy()

    world.assert_deployed()
    assert world.environment.states["staging"].versions[Part.PLUGINS] not in (right, other.version)


def test_deleted_record_is_written_again(world):
    world.deploy()
    del world.bucket.versions[record_key("mwaa-staging")]

    outcome = world.deploy()

    world.assert_deployed()
    assert outcome.record_written
    assert outcome.uploaded == {}
    assert world.plan().empty


def test_a_part_of_a_failed_deployment_that_the_project_gave_up_does_not_go_live(world):
    """The stack was left with the version of the requirements; only MWAA's update failed."""
    del world.files["dags/requirements.txt"]
    world.deploy()
    world.files["dags/requirements.txt"] = "x==1\n"
    world.stack.environment_begins, world.stack.environment_fails = 1500, "no"
    with pytest.raises(EnvironmentUpdateFailed):
        world.deploy()
    assert world.stack.deployed.parameters["RequirementsVersion"]

    del world.files["dags/requirements.txt"]
    world.files["plugins/operators.py"] = "p = 2\n"
    world.stack.environment_begins, world.stack.environment_fails = 0, None
    world.environment.bring("staging", versions={}, paths={})
    world.deploy()

    assert not world.stack.deployed.parameters["RequirementsVersion"]
    assert not world.environment.states["staging"].versions.get(Part.REQUIREMENTS)
    world.assert_deployed()
