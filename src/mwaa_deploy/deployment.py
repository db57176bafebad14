"""The story at the target: look → plan → lock → wait for what runs → look and plan again → apply → unlock.

The first look takes no lock: where it finds nothing to do, the run is over. Whatever is to be changed is decided by the
look under the lock.
"""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mwaa_deploy.bundle.from_record import RecordedFiles
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.commit_order import refuse_older
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import (
    DagsBrokenLive,
    DagsMissingLive,
    EnvironmentUpdateFailed,
    InstallationFailedLive,
    MwaaDeployError,
    ObjectChanged,
    SmokeRunFailed,
    VerificationFailed,
)
from mwaa_deploy.job import Job, job_back_to
from mwaa_deploy.journal import Journal
from mwaa_deploy.outcome import Progress
from mwaa_deploy.parts import VERSIONED_PARTS
from mwaa_deploy.plan import OperationKind, Plan
from mwaa_deploy.plan_preview import with_change_set
from mwaa_deploy.ports import Annotation, Log, Relation
from mwaa_deploy.report.plan_text import change_set_lines, plan_lines
from mwaa_deploy.rolled_back import RollBack
from mwaa_deploy.saved_plan import require_same
from mwaa_deploy.stack_options import not_given, stack_options
from mwaa_deploy.target.apply import apply
from mwaa_deploy.target.leased import leased
from mwaa_deploy.target.lock import hold
from mwaa_deploy.target.lock_state import LockState, read_lock
from mwaa_deploy.target.record import Record, write_record
from mwaa_deploy.target.recovery import recover
from mwaa_deploy.target.settle import settle
from mwaa_deploy.target.state import TargetState

ROLLED_BACK_AFTER = (
    DagsBrokenLive,
    DagsMissingLive,
    EnvironmentUpdateFailed,
    InstallationFailedLive,
    SmokeRunFailed,
    VerificationFailed,
)
"""What shows that the target, changed as it is, does not have what was deployed."""


def what_stays(job: Job, plan: Plan) -> list[str]:
    """What was removed from the project but stays live, and is easily overlooked; a sentence each."""
    return [op.reason for op in plan.operations if op.part in VERSIONED_PARTS and op.part not in job.bundle.artefacts]


def tell_plan(plan: Plan, log: Log, journal: Journal) -> None:
    """Print the plan, and annotate what is easily overlooked."""
    if journal.state is not None:
        journal.environment = journal.state.environment
    with log.group("Plan"):
        log.info("\n".join(plan_lines(plan)))
    if plan.change_set is not None:
        with log.group(f"Change set: {len(plan.change_set)} change(s)"):
            log.verbatim("\n".join(change_set_lines(plan.change_set)))
    for note in (*journal.notes, *plan.notes):
        log.annotate(Annotation(severity=Severity.PASS, title="Plan", message=note))


@dataclass(frozen=True, kw_only=True)
class FirstLook:
    """What a deployment saw before it took the lock.

    Attributes:
        lock: as it was before the target was looked at.
    """

    lock: LockState
    state: TargetState
    plan: Plan


def look_first(job: Job) -> FirstLook:
    """Look at the target without taking its lock."""
    lock = read_lock(job.target.bucket, job.target.stack.name)
    state = job.look()
    return FirstLook(lock=lock, state=state, plan=job.plan(state))


def deploy(
    job: Job, first: FirstLook, log: Log, journal: Journal, *, under_lock: Callable[[Job], Job] | None = None
) -> None:
    """Bring the target to what the commit ships, if the first look found that anything is to be done.

    If that fails once something was changed, and the user wants it, the target is brought back to the last record.

    Args:
        under_lock: decides anew what is wanted once the lock is ours, where the target decides that, so that the first
            look is not enough to find nothing to do; None if the commit decides.

    Raises:
        LockHeld: another deployment to this target goes on for too long; nothing has been changed.
        CommitOutdated: the target has a newer commit; nothing has been changed.
        GitHubUnavailable: nobody can tell now whether it has; nothing has been changed.
        PlanOutdated: the plan that was saved is another one; nothing has been changed.
        MwaaDeployError: whatever ends the deployment before its time.
    """
    idle = first.plan.empty and first.lock.free and not job.running(first.state)
    if idle and under_lock is None and _confirmed(job, first):
        _carry_out(job, first.state, first.plan, log, journal)
        return
    target, seconds = job.target, job.inputs.lock_timeout_minutes * 60
    with hold(
        target.bucket,
        target.stack.name,
        job.holder,
        clock=target.clock,
        log=log,
        timeout=seconds,
        notes=journal.notes,
    ) as lease:
        locked = replace(job, target=leased(target, lease))
        _deploy_locked(under_lock(locked) if under_lock else locked, log, journal)


