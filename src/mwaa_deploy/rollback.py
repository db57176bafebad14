"""The story of a roll-back that somebody asks for: earlier records → the one meant → the usual way of a deployment."""

import tempfile
from dataclasses import replace
from pathlib import Path

from mwaa_deploy.bundle.from_record import RecordedFiles
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.deployment import deploy, look_first
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.job import job_back_to
from mwaa_deploy.journal import Journal
from mwaa_deploy.ports import Log
from mwaa_deploy.rollback_choice import choose
from mwaa_deploy.rolled_back import RollBack
from mwaa_deploy.target.ports_of_target import Target
from mwaa_deploy.target.record import Record, read_record
from mwaa_deploy.target.record_history import RecordedAt, read_history


def run_rollback(inputs: Inputs, context: GitHubContext, target: Target, log: Log, journal: Journal) -> None:
    """Bring plugins, requirements, startup script and DAGs of an earlier deployment back, all of them together.

    The stack keeps its template and every parameter but the object versions.

    Raises:
        RollbackImpossible: there is no such record, or its object versions are gone; nothing has been changed.
        MwaaDeployError: whatever ends the deployment before its time.
    """
    with journal.step("find the record"):
        target.bucket.check()
        live = read_record(target.bucket, target.stack.name)
        chosen = _choose(inputs, target, live, journal)
    with tempfile.TemporaryDirectory(prefix="mwaa-deploy-") as work:
        with journal.step("plan"):
            files = RecordedFiles(record=chosen.record, bucket=target.bucket, folder=Path(work))
            job = job_back_to(files, inputs=inputs, target=target, run_url=context.run_url, owner=context.run_owner)
            journal.rollback = RollBack(to=chosen.record, since=live.commit if live else None)
            log.info(f"Rolling back to commit {chosen.record.commit}, record version {chosen.version}.")
            first = look_first(job)
            journal.state, journal.plan = first.state, first.plan
        deploy(job, first, log, journal)
    journal.rollback = replace(journal.rollback, done=True)


def _choose(inputs: Inputs, target: Target, live: Record | None, journal: Journal) -> RecordedAt:
    history = read_history(target.bucket, target.stack.name, skipped=journal.notes.append)
    return choose(history, live, inputs.rollback_to)
