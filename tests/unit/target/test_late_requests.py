"""Requests about DAG files that S3 carries out late: when another deployment has the lock and has been at work."""

from collections.abc import Callable

import pytest

from mwaa_deploy.deployment import deploy, look_first
from mwaa_deploy.errors import LockLost, ObjectChanged
from mwaa_deploy.journal import Journal
from tests.fakes.world import World


@pytest.fixture
def world(tmp_path) -> World:
    world = World(tmp_path)
    world.deploy()
    return world


def run(world: World, head: str) -> None:
    job = world.job(head=head * 40)
    deploy(job, look_first(job), world.log, Journal())


def dags(world: World) -> dict[str, bytes]:
    return {key: body for key, body in world.bucket.contents.items() if key.endswith(".py")}


def before_first(world: World, method: str, what: Callable[[], None], *, key: str) -> None:
    """Let something happen when a request about a DAG file is on its way, before S3 carries it out."""
    real = getattr(world.bucket, method)

    def late(about, *args, **given):
        if about == key or key in about:
            setattr(world.bucket, method, real)
            what()
        return real(about, *args, **given)

    setattr(world.bucket, method, late)


def another_deployment(world: World, text: str) -> Callable[[], None]:
    """The run has not been heard of for an hour, and another one takes the lock over."""

    def deployed() -> None:
        world.clock.advance(3600)
        world.files = {**world.files, "dags/a.py": text}
        run(world, "d")

    return deployed


def test_an_upload_that_comes_late_changes_nothing(world):
    world.files["dags/a.py"] = "a = 'old'\n"
    before_first(world, "put", another_deployment(world, "a = 'new'\n"), key="dags/a.py")

    with pytest.raises(LockLost) as caught:
        run(world, "c")

    assert dags(world)["dags/a.py"] == b"a = 'new'\n"
    assert "It begins nothing any more" in caught.value.meaning
    world.assert_deployed()


def test_an_upload_of_a_new_file_that_comes_late_changes_nothing(world):
    world.files["dags/new.py"] = "n = 'old'\n"

    def deployed() -> None:
        world.clock.advance(3600)
        world.files = {**world.files, "dags/new.py": "n = 'new'\n"}
        run(world, "d")

    before_first(world, "put", deployed, key="dags/new.py")

    with pytest.raises(LockLost):
        run(world, "c")

    assert dags(world)["dags/new.py"] == b"n = 'new'\n"
    world.assert_deployed()


def test_a_deletion_that_comes_late_changes_nothing(world):
    del world.files["dags/a.py"]
    before_first(world, "delete", another_deployment(world, "a = 'new'\n"), key="dags/a.py")

    with pytest.raises(LockLost):
        run(world, "c")

    assert dags(world)["dags/a.py"] == b"a = 'new'\n"
    world.assert_deployed()


def test_what_somebody_writes_by_hand_meanwhile_is_written_over(world):
    world.files["dags/a.py"] = "a = 2\n"
    before_first(world, "put", lambda: world.bucket.put_foreign("dags/a.py", b"by hand"), key="dags/a.py")

    run(world, "c")

    world.assert_deployed()


def test_what_somebody_deletes_by_hand_meanwhile_is_uploaded(world):
    world.files["dags/a.py"] = "a = 2\n"
    before_first(world, "put", lambda: world.bucket.delete(["dags/a.py"]), key="dags/a.py")

    run(world, "c")

    world.assert_deployed()


def test_somebody_who_never_stops_writing_is_given_up(world):
    world.files["dags/a.py"] = "a = 2\n"
    real = world.bucket.put

    def put(key, *args, **given):
        if key == "dags/a.py":
            world.bucket.put_foreign(key, b"%d" % len(world.bucket.versions[key]))
        return real(key, *args, **given)

    world.bucket.put = put

    with pytest.raises(ObjectChanged, match=r"dags/a\.py"):
        run(world, "c")


def test_what_somebody_writes_meanwhile_is_not_deleted(world):
    del world.files["dags/a.py"]
    before_first(world, "delete", lambda: world.bucket.put_foreign("dags/a.py", b"theirs"), key="dags/a.py")

    with pytest.raises(ObjectChanged, match=r"dags/a\.py"):
        run(world, "c")

    assert dags(world)["dags/a.py"] == b"theirs"


def test_an_upload_costs_no_other_request(world):
    world.files["dags/a.py"] = "a = 2\n"
    world.bucket.knobs.calls.clear()

    run(world, "c")

    about = [method for method, key in world.bucket.knobs.calls if key == "dags/a.py"]
    assert about == ["put"]
