"""Carries out a plan: the only part of the program that writes to AWS.

The order makes every failure harmless: objects first, then the stack, then the wait until the environment really runs
them; only then DAGs, which may need the new packages, new and changed before deleted; the record last.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.bundle.template import ENVIRONMENT_TYPE
from mwaa_deploy.deletion_guard import refuse_deletions
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import EnvironmentMissing, ReplacementRefused
from mwaa_deploy.outcome import Outcome, Progress
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import OperationKind, Plan
from mwaa_deploy.ports import Bucket, ChangeSet, Clock, Environment, Log, ResourceChange, Stack, StackEvent
from mwaa_deploy.release import change_set_parameters, record_after
from mwaa_deploy.target.dag_sync import sync_dags
from mwaa_deploy.target.environment import wait_until_live
from mwaa_deploy.target.record import ObjectToken, Record, write_record
from mwaa_deploy.target.state import TargetState
from mwaa_deploy.target.unfinished import Unfinished, clear_unfinished, write_unfinished
from mwaa_deploy.target.verify import verify_dags, verify_versions

_REPLACING = frozenset({"True", "Conditional"})


@dataclass(frozen=True, kw_only=True)
class Target:
    """The ports of one target.

    Attributes:
        timeout: seconds that the stack and then the environment may take, each.
        deletions: how many DAG files a deployment may delete.
    """

    bucket: Bucket
    stack: Stack
    environments: Environment
    clock: Clock
    log: Log
    timeout: float = 4 * 3600
    deletions: DeletionLimits = field(default_factory=DeletionLimits)


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who deploys: written into the record and onto each object."""

    commit: str
    run_url: str = ""


def apply(
    plan: Plan, *, bundle: Bundle, state: TargetState, target: Target, author: Author, progress: Progress | None = None
) -> Outcome:
    """Bring the target to what the plan says.

    Args:
        plan: made from this very bundle and state.
        progress: keeps account; hand one over to know how far a failed deployment came.

    Raises:
        DeletionRefused: too many DAG files would be deleted; nothing has been changed.
        ReplacementRefused: the change set would replace or remove the environment; it is deleted again.
        VerificationFailed: what is live differs in the end.
        MwaaDeployError: whatever the ports raise. The record is as it was then, and the next run repeats what is
            missing.
    """
    progress = progress or Progress(target.clock)
    refuse_deletions(plan.dags, state, target.deletions)
    if not plan.empty:
        _Deployment(plan, bundle, state, target, author, progress).run()
    return progress.outcome()


