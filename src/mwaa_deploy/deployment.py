"""The story at the target: look → plan → wait for what runs → look and plan again → apply.

The first look changes nothing and takes nothing: where it finds nothing to do, the run is over. Whatever is to be
changed is decided by the last look.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.bundle.from_record import RecordedFiles
from mwaa_deploy.bundle.template import parse_template
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.deletion_guard import deletion_refusal
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import (
    DagsBrokenLive,
    DagsMissingLive,
    EnvironmentUpdateFailed,
    InstallationFailedLive,
    MwaaDeployError,
    RollbackImpossible,
    SmokeRunFailed,
    VerificationFailed,
)
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.journal import Journal
from mwaa_deploy.outcome import Progress
from mwaa_deploy.parts import VERSIONED_PARTS
from mwaa_deploy.plan import Plan
from mwaa_deploy.planner import make_plan
from mwaa_deploy.ports import Annotation, Log
from mwaa_deploy.report.plan_text import plan_lines
from mwaa_deploy.rolled_back import RollBack
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.target.apply import apply
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.record import Record
from mwaa_deploy.target.settle import Running, settle, what_runs
from mwaa_deploy.target.state import TargetState, read_state

ROLLED_BACK_AFTER = (
    DagsBrokenLive,
    DagsMissingLive,
    EnvironmentUpdateFailed,
    InstallationFailedLive,
    SmokeRunFailed,
    VerificationFailed,
)
"""What shows that the target, changed as it is, does not have what was deployed."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a run wants at its target: the same, however often the target is looked at.

    Attributes:
        found_dags: by file in the DAG folder, the DAGs that this run's checks found in it; None if they parsed none.
        restored: where the bundle comes from in a roll-back; None if it comes from the checkout.
    """

    inputs: Inputs
    bundle: Bundle
    changes: Changes
    target: Target
    author: Author
    found_dags: Mapping[str, tuple[str, ...]] | None = None
    restored: RecordedFiles | None = None

    def look(self) -> TargetState:
        """The target as it is."""
        return read_state(
            bucket=self.target.bucket,
            stack=self.target.stack,
            environments=self.target.environments,
            bundle=self.bundle,
            environment_name=self.inputs.environment_name,
            protected=self.inputs.protected_prefixes,
        )

    def plan(self, state: TargetState) -> Plan:
        """What brings the target to what the commit ships."""
        base = self.changes.base
        return make_plan(self.bundle, state, base=base.sha, base_reason=base.reason, files=self.changes.files)

    def running(self, state: TargetState) -> Running | None:
        """What a deployment would have to wait for."""
        return what_runs(state.stack, state.environment, state.unfinished, now=self.target.clock.now())


def job_back_to(files: RecordedFiles, *, inputs: Inputs, target: Target, run_url: str) -> Job:
    """The job that brings the content of an earlier record back, with the stack's template and parameters of now.

    Raises:
        RollbackImpossible: there is no stack, or the record's object versions are gone.
    """
    record, body = files.record, target.stack.template()
    if body is None and inputs.stack_name:
        raise RollbackImpossible(
            f"There is no stack {target.stack.name} to roll back.",
            meaning="It was deleted, and with it the environment.",
            mend="Deploy the commit that you want.",
        )
    template = None if body is None else parse_template(body, name="the stack's template")
    base = Base(sha=None, reason=f"this is a roll-back to commit {record.commit[:7]}")
    parsed = record.dag_ids.keys() >= record.dags.files.keys()
    return Job(
        inputs=inputs,
        bundle=files.bundle(template),
        changes=Changes(base=base, head=record.commit),
        target=target,
        author=Author(commit=record.commit, run_url=run_url, restores=record.commit),
        found_dags=record.dag_ids if parsed else None,
        restored=files,
    )


def what_stays(job: Job, plan: Plan) -> list[str]:
    """What was removed from the project but stays live, and is easily overlooked; a sentence each."""
    return [op.reason for op in plan.operations if op.part in VERSIONED_PARTS and op.part not in job.bundle.artefacts]


def deployment_obstacles(job: Job, state: TargetState, plan: Plan) -> list[str]:
    """What would keep a deployment of this plan waiting, or end it; a sentence each."""
    running = job.running(state)
    obstacles = [f"{running.state}; a deployment would wait for it first."] if running else []
    if refusal := deletion_refusal(plan.dags, state, job.target.deletions):
        obstacles.append(f"A deployment would be refused: {refusal.what.splitlines()[0].rstrip(':')}.")
    return obstacles


def tell_plan(plan: Plan, log: Log, journal: Journal) -> None:
    """Print the plan, and annotate what is easily overlooked."""
    if journal.state is not None:
        journal.environment = journal.state.environment
    with log.group("Plan"):
        log.info("\n".join(plan_lines(plan)))
    for note in (*journal.notes, *plan.notes):
        log.annotate(Annotation(severity=Severity.PASS, title="Plan", message=note))


def deploy(job: Job, state: TargetState, plan: Plan, log: Log, journal: Journal) -> None:
    """Bring the target to what the commit ships; if that fails, and the user wants it, back to the last record.

    Args:
        state: what the first look saw.
        plan: made from it.

    Raises:
        MwaaDeployError: whatever ends the deployment before its time.
    """
    try:
        carry_out(job, state, plan, log, journal)
    except ROLLED_BACK_AFTER as e:
        if not job.inputs.rollback_on_failure or job.restored or not journal.deployed:
            raise
        raise roll_back(job, journal.state.record if journal.state else None, e, log, journal) from e


def roll_back(job: Job, record: Record | None, error: MwaaDeployError, log: Log, journal: Journal) -> MwaaDeployError:
    """Bring the content of the last record back after a deployment that has failed.

    Args:
        job: what has failed.
        record: of what was live before; None if there is none.
        error: how it has failed.

    Returns:
        The same failure, which says besides what came of the roll-back.
    """
    if record is None:
        return _told_besides(error, "Nothing was rolled back: this was the first deployment.")
    log.annotate(Annotation(severity=Severity.WARN, title="Rolling back", message=error.what))
    done = RollBack(to=record, since=job.author.commit, automatic=True)
    attempt = Journal(mode=journal.mode, target=journal.target, run_url=journal.run_url)
    # What is deleted is what the failed deployment has added, which it could do without asking.
    target = replace(job.target, deletions=DeletionLimits(count=len(job.bundle.dags.files), share=100))
    try:
        with journal.step("roll back"), tempfile.TemporaryDirectory(prefix="mwaa-deploy-") as work:
            files = RecordedFiles(record=record, bucket=target.bucket, folder=Path(work))
            back = job_back_to(files, inputs=job.inputs, target=target, run_url=job.author.run_url)
            state = attempt.state = back.look()
            carry_out(back, state, back.plan(state), log, attempt)
    except MwaaDeployError as e:
        journal.rollback = replace(done, outcome=attempt.outcome)
        journal.notes += attempt.notes
        return _told_besides(error, f"Rolling back to commit {record.commit} has failed, too: {e.what}", mend=e.mend)
    journal.rollback = replace(done, done=True, outcome=attempt.outcome)
    journal.environment = attempt.environment
    journal.notes += attempt.notes
    return _told_besides(error, f"The target was rolled back to commit {record.commit}, which was live before.")


def _told_besides(error: MwaaDeployError, besides: str, *, mend: str = "") -> MwaaDeployError:
    mends = "\n".join(filter(None, (error.mend, mend)))
    return type(error)(f"{error.what}\n{besides}", meaning=error.meaning, mend=mends)


def carry_out(job: Job, state: TargetState, plan: Plan, log: Log, journal: Journal) -> None:
    """Wait for what runs, look and plan again, and do it, if the first look found that anything is to be done.

    Args:
        state: what the first look saw.
        plan: made from it.

    Raises:
        MwaaDeployError: whatever ends the deployment before its time.
    """
    if not plan.empty or job.running(state):
        with journal.step("wait for what runs"):
            settled = settle(state, target=job.target, read=job.look, environment_name=job.inputs.environment_name)
        journal.notes += [settled.note] if settled.note else []
        state = journal.state = settled.state
        plan = journal.plan = job.plan(state)
    journal.notes += what_stays(job, plan)
    tell_plan(plan, log, journal)
    if job.restored is not None:
        with journal.step("fetch the DAG files"):
            job.restored.fetch_dags(plan.dags.uploads)
    progress = Progress(job.target.clock)
    try:
        with journal.step("deploy"):
            apply(
                plan,
                bundle=job.bundle,
                state=state,
                target=job.target,
                author=job.author,
                progress=progress,
                found_dags=job.found_dags,
            )
    finally:
        journal.outcome = progress.outcome()
        name = progress.environment_name or (state.environment and state.environment.name)
    journal.environment = job.target.environments.get(name) if name else None
