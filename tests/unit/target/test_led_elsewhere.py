"""An environment that somebody has led to other paths or another bucket by hand is led back by the next deployment."""

from dataclasses import replace

import pytest

from mwaa_deploy.errors import VerificationFailed
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import OperationKind
from tests.fakes.world import TEMPLATE, World

BUCKET = TEMPLATE.replace("DagS3Path: dags\n", "DagS3Path: dags\n      SourceBucketArn: arn:aws:s3:::mwaa-bucket\n")


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.files["template.yaml"] = BUCKET
    world.deploy()
    return world


def lead(world, **changes):
    """What somebody does with the console."""
    world.environment.put(replace(world.environment.states["staging"], **changes))


def paths(world, **changed):
    found = world.environment.states["staging"].paths
    return {**found, **{Part(part.replace("_", "-")): path for part, path in changed.items()}}


def assert_mended(world):
    live = world.environment.states["staging"]
    assert live.paths == {
        Part.DAGS: "dags",
        Part.PLUGINS: "plugins.zip",
        Part.REQUIREMENTS: "dags/requirements.txt",
        Part.STARTUP_SCRIPT: "startup.sh",
    }
    assert live.bucket == "mwaa-bucket"
    world.assert_deployed()
    assert world.plan().empty
    assert world.deploy().changed_nothing


def test_other_dags_are_left_by_a_new_version_of_the_smallest_part(world):
    """For CloudFormation nothing has changed, so that it has to be given something that has."""
    made = world.versions_made
    lead(world, paths=paths(world, dags="theirs"))
    found = world.plan()
    assert [str(drift.subject) for drift in found.drift] == ["dags"]
    assert [(op.kind, op.part) for op in found.operations if op.kind is not OperationKind.KEEP] == [
        (OperationKind.UPLOAD, Part.REQUIREMENTS),
        (OperationKind.CHANGE_SET, Part.TEMPLATE),
        (OperationKind.ENVIRONMENT_UPDATE, None),
        (OperationKind.RECORD, None),
    ]
    assert "reads dags from theirs instead of dags" in found.of_kind(OperationKind.CHANGE_SET)[0].reason
    world.deploy()
    assert_mended(world)
    assert {key for key, count in world.versions_made.items() if count != made[key]} == {"dags/requirements.txt"}


@pytest.mark.parametrize("part", ["plugins", "requirements", "startup_script"])
@pytest.mark.parametrize("same_version", [True, False])
def test_a_part_that_is_read_from_elsewhere_is_led_back(world, part, same_version):
    live = world.environment.states["staging"]
    key = Part(part.replace("_", "-"))
    body = world.bucket.read(live.paths[key], live.versions[key])
    version = live.versions[key] if same_version else world.bucket.put_foreign("theirs", body).version
    lead(world, paths=paths(world, **{part: "theirs"}), versions={**live.versions, key: version})
    assert not world.plan().empty
    world.deploy()
    assert_mended(world)


def test_another_bucket_is_left(world):
    lead(world, bucket="theirs")
    assert "reads from bucket theirs instead of mwaa-bucket" in world.plan().of_kind(OperationKind.CHANGE_SET)[0].reason
    world.deploy()
    assert_mended(world)


def test_a_changed_part_needs_no_further_upload(world):
    lead(world, paths=paths(world, dags="theirs"))
    world.files["plugins/operators.py"] = "p = 2\n"
    uploads = world.plan().of_kind(OperationKind.UPLOAD)
    assert [op.part for op in uploads] == [Part.PLUGINS]
    world.deploy()
    assert_mended(world)


def test_a_failed_deployment_before_does_not_keep_it_from_being_mended(world):
    world.files["template.yaml"] = BUCKET + "      MaxWorkers: 7\n"
    world.stack.break_with("Mwaa", "no")
    with pytest.raises(Exception, match="ROLLBACK"):
        world.deploy()
    world.files["template.yaml"] = BUCKET
    lead(world, paths=paths(world, dags="theirs"))
    world.deploy()
    assert_mended(world)


