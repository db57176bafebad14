"""The story at the target: look → plan → lock → wait for what runs → look and plan again → apply → unlock.

The first look takes no lock: where it finds nothing to do, the run is over. Whatever is to be changed is decided by the
look under the lock.
"""

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.commit_order import refuse_older
from mwaa_deploy.errors import ObjectChanged
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.journal import Journal
from mwaa_deploy.outcome import Progress
from mwaa_deploy.parts import VERSIONED_PARTS
from mwaa_deploy.plan import Plan
from mwaa_deploy.plan_preview import with_change_set
from mwaa_deploy.planner import make_plan
from mwaa_deploy.ports import Annotation, ChangeSet, Log, Relation
from mwaa_deploy.report.plan_text import change_set_lines, plan_lines
from mwaa_deploy.saved_plan import SavedPlan, require_same
from mwaa_deploy.source.changes import Changes
from mwaa_deploy.target.apply import apply
from mwaa_deploy.target.fingerprint import fingerprint
from mwaa_deploy.target.leased import leased
from mwaa_deploy.target.lock import Holder, LockState, hold, read_lock
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.preview import preview_change_set
from mwaa_deploy.target.record import write_record
from mwaa_deploy.target.recovery import recover
from mwaa_deploy.target.settle import Running, settle, what_runs
from mwaa_deploy.target.state import TargetState, read_state


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a run wants at its target: the same, however often the target is looked at.

    Attributes:
        found_dags: by file in the DAG folder, the DAGs that this run's checks found in it; None if they parsed none.
        saved: the plan that it must come to; None if any will do.
        owner: by which the lock knows this run in all its attempts; '' for one that is no workflow's.
        relation: tells how this commit stands to another one; None from it if nobody can tell.
    """

    inputs: Inputs
    bundle: Bundle
    changes: Changes
    target: Target
    author: Author
    found_dags: Mapping[str, tuple[str, ...]] | None = None
    saved: SavedPlan | None = None
    owner: str = ""
    relation: Callable[[str], Relation | None] = lambda _sha: None

    def look(self) -> TargetState:
        """The target as it is."""
        return read_state(
            bucket=self.target.bucket,
            stack=self.target.stack,
            environments=self.target.environments,
            bundle=self.bundle,
            environment_name=self.inputs.environment_name,
            protected=self.inputs.protected_prefixes,
            without_stack=self.inputs.without_stack,
        )

    def plan(self, state: TargetState) -> Plan:
        """What brings the target to what the commit ships."""
        base, inputs = self.changes.base, self.inputs
        plan = make_plan(self.bundle, state, base=base.sha, base_reason=base.reason, files=self.changes.files)
        target = {"name": inputs.target_name, "bucket": inputs.bucket, "region": inputs.aws_region}
        notes = (*plan.notes, *self._worker_replacement_notes())
        return replace(plan, commit=self.changes.head, target=target, fingerprint=fingerprint(state), notes=notes)

    def _worker_replacement_notes(self) -> list[str]:
        asked, template = self.inputs.worker_replacement, self.bundle.template
        if not asked or template is None or template.environment is None or template.replaces_workers:
            return []
        note = (
            f"worker-replacement is {asked}, but {template.environment} of the template has no "
            "WorkerReplacementStrategy, so that CloudFormation leaves it to MWAA. Put "
            f"'WorkerReplacementStrategy: {asked}' among its properties."
        )
        return [note]

    def preview(self, state: TargetState, plan: Plan) -> ChangeSet | None:
        """What CloudFormation would change; nothing is left at the target."""
        return preview_change_set(
            plan, bundle=self.bundle, state=state, stack=self.target.stack, commit=self.author.commit
        )

    @property
    def may_recreate(self) -> bool:
        """Whether a stack that never was may be deleted; a saved plan does not tell of that."""
        return self.inputs.recreate_failed_stack and self.saved is None

    @property
    def holder(self) -> Holder:
        """As the lock knows this run."""
        return Holder(owner=self.owner or uuid.uuid4().hex, commit=self.author.commit, run_url=self.author.run_url)

    def running(self, state: TargetState) -> Running | None:
        """What a deployment would have to wait for."""
        return what_runs(state.stack, state.environment, state.unfinished, now=self.target.clock.now())


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


def deploy(job: Job, first: FirstLook, log: Log, journal: Journal) -> None:
    """Bring the target to what the commit ships, if the first look found that anything is to be done.

    Raises:
        LockHeld: another deployment to this target goes on for too long; nothing has been changed.
        CommitOutdated: the target has a newer commit; nothing has been changed.
        PlanOutdated: the plan that was saved is another one; nothing has been changed.
        MwaaDeployError: whatever ends the deployment before its time.
    """
    if first.plan.empty and first.lock.free and not job.running(first.state) and _confirmed(job, first):
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
        _deploy_locked(replace(job, target=leased(target, lease)), log, journal)


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
    """Give the record our commit where it names an older one with the same content; whether it was written.

    An older commit that comes later can only tell by the record that it is older.

    Raises:
        ObjectChanged: another run has written it in between.
    """
    record, commit = state.record, job.author.commit
    if record is None or record.commit == commit or job.relation(record.commit) is not Relation.NEWER:
        return False
    renewed = replace(record, commit=commit, run_url=job.author.run_url, at=job.target.clock.now())
    write_record(job.target.bucket, renewed, etag=state.record_etag)
    return True


def _deploy_locked(job: Job, log: Log, journal: Journal) -> None:
    with journal.step("wait for what runs"):
        name = job.inputs.environment_name
        settled = settle(job.look(), target=job.target, read=job.look, environment_name=name)
    journal.notes += [settled.note] if settled.note else []
    state = journal.state = settled.state
    plan = journal.plan = job.plan(state)
    _refuse_older(job, state, plan)
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


def _refuse_older(job: Job, state: TargetState, plan: Plan) -> None:
    commit, record, force = job.author.commit, state.record, job.inputs.force
    # What changes nothing takes the place of nothing.
    if plan.empty or force or record is None or record.commit == commit:
        return
    refuse_older(commit, record, job.relation(record.commit), force=force)


def _carry_out(job: Job, state: TargetState, plan: Plan, log: Log, journal: Journal) -> None:
    if job.saved is not None:
        with journal.step("compare with the saved plan"):
            require_same(job.saved, with_change_set(plan, job.preview(state, plan)))
    journal.notes += what_stays(job, plan)
    tell_plan(plan, log, journal)
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
