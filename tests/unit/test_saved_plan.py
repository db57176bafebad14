"""A plan that was saved is carried out only if it is still what a deployment would do."""

import json
from dataclasses import fields

import pytest

from mwaa_deploy.deployment import deploy, look_first
from mwaa_deploy.errors import InputsInvalid, PlanOutdated
from mwaa_deploy.inputs import Inputs, WorkerReplacement
from mwaa_deploy.journal import Journal
from mwaa_deploy.parts import Part
from mwaa_deploy.plan_ahead import look_ahead
from mwaa_deploy.plan_settings import COMPARED, HARMLESS, PINNED
from mwaa_deploy.saved_plan import SavedPlan, read_saved
from tests.fakes.world import World


@pytest.fixture(params=["stack", "without a stack"])
def world(request, tmp_path):
    world = World(tmp_path)
    if request.param == "without a stack":
        world.give_environment()
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    world.files["dags/a.py"] = "a = 2\n"
    return world


def save(world, head="c" * 40, **inputs):
    job = world.job(head=head, **inputs)
    state = job.look()
    plan = look_ahead(job, state, job.plan(state)).plan
    return SavedPlan(name="plan.json", document=json.loads(plan.to_json()))


def carry_out(world, saved, head="c" * 40, **inputs):
    job, journal = world.job(saved=saved, head=head, **inputs), Journal()
    deploy(job, look_first(job), world.log, journal)
    return journal


def written(world):
    """How often each object was written, but for the lock."""
    return {key: len(found) for key, found in world.bucket.versions.items() if not key.endswith("lock.json")}


def refusal(world, saved, **given):
    before = written(world)
    updates = list(world.environment.updates)
    with pytest.raises(PlanOutdated) as caught:
        carry_out(world, saved, **given)
    assert written(world) == before
    assert world.environment.updates == updates
    assert world.stack.change_sets == {}
    return [line.removeprefix("- ") for line in caught.value.what.splitlines()[1:]]


def test_a_plan_that_still_holds_is_carried_out(world):
    journal = carry_out(world, save(world))
    assert journal.outcome.environment_updated
    world.assert_deployed()


def test_a_plan_is_carried_out_only_once(world):
    saved = save(world)
    carry_out(world, saved)
    assert "the record of the last deployment" in refusal(world, saved)


def test_another_commit_is_refused(world):
    assert refusal(world, save(world), head="d" * 40) == [f"the commit: it was made for another than {'d' * 40}"]


def test_other_content_of_the_same_commit_is_refused(world):
    saved = save(world)
    world.files["dags/new.py"] = "n = 1\n"
    assert refusal(world, saved) == [
        "the content of dags: other bytes would be deployed",
        "the operations: other ones would be carried out",
    ]


def edit(world, name):
    world.files[name] = (
        world.files[name].replace("= 2", "= 9").replace("x==1", "x==9").replace("mw1.small", "mw1.large")
    )


@pytest.mark.parametrize(
    ("name", "part"),
    [("dags/a.py", "dags"), ("plugins/operators.py", "plugins"), ("dags/requirements.txt", "requirements")],
)
def test_other_bytes_in_the_place_of_those_that_were_planned_are_refused(world, name, part):
    """As a build step, or a checkout that somebody has changed, makes them: commit and operations are the same."""
    world.files["dags/requirements.txt"] = "x==1  # changed\n"
    saved = save(world)
    edit(world, name)
    assert refusal(world, saved) == [f"the content of {part}: other bytes would be deployed"]


def test_a_part_that_is_none_is_not_repeated(world):
    saved = save(world)
    content = {**saved.document["content"], "::error::": "x"}
    other = SavedPlan(name="p", document={**saved.document, "content": content})
    assert refusal(world, other) == ["the content of a part: other bytes would be deployed"]


def test_another_target_is_refused(world):
    saved = save(world)
    target = {**saved.document["target"], "bucket": "yet-another"}
    other = SavedPlan(name="plan.json", document={**saved.document, "target": target})
    assert refusal(world, other) == ["the target: it was made for another one"]


def test_a_dag_that_somebody_put_there_is_refused(world):
    saved = save(world)
    world.bucket.put_foreign("dags/theirs.py", b"t")
    assert "the files in the DAG folder of the bucket" in refusal(world, saved)


def test_a_dag_that_somebody_changed_is_refused_even_if_the_same_would_be_done(world):
    saved = save(world)
    world.bucket.put_foreign("dags/a.py", b"a = 7\n")
    assert refusal(world, saved) == ["the files in the DAG folder of the bucket"]


def test_a_version_that_somebody_set_is_refused(world):
    saved = save(world)
    world.environment.bring("staging", versions={Part.REQUIREMENTS: "theirs"}, paths={})
    found = refusal(world, saved)
    assert any(line.startswith("the environment:") for line in found)
    assert "the operations: other ones would be carried out" in found


def test_maintenance_in_between_does_no_harm(world):
    saved = save(world)
    world.environment.maintain("staging", seconds=900)
    carry_out(world, saved)
    world.assert_deployed()


def test_a_plan_made_without_the_target_is_refused(world):
    saved = SavedPlan(name="p", document={**save(world).document, "offline": True})
    assert refusal(world, saved) == ["it was made without looking at the target"]