class _Deployment:
    """One plan being carried out."""

    def __init__(  # noqa: PLR0917 -- the words of apply() in their order
        self, plan: Plan, bundle: Bundle, state: TargetState, target: Target, author: Author, progress: Progress
    ) -> None:
        self.plan, self.bundle, self.state = plan, bundle, state
        self.target, self.author, self.progress = target, author, progress
        self.announced = False
        self.uploaded_dags: Mapping[str, ObjectToken] = {}
        progress.environment_name = state.environment.name if state.environment else None

    def run(self) -> None:
        """All steps in their order."""
        versions = self._upload()
        if self.plan.of_kind(OperationKind.CHANGE_SET):
            self._change_stack(versions)
        self.progress.versions = dict(versions)
        if not self.plan.dags.empty:
            self._announce(stack=False)
            with self.progress.step("DAGs"), self.target.log.group("DAGs"):
                self._sync_dags()
        record = self._next_record(versions)
        with self.progress.step("verify"):
            self._verify(versions, record)
        self._record(record)

    def _upload(self) -> Mapping[Part, str]:
        """Upload what has no version yet; all versions the environment is to run."""
        versions = {part: version for part, version in self.plan.versions.items() if version is not None}
        for part in (part for part, version in self.plan.versions.items() if version is None):
            artefact, key = self.bundle.artefacts[part], self.state.keys[part]
            with self.progress.step(f"upload {part}"):
                stored = self.target.bucket.put(key, artefact.body, sha256=artefact.sha256, commit=self.author.commit)
            line = f"Uploaded {part} to {key}, {stored.size} bytes, version {stored.version}."
            self.target.log.info(line)
            self.progress.uploaded[part] = stored
            versions[part] = stored.version
        return versions

    def _change_stack(self, versions: Mapping[Part, str]) -> None:
        with self.progress.step("change set"):
            change_set = self._change_set(versions)
        if change_set.empty:
            self.target.log.info("CloudFormation has nothing to change.")
        else:
            self._announce(stack=True)
            # From here on the target is touched, also when the stack fails and is rolled back.
            self.progress.stack_changed = True
            self.progress.environment_updated = any(
                change.resource_type == ENVIRONMENT_TYPE for change in change_set.changes
            )
            with self.progress.step("stack"), self.target.log.group(f"Stack {self.target.stack.name}"):
                after = self.target.stack.execute(change_set, timeout=self.target.timeout, on_event=self._event)
            self.progress.environment_name = after.environment_name or self.progress.environment_name
        self._await_environment(versions, wait=not change_set.empty)

    def _change_set(self, versions: Mapping[Part, str]) -> ChangeSet:
        assert self.bundle.template is not None  # noqa: S101 -- without one, no change set is planned
        change_set = self.target.stack.create_change_set(
            template=self.bundle.template.body,
            parameters=change_set_parameters(self.bundle, self.state, versions).parameters,
            create=self.state.creates_stack,
            description=f"mwaa-deploy {self.author.commit}",
        )
        self.progress.changes = change_set.changes
        with self.target.log.group(f"Change set {change_set.name}: {len(change_set.changes)} change(s)"):
            self.target.log.verbatim("\n".join(map(describe_change, change_set.changes)))
        if refused := [change for change in change_set.changes if replaces_environment(change)]:
            self.target.stack.delete_change_set(change_set)
            raise _replacement_refused(refused[0])
        return change_set

    def _event(self, event: StackEvent) -> None:
        self.progress.stack_events.append(event)
        reason = event.reason and f": {event.reason}"
        self.target.log.info(f"{event.at:%H:%M:%S} {event.logical_id} {event.status}{reason}")

    def _await_environment(self, versions: Mapping[Part, str], *, wait: bool) -> None:
        name = self.progress.environment_name
        if name is None:
            self._require_no_environment()
        elif wait:
            with self.progress.step("environment"):
                wait_until_live(
                    self.target.environments,
                    name,
                    versions=versions,
                    timeout=self.target.timeout,
                    clock=self.target.clock,
                    log=self.target.log,
                )
        else:
            # waiting would be in vain: nobody is changing it
            verify_versions(self.target.environments, name, versions)

    def _require_no_environment(self) -> None:
        if self.bundle.template is None or self.bundle.template.environment is None:
            return
        raise EnvironmentMissing(
            f"Stack {self.target.stack.name} is done, but has no MWAA environment.",
            meaning=f"The resource {self.bundle.template.environment} of the template has a Condition that is false.",
        )

    def _sync_dags(self) -> None:
        self.uploaded_dags = sync_dags(
            self.plan.dags,
            bucket=self.target.bucket,
            prefix=self.state.keys[Part.DAGS],
            folder=self.bundle.dag_folder,
            manifest=self.bundle.dags,
            commit=self.author.commit,
            log=self.target.log,
            synced=self.progress,
        )

    def _announce(self, *, stack: bool) -> None:
        """Leave the note of what may be half-done from now on; once, as one note names it all."""
        earlier = self.state.unfinished
        note = Unfinished(
            stack=stack or earlier.touches_stack,
            dags=earlier.dags | frozenset(self.plan.dags.uploads),
            everything=earlier.everything,
        )
        # deletions alone leave nothing in doubt: a listing shows them
        if self.announced or note.none:
            return
        write_unfinished(self.target.bucket, self.target.stack.name, note, commit=self.author.commit)
        self.announced = True

    def _next_record(self, versions: Mapping[Part, str]) -> Record:
        return record_after(
            self.bundle,
            self.state,
            versions,
            environment=self.progress.environment_name,
            uploaded=self.uploaded_dags,
            commit=self.author.commit,
            run_url=self.author.run_url,
            at=self.target.clock.now(),
        )

    def _verify(self, versions: Mapping[Part, str], record: Record) -> None:
        if self.progress.environment_name is not None:
            verify_versions(self.target.environments, self.progress.environment_name, versions)
        prefix = self.state.keys[Part.DAGS]
        verify_dags(self.target.bucket, prefix, record.dags, record.objects, ignored=self.state.spares)

    def _record(self, record: Record) -> None:
        nothing_new = record.same_content(self.state.record) and self.state.unfinished.none
        if nothing_new and self.progress.outcome().changed_nothing:
            return
        with self.progress.step("record"):
            write_record(self.target.bucket, record)
        self.progress.record = record
        if self.announced or not self.state.unfinished.none:
            clear_unfinished(self.target.bucket, self.target.stack.name)


def replaces_environment(change: ResourceChange) -> bool:
    """Whether a change would cost the environment its metadata database: its replacement or removal."""
    return change.resource_type == ENVIRONMENT_TYPE and (change.action == "Remove" or change.replacement in _REPLACING)


def describe_change(change: ResourceChange) -> str:
    """A line for the log: 'Modify Environment AWS::MWAA::Environment: PluginsS3ObjectVersion'."""
    details = f": {', '.join(change.details)}" if change.details else ""
    replacement = f", replacement {change.replacement}" if change.replacement in _REPLACING else ""
    return f"{change.action} {change.logical_id} {change.resource_type}{details}{replacement}"


def _replacement_refused(change: ResourceChange) -> ReplacementRefused:
    what = "remove" if change.action == "Remove" else "replace"
    because = f" because of {', '.join(change.details)}" if change.details else ""
    return ReplacementRefused(
        f"The change set would {what} the environment {change.logical_id}{because}. It was deleted again.",
        meaning="The metadata database goes with the environment: run history, variables, connections. "
        "Name, KmsKey, subnets and EndpointManagement cannot be changed in place.",
        mend="Leave these properties as they are, or deploy a second environment beside this one from a stack of "
        "its own:\nwith:\n  stack-name: another-stack",
    )
