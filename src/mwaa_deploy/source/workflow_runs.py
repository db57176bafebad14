"""GitHub's memory of this workflow's runs, through PyGithub."""

import github
import requests
from github.Workflow import Workflow

from mwaa_deploy.errors import GitHubUnavailable
from mwaa_deploy.inputs import MODES_OF_PROPOSALS
from mwaa_deploy.ports import WorkflowRun

NEEDS_ACTIONS_READ = "permissions:\n  actions: read\n  contents: read"


class GitHubWorkflowRuns:
    """Runs of one workflow.

    Args:
        client: PyGithub's client, made for the right server and token.
        repository: owner/name.
        run_id: the present run, which never counts.
        workflow: file name of the workflow, or '' to take it from the present run.
    """

    def __init__(self, client: github.Github, repository: str, *, run_id: int, workflow: str = "") -> None:
        self._repository = client.get_repo(repository, lazy=True)
        self._run_id = run_id
        self._workflow = workflow

    def last_successful(self, *, branch: str) -> WorkflowRun | None:
        """The newest successful run on the branch, other than the present one.

        Runs of pull requests do not count: a fork's branch may have the same name, and none of them deploys.

        Raises:
            GitHubUnavailable: the API refused or did not answer.
        """
        try:
            runs = self._find_workflow().get_runs(branch=branch, status="success", exclude_pull_requests=True)
            for run in runs:
                if run.id != self._run_id and run.event not in MODES_OF_PROPOSALS:
                    return WorkflowRun(id=run.id, head_sha=run.head_sha, url=run.html_url)
        except github.GithubException as e:
            message = e.data.get("message", "") if isinstance(e.data, dict) else ""
            what = f"GitHub's API answered {e.status} {message}".strip()
            meaning = "The token may not read this repository's workflow runs."
            raise GitHubUnavailable(what, meaning=meaning, mend=NEEDS_ACTIONS_READ) from e
        except requests.RequestException as e:
            what = f"GitHub's API did not answer ({type(e).__name__})"
            raise GitHubUnavailable(what, meaning="The runner cannot reach it, or it is down.") from e
        return None

    def _find_workflow(self) -> Workflow:
        if self._workflow:
            return self._repository.get_workflow(self._workflow)
        return self._repository.get_workflow(str(self._repository.get_workflow_run(self._run_id).workflow_id))


def github_client(api_url: str, token: str) -> github.Github:
    """A client with time-outs and a few retries, for github.com or a GitHub Enterprise Server."""
    auth = github.Auth.Token(token) if token else None
    return github.Github(auth=auth, base_url=api_url, timeout=30, retry=github.GithubRetry(total=3), per_page=30)
