"""Carries out a plan: the only part of the program that writes to AWS.

The order makes every failure harmless: objects first, then the stack, then the wait until the environment really runs
them; only then DAGs, which may need the new packages, new and changed before deleted; the record last.
"""

from collections.abc import Mapping
from dataclasses import replace

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.deletion_guard import refuse_deletions
from mwaa_deploy.errors import LockLost, ObjectChanged
from mwaa_deploy.outcome import Outcome, Progress
from mwaa_deploy.overwrite_guard import refuse_overwriting
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import OperationKind, Plan
from mwaa_deploy.release import record_after
from mwaa_deploy.target.announcement import Announcement
from mwaa_deploy.target.dag_sync import sync_dags
from mwaa_deploy.target.environment_change import change_environment
from mwaa_deploy.target.environment_wait import require_alive
from mwaa_deploy.target.ports_of_target import Author, Deployment, Target
from mwaa_deploy.target.record import ObjectToken, Record, fetch_record, write_record
from mwaa_deploy.target.running_tasks import require_idle
from mwaa_deploy.target.stack_change import change_stack, protect_stack
from mwaa_deploy.target.state import TargetState
from mwaa_deploy.target.verify import verify_dags, verify_versions
from mwaa_deploy.target.verify_live import look_before, verify_live


def apply(
    plan: Plan,
    *,
    bundle: Bundle,
    state: TargetState,
    target: Target,
    author: Author,
    progress: Progress | None = None,
    found_dags: Mapping[str, tuple[str, ...]] | None = None,
) -> Outcome:
    """Bring the target to what the plan says.

    Args:
        plan: made from this very bundle and state.
        progress: keeps account; hand one over to know how far a failed deployment came.
        found_dags: by file, the DAGs that this run's checks found in it; None if they parsed none.

    Raises:
        DeletionRefused: too many DAG files would be deleted; nothing has been changed.
        OverwriteRefused: DAG files of another target would be given other content; nothing has been changed, unless
            they came at the last moment.
        ReplacementRefused: the change set would replace or remove the environment; it is deleted again.
        TasksRunning: a forced replacement of workers would stop tasks; nothing has been changed.
        VerificationFailed: what is live differs in the end.
        InstallationFailedLive, DagsBrokenLive, DagsMissingLive, SmokeRunFailed: the live environment does not have, or
            does not run, what was deployed. There is no record of it.
        LiveAirflowUnreachable: it cannot be asked, and the user wants it asked.
        MwaaDeployError: whatever the ports raise. The record is as it was then, and the next run repeats what is
            missing.
    """
    progress = progress or Progress(target.clock)
    refuse_deletions(plan.dags, state, target.deletions, takes_over=target.takes_over_dags)
    refuse_overwriting(plan.dags, state, bundle.dags, allowed=target.takes_over_dags)
    _require_usable(plan, state, allow_replacement=target.allow_replacement)
    if not plan.empty:
        require_idle(plan, target, state.environment)
        _carry_out(
            Deployment(
                plan=plan,
                bundle=bundle,
                state=state,
                target=target,
                author=author,
                progress=progress,
                found_dags=found_dags,
            )
        )
    return progress.outcome()


def _carry_out(deployment: Deployment) -> None:
    """All steps in their order."""
    plan, progress, log = deployment.plan, deployment.progress, deployment.target.log
    announcement = Announcement(deployment)
    progress.environment_name = deployment.state.environment.name if deployment.state.environment else None
    live_before = look_before(deployment)
    versions = _upload(deployment)
    if plan.of_kind(OperationKind.CHANGE_SET):
        change_stack(deployment, versions, announcement)
    elif plan.of_kind(OperationKind.ENVIRONMENT_UPDATE):
        change_environment(deployment, versions, announcement)
    if plan.of_kind(OperationKind.PROTECT):
        protect_stack(deployment)
    progress.versions = dict(versions)
    uploaded: Mapping[str, ObjectToken] = {}
    if not plan.dags.empty:
        announcement.make()
        with progress.step("DAGs"), log.group("DAGs"):
            uploaded = _sync_dags(deployment)
    record = _next_record(deployment, versions, uploaded)
    with progress.step("verify"):
        _verify(deployment, versions, record)
    record = replace(record, verified=verify_live(deployment, live_before, record))
    _record(deployment, record, announcement)


