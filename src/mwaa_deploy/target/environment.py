"""MWAA's control plane."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mwaa_deploy.parts import Part
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.aws_errors import aws_errors, code_of

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
        last_update_at=update.get("CreatedAt"),
        last_update_status=update.get("Status"),
        last_update_error=(update.get("Error") or {}).get("ErrorMessage"),
        log_groups=_log_groups(raw.get("LoggingConfiguration") or {}),
    )


def _log_groups(configuration: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {
        name: logs["CloudWatchLogGroupArn"]
        for name, logs in configuration.items()
        if logs.get("Enabled") and logs.get("CloudWatchLogGroupArn")
    }
