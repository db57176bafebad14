"""The story at the target: look → plan → wait for what runs → look and plan again → apply.

The first look changes nothing and takes nothing: where it finds nothing to do, the run is over. Whatever is to be
changed is decided by the last look.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.journal import Journal
from mwaa_deploy.outcome import Progress
from mwaa_deploy.parts import VERSIONED_PARTS
from mwaa_deploy.plan import Plan
from mwaa_deploy.plan_preview import with_change_set
from mwaa_deploy.planner import make_plan
from mwaa_deploy.ports import Annotation, ChangeSet, Log
from mwaa_deploy.report.plan_text import change_set_lines, plan_lines
from mwaa_deploy.saved_plan import SavedPlan, require_same
from mwaa_deploy.source.changes import Changes
from mwaa_deploy.target.apply import apply
from mwaa_deploy.target.fingerprint import fingerprint
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.preview import preview_change_set
from mwaa_deploy.target.settle import Running, settle, what_runs
from mwaa_deploy.target.state import TargetState, read_state


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a run wants at its target: the same, however often the target is looked at.

    Attributes:
        found_dags: by file in the DAG folder, the DAGs that this run's checks found in it; None if they parsed none.
        saved: the plan that it must come to; None if any will do.
    """

    inputs: Inputs
    bundle: Bundle
    changes: Changes
    target: Target
    author: Author
    found_dags: Mapping[str, tuple[str, ...]] | None = None
    saved: SavedPlan | None = None

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


def deploy(job: Job, state: TargetState, plan: Plan, log: Log, journal: Journal) -> None:
    """Bring the target to what the commit ships, if the first look found that anything is to be done.

    Args:
        state: what the first look saw.
        plan: made from it.

    Raises:
        PlanOutdated: the plan that was saved is another one; nothing has been changed.
        MwaaDeployError: whatever ends the deployment before its time.
    """
    if not plan.empty or job.running(state):
        with journal.step("wait for what runs"):
            settled = settle(state, target=job.target, read=job.look, environment_name=job.inputs.environment_name)
        journal.notes += [settled.note] if settled.note else []
        state = journal.state = settled.state
        plan = journal.plan = job.plan(state)
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
