"""What a run wants at its target, and the one that brings an earlier deployment back."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.bundle.from_record import RecordedFiles
from mwaa_deploy.bundle.template import parse_template
from mwaa_deploy.errors import RollbackImpossible
from mwaa_deploy.inputs import Inputs, VerifyKind
from mwaa_deploy.plan import Operation, OperationKind, Plan
from mwaa_deploy.plan_settings import pinned_settings
from mwaa_deploy.planner import make_plan
from mwaa_deploy.ports import ChangeSet, Relation
from mwaa_deploy.promotion import Promotion
from mwaa_deploy.saved_plan import SavedPlan
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.stack_options import stack_options
from mwaa_deploy.target.fingerprint import fingerprint
from mwaa_deploy.target.lock_state import Holder
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.preview import preview_change_set
from mwaa_deploy.target.settle import Running, what_runs
from mwaa_deploy.target.state import TargetState, read_state


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a run wants at its target: the same, however often the target is looked at.

    Attributes:
        found_dags: by file in the DAG folder, the DAGs that this run's checks found in it; None if they parsed none.
        saved: the plan that it must come to; None if any will do.
        run: by which the lock knows the workflow run in all its jobs and attempts; '' for none.
        attempt: which of its attempts this is.
        restored: where the bundle comes from in a roll-back; None if it comes from the checkout.
        promoted: where the bundle comes from in a promotion; None if it comes from elsewhere.
        relation: tells how this commit stands to another one that came from a ref; None from it if nobody can tell.
    """

    inputs: Inputs
    bundle: Bundle
    changes: Changes
    target: Target
    author: Author
    found_dags: Mapping[str, tuple[str, ...]] | None = None
    saved: SavedPlan | None = None
    run: str = ""
    attempt: int = 0
    restored: RecordedFiles | None = None
    promoted: Promotion | None = None
    relation: Callable[[str, str], Relation | None] = lambda _sha, _ref: None

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
        plan = make_plan(
            self.bundle,
            state,
            base=base.sha,
            base_reason=base.reason,
            files=self.changes.files,
            options=stack_options(inputs),
        )
        if plan.empty and self._wants_confirmation(state):
            reason = "All of it is live, but the live Airflow has not been asked yet, as 'verify: live' wants."
            plan = replace(plan, operations=(*plan.operations, Operation(kind=OperationKind.RECORD, reason=reason)))
        target = {"name": inputs.target_name, "bucket": inputs.bucket, "region": inputs.aws_region}
        notes = (*plan.notes, *self._worker_replacement_notes())
        return replace(
            plan,
            commit=self.changes.head,
            target=target,
            promoted_from=self.promoted.text if self.promoted else "",
            fingerprint=fingerprint(state),
            settings=pinned_settings(inputs),
            notes=notes,
        )

    def _wants_confirmation(self, state: TargetState) -> bool:
        live = self.inputs.verify is VerifyKind.LIVE and state.environment is not None
        return live and state.record is not None and not state.record.verified

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
        """Whether a stack that never was may be deleted; neither a saved plan nor a roll-back tells of that."""
        return self.inputs.recreate_failed_stack and self.saved is None and self.restored is None

    @property
    def holder(self) -> Holder:
        """As the lock knows this process: the jobs of a matrix have run and attempt in common."""
        author = self.author
        return Holder(
            owner=uuid.uuid4().hex, commit=author.commit, run_url=author.run_url, run=self.run, attempt=self.attempt
        )

    def running(self, state: TargetState) -> Running | None:
        """What a deployment would have to wait for."""
        return what_runs(state.stack, state.environment, state.unfinished, now=self.target.clock.now())


def job_back_to(
    files: RecordedFiles, *, inputs: Inputs, target: Target, run_url: str, run: str = "", attempt: int = 0
) -> Job:
    """The job that brings the content of an earlier record back, with the stack's template and parameters of now.

    Args:
        files: of the record.
        run_url, run, attempt: of the workflow run that does it; see Author and Job.

    Raises:
        RollbackImpossible: there is no stack, or the record's object versions are gone.
    """
    record, body = files.record, target.stack.template()
    if body is None and not inputs.without_stack:
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
        author=Author(
            commit=record.commit,
            run_url=run_url,
            restores=record.commit,
            restored_version=files.version,
            ref=record.ref,
        ),
        found_dags=record.dag_ids if parsed else None,
        run=run,
        attempt=attempt,
        restored=files,
    )
