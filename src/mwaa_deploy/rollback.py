"""The story of a roll-back that somebody asks for: earlier records → the one meant → the usual way of a deployment."""

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from mwaa_deploy.bundle.from_record import RecordedFiles
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.deployment import deploy, look_first
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.job import Job, job_back_to
from mwaa_deploy.journal import Journal
from mwaa_deploy.ports import Log
from mwaa_deploy.rollback_choice import COMPLETE, choose
from mwaa_deploy.rolled_back import RollBack
from mwaa_deploy.target.ports_of_target import Target
from mwaa_deploy.target.record import Record, fetch_record
from mwaa_deploy.target.record_history import RecordedAt, read_history
from mwaa_deploy.target.unfinished import read_unfinished


def run_rollback(inputs: Inputs, context: GitHubContext, target: Target, log: Log, journal: Journal) -> None:
    """Bring plugins, requirements, startup script and DAGs of an earlier deployment back, all of them together.

    The stack keeps its template and every parameter but the object versions. Which record is meant is found out before
    the lock is taken, so that a mistake is told at once, and again under it: a deployment that came in between makes
    another one the record before.

    Raises:
        RollbackImpossible: there is no such record, or its object versions are gone; nothing has been changed.
        MwaaDeployError: whatever ends the deployment before its time.
    """
    with tempfile.TemporaryDirectory(prefix="mwaa-deploy-") as work:
        story = _Story(inputs=inputs, context=context, log=log, journal=journal, work=Path(work))
        with journal.step("find the record"):
            target.bucket.check()
            chosen = story.choose(target)
        with journal.step("plan"):
            job = story.job(target, chosen)
            first = look_first(job)
            journal.state, journal.plan = first.state, first.plan
        deploy(job, first, log, journal, under_lock=lambda locked: story.choose_again(locked, chosen))
    journal.rollback = replace(journal.rollback, done=True) if journal.rollback else None


_AFTER_FAILURE = "The last deployment did not come to its end, so this goes back to the one before it, which did."


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """A record to go back to, and what it takes the place of."""

    entry: RecordedAt
    live: Record | None


@dataclass(frozen=True, kw_only=True)
class _Story:
    """A roll-back while it is told."""

    inputs: Inputs
    context: GitHubContext
    log: Log
    journal: Journal
    work: Path

    def choose(self, target: Target) -> _Chosen:
        """Which record is meant, as the target is now."""
        live, etag = fetch_record(target.bucket, target.stack.name)
        left = read_unfinished(target.bucket, target.stack.name)
        left = COMPLETE if left.came_to_its_end(etag) else left
        told = self.journal.notes
        history = read_history(
            target.bucket, target.stack.name, skipped=lambda note: None if note in told else told.append(note)
        )
        entry = choose(history, live, self.inputs.rollback_to, left)
        if not (self.inputs.rollback_to or left.none or _AFTER_FAILURE in told):
            told.append(_AFTER_FAILURE)
        return _Chosen(entry=entry, live=live)

    def job(self, target: Target, chosen: _Chosen) -> Job:
        """The deployment of that record."""
        record, version = chosen.entry.record, chosen.entry.version
        folder = self.work / hashlib.sha256(version.encode()).hexdigest()
        folder.mkdir(exist_ok=True)
        files = RecordedFiles(record=record, bucket=target.bucket, folder=folder, version=version)
        job = job_back_to(
            files,
            inputs=self.inputs,
            target=target,
            run_url=self.context.run_url,
            run=self.context.run,
            attempt=self.context.run_attempt,
        )
        self.journal.rollback = RollBack(to=record, since=chosen.live.commit if chosen.live else None)
        self.log.info(f"Rolling back to commit {record.commit}, record version {version}.")
        return job

    def choose_again(self, locked: Job, before: _Chosen) -> Job:
        """The deployment of what is meant now that nobody else can change the target."""
        chosen = self.choose(locked.target)
        if chosen == before:
            return locked
        if chosen.entry.version != before.entry.version:
            self.journal.notes.append(
                "Another deployment came in between, so that the record gone back to is that of commit "
                f"{chosen.entry.record.commit[:7]}, and not of {before.entry.record.commit[:7]}."
            )
        return self.job(locked.target, chosen)
