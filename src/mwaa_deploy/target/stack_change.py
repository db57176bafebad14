"""The stack's part of a deployment: change set, execution, and the wait until the environment runs what it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mwaa_deploy.bundle.template import ENVIRONMENT_TYPE
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.errors import EnvironmentMissing, EnvironmentUpdateFailed
from mwaa_deploy.parts import Part
from mwaa_deploy.path_decisions import needs_revert
from mwaa_deploy.plan import OperationKind, Plan
from mwaa_deploy.ports import Annotation, ChangeSet, StackEvent
from mwaa_deploy.release import change_set_parameters, record_after
from mwaa_deploy.target.announcement import Announcement
from mwaa_deploy.target.environment_update import Awaited, Stand, before, failed_since, judge
from mwaa_deploy.target.environment_wait import require_alive, update_failed, wait_until_live
from mwaa_deploy.target.heartbeat import Heartbeat
from mwaa_deploy.target.ports_of_target import Deployment
from mwaa_deploy.target.replacement import (
    describe_change,
    refused_changes,
    replacement_refused,
    replaces_environment,
    what_is_lost,
)
from mwaa_deploy.target.resource_times import took
from mwaa_deploy.target.stack_events import event_line
from mwaa_deploy.target.unfinished import BegunChange
from mwaa_deploy.target.verify import verify_versions


def change_stack(deployment: Deployment, versions: Mapping[Part, str], announcement: Announcement) -> None:
    """Bring the stack to template and parameters, and the environment to the versions.

    Args:
        deployment: what is carried out.
        versions: the object versions that the environment is to run, by part.
        announcement: told before anything is changed.

    Raises:
        EnvironmentUpdateFailed: the environment is broken, and the change set, deleted again, replaces it with none.
        ReplacementRefused: the change set would replace or remove the environment; it is deleted again.
        MwaaDeployError: whatever stack and environment raise.
    """
    target, progress = deployment.target, deployment.progress
    with progress.step("change set"):
        change_set = _change_set(deployment, versions)
    if change_set.empty:
        target.log.info("CloudFormation has nothing to change.")
        _require_environment_as_it_is(deployment, versions)
        return
    name = progress.environment_name
    change = BegunChange(
        since=target.clock.now(),
        run_url=deployment.author.run_url,
        before=before(target.environments.get(name) if name else None),
        expected=_expected_minutes(deployment.plan),
    )
    announcement.make(change)
    # From here on the target is touched, also when the stack fails and is rolled back.
    progress.stack_changed = True
    progress.environment_updated = any(change.resource_type == ENVIRONMENT_TYPE for change in change_set.changes)
    with progress.step("stack"), target.log.group(f"Stack {target.stack.name}"):
        _execute(deployment, change_set, change)
    _await_environment(deployment, versions, change_set, change, announcement)


def protect_stack(deployment: Deployment) -> None:
    """Protect the stack from being deleted.

    Raises:
        AwsAccessDenied: the role may not.
    """
    with deployment.progress.step("protect the stack"):
        deployment.target.stack.protect()
    deployment.progress.stack_protected = True
    deployment.target.log.info(f"Stack {deployment.target.stack.name} is protected from being deleted.")


def _change_set(deployment: Deployment, versions: Mapping[Part, str]) -> ChangeSet:
    bundle, state, target = deployment.bundle, deployment.state, deployment.target
    assert bundle.template is not None  # noqa: S101 -- without one, no change set is planned
    change_set = target.stack.create_change_set(
        template=bundle.template.body,
        parameters=change_set_parameters(bundle, state, versions).parameters,
        create=state.creates_stack,
        description=f"mwaa-deploy {deployment.author.commit}",
        revert_drift=needs_revert(bundle, state, deployment.plan.versions),
    )
    deployment.progress.changes = change_set.changes
    if state.environment is not None and not any(map(replaces_environment, change_set.changes)):
        try:
            require_alive(state.environment)
        except EnvironmentUpdateFailed:
            target.stack.delete_change_set(change_set)
            raise
    with target.log.group(f"Change set {change_set.name}: {len(change_set.changes)} change(s)"):
        target.log.verbatim("\n".join(map(describe_change, change_set.changes)))
    if refused := refused_changes(change_set.changes, target.bucket.name):
        if not target.allow_replacement:
            target.stack.delete_change_set(change_set)
            raise replacement_refused(refused[0], change_set.changes)
        for change in refused:
            message = f"{what_is_lost(change, change_set.changes)} allow-replacement lets it."
            target.log.annotate(Annotation(severity=Severity.WARN, title="Replacement", message=message))
    return change_set


def _execute(deployment: Deployment, change_set: ChangeSet, change: BegunChange) -> None:
    target, progress = deployment.target, deployment.progress
    heartbeat = Heartbeat(target.log, target.clock, since=change.since)

    def happened(event: StackEvent) -> None:
        seconds = took(progress.stack_events, event)
        progress.stack_events.append(event)
        target.log.info(event_line(event, seconds))

    def looked(status: str) -> None:
        heartbeat.beat(f"Stack {target.stack.name} is {status or 'about to begin'}", expected=change.expected)

    after = target.stack.execute(change_set, timeout=target.timeout, on_event=happened, on_look=looked)
    progress.environment_name = after.environment_name or progress.environment_name
    progress.stack_changed_at = after.changed_at


def _expected_minutes(plan: Plan) -> tuple[int, int]:
    """What change set and environment take together."""
    kinds = (OperationKind.CHANGE_SET, OperationKind.ENVIRONMENT_CREATE, OperationKind.ENVIRONMENT_UPDATE)
    found = [operation.expected_minutes for kind in kinds for operation in plan.of_kind(kind)]
    return sum(least for least, _ in found), sum(most for _, most in found)


def _await_environment(
    deployment: Deployment,
    versions: Mapping[Part, str],
    change_set: ChangeSet,
    change: BegunChange,
    announcement: Announcement,
) -> None:
    name = deployment.progress.environment_name
    if name is None:
        _require_no_environment(deployment)
        return
    updated = _updates_environment(change_set, deployment.progress.stack_events)
    old = deployment.state.environment
    if old is not None and old.name != name:
        # It was replaced: what the environment of before showed says nothing about this one.
        change, updated = replace(change, before=before(None)), False
    awaited = Awaited(versions=versions, before=change.before, updated=updated)
    with deployment.progress.step("environment"):
        await_live(deployment, name, awaited, change, announcement)


def await_live(
    deployment: Deployment, name: str, awaited: Awaited, change: BegunChange, announcement: Announcement
) -> None:
    """Wait for MWAA's update; the note tells from now on that only this is still to come."""
    target = deployment.target
    found = target.environments.get(name)
    if found is not None and judge(found, awaited).stand is not Stand.LIVE:
        announcement.make(replace(change, stack_done_at=target.clock.now()))
    wait_until_live(
        target.environments,
        name,
        awaited,
        timeout=target.timeout,
        clock=target.clock,
        log=target.log,
        since=change.since,
        expected=change.expected,
    )


