"""The WorkflowRuns port: what the fake does, GitHub's API in the lab does too, and the real adapter says of it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from types import MappingProxyType
from typing import Protocol

import pytest
import requests

from lab.github.api import GitHub
from lab.github.records import Records
from lab.web import serving
from mwaa_deploy.errors import GitHubUnavailable
from mwaa_deploy.ports import Comparison, Relation, WorkflowRuns
from mwaa_deploy.source.github_api import github_client
from mwaa_deploy.source.workflow_runs import LOOKED_INTO, GitHubWorkflowRuns
from tests.fakes.repository import Commits
from tests.fakes.workflow_runs import FakeWorkflowRuns

A, B, C, D = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
PRESENT = 900
"""The present run, which runs on while it asks."""
OURS, OTHER = "deploy (staging)", "deploy (production)"


class Memory(Protocol):
    """Puts runs and commits into GitHub's memory, and hands over what asks it."""

    def record(
        self,
        number: int,
        sha: str,
        *,
        jobs: Mapping[str, str | None],
        attempt: int = 1,
        branch: str = "main",
        event: str = "push",
    ) -> None:
        """Remember a run, or a later attempt of one."""

    def commits(self, parents: Mapping[str, tuple[str, ...]], *, branches: Mapping[str, str] = ...) -> None:
        """Remember commits, and which of them each branch is at."""

    def asked_by(self, job: str) -> WorkflowRuns:
        """The port, as the job of that name in the present run sees it; '' for one that cannot be told."""


class FakeMemory:
    def __init__(self) -> None:
        self._commits = Commits()
        self._runs = FakeWorkflowRuns(run_id=PRESENT, limit=LOOKED_INTO, commits=self._commits)

    def record(self, number, sha, *, jobs, attempt=1, branch="main", event="push"):
        del attempt
        self._runs.record(number, sha, jobs=jobs, branch=branch, event=event)

    def commits(self, parents, *, branches=MappingProxyType({})):
        for sha, of in parents.items():
            self._commits.add(sha, of)
        self._commits.names.update(branches)

    def asked_by(self, job):
        self._runs.job = job
        return self._runs