def _confirmed(job: Job, first: FirstLook) -> bool:
    """Whether the target has what we ship, and will keep it: an older commit may be on its way.

    Had another deployment begun in between, the lock would have changed hands.
    """
    try:
        stamped = _stamp(job, first.state)
    except ObjectChanged:
        return False
    return not stamped or read_lock(job.target.bucket, job.target.stack.name).etag == first.lock.etag


def _stamp(job: Job, state: TargetState) -> bool:
    """Give the record our commit where it names another one with the same content; whether it was written.

    An older commit that comes later can only tell by the record that it is older, and a promotion that what is verified
    is its own commit. A commit that is older itself, or of which nobody can tell, leaves the record as it is.

    Raises:
        ObjectChanged: another run has written it in between.
        GitHubUnavailable: nobody can tell now how the commits stand to each other.
    """
    record, commit = state.record, job.author.commit
    if record is None or record.commit == commit:
        return False
    if job.relation(record.commit, record.ref) not in {Relation.NEWER, Relation.DIVERGED, Relation.RESET}:
        return False
    renewed = replace(
        record,
        commit=commit,
        run_url=job.author.run_url,
        at=job.target.clock.now(),
        restores=None,
        restored_version="",
        promoted_from=job.author.promoted_from,
        ref=job.author.ref,
    )
    write_record(job.target.bucket, renewed, etag=state.record_etag)
    return True


def _deploy_locked(job: Job, log: Log, journal: Journal) -> None:
    try:
        _settle_and_carry_out(job, log, journal)
    except ROLLED_BACK_AFTER as e:
        if not job.inputs.rollback_on_failure or job.restored or not journal.deployed:
            raise
        raise roll_back(job, journal.state.record if journal.state else None, e, log, journal) from e


def roll_back(job: Job, record: Record | None, error: MwaaDeployError, log: Log, journal: Journal) -> MwaaDeployError:
    """Bring the content of the last record back after a deployment that has failed.

    Args:
        job: what has failed; its target is locked.
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
            _settle_and_carry_out(back, log, attempt)
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


def _settle_and_carry_out(job: Job, log: Log, journal: Journal) -> None:
    with journal.step("wait for what runs"):
        name = job.inputs.environment_name
        settled = settle(job.look(), target=job.target, read=job.look, environment_name=name)
    journal.notes += [settled.note] if settled.note else []
    state = journal.state = settled.state
    plan = journal.plan = job.plan(state)
    journal.notes += _refuse_older(job, state, plan)
    with journal.step("recover the stack"):
        recovered = recover(plan, state.stack, job.target, consent=job.may_recreate)
    if recovered:
        state = journal.state = job.look()
        plan = journal.plan = job.plan(state)
    _carry_out(job, state, plan, log, journal)
    if plan.empty:
        # Should another run have been faster, then it has found the same content.
        with suppress(ObjectChanged):
            _stamp(job, state)


def _refuse_older(job: Job, state: TargetState, plan: Plan) -> list[str]:
    commit, record = job.author.commit, state.record
    # What changes nothing takes the place of nothing.
    if plan.empty or job.inputs.force or job.restored or record is None or record.commit == commit:
        return []
    doubt = refuse_older(commit, record, job.relation(record.commit, record.ref))
    return [doubt] if doubt else []


def _carry_out(job: Job, state: TargetState, plan: Plan, log: Log, journal: Journal) -> None:
    if job.saved is not None:
        with journal.step("compare with the saved plan"):
            require_same(job.saved, with_change_set(plan, job.preview(state, plan)))
    journal.notes += what_stays(job, plan)
    tell_plan(plan, log, journal)
    if recorded := job.restored or job.promoted:
        with journal.step("fetch the DAG files"):
            recorded.fetch_dags(plan.dags.uploads)
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
    if not plan.empty:
        journal.environment = job.target.environments.get(name) if name else None
    if plan.of_kind(OperationKind.CHANGE_SET) and not progress.stack_changed and state.stack is not None:
        for note in not_given(stack_options(job.inputs), state.stack):
            journal.notes.append(note)
            log.annotate(Annotation(severity=Severity.PASS, title="Stack", message=note))
