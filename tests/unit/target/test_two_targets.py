"""Two targets in one bucket, by mistake with one DAG folder."""

import pytest

from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import DeletionRefused
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
