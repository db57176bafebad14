"""How the lab tells of a workflow run: the JSON that is put in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lab.github.records import WORKFLOW_FOLDER, Job, Run, now


def new_run(asked: Mapping[str, Any]) -> Run:
    """The run that a JSON object tells of."""
    path = str(WORKFLOW_FOLDER / str(asked["workflow"]).rpartition("/")[2])
    conclusion = asked.get("conclusion")
    made = datetime.fromisoformat(asked["created_at"]).astimezone(UTC) if "created_at" in asked else now()
    status = str(asked.get("status") or ("completed" if conclusion else "in_progress"))
    attempt = int(asked.get("attempt", 1))
    # A run has a job at least; where none is told of, it ended as the run did.
    told = asked.get("jobs") or [{"name": "job", "status": status, "conclusion": conclusion}]
    return Run(
        id=int(asked["id"]),
        path=path,
        name=str(asked.get("name") or path),
        number=0,
        head_sha=str(asked["head_sha"]),
        head_branch=str(asked.get("head_branch", "main")),
        event=str(asked.get("event", "push")),
        status=status,
        conclusion=conclusion,
        created_at=made,
        started_at=made,
        updated_at=made,
        actor=str(asked.get("actor", "octocat")),
        attempt=attempt,
        jobs=tuple(_new_job(job, attempt, number) for number, job in enumerate(told)),
    )


def _new_job(asked: Mapping[str, Any], attempt: int, number: int) -> Job:
    conclusion = asked.get("conclusion")
    return Job(
        name=str(asked["name"]),
        status=str(asked.get("status") or ("completed" if conclusion else "in_progress")),
        conclusion=conclusion,
        runner_name=str(asked.get("runner_name", "")),
        attempt=attempt,
        number=number,
    )
