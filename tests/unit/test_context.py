import json

import pytest

from mwaa_deploy.context import read_context
from mwaa_deploy.errors import InputsInvalid


def test_the_workflow_is_a_file_name():
    env = {"GITHUB_WORKFLOW_REF": "acme/dags/.github/workflows/mwaa.yml@refs/heads/main", "GITHUB_RUN_ID": "7"}
    context = read_context(env)
    assert (context.workflow, context.run_id) == ("mwaa.yml", 7)


def test_a_fork_is_told_by_its_repository(tmp_path):
    event = tmp_path / "event.json"
    head = {"repo": {"full_name": "stranger/dags"}}
    event.write_text(json.dumps({"pull_request": {"base": {"sha": "b" * 40}, "head": head}}), encoding="utf-8")
    context = read_context({"GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": "acme/dags"})
    assert context.from_fork
    assert context.pull_request_base == "b" * 40


def test_what_the_base_is_found_by_is_read_from_the_event(tmp_path):
    event = tmp_path / "event.json"
    payload = {
        "repository": {"default_branch": "trunk"},
        "pull_request": {"base": {"sha": "b" * 40}, "head": {"sha": "c" * 40}},
        "merge_group": {"base_sha": "d" * 40},
    }
    event.write_text(json.dumps(payload), encoding="utf-8")
    context = read_context({"GITHUB_EVENT_PATH": str(event), "GITHUB_JOB": "deploy", "RUNNER_NAME": "GitHub Actions 7"})
    assert (context.job, context.runner, context.default_branch) == ("deploy", "GitHub Actions 7", "trunk")
    assert (context.pull_request_head, context.merge_group_base) == ("c" * 40, "d" * 40)
    nothing = read_context({})
    assert (nothing.default_branch, nothing.pull_request_head, nothing.merge_group_base) == ("", None, None)


def test_a_laptop_has_no_run():
    assert (read_context({}).run_url, read_context({}).run) == ("", "")


def test_all_jobs_and_attempts_of_a_run_know_each_other_by_it():
    env = {"GITHUB_REPOSITORY": "acme/dags", "GITHUB_RUN_ID": "7"}
    first = read_context(env | {"GITHUB_JOB": "staging", "GITHUB_RUN_ATTEMPT": "1"})
    second = read_context(env | {"GITHUB_JOB": "production", "GITHUB_RUN_ATTEMPT": "2"})
    assert first.run == second.run == "acme/dags/runs/7"
    assert (first.run_attempt, second.run_attempt) == (1, 2)


@pytest.mark.parametrize("env", [{"GITHUB_RUN_ID": "abc"}, {"GITHUB_RUN_ATTEMPT": "-1"}])
def test_a_run_without_a_number_is_one_clear_error(env):
    with pytest.raises(InputsInvalid, match="not a number"):
        read_context(env)


def test_an_event_that_is_not_json_is_one_clear_error(tmp_path):
    event = tmp_path / "event.json"
    event.write_text("{", encoding="utf-8")
    with pytest.raises(InputsInvalid, match="not JSON"):
        read_context({"GITHUB_EVENT_PATH": str(event)})
