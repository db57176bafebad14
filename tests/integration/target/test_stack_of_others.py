"""What somebody else did to the stack, and what the inputs want of it, on the lab's AWS with the real adapters."""

from dataclasses import replace

import pytest

from mwaa_deploy.target.change_sets import ChangeSetOptions
from mwaa_deploy.target.stack import CloudFormationStack
from tests.fakes.deployments import Deployments
from tests.integration.target.test_rollback import TEMPLATE, LabWorld

pytestmark = pytest.mark.lab

OURS, THEIRS = (
    TEMPLATE.replace("      DagS3Path: dags\n", f"      DagS3Path: dags\n      MaxWorkers: {count}\n")
    for count in (5, 17)
)


@pytest.fixture
def world(clients, lab_aws, tmp_path):
    return LabWorld(clients, lab_aws, tmp_path)


@pytest.fixture
def runs(world):
    runs = Deployments(world)
    world.files["template.yaml"] = OURS
    runs.push("aaaa")
    return runs


def settings(world):
    """Everything of the environment but the traces of its updates."""
    found = world.mwaa.get_environment(Name=world.name)["Environment"]
    return {key: value for key, value in found.items() if key != "LastUpdate"}


def test_a_template_that_somebody_has_updated_the_stack_with_is_drift_until_the_next_deployment(world, runs, clients):
    before = settings(world)
    kept = [{"ParameterKey": key, "UsePreviousValue": True} for key in world.stack.state().parameters]
    cloudformation = clients.client("cloudformation")
    cloudformation.update_stack(StackName=world.stack.name, TemplateBody=THEIRS, Parameters=kept)
    cloudformation.get_waiter("stack_update_complete").wait(StackName=world.stack.name, WaiterConfig={"Delay": 1})
    assert settings(world)["MaxWorkers"] == 17
    assert runs.drift() == [f"Stack {world.stack.name} has another template than the one deployed."]

    journal = runs.push("aaaa")

    assert len(journal.plan.drift) == 1
    assert world.stack.template() == OURS
    assert settings(world) == before
    assert runs.drift() == []
    assert runs.push("aaaa").plan.empty


def test_tags_and_protection_alone_are_given_to_the_stack(world, runs, clients):
    runs.inputs = replace(runs.inputs, stack_tags=(("team", "data"),), termination_protection=True)
    world.stack = CloudFormationStack(
        clients.client("cloudformation"),
        world.stack.name,
        clock=world.clock,
        options=ChangeSetOptions(tags={"team": "data"}),
        interval=0.1,
    )

    assert runs.push("aaaa").result == "deployed"

    state = world.stack.state()
    assert (state.tags, state.protected) == ({"team": "data"}, True)
    assert runs.push("aaaa").plan.empty
    assert runs.drift() == []
    clients.client("cloudformation").update_termination_protection(
        StackName=world.stack.name, EnableTerminationProtection=False
    )
