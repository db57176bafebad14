"""What GitHub says about the present run: its variables and its event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwaa_deploy.errors import InputsInvalid


@dataclass(frozen=True, kw_only=True)
class GitHubContext:
    """The run on GitHub; every field is empty on a laptop.

    Attributes:
        workflow: file name of the workflow, such as 'mwaa.yml', when GitHub says so; else ''.
        job: id of the job in the workflow file.
        runner: name of the machine that the job runs on, by which GitHub tells jobs of a run apart.
        event: the event's payload.
    """

    event_name: str = ""
    repository: str = ""
    ref: str = ""
    ref_name: str = ""
    sha: str = ""
    run_id: int = 0
    run_attempt: int = 1
    workflow: str = ""
    job: str = ""
    runner: str = ""
    actor: str = ""
    api_url: str = "https://api.github.com"
    server_url: str = "https://github.com"
    event: Mapping[str, Any] = field(default_factory=dict)

    @property
    def run_url(self) -> str:
        """Address of the run's page, or '' on a laptop."""
        if not (self.repository and self.run_id):
            return ""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"

    @property
    def run(self) -> str:
        """What all jobs and attempts of this run have in common, and no other run; '' on a laptop."""
        return f"{self.repository}/runs/{self.run_id}" if self.repository and self.run_id else ""

    @property
    def default_branch(self) -> str:
        """Name of the repository's default branch, or '' where the event does not say it."""
        return str((self.event.get("repository") or {}).get("default_branch") or "")

    @property
    def pull_request_head(self) -> str | None:
        """SHA of the branch that a pull request proposes, or None for other events."""
        sha = (self.event.get("pull_request") or {}).get("head", {}).get("sha")
        return sha if isinstance(sha, str) and sha else None

    @property
    def pull_request_number(self) -> int | None:
        """Number of the pull request, or None for other events."""
        number = (self.event.get("pull_request") or {}).get("number")
        return number if isinstance(number, int) else None

    @property
    def merge_group_base(self) -> str | None:
        """SHA that the merge queue puts its group on, or None for other events."""
        sha = (self.event.get("merge_group") or {}).get("base_sha")
        return sha if isinstance(sha, str) and sha else None

    @property
    def pull_request_base(self) -> str | None:
        """SHA of the branch a pull request is to be merged into, or None for other events."""
        sha = (self.event.get("pull_request") or {}).get("base", {}).get("sha")
        return sha if isinstance(sha, str) and sha else None

    @property
    def from_fork(self) -> bool:
        """Whether this is a pull request whose branch lies in another repository."""
        head = (self.event.get("pull_request") or {}).get("head", {}).get("repo") or {}
        return bool(head) and head.get("full_name") != self.repository


def workspace_of(env: Mapping[str, str]) -> Path:
    """The folder that the checkout lies in."""
    return Path(env.get("GITHUB_WORKSPACE") or Path.cwd())


def read_context(env: Mapping[str, str]) -> GitHubContext:
    """Read GitHub's default variables and the event file.

    Raises:
        InputsInvalid: the event file is not JSON, or the run has no number.
    """
    workflow_path = env.get("GITHUB_WORKFLOW_REF", "").partition("@")[0]
    return GitHubContext(
        event_name=env.get("GITHUB_EVENT_NAME", ""),
        repository=env.get("GITHUB_REPOSITORY", ""),
        ref=env.get("GITHUB_REF", ""),
        ref_name=env.get("GITHUB_REF_NAME", ""),
        sha=env.get("GITHUB_SHA", ""),
        run_id=_number(env, "GITHUB_RUN_ID", 0),
        run_attempt=_number(env, "GITHUB_RUN_ATTEMPT", 1),
        workflow=workflow_path.rpartition("/")[2],
        job=env.get("GITHUB_JOB", ""),
        runner=env.get("RUNNER_NAME", ""),
        actor=env.get("GITHUB_ACTOR", ""),
        api_url=env.get("GITHUB_API_URL") or "https://api.github.com",
        server_url=env.get("GITHUB_SERVER_URL") or "https://github.com",
        event=_read_event(env.get("GITHUB_EVENT_PATH", "")),
    )


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdecimal():
        raise InputsInvalid([f"{name}: {value!r} is not a number, as GitHub's is"])
    return int(value)


def _read_event(path: str) -> Mapping[str, Any]:
    if not path or not Path(path).is_file():
        return {}
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as e:
        raise InputsInvalid([f"GITHUB_EVENT_PATH: {path} is not JSON ({e})"]) from e
    return event if isinstance(event, dict) else {}
