"""What the inputs want of the stack itself is given to it, also where nothing else is to be deployed."""

from dataclasses import replace

import pytest

from mwaa_deploy.errors import AwsAccessDenied
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.plan import Disruption, OperationKind
from mwaa_deploy.planner import make_plan
from mwaa_deploy.ports import ChangeSet, StackParameter, StackState
from mwaa_deploy.stack_options import StackOptions, decide_protection, lacking, stack_options
from tests.fakes.deployments import Deployments
from tests.fakes.planning import bundle, deployed, fresh
from tests.fakes.world import World

EVENTS, OTHERS = "arn:aws:sns:eu-west-1:123456789012:events", "arn:aws:sns:eu-west-1:123456789012:others"
STACK = StackState(
    id="i", name="s", status="UPDATE_COMPLETE", tags={"team": "data", "theirs": "x"}, notification_arns=(OTHERS,)
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (StackOptions(), []),
        (StackOptions(tags={"team": "data"}, notification_arns=(OTHERS,)), []),
        (StackOptions(tags={"cost": "7"}), ["the stack lacks the tag cost"]),
        (StackOptions(tags={"cost": "7", "by": "us"}), ["the stack lacks the tags cost and by"]),
        (StackOptions(tags={"team": "web"}), ["the stack has another value of the tag team"]),
        (StackOptions(notification_arns=(OTHERS, EVENTS)), [f"the stack's events are not told to {EVENTS}"]),
        (StackOptions(protect=True), []),
    ],
)
def test_only_what_the_inputs_name_is_compared(options, expected):
    assert lacking(options, STACK) == expected


@pytest.mark.parametrize(
    ("wanted", "stack", "creates", "expected"),
    [
        (True, STACK, False, True),
        (True, replace(STACK, protected=True), False, False),
        (False, STACK, False, False),
        (True, None, True, True),
        (True, None, False, False),
    ],
)
def test_a_stack_is_protected_if_that_is_wanted_and_never_laid_bare(wanted, stack, creates, expected):
    found = decide_protection(StackOptions(protect=wanted), stack, creates=creates)
    assert [operation.kind for operation in found] == [OperationKind.PROTECT] * expected


def test_the_inputs_are_what_is_wanted():
    inputs = Inputs(stack_tags=(("team", "data"),), notification_arns=(EVENTS,), termination_protection=True)
    assert stack_options(inputs) == StackOptions(tags={"team": "data"}, notification_arns=(EVENTS,), protect=True)


def planned(state, options):
    return make_plan(bundle(), state, base=None, base_reason="none", files={}, options=options)


def test_a_new_stack_gets_all_of_it_and_is_protected_once_it_is_there():
    found = planned(fresh(), StackOptions(tags={"team": "data"}, protect=True))
    kinds = [str(operation.kind) for operation in found.operations if operation.kind is not OperationKind.KEEP]
    assert kinds == ["upload", "upload", "change-set", "environment-create", "protect", "sync-dags", "record"]
    assert "tag" not in found.of_kind(OperationKind.CHANGE_SET)[0].reason


def test_tags_leave_the_environment_alone_and_another_template_may_not():
    options = StackOptions(tags={"team": "data"})
    (alone,) = planned(deployed(bundle()), options).of_kind(OperationKind.CHANGE_SET)
    assert (alone.reason, alone.disruption) == ("The stack lacks the tag team.", Disruption.NONE)
    state = deployed(bundle())
    assert state.record is not None
    state = replace(state, record=replace(state.record, template_sha256="other"))
    (both,) = planned(state, options).of_kind(OperationKind.CHANGE_SET)
    assert "the stack lacks the tag team" in both.reason
    assert both.disruption is Disruption.WORKERS_REPLACED


def test_without_a_stack_none_of_it_is_wanted():
    state = replace(deployed(bundle()), without_stack=True, stack=None)
    shipped = replace(bundle(), template=None)
    options = StackOptions(tags={"team": "data"}, protect=True)
    found = make_plan(shipped, state, base=None, base_reason="none", files={}, options=options)
    assert not found.of_kind(OperationKind.CHANGE_SET) + found.of_kind(OperationKind.PROTECT)


# -- deployed -------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def runs(world):
    runs = Deployments(world)
    runs.push("aaaa")
    return runs


def wants(runs, **inputs):
    """The inputs of the runs to come, which an adapter would hand over."""
    runs.inputs = replace(runs.inputs, **inputs)
    stack, options = runs.world.stack, stack_options(runs.inputs)
    stack.tags, stack.notification_arns = options.tags, options.notification_arns


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"stack_tags": (("team", "data"),)}, {"tags": {"team": "data"}}),
        ({"notification_arns": (EVENTS,)}, {"notification_arns": (EVENTS,)}),
        ({"termination_protection": True}, {"protected": True}),
    ],
)
def test_an_option_alone_is_carried_out_and_the_next_run_has_nothing_to_do(world, runs, inputs, expected):
    wants(runs, **inputs)
    journal = runs.push("aaaa")
    state = world.stack.state()
    assert {name: getattr(state, name) for name in expected} == expected
    assert journal.result == "deployed"
    assert runs.push("aaaa").result == "unchanged"
    assert runs.journal.plan.empty
    assert runs.journal.notes == []


def test_protecting_a_stack_neither_updates_it_nor_leaves_a_doubt(world, runs):
    before = world.stack.state().changed_at
    wants(runs, termination_protection=True)
    runs.push("aaaa")
    assert world.stack.knobs.count("create_change_set") == 1  # that of the first run
    assert world.stack.state().changed_at == before
    assert "Stack mwaa-staging is protected from being deleted." in world.log.text


def test_a_role_that_may_not_protect_it_is_red_and_tried_again(world, runs):
    wants(runs, termination_protection=True)
    world.stack.knobs.fail("protect", AwsAccessDenied("no"))
    with pytest.raises(AwsAccessDenied):
        runs.push("aaaa")
    assert runs.journal.result == "failed"
    runs.push("aaaa")
    assert world.stack.state().protected


def test_what_cloudformation_makes_no_update_for_is_told(world, runs):
    wants(runs, notification_arns=(EVENTS,))
    world.stack.notification_arns = ()  # as if the change set had come out empty
    journal = runs.push("aaaa")
    assert journal.result == "unchanged"
    untold = f"The stack's events are not told to {EVENTS}."
    assert journal.notes == [
        f"{untold} CloudFormation makes no update for that alone; the next update of the stack brings it."
    ]


def test_tags_of_others_are_no_reason(world, runs):
    world.stack.tags = {"theirs": "x"}
    assert not theirs(world).empty
    world.stack.execute(theirs(world), timeout=9e9, on_event=lambda _: None)
    runs.push("aaaa")  # it only finds that somebody has updated the stack
    assert runs.push("aaaa").result == "unchanged"
    assert world.stack.state().tags == {"theirs": "x"}


def theirs(world: World) -> ChangeSet:
    state = world.stack.state()
    assert state is not None
    parameters = [StackParameter(key=key, value=None) for key in state.parameters]
    return world.stack.create_change_set(
        template=world.files["template.yaml"], parameters=parameters, create=False, description="by hand"
    )
