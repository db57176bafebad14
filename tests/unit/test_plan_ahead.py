"""A plan that is only told: CloudFormation's own view, and what a deployment would run into."""

import json
from dataclasses import replace

import pytest

from mwaa_deploy.errors import AwsAccessDenied, ChangeSetFailed, StackUnusable
from mwaa_deploy.plan import Disruption, OperationKind
from mwaa_deploy.plan_ahead import look_ahead
from mwaa_deploy.plan_preview import with_change_set
from mwaa_deploy.ports import ChangeSet, PropertyChange, ResourceChange
from mwaa_deploy.report.plan_markdown import plan_section
from mwaa_deploy.report.plan_text import change_set_lines
from tests.fakes.planning import bundle, deployed, only, plan
from tests.fakes.world import World


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.stack.tells_values = True
    return world


def ahead(world):
    job = world.job()
    state = job.look()
    return look_ahead(job, state, job.plan(state))


def test_a_changed_property_is_told_with_its_values_and_nothing_is_left(world):
    world.deploy()
    versions, state = dict(world.bucket.versions), world.stack.state()
    world.files["parameters.yml"] = "Name: staging\nClass: mw1.large\n"

    found = ahead(world).plan

    (change,) = found.change_set
    assert change.properties == (
        PropertyChange(path="/Properties/EnvironmentClass", before="mw1.small", after="mw1.large", recreation="Never"),
    )
    assert list(change_set_lines(found.change_set)) == [
        "Modify Mwaa AWS::MWAA::Environment: EnvironmentClass",
        "    /Properties/EnvironmentClass: mw1.small → mw1.large",
    ]
    assert "Mwaa /Properties/EnvironmentClass: mw1.small → mw1.large" in plan_section(found)
    assert json.loads(found.to_json())["change_set"] == [
        {
            "action": "Modify",
            "logical_id": "Mwaa",
            "resource_type": "AWS::MWAA::Environment",
            "replacement": change.replacement,
            "details": ["EnvironmentClass"],
            "properties": [
                {
                    "path": "/Properties/EnvironmentClass",
                    "before": "mw1.small",
                    "after": "mw1.large",
                    "recreation": "Never",
                }
            ],
            "policy_action": "",
            "nested": [],
        }
    ]
    assert "The environment is among what it changes." in only(found, OperationKind.CHANGE_SET).reason
    assert world.stack.change_sets == {}
    assert world.stack.state() == state
    assert dict(world.bucket.versions) == versions


def test_a_plan_of_a_first_deployment_leaves_no_stack(world):
    found = ahead(world).plan
    assert [change.action for change in found.change_set] == ["Add"]
    assert found.disruption is Disruption.ENVIRONMENT_CREATED
    assert world.stack.state() is None


def test_a_version_not_uploaded_yet_is_told_by_its_placeholder(world):
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    (change,) = ahead(world).plan.change_set
    assert [(p.path, p.after) for p in change.properties] == [("/Properties/PluginsS3ObjectVersion", "new-version")]


def test_a_plan_without_a_change_set_asks_for_none(world):
    world.deploy()
    world.files["dags/a.py"] = "a = 2\n"
    world.stack.knobs.calls.clear()
    found = ahead(world).plan
    assert found.change_set is None
    assert world.stack.knobs.count("create_change_set") == 0
    assert "CloudFormation" not in plan_section(found)


def test_a_replacement_of_the_environment_is_said_and_would_be_refused(world):
    world.deploy()
    world.files["parameters.yml"] = "Name: another\n"
    world.stack.replace_on("Mwaa")

    found = ahead(world).plan

    assert found.disruption is Disruption.ENVIRONMENT_REPLACED
    assert found.obstacles == (
        "A deployment would be refused: The change set would replace the environment Mwaa because of Name.",
    )
    assert "metadata database is lost" in plan_section(found)
    assert world.stack.change_sets == {}


@pytest.mark.parametrize(
    "error", [StackUnusable("Stack s is ROLLBACK_COMPLETE.\nMore."), ChangeSetFailed("Stack s is ROLLBACK_COMPLETE.")]
)
def test_a_stack_that_would_refuse_is_an_obstacle(world, error):
    world.stack.knobs.fail("create_change_set", error)
    found = ahead(world)
    assert found.plan.obstacles == ("A deployment would be refused: Stack s is ROLLBACK_COMPLETE.",)
    assert found.plan.change_set is None
    assert json.loads(found.plan.to_json())["obstacles"] == list(found.plan.obstacles)


