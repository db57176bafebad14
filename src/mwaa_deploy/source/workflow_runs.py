"""GitHub's memory of this workflow's runs, and of commits, through PyGithub."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from http import HTTPStatus
from urllib.parse import quote

import github
from github.GithubObject import NotSet
from github.Workflow import Workflow
from github.WorkflowJob import WorkflowJob
from github.WorkflowRun import WorkflowRun as GitHubRun

from mwaa_deploy.errors import GitHubUnavailable
from mwaa_deploy.inputs import MODES_OF_PROPOSALS
from mwaa_deploy.ports import Comparison, Relation, RunSearch, WorkflowRun
from mwaa_deploy.source.github_api import message_of, translated

NEEDS_ACTIONS_READ = "permissions:\n  actions: read\n  contents: read"
LOOKED_INTO = 20
"""How many runs are looked into for a success of our job, a request each, of a token's 1,000 an hour."""

_NO_JOB_RAN = frozenset({"skipped", "startup_failure", "action_required"})
_RELATIONS = {
    "identical": Relation.SAME,
    "ahead": Relation.NEWER,
    "behind": Relation.OLDER,
    "diverged": Relation.DIVERGED,
}


class GitHubWorkflowRuns:
    """Runs of one workflow, and the repository's commits.

    Args:
        client: PyGithub's client, as `github_client` makes it.
        repository: owner/name.
        run_id: the present run, which never counts.
        workflow: file name of the workflow, or '' to take it from the present run.
        runner: name of the machine that the present job runs on; '' if it is not known.
        job: the present job's id in the workflow file.
    """

    def __init__(
        self,
        client: github.Github,
        repository: str,
        *,
        run_id: int,
        workflow: str = "",
        runner: str = "",
        job: str = "",
    ) -> None:
        self._repository = client.get_repo(repository)
        self._run_id = run_id
        self._workflow = workflow
        self._runner = runner
        self._job = job

    def last_successful(self, *, branch: str) -> RunSearch:
        """The latest run on the branch or tag, other than the present one, in which the present job succeeded.

        Whole runs tell too little: one whose deploying job was skipped is a success, and one where another target's job
        failed is none. So jobs are looked at, by the display name that a target's job has in every run; where the
        present job cannot be told from its neighbours, whole runs count. Runs of pull requests do not: a fork's branch
        may have the same name, and none of them deploys.

        Raises:
            GitHubUnavailable: the API refused or did not answer.
        """
        with _translated("The token may not read this repository's workflow runs."):
            job, looked_into = self._own_job, 0
            for run in self._candidates(branch, successful=not job):
                if job:
                    if looked_into == LOOKED_INTO:
                        return RunSearch(branch=branch, job=job, looked_into=looked_into, gave_up=True)
                    looked_into += 1
                    if not _succeeded(job, run):
                        continue
                found = WorkflowRun(id=run.id, head_sha=run.head_sha, url=run.html_url)
                return RunSearch(branch=branch, job=job, run=found, looked_into=looked_into)
            return RunSearch(branch=branch, job=job, looked_into=looked_into)

    def compare(self, *, base: str, head: str) -> Comparison | None:
        """How two commits stand to each other; None if GitHub does not know one of them.

        Args:
            head: a SHA, or the name of a branch or tag.

        Raises:
            GitHubUnavailable: the API refused or did not answer.
        """
        # Files and their patches, up to 300, are on the first page only.
        # https://docs.github.com/en/rest/commits/commits#compare-two-commits
        small = {"per_page": 1, "page": 2}
        url = f"{self._repository.url}/compare/{base}...{quote(head)}"
        with _translated("The token may not read this repository's contents."):
            try:
                _, document = self._repository.requester.requestJsonAndCheck("GET", url, parameters=small)
            except github.GithubException as e:
                if e.status != HTTPStatus.NOT_FOUND:
                    raise
                alien = message_of(e).startswith("No common ancestor")
                return Comparison(relation=Relation.DIVERGED, merge_base=None) if alien else None
        return Comparison(relation=_RELATIONS[document["status"]], merge_base=str(document["merge_base_commit"]["sha"]))

    def _candidates(self, branch: str, *, successful: bool) -> Iterator[GitHubRun]:
        """Runs that may have brought something, the latest attempt first among those of a page.

        GitHub lists runs by when they were first started; one that was done again keeps its place.
        """
        status = "success" if successful else NotSet
        runs = self._find_workflow().get_runs(branch=branch, exclude_pull_requests=True, status=status)
        number = 0
        while page := runs.get_page(number):
            for run in sorted(page, key=lambda run: run.run_started_at, reverse=True):
                no_job_ran = run.conclusion in _NO_JOB_RAN
                if run.id != self._run_id and run.event not in MODES_OF_PROPOSALS and not no_job_ran:
                    yield run
            number += 1

    @cached_property
    def _own_job(self) -> str:
        """Display name of the present job, or ''. No variable says it; GITHUB_JOB is the id that matrix jobs share."""
        jobs = list(self._repository.get_workflow_run(self._run_id).jobs(_filter="latest"))
        running = [job for job in jobs if job.status == "in_progress"]
        here = [job for job in running if self._runner and job.runner_name == self._runner]
        named = [job for job in running if job.name == self._job]
        return next((found[0].name for found in (here, running, named) if len(found) == 1), "")

    def _find_workflow(self) -> Workflow:
        if self._workflow:
            return self._repository.get_workflow(self._workflow)
        return self._repository.get_workflow(str(self._repository.get_workflow_run(self._run_id).workflow_id))


def _succeeded(job: str, run: GitHubRun) -> bool:
    """Whether every job of that name succeeded in the run's latest attempt; one that was skipped did not."""
    ours: list[WorkflowJob] = [found for found in run.jobs(_filter="latest") if found.name == job]
    return bool(ours) and all(found.conclusion == "success" for found in ours)


def _translated(meaning: str) -> AbstractContextManager[None]:
    return translated(lambda _status, what: GitHubUnavailable(what, meaning=meaning, mend=NEEDS_ACTIONS_READ))
