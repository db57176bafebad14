import pytest

from mwaa_deploy.errors import EnvironmentMissing, RecordUnreadable
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import EnvironmentState, StoredObject
from mwaa_deploy.target.record import record_key
from mwaa_deploy.target.state import PartState, read_state
from tests.fakes.world import TEMPLATE, World


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def read(world: World, **more):
    return read_state(
        bucket=world.bucket, stack=world.stack, environments=world.environment, bundle=world.bundle(), **more
    )


def test_nothing_there_yet(world):
    state = read(world)

    assert (state.stack, state.environment, state.record, state.dags) == (None, None, None, {})
    assert state.creates_stack
    assert state.keys[Part.REQUIREMENTS] == "dags/requirements.txt"
    assert state.parts[Part.PLUGINS] == PartState()


def test_target_is_read_without_changing_it(world):
    world.deploy()
    world.bucket.put_foreign("dags/folder/", b"")
    for fake in (world.bucket, world.stack, world.environment):
        fake.knobs.calls.clear()

    state = read(world)

    assert {method for method, _ in world.bucket.knobs.calls} == {"read", "fetch", "head", "list"}
    assert {method for method, _ in world.stack.knobs.calls} == {"state"}
    assert state.environment is not None
    assert state.environment.name == "staging"
    assert {name: found.size for name, found in state.dags.items()} == {
        "a.py": 6,
        "team b/ü.py": 6,
        "requirements.txt": 5,
    }
    assert state.reserved == {"requirements.txt"}
    assert state.stack_parameters["Name"] == "staging"
    assert not state.creates_stack


def test_live_and_latest_version_are_told_apart(world):
    world.deploy()
    live = world.environment.states["staging"].versions[Part.PLUGINS]
    live_sha256 = world.bucket.head("plugins.zip").sha256
    newer = world.bucket.put(
        "plugins.zip", b"", sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", commit="c"
    )
    world.files["plugins/operators.py"] = "p = 2\n"

    assert read(world).parts[Part.PLUGINS] == PartState(
        live_key="plugins.zip", live_version=live, live_sha256=live_sha256, latest=newer
    )


def test_live_version_of_others_is_read_when_it_could_be_equal(world):
    """Taking equal content for another one would cost an environment update."""
    world.deploy()
    body = world.bucket.contents["startup.sh"]
    equal = world.bucket.put_foreign("startup.sh", body)
    world.environment.bring("staging", versions={Part.STARTUP_SCRIPT: equal.version}, paths={})
    ours = world.bundle().artefacts[Part.STARTUP_SCRIPT].sha256

    assert read(world).parts[Part.STARTUP_SCRIPT].live_sha256 == ours

    other = world.bucket.put_foreign("startup.sh", b"#" + body)
    world.environment.bring("staging", versions={Part.STARTUP_SCRIPT: other.version}, paths={})
    world.bucket.knobs.calls.clear()

    assert read(world).parts[Part.STARTUP_SCRIPT].live_sha256 is None
    assert ("read", "startup.sh") not in world.bucket.knobs.calls


def test_deleted_live_version_is_unknown(world):
    world.deploy()
    del world.bucket.versions["plugins.zip"]

    found = read(world).parts[Part.PLUGINS]

    assert (found.live_version is not None, found.live_sha256, found.latest) == (True, None, None)


def test_part_the_project_lacks_is_told_from_the_record(world):
    world.deploy()
    expected = world.bundle().artefacts[Part.STARTUP_SCRIPT].sha256
    del world.files["startup.sh"]
    world.bucket.knobs.calls.clear()

    assert read(world).parts[Part.STARTUP_SCRIPT].live_sha256 == expected
    assert ("head", "startup.sh") not in world.bucket.knobs.calls


def test_record_of_another_version_does_not_count(world):
    world.deploy()
    other = world.bucket.put_foreign("startup.sh", b"other")
    world.environment.bring("staging", versions={Part.STARTUP_SCRIPT: other.version}, paths={})
    del world.files["startup.sh"]

    assert read(world).parts[Part.STARTUP_SCRIPT].live_sha256 is None


def test_moved_key_is_looked_up_where_it_is_live(world):
    world.deploy()
    world.files["template.yaml"] = TEMPLATE.replace("PluginsS3Path: plugins.zip", "PluginsS3Path: moved/plugins.zip")

    state = read(world)

    assert state.keys[Part.PLUGINS] == "moved/plugins.zip"
    assert state.parts[Part.PLUGINS].live_key == "plugins.zip"
    assert state.parts[Part.PLUGINS].live_sha256 == world.bundle().artefacts[Part.PLUGINS].sha256
    assert state.parts[Part.PLUGINS].latest is None


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETING", "DELETED"])
def test_environment_that_is_going_is_none(world, status):
    world.environment.put(EnvironmentState(name="staging", status=status))

    assert read(world, environment_name="staging").environment is None


def test_environment_is_found_by_its_given_name_before_there_is_a_stack(world):
    world.environment.put(EnvironmentState(name="staging", status="AVAILABLE", paths={Part.DAGS: "elsewhere"}))

    state = read(world, environment_name="staging")

    assert state.environment is not None
    assert state.keys[Part.DAGS] == "dags"


def test_name_that_contradicts_the_stack_is_refused(world):
    world.deploy()

    with pytest.raises(EnvironmentMissing, match="is staging, not production") as caught:
        read(world, environment_name="production")

    assert "environment-name: staging" in caught.value.mend


def test_environment_deleted_behind_the_stack_is_refused(world):
    world.deploy()
    world.environment.states.clear()

    with pytest.raises(EnvironmentMissing, match="MWAA has no such environment"):
        read(world)

    world.stack.set_status("ROLLBACK_COMPLETE")

    assert read(world).environment is None


def test_stack_in_review_is_created_and_has_no_values_to_keep(world):
    world.stack.set_status("REVIEW_IN_PROGRESS")

    state = read(world)

    assert state.creates_stack
    assert state.stack_parameters == {}


def test_unreadable_record_stops_before_anything_is_decided(world):
    world.bucket.put_foreign(record_key("mwaa-staging"), b"?")

    with pytest.raises(RecordUnreadable):
        read(world)


def test_latest_object_is_given_whole(world):
    body = b"e"
    foreign = world.bucket.put_foreign("startup.sh", body)

    assert read(world).parts[Part.STARTUP_SCRIPT].latest == StoredObject(
        key="startup.sh", version=foreign.version, sha256=None, size=1, etag=foreign.etag
    )