class LabMemory:
    """GitHub's API over HTTP. A run gets the minute of its record as the time at which its attempt began."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._url = stack.enter_context(serving(GitHub(Records())))
        self._minute = 0
        token = {"token": "ghs_good", "permissions": {"actions": "read", "contents": "read"}}
        self._send("PUT", "/tokens", token)

    def record(self, number, sha, *, jobs, attempt=1, branch="main", event="push"):
        self._minute += 1
        conclusions = set(jobs.values())
        overall = None if None in conclusions else "failure" if "failure" in conclusions else "success"
        run = {"id": number, "workflow": "deploy.yml", "head_sha": sha, "head_branch": branch, "event": event}
        told = [{"name": name, "conclusion": ended, "runner_name": f"of {name}"} for name, ended in jobs.items()]
        began = f"2026-01-01T{self._minute // 60:02}:{self._minute % 60:02}:00Z"
        body = {**run, "conclusion": overall, "attempt": attempt, "jobs": told, "created_at": began}
        self._send("POST", "/repos/acme/hello/runs", body)

    def commits(self, parents, *, branches=MappingProxyType({})):
        for sha, of in parents.items():
            self._send("PUT", f"/repos/acme/hello/commits/{sha}", {"parents": list(of)})
        for branch, sha in branches.items():
            self._send("PUT", f"/repos/acme/hello/commits/{sha}", {"parents": list(parents[sha]), "branch": branch})

    def asked_by(self, job):
        running = {OURS: None, OTHER: None} if job else {"one": None, "two": None}
        self.record(PRESENT, D, jobs=running)
        client = github_client(self._url, "ghs_good")
        self._stack.callback(client.close)
        return GitHubWorkflowRuns(
            client, "acme/hello", run_id=PRESENT, workflow="deploy.yml", runner=f"of {job}" if job else ""
        )

    def _send(self, method, path, body):
        requests.request(method, f"{self._url}/_lab{path}", json=body, timeout=10).raise_for_status()


@pytest.fixture(params=["fake", pytest.param("lab", marks=pytest.mark.lab)])
def memory(request) -> Iterator[Memory]:
    with ExitStack() as stack:
        yield FakeMemory() if request.param == "fake" else LabMemory(stack)


def test_the_last_success_of_our_own_job_counts_whatever_became_of_the_others(memory):
    memory.record(1, A, jobs={OURS: "success", OTHER: "success"})
    memory.record(2, B, jobs={OURS: "success", OTHER: "failure"})
    memory.record(3, C, jobs={OURS: "skipped", OTHER: "success"})
    memory.record(4, D, jobs={OTHER: "success"})

    search = memory.asked_by(OURS).last_successful(branch="main")

    assert search.run
    assert (search.run.id, search.run.head_sha, search.job) == (2, B, OURS)
    assert search.run.url.endswith("/acme/hello/actions/runs/2")
    assert (search.looked_into, search.gave_up) == (3, False)


def test_a_job_that_has_ended_counts_while_its_run_goes_on(memory):
    memory.record(1, A, jobs={OURS: "success", OTHER: "success"})
    memory.record(2, B, jobs={OURS: "success", OTHER: None})

    assert memory.asked_by(OURS).last_successful(branch="main").run.head_sha == B


def test_a_run_that_was_done_again_counts_by_its_latest_attempt(memory):
    memory.record(1, A, jobs={OURS: "success"})
    memory.record(2, B, jobs={OURS: "failure"})
    memory.record(3, C, jobs={OURS: "success"})
    memory.record(2, B, jobs={OURS: "success"}, attempt=2)
    assert memory.asked_by(OURS).last_successful(branch="main").run.head_sha == B

    memory.record(2, B, jobs={OURS: "failure"}, attempt=3)
    assert memory.asked_by(OURS).last_successful(branch="main").run.head_sha == C


def test_runs_of_other_branches_and_of_proposals_do_not_count(memory):
    memory.record(1, A, jobs={OURS: "success"})
    memory.record(2, B, jobs={OURS: "success"}, event="pull_request")
    memory.record(3, C, jobs={OURS: "success"}, branch="other")
    memory.record(4, D, jobs={OURS: "success"}, event="merge_group")

    runs = memory.asked_by(OURS)

    assert runs.last_successful(branch="main").run.head_sha == A
    assert runs.last_successful(branch="other").run.head_sha == C
    assert runs.last_successful(branch="none").run is None


def test_the_present_run_does_not_count_though_its_first_attempt_was_a_success(memory):
    memory.record(1, A, jobs={OURS: "success"})
    memory.record(PRESENT, B, jobs={OURS: "success"})

    assert memory.asked_by(OURS).last_successful(branch="main").run.head_sha == A


def test_where_our_job_cannot_be_told_whole_runs_count(memory):
    memory.record(1, A, jobs={OURS: "success", OTHER: "success"})
    memory.record(2, B, jobs={OURS: "success", OTHER: "failure"})

    search = memory.asked_by("").last_successful(branch="main")

    assert (search.run.head_sha, search.job, search.looked_into) == (A, "", 0)


def test_a_success_behind_many_failures_is_found_and_one_behind_too_many_is_not(memory):
    memory.record(1, A, jobs={OURS: "success"})
    for number in range(2, LOOKED_INTO + 1):
        memory.record(number, B, jobs={OURS: "failure"})
    assert memory.asked_by(OURS).last_successful(branch="main").run.head_sha == A

    memory.record(LOOKED_INTO + 1, B, jobs={OURS: "failure"})
    search = memory.asked_by(OURS).last_successful(branch="main")

    assert (search.run, search.looked_into, search.gave_up) == (None, LOOKED_INTO, True)


@pytest.mark.parametrize(
    ("base", "head", "relation", "merge_base"),
    [
        (A, A, Relation.SAME, A),
        (A, C, Relation.NEWER, A),
        (C, A, Relation.OLDER, A),
        (B, C, Relation.DIVERGED, A),
        (A, D, Relation.DIVERGED, None),
    ],
)
def test_commits_are_compared(memory, base, head, relation, merge_base):
    memory.commits({A: (), B: (A,), C: (A,), D: ()})

    assert memory.asked_by(OURS).compare(base=base, head=head) == Comparison(relation=relation, merge_base=merge_base)


@pytest.mark.parametrize("branch", ["main", "feature/of two words", "c#"])
def test_a_branch_is_compared_by_its_name(memory, branch):
    memory.commits({A: (), B: (A,), C: (A,)}, branches={branch: B})

    runs = memory.asked_by(OURS)

    assert runs.compare(base=A, head=branch).relation is Relation.NEWER
    assert runs.compare(base=C, head=branch).relation is Relation.DIVERGED
    assert runs.compare(base=C, head="no/such branch") is None


def test_a_commit_that_github_does_not_know_is_not_compared(memory):
    memory.commits({A: ()})

    assert memory.asked_by(OURS).compare(base=A, head="e" * 40) is None


def test_a_token_without_the_right_is_told_which_one():
    with serving(GitHub(Records())) as url:
        requests.put(f"{url}/_lab/tokens", json={"token": "ghs_weak", "permissions": {}}, timeout=10)
        requests.put(f"{url}/_lab/repos/acme/hello/commits/{A}", timeout=10)
        client = github_client(url, "ghs_weak")
        runs = GitHubWorkflowRuns(client, "acme/hello", run_id=PRESENT, workflow="deploy.yml")
        with pytest.raises(GitHubUnavailable, match="actions: read"):
            runs.last_successful(branch="main")
        with pytest.raises(GitHubUnavailable, match="403 Resource not accessible by integration"):
            runs.compare(base=A, head=A)
        client.close()