def _updates_environment(change_set: ChangeSet, events: Sequence[StackEvent]) -> bool:
    """Whether CloudFormation has asked MWAA for an update, which MWAA must then be able to show.

    A change set also names an environment whose values depend on another resource and then turn out the same, so that
    only the events tell. Tags need no update.
    """
    begun = {event.logical_id for event in events if event.resource_type == ENVIRONMENT_TYPE}
    return any(change.logical_id in begun and change.details != ("Tags",) for change in change_set.changes)


def _require_environment_as_it_is(deployment: Deployment, versions: Mapping[Part, str]) -> None:
    """Require that it runs what it should. Waiting would be in vain, as nobody is changing it."""
    name = deployment.progress.environment_name
    if name is None:
        _require_no_environment(deployment)
        return
    earlier = deployment.state.unfinished.change
    found = deployment.target.environments.get(name) if earlier else None
    if earlier is not None and found is not None and failed_since(found, earlier.before):
        raise update_failed(
            found,
            "An earlier deployment began this update. MWAA has rolled it back after the stack was done, so that "
            "CloudFormation takes for live what is not.",
            mend="Mend what failed, let MWAA try again, and then run the job again:\n"
            f"aws mwaa update-environment --name {name}",
        )
    paths = record_after(deployment.bundle, deployment.state, versions, environment=name).paths
    verify_versions(deployment.target.environments, name, versions, paths=paths, bucket=deployment.target.bucket.name)


def _require_no_environment(deployment: Deployment) -> None:
    template = deployment.bundle.template
    if template is None or template.environment is None:
        return
    raise EnvironmentMissing(
        f"Stack {deployment.target.stack.name} is done, but has no MWAA environment.",
        meaning=f"The resource {template.environment} of the template has a Condition that is false.",
    )
