"""The update of an environment without a stack: asked for, waited for, and asked for again where MWAA was busy."""

from collections.abc import Mapping

from mwaa_deploy.errors import EnvironmentBusy
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import OperationKind
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.announcement import Announcement
from mwaa_deploy.target.environment_status import Course, environment_status
from mwaa_deploy.target.environment_update import Awaited, before
from mwaa_deploy.target.heartbeat import GO_ON, Heartbeat, elapsed
from mwaa_deploy.target.ports_of_target import Deployment
from mwaa_deploy.target.stack_change import await_live
from mwaa_deploy.target.unfinished import BegunChange

INTERVAL = 30
"""Seconds between two attempts at a busy environment."""


def change_environment(deployment: Deployment, versions: Mapping[Part, str], announcement: Announcement) -> None:
    """Bring an environment to the versions, and wait until it runs them.

    All versions are handed over with their paths, and the path of the DAG files, so that it does not matter what
    somebody else has set in between.

    Args:
        deployment: what is carried out.
        versions: the object versions that the environment is to run, by part.
        announcement: told before anything is changed.

    Raises:
        EnvironmentBusy: something else changes the environment for longer than is waited.
        MwaaDeployError: whatever the environment raises.
    """
    target, progress = deployment.target, deployment.progress
    name = progress.environment_name
    assert name is not None  # noqa: S101 -- without an environment, no plan is made
    with progress.step("ask for the update"):
        change = _ask(deployment, name, versions, announcement)
    target.log.info(f"MWAA has begun to update {name}.")
    with progress.step("environment"):
        awaited = Awaited(versions=versions, before=change.before, updated=True)
        await_live(deployment, name, awaited, change, announcement)


def _ask(deployment: Deployment, name: str, versions: Mapping[Part, str], announcement: Announcement) -> BegunChange:
    """Ask until MWAA takes the update. Somebody else may have begun another since the target was looked at."""
    target, clock = deployment.target, deployment.target.clock
    started, heartbeat = clock.now(), Heartbeat(target.log, clock)
    while True:
        try:
            return _ask_once(deployment, name, versions, announcement)
        except EnvironmentBusy as e:
            if (clock.now() - started).total_seconds() >= target.timeout:
                raise EnvironmentBusy(
                    f"{e.what.rstrip('.')} after this run has waited for {elapsed(started, clock.now())}.",
                    meaning=e.meaning,
                    mend=GO_ON,
                ) from e
            heartbeat.beat(e.what.rstrip("."), e.meaning)
            clock.sleep(INTERVAL)


def _ask_once(
    deployment: Deployment, name: str, versions: Mapping[Part, str], announcement: Announcement
) -> BegunChange:
    target, progress, keys = deployment.target, deployment.progress, deployment.state.keys
    found = target.environments.get(name)
    _require_at_rest(name, found)
    change = BegunChange(
        since=target.clock.now(),
        run_url=deployment.author.run_url,
        before=before(found),
        expected=deployment.plan.of_kind(OperationKind.ENVIRONMENT_UPDATE)[0].expected_minutes,
    )
    announcement.make(change)
    # An answer that is lost on its way leaves open whether the update has begun.
    progress.environment_updated = True
    try:
        target.environments.update(
            name,
            versions=versions,
            paths={part: keys[part] for part in (*versions, Part.DAGS)},
            worker_replacement=target.worker_replacement,
        )
    except EnvironmentBusy:
        progress.environment_updated = False
        raise
    return change


def _require_at_rest(name: str, found: EnvironmentState | None) -> None:
    if found is not None and environment_status(found.status).starting is Course.BUSY:
        raise EnvironmentBusy(
            f"{name} is {found.status}.", meaning="Another run, another person, or AWS itself is changing it."
        )
