"""GitHub's memory of a workflow's runs, with their jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mwaa_deploy.errors import GitHubUnavailable
from mwaa_deploy.ports import Comparison, RunSearch, WorkflowRun
from tests.fakes.repository import Commits

PROPOSALS = {"pull_request", "pull_request_target", "merge_group"}


class History(Protocol):
    """What knows how commits stand to each other."""

    def compare(self, base: str, head: str) -> Comparison | None:
        """How a head stands to a base."""


@dataclass(frozen=True, kw_only=True)
class FakeRun:
    """A run: its jobs' conclusions by display name, of the latest attempt; None for one that still runs."""

    id: int
    head_sha: str
    branch: str
    event: str
    jobs: Mapping[str, str | None]
    started: int

    @property
    def url(self) -> str:
        return f"https://github.com/acme/hello/actions/runs/{self.id}"

    @property
    def succeeded(self) -> bool:
        return all(conclusion in {"success", "skipped"} for conclusion in self.jobs.values())


@dataclass
class FakeWorkflowRuns:
    """Runs as GitHub lists them.

    Attributes:
        job: display name of the present job; '' where it cannot be told.
        run_id: the present run.
        limit: how many runs are looked into.
        commits: what is compared.
        refusal: raised from now on, if it is set.
    """

    job: str = ""
    run_id: int = 0
    limit: int = 20
    commits: History = field(default_factory=Commits)
    refusal: GitHubUnavailable | None = None
    asked: list[str] = field(default_factory=list)
    _runs: dict[int, FakeRun] = field(default_factory=dict)
    _time: int = 0

    def record(
        self, number: int, sha: str, *, jobs: Mapping[str, str | None], branch: str = "main", event: str = "push"
    ) -> str:
        """Remember a run, or the next attempt of one that is known; its address."""
        self._time += 1
        run = FakeRun(id=number, head_sha=sha, branch=branch, event=event, jobs=dict(jobs), started=self._time)
        self._runs[number] = run
        return run.url

    def last_successful(self, *, branch: str) -> RunSearch:
        self._answer(branch)
        looked_into = 0
        for run in sorted(self._runs.values(), key=lambda run: run.started, reverse=True):
            if run.branch != branch or run.id == self.run_id or run.event in PROPOSALS:
                continue
            if self.job:
                if looked_into == self.limit:
                    return RunSearch(branch=branch, job=self.job, looked_into=looked_into, gave_up=True)
                looked_into += 1
            if run.jobs.get(self.job) == "success" if self.job else run.succeeded:
                found = WorkflowRun(id=run.id, head_sha=run.head_sha, url=run.url)
                return RunSearch(branch=branch, job=self.job, run=found, looked_into=looked_into)
        return RunSearch(branch=branch, job=self.job, looked_into=looked_into)

    def compare(self, *, base: str, head: str) -> Comparison | None:
        self._answer(f"{base}...{head}")
        return self.commits.compare(base, head)

    def _answer(self, question: str) -> None:
        self.asked.append(question)
        if self.refusal:
            raise self.refusal
