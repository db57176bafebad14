import pytest

from mwaa_deploy.planner import make_plan
from mwaa_deploy.target.preview import preview_change_set
from tests.fakes.world import World


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def preview(world: World):
    bundle = world.bundle()
    state = world.state(bundle)
    plan = make_plan(bundle, state, base=None, base_reason="r", files={})
    return preview_change_set(plan, bundle=bundle, state=state, stack=world.stack, commit="c")


def test_change_set_of_a_new_stack_is_shown_and_leaves_nothing(world):
    found = preview(world)

    assert found is not None
    assert [change.action for change in found.changes] == ["Add"]
    assert world.stack.state() is None
    assert world.stack.change_sets == {}


def test_change_set_of_a_plugin_change_is_shown_before_its_upload(world):
    world.deploy()
    versions = world.versions_made
    world.files["plugins/operators.py"] = "p = 2\n"

    found = preview(world)

    assert found is not None
    assert found.changes[0].details == ("PluginsS3ObjectVersion",)
    assert world.stack.change_sets == {}
    assert world.versions_made == versions


def test_plan_that_needs_no_change_set_makes_none(world):
    world.deploy()
    world.stack.knobs.calls.clear()

    assert preview(world) is None
    assert world.stack.knobs.count("create_change_set") == 0
