"""A stack that somebody else has updated is brought back to the commit's template, and drift tells of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mwaa_deploy.errors import AwsAccessDenied, StackUpdateFailed
from mwaa_deploy.plan import OperationKind
from mwaa_deploy.ports import StackParameter
from mwaa_deploy.target.record import fetch_record, write_record
from tests.fakes.deployments import Deployments
from tests.fakes.world import TEMPLATE, World

THEIRS = TEMPLATE.replace("DagS3Path: dags\n", "DagS3Path: dags\n      MaxWorkers: 99\n")
DRIFT = "Stack mwaa-staging has another template than the one deployed."
REASON = "Somebody else has updated the stack since aaaa000 was deployed (2026-01-05 12:21 UTC)."
DENIED = AwsAccessDenied("The role may not cloudformation:GetTemplate.\nMore of it.")


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def runs(world):
    runs = Deployments(world)
    runs.push("aaaa")
    return runs


def update(world, template, **parameters):
    """Somebody updates the stack, with the parameters that it has but for these."""
    world.clock.sleep(60)
    given = [StackParameter(key=key, value=parameters.get(key)) for key in world.stack.state().parameters]
    change_set = world.stack.create_change_set(template=template, parameters=given, create=False, description="by hand")
    world.stack.execute(change_set, timeout=9e9, on_event=lambda _: None)


def reason(journal):
    (operation,) = journal.plan.of_kind(OperationKind.CHANGE_SET)
    return operation.reason


def test_another_template_is_drift_and_the_same_commit_mends_it(world, runs):
    update(world, THEIRS)
    assert runs.drift() == [DRIFT]
    journal = runs.push("aaaa")
    assert reason(journal).startswith(REASON)
    assert [found.text for found in journal.plan.drift] == [DRIFT]
    assert world.stack.template() == TEMPLATE
    assert runs.drift() == []
    assert runs.push("aaaa").plan.empty


def test_a_push_of_dags_alone_mends_it_too(world, runs):
    update(world, THEIRS)
    world.files["dags/a.py"] = "a = 5\n"
    runs.push("bbbb")
    assert world.stack.template() == TEMPLATE
    world.assert_deployed()


def test_an_update_that_leaves_all_as_it_was_is_asked_about_once(world, runs):
    update(world, THEIRS)
    update(world, TEMPLATE)
    assert runs.drift() == []
    journal = runs.push("aaaa")
    assert reason(journal).startswith(REASON)
    assert journal.result == "unchanged"
    assert runs.record.stack_changed_at == world.stack.state().changed_at
    made = world.stack.knobs.count("create_change_set")
    assert runs.push("aaaa").plan.empty
    assert world.stack.knobs.count("create_change_set") == made


def test_a_parameter_that_the_project_leaves_to_the_stack_is_others_to_set(world, runs):
    update(world, TEMPLATE, Class="mw1.large")
    assert runs.drift() == []
    runs.push("aaaa")
    assert world.stack.state().parameters["Class"] == "mw1.large"
    assert runs.push("aaaa").plan.empty


def test_a_comment_in_the_commits_template_is_no_drift(world, runs):
    """CloudFormation makes no update for it, so that the stack keeps the template of before."""
    world.files["template.yaml"] = TEMPLATE + "# a comment\n"
    runs.push("bbbb")
    assert world.stack.template() == TEMPLATE
    assert runs.drift() == []
    assert runs.push("bbbb").plan.empty


def test_a_role_that_may_not_see_the_template_has_a_note_for_it(world, runs):
    update(world, THEIRS)
    since = "Somebody else has updated stack mwaa-staging since aaaa000 was deployed (2026-01-05 12:21 UTC)."
    note = f"{since} Whether to another template cannot be told: The role may not cloudformation:GetTemplate."
    for _ in range(2):
        world.stack.knobs.fail("template", DENIED)
    assert runs.drift() == []
    assert runs.journal.notes == [note]
    for _ in range(2):
        world.stack.knobs.fail("template", DENIED)
    journal = runs.push("aaaa")
    assert note in journal.plan.notes
    assert world.stack.template() == TEMPLATE


def test_a_look_for_drift_without_that_right_says_what_it_leaves_out(world, runs):
    world.stack.knobs.fail("template", DENIED)
    world.bucket.put_foreign("dags/a.py", b"theirs\n")
    assert runs.drift() == ["dags/a.py has been overwritten with other content."]
    left_out = "The template of stack mwaa-staging and the versions in it are not compared"
    assert runs.journal.notes == [f"{left_out}: The role may not cloudformation:GetTemplate."]


def test_a_deployment_that_has_failed_is_not_somebody_else(world, runs):
    world.files["template.yaml"] = THEIRS
    world.stack.break_with("Mwaa", "no")
    with pytest.raises(StackUpdateFailed):
        runs.push("bbbb")
    assert world.stack.state().changed_at != runs.record.stack_changed_at
    assert DRIFT not in runs.drift()
    world.files["template.yaml"] = TEMPLATE
    journal = runs.push("cccc")
    assert reason(journal).startswith("A deployment did not come to its end")
    assert runs.record.stack_changed_at == world.stack.state().changed_at
    assert runs.push("cccc").plan.empty


def test_a_roll_back_keeps_the_template_that_it_finds_and_the_next_push_mends_it(world, runs):
    world.files["plugins/operators.py"] = "p = 2\n"
    runs.push("bbbb")
    update(world, THEIRS)
    runs.roll_back()
    assert world.stack.template() == THEIRS
    assert runs.drift() == []
    world.files["plugins/operators.py"] = "p = 1\n"
    runs.push("cccc")
    assert world.stack.template() == TEMPLATE


def older_record(world):
    """The record as it was before it knew of the stack's last update."""
    found, etag = fetch_record(world.bucket, world.stack.name)
    assert found is not None
    write_record(world.bucket, replace(found, stack_changed_at=None), etag=etag)


def test_an_older_record_is_no_reason_for_an_update_and_is_completed(world, runs):
    older_record(world)
    journal = runs.push("aaaa")
    assert not journal.plan.of_kind(OperationKind.CHANGE_SET)
    assert runs.record.stack_changed_at == world.stack.state().changed_at
    assert runs.push("aaaa").plan.empty


def test_after_an_older_record_an_update_by_others_is_told_by_its_time(world, runs):
    older_record(world)
    update(world, THEIRS)
    assert runs.record.at < world.stack.state().changed_at < runs.record.at + timedelta(hours=1)
    assert runs.drift() == [DRIFT]
    assert reason(runs.push("aaaa")).startswith(REASON)
    assert world.stack.template() == TEMPLATE