OTHERS = {
    "allow_replacement": True,
    "allow_running_tasks": True,
    "capabilities": ("CAPABILITY_AUTO_EXPAND",),
    "deploy_with": "another way",
    "force": True,
    "take_over_dags": True,
    "kms_key": "alias/other",
    "nested_stacks": True,
    "notification_arns": ("arn:aws:sns:eu-west-1:123456789012:t",),
    "promote_from": "staging",
    "revert_drift": True,
    "rollback_on_failure": True,
    "smoke_dags": ("a",),
    "stack_role_arn": "arn:aws:iam::123456789012:role/r",
    "stack_tags": (("team", "b"),),
    "termination_protection": True,
    "worker_replacement": WorkerReplacement.FORCED,
}


def test_no_input_is_forgotten():
    """A new one has to be pinned, or there has to be a reason why not: else a saved plan may come to something else."""
    lists = [*PINNED, *COMPARED, *HARMLESS]
    assert sorted(lists) == sorted(field.name for field in fields(Inputs))
    assert all([*COMPARED.values(), *HARMLESS.values()])
    assert OTHERS.keys() == set(PINNED)


@pytest.mark.parametrize("field", PINNED)
def test_another_value_of_an_input_that_decides_is_refused(with_stack, field):
    saved = save(with_stack)
    if field == "deploy_with":  # the deployment itself would go another way before it comes to that
        settings = {**saved.document["settings"], "deploy-with": OTHERS[field]}
        saved, given = SavedPlan(name="p", document={**saved.document, "settings": settings}), {}
    else:
        given = {field: OTHERS[field]}
    wanted = [f"the input {field.replace('_', '-')}: it was made with another value"]
    if field == "termination_protection":
        wanted.append("the operations: other ones would be carried out")
    assert refusal(with_stack, saved, **given) == wanted


def test_a_plan_is_carried_out_with_the_inputs_that_it_was_made_with(with_stack):
    given = {name: value for name, value in OTHERS.items() if name not in {"deploy_with", "worker_replacement"}}
    carry_out(with_stack, save(with_stack, **given), **given)
    with_stack.assert_deployed()


@pytest.fixture
def with_stack(tmp_path):
    world = World(tmp_path)
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    return world


def test_a_stack_that_somebody_updated_is_refused(with_stack):
    saved = save(with_stack)
    with_stack.clock.sleep(60)
    job = with_stack.job()
    outputs = job.bundle.template.body + "Outputs:\n  Said: {Value: x}\n"
    given = dict(with_stack.stack.state().parameters)
    with_stack.stack.deploy(outputs.replace("mw1.small", "mw1.medium"), given | {"Class": "mw1.medium"})
    found = refusal(with_stack, saved)
    assert any(line.startswith("the stack:") for line in found)
    assert "the values of the stack's parameters" in found


def test_a_template_that_somebody_changed_is_refused_by_the_time_of_the_update(with_stack):
    with_stack.deploy()
    with_stack.files["plugins/operators.py"] = "p = 3\n"
    saved = SavedPlan(name="p", document={**save(with_stack).document, "change_set": None})
    with_stack.clock.sleep(60)
    template = with_stack.job().bundle.template.body + "      MaxWorkers: 7\n"
    with_stack.stack.deploy(template, with_stack.stack.state().parameters)
    assert refusal(with_stack, saved) == ["the stack: its status, its parameters or the time of its last update"]


def test_another_template_is_refused_where_cloudformation_was_not_asked(with_stack):
    saved = SavedPlan(name="p", document={**save(with_stack).document, "change_set": None})
    with_stack.files["template.yaml"] += "      MaxWorkers: 7\n"
    assert "the content of template: other bytes would be deployed" in refusal(with_stack, saved)


def test_a_change_set_that_has_become_another_is_refused(with_stack):
    saved = save(with_stack)
    with_stack.stack.replace_on("Mwaa")
    assert refusal(with_stack, saved) == ["the change set: CloudFormation would change something else"]


def test_a_plan_made_without_the_right_to_ask_cloudformation_can_be_carried_out(with_stack):
    saved = SavedPlan(name="p", document={**save(with_stack).document, "change_set": None})
    carry_out(with_stack, saved)
    with_stack.assert_deployed()


def test_a_file_is_read_back_as_it_was_written(with_stack, tmp_path):
    saved = save(with_stack)
    (tmp_path / "plan.json").write_text(json.dumps(saved.document))
    assert read_saved(tmp_path, "plan.json") == saved


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[]", "is no plan of schema 4"),
        (b'{"schema": 3}', "is no plan of schema 4"),
        (b'{"schema": 4}', "is no plan of schema 4"),
        (b'{"schema": 4, "offline": 1}', "is no plan of schema 4"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(tmp_path, body, problem):
    if body is not None:
        (tmp_path / "plan.json").write_bytes(body)
    with pytest.raises(InputsInvalid, match=problem):
        read_saved(tmp_path, "plan.json")


@pytest.mark.parametrize(
    "change",
    [
        {"offline": None},
        {"commit": 1},
        {"target": []},
        {"fingerprint": "x"},
        {"content": None},
        {"settings": None},
        {"versions": None},
        {"operations": [1]},
        {"parameters": {}},
    ],
)
def test_a_plan_with_other_shapes_is_refused(with_stack, tmp_path, change):
    document = {**save(with_stack).document, **change}
    (tmp_path / "plan.json").write_text(json.dumps(document))
    with pytest.raises(InputsInvalid, match="is no plan"):
        read_saved(tmp_path, "plan.json")


def test_a_link_out_of_the_workspace_is_not_followed(tmp_path):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "plan.json").write_text("{}")
    (workspace / "plan.json").symlink_to(tmp_path / "plan.json")
    with pytest.raises(InputsInvalid, match="leaves the workspace"):
        read_saved(workspace, "plan.json")
