"""Two targets in one bucket, by mistake with one DAG folder."""

import hashlib

import pytest

from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import DeletionRefused, OverwriteRefused
from mwaa_deploy.plan_ahead import look_ahead
from tests.fakes.stack import FakeStack
from tests.fakes.world import World


@pytest.fixture
def staging(tmp_path) -> World:
    (tmp_path / "staging").mkdir()
    return World(tmp_path / "staging")


@pytest.fixture
def other(staging: World, tmp_path) -> World:
    """Another target with the same bucket and DAG folder, and files of its own."""
    (tmp_path / "other").mkdir()
    world = World(tmp_path / "other")
    world.bucket = staging.bucket.of_target("mwaa-other")
    world.stack = FakeStack("mwaa-other", environment=world.environment, clock=world.clock, seconds=1200)
    del world.files["dags/a.py"], world.files["dags/team b/ü.py"]
    world.files["dags/other.py"] = "o = 1\n"
    return world


def test_first_deployment_deletes_nothing_of_another_target(staging, other):
    staging.deploy()
    held = staging.bucket.contents

    with pytest.raises(DeletionRefused, match=r"deployed to another target \(mwaa-staging\)"):
        other.deploy()

    assert staging.bucket.contents == held
    assert other.stack.knobs.count("create_change_set") == 0


def test_later_deployments_delete_nothing_of_another_target(staging, other):
    """Neither with max-deletions, which may stand in a workflow for long."""
    other.deploy()
    staging.protected = ("other.py",)
    staging.deploy()
    other.files["dags/other.py"] = "o = 2\n"
    other.deletions = DeletionLimits(count=100, share=100)
    held = staging.bucket.contents

    with pytest.raises(DeletionRefused, match=r"- a\.py"):
        other.deploy()
    assert staging.bucket.contents == held

    other.protected = ("a.py", "team b")
    other.deploy()
    assert staging.bucket.contents["dags/a.py"] == b"a = 1\n"
    assert staging.bucket.contents["dags/other.py"] == b"o = 2\n"


def test_what_earlier_versions_uploaded_is_not_deleted_unasked_either(staging, other):
    staging.bucket.target = other.bucket.target = ""
    other.deploy()
    staging.protected = ("other.py",)
    staging.deploy()
    staging.bucket.target, other.bucket.target = "mwaa-staging", "mwaa-other"
    held = staging.bucket.contents

    with pytest.raises(DeletionRefused, match=r"- a\.py"):
        other.deploy()

    assert staging.bucket.contents == held


def test_objects_of_earlier_versions_are_neither_uploaded_again_nor_asked_about(staging):
    staging.bucket.target = ""
    staging.deploy()
    staging.bucket.target = "mwaa-staging"
    made = staging.versions_made
    staging.bucket.knobs.calls.clear()

    assert staging.deploy().changed_nothing

    assert staging.versions_made == made
    assert [key for method, key in staging.bucket.knobs.calls if method == "head" and key.endswith(".py")] == []

    del staging.files["dags/a.py"]
    assert staging.deploy().dags_deleted == ("a.py",)
    staging.assert_deployed()


@pytest.fixture
def same_names(staging: World, tmp_path) -> World:
    """Another target with the same bucket and DAG folder, and files of the same names."""
    (tmp_path / "same").mkdir()
    world = World(tmp_path / "same")
    world.bucket = staging.bucket.of_target("mwaa-other")
    world.stack = FakeStack("mwaa-other", environment=world.environment, clock=world.clock, seconds=1200)
    return world


@pytest.mark.parametrize("text", ["a = 2\n", "a = 'of another size'\n"])
def test_other_content_for_another_targets_file_is_refused_before_anything_is_changed(staging, same_names, text):
    staging.deploy()
    held = staging.bucket.contents
    same_names.files["dags/a.py"] = text
    same_names.files["plugins/operators.py"] = "p = 9\n"

    with pytest.raises(
        OverwriteRefused, match=r"another target \(mwaa-staging\) and not to mwaa-other:\n- a\.py\n"
    ) as e:
        same_names.deploy()

    assert staging.bucket.contents == held
    assert same_names.stack.knobs.count("create_change_set") == 0
    assert "DagS3Path: mwaa-other/dags" in e.value.mend
    assert "take-over-dags: true" in e.value.mend


def test_what_is_shared_is_known_as_the_other_targets_without_a_further_call(staging, same_names):
    """The record has it from when the content was found there: the listing alone cannot tell."""
    staging.deploy()
    assert same_names.deploy().dags_added == ()
    same_names.bucket.knobs.calls.clear()
    assert same_names.deploy().changed_nothing
    assert [key for method, key in staging.bucket.knobs.calls if method == "head" and key.endswith(".py")] == []

    same_names.files["dags/a.py"] = "a = 2\n"
    with pytest.raises(OverwriteRefused, match=r"- a\.py\n"):
        same_names.deploy()
    assert [key for method, key in staging.bucket.knobs.calls if method == "head" and key.endswith(".py")] == []


def test_the_first_of_two_that_share_a_folder_goes_on_and_the_second_finds_its_content(staging, same_names):
    staging.deploy()
    same_names.deploy()
    for world in (staging, same_names):
        world.files["dags/a.py"] = "a = 2\n"
        world.deploy()
        world.assert_deployed()


def test_one_who_means_it_takes_the_file_over(staging, same_names):
    staging.deploy()
    same_names.files["dags/a.py"] = "a = 2\n"
    same_names.takes_over_dags = True
    same_names.deploy()
    same_names.assert_deployed()
    same_names.takes_over_dags = False
    same_names.files["dags/a.py"] = "a = 3\n"
    same_names.deploy()
    same_names.assert_deployed()


@pytest.mark.parametrize("name", ["a.py", "new.py"])
def test_one_that_another_target_writes_at_the_last_moment_is_left_alone(staging, same_names, name):
    same_names.deploy()
    key = f"dags/{name}"
    same_names.files[key] = "n = 'ours'\n"
    put, theirs = same_names.bucket.put, staging.bucket

    def late(about, *args, **given):
        if about == key and theirs.contents.get(key) != b"theirs":
            theirs.put(key, b"theirs", sha256=hashlib.sha256(b"theirs").hexdigest(), commit="c")
        return put(about, *args, **given)

    same_names.bucket.put = late
    with pytest.raises(OverwriteRefused, match=rf"{key} was deployed to another target \(mwaa-staging\) while"):
        same_names.deploy()
    assert theirs.contents[key] == b"theirs"


def test_what_was_put_there_by_hand_is_written_over(staging, same_names):
    same_names.deploy()
    same_names.bucket.put_foreign("dags/a.py", b"by hand")
    same_names.deploy()
    same_names.assert_deployed()


def test_a_plan_says_that_it_would_be_refused(staging, same_names):
    staging.deploy()
    same_names.files["dags/a.py"] = "a = 2\n"
    job = same_names.job()
    state = job.look()
    obstacles = look_ahead(job, state, job.plan(state)).plan.obstacles
    assert any("would be written over" in obstacle for obstacle in obstacles)