def _require_usable(plan: Plan, state: TargetState, *, allow_replacement: bool) -> None:
    """Bring nothing to an environment that is broken, unless the stack may put another in its place."""
    updated = plan.of_kind(OperationKind.ENVIRONMENT_UPDATE) and not allow_replacement
    if state.environment is not None and (updated or not plan.of_kind(OperationKind.CHANGE_SET)):
        require_alive(state.environment)


def _upload(deployment: Deployment) -> Mapping[Part, str]:
    """Upload what has no version yet; all versions the environment is to run."""
    bundle, target = deployment.bundle, deployment.target
    versions = {part: version for part, version in deployment.plan.versions.items() if version is not None}
    for part in (part for part, version in deployment.plan.versions.items() if version is None):
        artefact, key = bundle.artefacts[part], deployment.state.keys[part]
        with deployment.progress.step(f"upload {part}"):
            stored = target.bucket.put(key, artefact.body, sha256=artefact.sha256, commit=deployment.author.commit)
        line = f"Uploaded {part} to {key}, {stored.size} bytes, version {stored.version}."
        target.log.info(line)
        deployment.progress.uploaded[part] = stored
        versions[part] = stored.version
    return versions


def _sync_dags(deployment: Deployment) -> Mapping[str, ObjectToken]:
    return sync_dags(
        deployment.plan.dags,
        bucket=deployment.target.bucket,
        prefix=deployment.state.keys[Part.DAGS],
        folder=deployment.bundle.dag_folder,
        manifest=deployment.bundle.dags,
        found=deployment.state.dags,
        commit=deployment.author.commit,
        log=deployment.target.log,
        synced=deployment.progress,
        ours=deployment.state.stack_name,
        takes_over=deployment.target.takes_over_dags,
        still_ours=deployment.target.still_ours,
    )


def _next_record(deployment: Deployment, versions: Mapping[Part, str], uploaded: Mapping[str, ObjectToken]) -> Record:
    return record_after(
        deployment.bundle,
        deployment.state,
        versions,
        environment=deployment.progress.environment_name,
        uploaded=uploaded,
        found_dags=deployment.found_dags,
        commit=deployment.author.commit,
        run_url=deployment.author.run_url,
        at=deployment.target.clock.now(),
        restores=deployment.author.restores,
        restored_version=deployment.author.restored_version,
        promoted_from=deployment.author.promoted_from,
        ref=deployment.author.ref,
        stack_changed_at=deployment.progress.stack_changed_at,
    )


def _verify(deployment: Deployment, versions: Mapping[Part, str], record: Record) -> None:
    target, state = deployment.target, deployment.state
    if deployment.progress.environment_name is not None:
        verify_versions(
            target.environments,
            deployment.progress.environment_name,
            versions,
            paths=record.paths,
            bucket=target.bucket.name,
        )
    verify_dags(target.bucket, state.keys[Part.DAGS], record.dags, record.objects, ignored=state.spares)


def _write(deployment: Deployment, record: Record) -> None:
    """Write the record, if need be over the name that a commit which changed nothing has put there meanwhile.

    Raises:
        LockLost: the target's lock is ours no longer.
        ObjectChanged: another deployment has written its own.
    """
    state, target = deployment.state, deployment.target
    try:
        write_record(target.bucket, record, etag=state.record_etag)
    except ObjectChanged:
        found, etag = fetch_record(target.bucket, state.stack_name)
        if found is None or not found.same_content(state.record):
            raise
        target.still_ours()
        write_record(target.bucket, record, etag=etag)


def _record(deployment: Deployment, record: Record, announcement: Announcement) -> None:
    state, progress = deployment.state, deployment.progress
    # That the live Airflow has confirmed the same content is news, too.
    confirmed = record.verified and not (state.record and state.record.verified)
    nothing_new = record.same_content(state.record) and state.unfinished.none and not confirmed
    if nothing_new and progress.outcome().changed_nothing:
        return
    with progress.step("record"):
        try:
            _write(deployment, record)
        except ObjectChanged as e:
            raise LockLost(
                f"Another deployment has written its record: {e.what}",
                meaning="It came in between, by hand or after this run was not heard of for longer than its lease. "
                "What is live may be a mixture of both until the next run has looked at the target.",
                mend="Run the job of the newest commit again.",
            ) from e
    progress.record = record
    announcement.withdraw()
