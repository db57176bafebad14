"""MWAA's control plane."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mwaa_deploy.errors import AwsRefused, EnvironmentBusy, EnvironmentMissing
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.aws_errors import aws_errors, code_of, message_of
from mwaa_deploy.target.environment_status import Course, environment_status

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

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
        with aws_errors("airflow:GetEnvironment", self._arn(name)):
            try:
                raw = self._client.get_environment(Name=name)["Environment"]
            except ClientError as e:
                if code_of(e) == "ResourceNotFoundException":
                    return None
                raise
        return environment_state(name, raw)

    def update(
        self, name: str, *, versions: Mapping[Part, str], paths: Mapping[Part, str], worker_replacement: str = ""
    ) -> None:
        """Ask MWAA to begin an update; what is not named stays as it is.

        MWAA has one error class for a busy environment and for values it does not take, so that its status tells.
        Source: the MWAA API Reference, UpdateEnvironment.

        Raises:
            EnvironmentBusy: something else changes the environment, or began to in between.
            EnvironmentMissing: there is none of that name.
            AwsRefused: MWAA does not take these values.
            AwsAccessDenied: it may not be updated.
        """
        fields = {_VERSION_FIELDS[part]: version for part, version in versions.items()}
        fields |= {_PATH_FIELDS[part]: path for part, path in paths.items()}
        if worker_replacement:
            fields["WorkerReplacementStrategy"] = worker_replacement
        with aws_errors("airflow:UpdateEnvironment", self._arn(name)):
            try:
                self._client.update_environment(Name=name, **fields)
            except ClientError as e:
                if code_of(e) == "ResourceNotFoundException":
                    raise EnvironmentMissing(f"There is no MWAA environment {name}.") from e
                if code_of(e) == "ValidationException":
                    raise self._refusal(name, message_of(e)) from e
                raise

    def _refusal(self, name: str, said: str) -> EnvironmentBusy | AwsRefused:
        found = self.get(name)
        if found is not None and environment_status(found.status).starting is Course.BUSY:
            return EnvironmentBusy(
                f"MWAA environment {name} is {found.status}: {said}",
                meaning="Another run, another person, or AWS itself is changing it.",
                mend="Run the job again once it is AVAILABLE.",
            )
        return AwsRefused(
            f"MWAA refused the update of environment {name}: {said}",
            meaning="Usually an object version or a path that MWAA cannot read from the environment's bucket.",
        )

    def _arn(self, name: str) -> str:
        meta = self._client.meta
        return f"arn:{meta.partition}:airflow:{meta.region_name}:*:environment/{name}"


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
        last_update_at=update.get("CreatedAt"),
        last_update_status=update.get("Status"),
        last_update_error=(update.get("Error") or {}).get("ErrorMessage"),
        log_groups=_log_groups(raw.get("LoggingConfiguration") or {}),
        bucket=(raw.get("SourceBucketArn") or "").rpartition(":")[2],
    )


def _log_groups(configuration: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {
        name: logs["CloudWatchLogGroupArn"]
        for name, logs in configuration.items()
        if logs.get("Enabled") and logs.get("CloudWatchLogGroupArn")
    }
