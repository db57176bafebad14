"""A forced replacement of workers is refused while tasks run."""

import pytest

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.errors import TasksRunning
from tests.fakes.world import World


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    world.worker_replacement = "FORCED"
    return world


def test_running_tasks_are_not_stopped_and_nothing_is_changed(world):
    world.running_tasks = lambda: 3
    before = dict(world.bucket.versions)
    with pytest.raises(TasksRunning, match=r"^3 task\(s\) are running"):
        world.deploy()
    assert world.bucket.versions == before
    assert world.environment.updates == ["staging"]


def test_without_a_stack_it_is_the_same(tmp_path):
    world = World(tmp_path)
    world.give_environment()
    world.worker_replacement, world.running_tasks = "FORCED", lambda: 1
    with pytest.raises(TasksRunning):
        world.deploy()
    assert world.environment.updates == []


@pytest.mark.parametrize(
    ("strategy", "allowed", "running"),
    [("FORCED", True, 3), ("FORCED", False, 0), ("GRACEFUL", False, 3), ("", False, 3)],
)
def test_it_goes_on_where_nothing_is_stopped_that_must_not_be(world, strategy, allowed, running):
    world.worker_replacement, world.allow_running_tasks = strategy, allowed
    world.running_tasks = lambda: running
    world.deploy()
    world.assert_deployed()
    assert not any(note.title == "Worker replacement" for note in world.log.annotations)


@pytest.mark.parametrize("ask", [None, lambda: None])
def test_where_nobody_can_tell_a_warning_says_so(world, ask):
    world.running_tasks = ask
    world.deploy()
    world.assert_deployed()
    (note,) = [note for note in world.log.annotations if note.title == "Worker replacement"]
    assert note.severity is Severity.WARN


def test_dags_alone_stop_no_task(world):
    world.files["plugins/operators.py"] = "p = 1\n"
    world.files["dags/a.py"] = "a = 2\n"
    world.running_tasks = lambda: 3
    world.deploy()
    world.assert_deployed()
