import pytest

from mwaa_deploy.errors import (
    ReplacementRefused,
)
from mwaa_deploy.parts import Part
from mwaa_deploy.target.record import record_key
from tests.fakes.world import TEMPLATE, World


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def order(world: World) -> list[str]:
    """What was done to the bucket, in order."""
    return [f"{method} {key}" for method, key in world.bucket.knobs.calls if method in ("put", "put_if", "delete")]


def test_first_deployment_creates_everything_in_order(world):
    outcome = world.deploy()

    world.assert_deployed()
    note = "mwaa-deploy/mwaa-staging/unfinished.json"
    assert order(world)[:4] == ["put plugins.zip", "put dags/requirements.txt", "put startup.sh", f"put {note}"]
    assert set(order(world)[4:6]) == {"put dags/a.py", "put dags/team b/ü.py"}
    assert order(world)[6:] == [f"put_if {record_key('mwaa-staging')}", f"delete {note}"]
    assert set(outcome.uploaded) == {Part.PLUGINS, Part.REQUIREMENTS, Part.STARTUP_SCRIPT}
    assert outcome.environment_updated
    assert outcome.environment_name == "staging"
    assert outcome.dags_added == ("a.py", "team b/ü.py")
    assert outcome.stack_events[-1].status == "CREATE_COMPLETE"
    assert [step.name for step in outcome.steps] == [
        "upload plugins",
        "upload requirements",
        "upload startup-script",
        "change set",
        "stack",
        "environment",
        "DAGs",
        "verify",
        "record",
    ]
    assert next(step.seconds for step in outcome.steps if step.name == "stack") == 1200
    assert "> Add Mwaa AWS::MWAA::Environment" in world.log.lines


def test_unchanged_project_writes_nothing(world):
    world.deploy()
    before = {key: list(versions) for key, versions in world.bucket.versions.items()}
    world.bucket.knobs.calls.clear()
    world.stack.knobs.calls.clear()

    outcome = world.deploy()

    assert world.plan().empty
    assert world.bucket.versions == before
    assert order(world) == []
    assert world.stack.knobs.count("create_change_set") == 0
    assert outcome.changed_nothing
    assert not outcome.record_written


def test_unchanged_project_costs_few_calls(world):
    world.deploy()
    for fake in (world.bucket, world.stack, world.environment):
        fake.knobs.calls.clear()

    world.deploy()

    calls = world.bucket.knobs.calls + world.stack.knobs.calls + world.environment.knobs.calls
    assert len(calls) <= 8


def test_dag_change_leaves_stack_and_environment_alone(world):
    world.deploy()
    world.environment.updates.clear()
    world.stack.knobs.calls.clear()
    world.files["dags/a.py"] = "a = 2\n"
    world.files["dags/new.py"] = "n = 1\n"
    del world.files["dags/team b/ü.py"]
    world.bucket.knobs.calls.clear()

    outcome = world.deploy()

    world.assert_deployed()
    assert (outcome.dags_added, outcome.dags_changed, outcome.dags_deleted) == (
        ("new.py",),
        ("a.py",),
        ("team b/ü.py",),
    )
    assert order(world).index("delete dags/team b/ü.py") > order(world).index("put dags/new.py")
    assert world.stack.knobs.count("create_change_set") == 0
    assert world.environment.updates == []
    assert (outcome.uploaded, outcome.environment_updated) == ({}, False)


def test_plugin_change_makes_one_version_and_one_update(world):
    world.deploy()
    made, updates = world.versions_made, len(world.environment.updates)
    world.files["plugins/operators.py"] = "p = 2\n"

    outcome = world.deploy()

    world.assert_deployed()
    assert world.versions_made == made | {"plugins.zip": made["plugins.zip"] + 1}
    assert len(world.environment.updates) == updates + 1
    assert list(outcome.uploaded) == [Part.PLUGINS]
    assert outcome.changes[0].details == ("PluginsS3ObjectVersion",)


def test_parameter_change_updates_the_stack_only(world):
    world.deploy()
    made = world.versions_made
    world.files["parameters.yml"] = "Name: staging\nClass: mw1.large\n"

    outcome = world.deploy()

    world.assert_deployed()
    assert world.versions_made == made
    assert outcome.changes[0].details == ("EnvironmentClass",)


def test_template_change_without_effect_is_a_success(world):
    world.deploy()
    world.files["template.yaml"] = "# a comment\n" + TEMPLATE

    outcome = world.deploy()

    assert (outcome.stack_changed, outcome.changes, outcome.record_written) == (False, (), True)
    assert world.plan().empty


def test_part_taken_out_of_the_project_stays_live(world):
    world.deploy()
    live = dict(world.environment.states["staging"].versions)
    del world.files["startup.sh"]

    world.deploy()

    assert world.environment.states["staging"].versions == live
    assert world.plan().empty


def test_requirements_among_the_dags_are_neither_synced_nor_deleted_as_dags(world):
    """dags/requirements.txt is a versioned part: a sync must not make a version the environment does not run."""
    world.deploy()
    del world.files["dags/requirements.txt"]
    made = world.versions_made

    world.deploy()

    assert world.versions_made == made
    assert "dags/requirements.txt" in world.bucket.contents


def test_replacement_of_the_environment_is_refused(world):
    world.deploy()
    record = world.bucket.contents[record_key("mwaa-staging")]
    world.stack.replace_on("Mwaa")
    world.files["plugins/operators.py"] = "p = 2\n"

    with pytest.raises(ReplacementRefused, match="replace the environment Mwaa because of PluginsS3ObjectVersion"):
        world.deploy()

    assert world.stack.change_sets == {}
    assert world.stack.knobs.count("execute") == 1
    assert world.bucket.contents[record_key("mwaa-staging")] == record


def test_removal_of_the_environment_is_refused(world):
    world.deploy()
    for name in ("plugins/operators.py", "dags/requirements.txt", "startup.sh"):
        del world.files[name]
    world.files["template.yaml"] = "Parameters: {Name: {Type: String}}\nResources: {T: {Type: 'AWS::SNS::Topic'}}\n"

    with pytest.raises(ReplacementRefused, match="remove the environment Mwaa"):
        world.deploy()

    assert world.stack.change_sets == {}
