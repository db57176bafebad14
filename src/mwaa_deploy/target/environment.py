"""MWAA's control plane, and waiting until an environment runs what it was given."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mwaa_deploy.errors import EnvironmentMissing, EnvironmentUpdateFailed, EnvironmentWaitTimedOut
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Clock, Environment, EnvironmentState, Log
from mwaa_deploy.target.aws_errors import aws_errors, code_of

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

HEARTBEAT = 60
"""Seconds between two lines of a wait that has nothing new to say."""


class Course(StrEnum):
    """Where an environment in a status is heading.

    Attributes:
        READY: it runs; whether on the new versions is another question.
        UNDER_WAY: wait.
        LOST: it will not run the new versions without somebody acting.
    """

    READY = "ready"
    UNDER_WAY = "under way"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class EnvironmentStatus:
    """One row of the table of statuses."""

    name: str
    course: Course
    meaning: str


_ROWS = (
    EnvironmentStatus(name="CREATING", course=Course.UNDER_WAY, meaning="It is being made, in 20 to 30 minutes."),
    EnvironmentStatus(
        name="CREATE_FAILED",
        course=Course.LOST,
        meaning="It could not be made. Usually the network gives it no way to the services it needs, or its execution "
        "role lacks a right.",
    ),
    EnvironmentStatus(name="AVAILABLE", course=Course.READY, meaning="It runs."),
    EnvironmentStatus(name="UPDATING", course=Course.UNDER_WAY, meaning="It is being updated, in 15 to 35 minutes."),
    EnvironmentStatus(name="DELETING", course=Course.LOST, meaning="Somebody is deleting it."),
    EnvironmentStatus(name="DELETED", course=Course.LOST, meaning="Somebody has deleted it."),
    EnvironmentStatus(
        name="UNAVAILABLE",
        course=Course.LOST,
        meaning="It is broken, and MWAA could not bring it back. Only AWS Support or a new environment helps.",
    ),
    EnvironmentStatus(
        name="UPDATE_FAILED",
        course=Course.LOST,
        meaning="MWAA has rolled the update back; the environment runs on its old versions. Usually a requirement "
        "could not be installed, or the startup script failed: see its scheduler and worker logs in CloudWatch.",
    ),
    EnvironmentStatus(
        name="ROLLING_BACK", course=Course.UNDER_WAY, meaning="The update failed, and MWAA is restoring a snapshot."
    ),
    EnvironmentStatus(
        name="CREATING_SNAPSHOT", course=Course.UNDER_WAY, meaning="MWAA backs its database up before the update."
    ),
    EnvironmentStatus(
        name="PENDING",
        course=Course.UNDER_WAY,
        meaning="It waits for its VPC endpoints, which are yours to make (EndpointManagement: CUSTOMER).",
    ),
    EnvironmentStatus(name="MAINTENANCE", course=Course.UNDER_WAY, meaning="AWS is maintaining it."),
)

ENVIRONMENT_STATUSES = {row.name: row for row in _ROWS}
"""The 12 statuses of the API by name (MWAA API Reference, Environment)."""

_VERSION_FIELDS = {
    Part.PLUGINS: "PluginsS3ObjectVersion",
    Part.REQUIREMENTS: "RequirementsS3ObjectVersion",
    Part.STARTUP_SCRIPT: "StartupScriptS3ObjectVersion",
}
_PATH_FIELDS = {
    Part.DAGS: "DagS3Path",
    Part.PLUGINS: "PluginsS3Path",
    Part.REQUIREMENTS: "RequirementsS3Path",
    Part.STARTUP_SCRIPT: "StartupScriptS3Path",
}


def environment_status(name: str) -> EnvironmentStatus:
    """The row for a status; one that AWS has added since is waited for."""
    return ENVIRONMENT_STATUSES.get(name) or EnvironmentStatus(
        name=name, course=Course.UNDER_WAY, meaning="This status is new to this program."
    )


class MwaaEnvironments:
    """Fills the Environment port.

    Args:
        client: a boto3 client of MWAA.
    """

    def __init__(self, client: "BaseClient") -> None:
        self._client = client

    def get(self, name: str) -> EnvironmentState | None:
        """The environment as it is; None if it does not exist.

        Raises:
            AwsAccessDenied: it may not be seen.
        """
        meta = self._client.meta
        arn = f"arn:{meta.partition}:airflow:{meta.region_name}:*:environment/{name}"
        with aws_errors("airflow:GetEnvironment", arn):
            try:
                raw = self._client.get_environment(Name=name)["Environment"]
            except ClientError as e:
                if code_of(e) == "ResourceNotFoundException":
                    return None
                raise
        return environment_state(name, raw)


def environment_state(name: str, raw: Mapping[str, Any]) -> EnvironmentState:
    """What the API says, in our words. It promises none of the fields."""
    update = raw.get("LastUpdate") or {}
    return EnvironmentState(
        name=raw.get("Name") or name,
        status=raw.get("Status") or "UNKNOWN",
        versions={part: raw[field] for part, field in _VERSION_FIELDS.items() if raw.get(field)},
        paths={part: raw[field] for part, field in _PATH_FIELDS.items() if raw.get(field)},
        airflow_version=raw.get("AirflowVersion"),
        webserver_url=raw.get("WebserverUrl"),
        last_update_status=update.get("Status"),
        last_update_error=(update.get("Error") or {}).get("ErrorMessage"),
    )


def wait_until_live(
    environments: Environment,
    name: str,
    *,
    versions: Mapping[Part, str],
    timeout: float,
    clock: Clock,
    log: Log,
    interval: float = 30,
    settle: float = 900,
) -> EnvironmentState:
    """Wait until an environment is AVAILABLE and runs the expected object versions.

    A stack can be done before its environment has begun to update: CloudFormation's handler first looks 60 seconds
    after it asked, so that AVAILABLE alone proves nothing.

    Args:
        versions: the S3 object version expected of each part that has one.
        timeout: seconds to wait in all.
        interval: seconds between two looks.
        settle: seconds for which an AVAILABLE environment may stay on other versions before it counts as failed.

    Raises:
        EnvironmentMissing: there is no such environment.
        EnvironmentUpdateFailed: it ended in a status that the new versions will not come from.
        EnvironmentWaitTimedOut: it is still on its way.
    """
    started = said = clock.now()
    idle_since = None
    last_status = ""
    while True:
        state = environments.get(name)
        if state is None:
            raise EnvironmentMissing(f"There is no MWAA environment {name}.", meaning="It was deleted while we waited.")
        now = clock.now()
        status = environment_status(state.status)
        others = {part: state.versions.get(part) for part in versions if state.versions.get(part) != versions[part]}
        if status.course is Course.READY and not others:
            return state
        if status.course is Course.LOST:
            raise _failed(state, status.meaning)
        idle_since = (idle_since or now) if status.course is Course.READY else None
        if idle_since is not None and (now - idle_since).total_seconds() >= settle:
            raise _failed(state, _not_live(versions, others))
        if (now - started).total_seconds() >= timeout:
            raise _timed_out(state, timeout)
        if state.status != last_status or (now - said).total_seconds() >= HEARTBEAT:
            minutes = (now - started).total_seconds() / 60
            line = f"{name} is {state.status} after {minutes:.0f} min. {status.meaning}"
            log.info(line)
            said, last_status = now, state.status
        clock.sleep(interval)


def _not_live(expected: Mapping[Part, str], found: Mapping[Part, str | None]) -> str:
    lines = (f"{part}: version {found[part] or 'none'} instead of {expected[part]}" for part in found)
    return "It runs on other versions than it was given:\n" + "\n".join(lines)


def _failed(state: EnvironmentState, meaning: str) -> EnvironmentUpdateFailed:
    said = f": {state.last_update_error}" if state.last_update_error else "."
    return EnvironmentUpdateFailed(
        f"MWAA environment {state.name} is {state.status}{said}",
        meaning=meaning,
        mend=f"aws mwaa get-environment --name {state.name} --query Environment.LastUpdate",
    )


def _timed_out(state: EnvironmentState, timeout: float) -> EnvironmentWaitTimedOut:
    return EnvironmentWaitTimedOut(
        f"MWAA environment {state.name} is still {state.status} after {timeout / 60:.0f} minutes.",
        meaning="MWAA goes on by itself; nothing is lost. DAGs and the record have not been touched.",
        mend="Run the job again when the environment is AVAILABLE; it takes up where this run stopped.",
    )