@pytest.mark.parametrize("method", ["create_change_set", "delete_change_set"])
def test_a_lack_of_rights_is_a_note(world, method):
    world.stack.knobs.fail(method, AwsAccessDenied("AWS denied cloudformation:X on s.\nMore."))
    found = ahead(world)
    assert found.notes == ("CloudFormation's own view is missing from this plan: AWS denied cloudformation:X on s.",)
    assert found.plan.obstacles == ()
    assert found.plan.change_set is None


def test_a_busy_stack_is_not_asked(world):
    world.deploy()
    world.files["parameters.yml"] = "Name: staging\nClass: mw1.large\n"
    world.stack.occupy(600)
    world.stack.knobs.calls.clear()
    found = ahead(world)
    assert found.plan.obstacles == ("Stack mwaa-staging is UPDATE_IN_PROGRESS; a deployment would wait for it first.",)
    assert world.stack.knobs.count("create_change_set") == 0


ENVIRONMENT = ResourceChange(action="Modify", logical_id="Mwaa", resource_type="AWS::MWAA::Environment")
TOPIC = ResourceChange(action="Modify", logical_id="Alarm", resource_type="AWS::SNS::Topic")
NESTED = ResourceChange(action="Modify", logical_id="Inner", resource_type="AWS::CloudFormation::Stack")


@pytest.mark.parametrize(
    ("changes", "disruption", "minutes", "told"),
    [
        ((), Disruption.NONE, (1, 1), "CloudFormation has nothing to change."),
        ((TOPIC,), Disruption.NONE, (1, 1), "It leaves the environment alone."),
        ((TOPIC, ENVIRONMENT), Disruption.WORKERS_REPLACED, (1, 36), "The environment is among what it changes."),
        ((NESTED,), Disruption.WORKERS_REPLACED, (1, 36), "CloudFormation tells whether the environment"),
        ((replace(NESTED, nested=(TOPIC,)),), Disruption.NONE, (1, 1), "It leaves the environment alone."),
        (
            (replace(NESTED, nested=(ENVIRONMENT,)),),
            Disruption.WORKERS_REPLACED,
            (1, 36),
            "The environment is among what it changes.",
        ),
        (
            (replace(ENVIRONMENT, action="Remove"),),
            Disruption.ENVIRONMENT_REPLACED,
            (1, 36),
            "CloudFormation tells whether the environment",
        ),
    ],
)
def test_what_a_change_set_means_for_the_environment(changes, disruption, minutes, told):
    shipped = bundle(given="Name: n\nClass: mw1.large")
    undecided = plan(shipped, deployed(bundle()))
    assert undecided.disruption is Disruption.WORKERS_REPLACED

    found = with_change_set(undecided, ChangeSet(id="i", name="n", type="UPDATE", changes=changes))

    assert found.disruption is disruption
    operation = only(found, OperationKind.CHANGE_SET)
    assert operation.expected_minutes == minutes
    assert told in operation.reason
    assert found.change_set == tuple(sorted(changes, key=lambda change: change.logical_id))


def test_values_of_others_stay_on_their_line_and_are_cut():
    hostile = PropertyChange(path="/P\n::error::x", before=None, after="a\n::error::" + "x" * 1000, recreation="Always")
    lines = list(change_set_lines((replace(ENVIRONMENT, properties=(hostile,)),)))
    assert len(lines) == 2
    assert "\n" not in "".join(lines)
    assert len(lines[1]) < 400
    assert lines[1].endswith("(recreation: Always)")
    assert list(change_set_lines(())) == ["CloudFormation has nothing to change."]


def test_a_template_that_does_not_say_how_workers_are_replaced_is_noted_where_the_input_asks(world):
    world.worker_replacement = "GRACEFUL"
    (note,) = (note for note in ahead(world).plan.notes if "WorkerReplacementStrategy" in note)
    assert note.startswith("worker-replacement is GRACEFUL, but Mwaa of the template has no")
    world.files["template.yaml"] += "      WorkerReplacementStrategy: GRACEFUL\n"
    assert not any("WorkerReplacementStrategy" in note for note in ahead(world).plan.notes)
    world.worker_replacement = ""
    world.files["template.yaml"] = world.files["template.yaml"].replace("WorkerReplacementStrategy", "Other")
    assert not any("WorkerReplacementStrategy" in note for note in ahead(world).plan.notes)
