"""The JSON document of a job of a workflow run."""

from lab.github.documents import HTML, Document, moment, node_id
from lab.github.records import Job, Repository, Run, number_of


def job_document(job: Job, run: Run, repository: Repository, api: str) -> Document:
    """A job (job)."""
    base = f"{api}/repos/{repository.full_name}"
    number = number_of(f"{run.id} {job.attempt} {job.name} {job.number}")
    ended = job.status == "completed"
    return {
        "id": number,
        "run_id": run.id,
        "run_url": f"{base}/actions/runs/{run.id}",
        "run_attempt": job.attempt,
        "node_id": node_id("CheckRun", number),
        "head_sha": run.head_sha,
        "url": f"{base}/actions/jobs/{number}",
        "html_url": f"{HTML}/{repository.full_name}/actions/runs/{run.id}/job/{number}",
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": moment(run.created_at),
        "started_at": moment(run.started_at),
        "completed_at": moment(run.updated_at) if ended else None,
        "name": job.name,
        "steps": [],
        "check_run_url": f"{base}/check-runs/{number}",
        "labels": ["ubuntu-latest"],
        "runner_id": number_of(job.runner_name) if job.runner_name else None,
        "runner_name": job.runner_name or None,
        "runner_group_id": 0 if job.runner_name else None,
        "runner_group_name": "GitHub Actions" if job.runner_name else None,
        "workflow_name": run.name,
        "head_branch": run.head_branch,
    }
