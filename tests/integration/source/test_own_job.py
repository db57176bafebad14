"""How GitHub's API tells the present job from its neighbours; over HTTP, against the lab's GitHub."""

from collections.abc import Iterator

import pytest
import requests

from lab.github.api import GitHub
from lab.github.records import Records
from lab.web import serving
from mwaa_deploy.source.github_api import github_client
from mwaa_deploy.source.workflow_runs import LOOKED_INTO, GitHubWorkflowRuns

pytestmark = pytest.mark.lab

PRESENT, EARLIER = 900, 1
HERE, THERE = "GitHub Actions 7", "GitHub Actions 8"


@pytest.fixture
def url() -> Iterator[str]:
    with serving(GitHub(Records())) as address:
        token = {"token": "ghs_good", "permissions": {"actions": "read"}}
        requests.put(f"{address}/_lab/tokens", json=token, timeout=10).raise_for_status()
        yield address


def record(url, number, jobs, *, conclusion=None, workflow="deploy.yml"):
    run = {"id": number, "workflow": workflow, "head_sha": f"{number:040x}", "conclusion": conclusion, "jobs": jobs}
    requests.post(f"{url}/_lab/repos/acme/hello/runs", json=run, timeout=10).raise_for_status()


def search(url, *, runner="", job="", workflow="deploy.yml"):
    client = github_client(url, "ghs_good")
    runs = GitHubWorkflowRuns(client, "acme/hello", run_id=PRESENT, workflow=workflow, runner=runner, job=job)
    try:
        return runs.last_successful(branch="main")
    finally:
        client.close()


def running(name, runner=""):
    return {"name": name, "runner_name": runner}


@pytest.mark.parametrize(
    ("jobs", "runner", "job", "ours"),
    [
        (
            [running("deploy (staging)", HERE), running("deploy (production)", THERE)],
            HERE,
            "deploy",
            "deploy (staging)",
        ),
        (
            [running("call / deploy", "self-hosted"), {"name": "lint", "conclusion": "success"}],
            HERE,
            "",
            "call / deploy",
        ),
        ([running("deploy", THERE), running("lint", THERE)], HERE, "deploy", "deploy"),
        ([running("deploy"), running("lint")], "", "deploy", "deploy"),
        ([{"name": "deploy", "conclusion": "success", "runner_name": HERE}, running("again", HERE)], HERE, "", "again"),
        ([running("deploy (staging)"), running("deploy (production)")], "", "deploy", ""),
        ([running("deploy", HERE), running("deploy", HERE)], HERE, "deploy", ""),
    ],
    ids=["by its machine", "only one runs", "by its id", "no machine", "the one that runs", "not at all", "twice"],
)
def test_our_job_is_told_by_its_machine_else_by_being_alone_else_by_its_id(url, jobs, runner, job, ours):
    record(url, PRESENT, jobs)

    assert search(url, runner=runner, job=job).job == ours


def test_jobs_of_one_name_count_only_if_all_of_them_succeeded(url):
    record(url, PRESENT, [running("deploy", HERE)])
    record(url, 1, [{"name": "deploy", "conclusion": "success"}] * 2, conclusion="success")
    record(url, 2, [{"name": "deploy", "conclusion": ended} for ended in ("success", "failure")], conclusion="failure")

    assert search(url, runner=HERE).run.id == 1


def test_runs_in_which_no_job_ran_are_not_looked_into(url):
    record(url, PRESENT, [running("deploy", HERE)])
    record(url, EARLIER, [{"name": "deploy", "conclusion": "success"}], conclusion="success")
    for number in range(2, LOOKED_INTO + 5):
        record(url, number, [{"name": "deploy", "conclusion": "skipped"}], conclusion="skipped")

    found = search(url, runner=HERE)

    assert (found.run.id, found.looked_into) == (EARLIER, 1)


def test_our_job_is_found_beyond_a_page_of_jobs(url):
    others = [{"name": f"check {number}", "conclusion": "success"} for number in range(45)]
    record(url, PRESENT, [*others, running("deploy", HERE)])
    record(url, EARLIER, [*others, {"name": "deploy", "conclusion": "success"}], conclusion="success")

    found = search(url, runner=HERE)

    assert (found.job, found.run.id) == ("deploy", EARLIER)


def test_the_workflow_is_that_of_the_present_run_where_no_file_is_named(url):
    record(url, PRESENT, [running("deploy", HERE)])
    record(url, EARLIER, [{"name": "deploy", "conclusion": "success"}], conclusion="success")
    record(url, 2, [{"name": "deploy", "conclusion": "success"}], conclusion="success", workflow="other.yml")

    assert search(url, runner=HERE, workflow="").run.id == EARLIER