def test_what_template_and_parameters_move_needs_no_forced_update(world):
    world.files["template.yaml"] = BUCKET.replace("DagS3Path: dags", "DagS3Path: moved")
    found = world.plan()
    assert found.of_kind(OperationKind.UPLOAD) == ()
    world.deploy()
    assert world.environment.states["staging"].paths[Part.DAGS] == "moved"
    assert world.plan().empty


@pytest.fixture
def dags_alone(tmp_path):
    world = World(tmp_path)
    for name in ("plugins/operators.py", "dags/requirements.txt", "startup.sh"):
        del world.files[name]
    world.deploy()
    return world


def test_where_no_version_can_change_the_change_set_is_drift_aware(dags_alone):
    world = dags_alone
    lead(world, paths=paths(world, dags="theirs"))
    asked, real = [], world.stack.create_change_set

    def create(**given):
        asked.append(given["revert_drift"])
        return real(**given)

    world.stack.create_change_set = create
    assert world.deploy().environment_updated
    assert asked == [True]
    assert world.environment.states["staging"].paths[Part.DAGS] == "dags"
    assert world.plan().empty
    world.files["template.yaml"] = TEMPLATE + "      MaxWorkers: 7\n"
    world.deploy()
    assert asked == [True, False]


def test_a_run_is_red_where_even_that_does_not_help(dags_alone):
    """As with CloudFormation that leaves the option unheeded."""
    world = dags_alone
    lead(world, paths=paths(world, dags="theirs"))
    real = world.stack.create_change_set
    world.stack.create_change_set = lambda **given: real(**{**given, "revert_drift": False})
    with pytest.raises(VerificationFailed, match="dags: is read from theirs, not from dags"):
        world.deploy()


def test_a_path_that_is_changed_while_a_run_is_at_work_is_red(world):
    world.files["dags/a.py"] = "a = 2\n"

    def meddle(key, _body):
        if key == "dags/a.py":
            lead(world, paths=paths(world, dags="theirs"))

    world.bucket.on_write = meddle
    with pytest.raises(VerificationFailed, match="dags: is read from theirs, not from dags"):
        world.deploy()
    world.bucket.on_write = lambda _key, _body: None
    world.deploy()
    assert_mended(world)


@pytest.mark.parametrize("same_version", [True, False])
def test_a_part_that_the_project_gave_up_goes_back_to_what_the_record_names(world, same_version):
    del world.files["plugins/operators.py"]
    world.deploy()
    live = world.environment.states["staging"]
    theirs = world.bucket.put_foreign("theirs.zip", b"theirs").version
    theirs = live.versions[Part.PLUGINS] if same_version else theirs
    lead(world, paths=paths(world, plugins="theirs.zip"), versions={**live.versions, Part.PLUGINS: theirs})
    world.deploy()
    assert world.environment.states["staging"].versions[Part.PLUGINS] == live.versions[Part.PLUGINS]
    assert_mended(world)


def test_without_a_stack_files_go_where_the_owner_of_the_environment_has_it_read_them(tmp_path):
    world = World(tmp_path)
    world.give_environment()
    world.deploy()
    lead(world, paths=paths(world, dags="moved", plugins="moved.zip"))
    assert {str(drift.subject) for drift in world.plan().drift} == {"dags", "plugins"}
    world.deploy()
    held = world.bucket.contents
    assert (held["moved/a.py"], held["moved/team b/ü.py"]) == (b"a = 1\n", b"b = 1\n")
    live = world.environment.states["staging"]
    assert world.bucket.read("moved.zip", live.versions[Part.PLUGINS]) == held["plugins.zip"]
    assert world.plan().empty


def test_without_a_stack_the_update_hands_over_the_path_of_the_dags_too(tmp_path):
    world = World(tmp_path)
    world.give_environment()
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"

    def meddle(key, _body):
        if key == "plugins.zip":
            lead(world, paths=paths(world, dags="theirs"))

    world.bucket.on_write = meddle
    world.deploy()
    assert_mended_without_stack(world)


def assert_mended_without_stack(world):
    assert world.environment.states["staging"].paths[Part.DAGS] == "dags"
    world.assert_deployed()
