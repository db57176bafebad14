"""One MWAA environment: its fields, how calls change them, and how GetEnvironment shows them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab.aws.emulator import Scope
from lab.aws.history import now
from lab.aws.live_airflow import Webserver

#: Statuses in which UpdateEnvironment is accepted.
UPDATABLE = frozenset({"AVAILABLE", "UPDATE_FAILED"})
#: Statuses that pass by themselves.
PASSING = frozenset({"CREATING", "CREATING_SNAPSHOT", "UPDATING", "ROLLING_BACK", "DELETING"})
#: The statuses of the API (SDK model of MWAA, EnvironmentStatus).
STATUSES = PASSING | UPDATABLE | {"CREATE_FAILED", "UNAVAILABLE", "DELETED", "PENDING", "MAINTENANCE"}

#: What MWAA fills in for a field that a create call leaves out. Which of these it really picks is unconfirmed except
#: that AirflowVersion is the latest; the lab takes the newest version that the SDK model names.
DEFAULTS: Mapping[str, Any] = {
    "AirflowVersion": "3.0.6",
    "EndpointManagement": "SERVICE",
    "EnvironmentClass": "mw1.small",
    "MaxWebservers": 2,
    "MaxWorkers": 10,
    "MinWebservers": 2,
    "MinWorkers": 1,
    "Schedulers": 2,
    "WebserverAccessMode": "PRIVATE_ONLY",
    "WeeklyMaintenanceWindowStart": "SUN:03:00",
}

#: Parameters of a call that are no fields of the environment.
_NOT_FIELDS = frozenset({"Name", "WorkerReplacementStrategy", "Tags"})


@dataclass(kw_only=True)
class LastUpdate:
    """The latest update, as GetEnvironment tells it."""

    status: str
    created_at: datetime = field(default_factory=now)
    error: str | None = None
    worker_replacement_strategy: str | None = None

    def as_document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "Status": self.status,
            "CreatedAt": self.created_at.timestamp(),
            "Source": "UpdateEnvironment",
        }
        if self.error:
            document["Error"] = {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": self.error[:1024]}
        if self.worker_replacement_strategy:
            document["WorkerReplacementStrategy"] = self.worker_replacement_strategy
        return document


@dataclass(kw_only=True)
class Environment:
    """An environment. Changed only by the store that holds it, under the store's lock.

    Attributes:
        fields: the API's fields as last set, without those that are derived below.
        webserver: the live Airflow's web server; None while there is none.
    """

    name: str
    scope: Scope
    fields: dict[str, Any]
    tags: dict[str, str]
    status: str = "CREATING"
    created_at: datetime = field(default_factory=now)
    last_update: LastUpdate | None = None
    webserver: Webserver | None = None
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def arn(self) -> str:
        """The environment's ARN."""
        return f"arn:aws:airflow:{self.scope.region}:{self.scope.account}:environment/{self.name}"

    def as_document(self) -> dict[str, Any]:
        """The Environment structure of GetEnvironment; a field that was never set is missing."""
        region, account = self.scope.region, self.scope.account
        document = {
            **self.fields,
            "Name": self.name,
            "Arn": self.arn,
            "Status": self.status,
            "CreatedAt": self.created_at.timestamp(),
            "ServiceRoleArn": f"arn:aws:iam::{account}:role/aws-service-role/airflow.amazonaws.com/"
            "AWSServiceRoleForAmazonMWAA",
            "CeleryExecutorQueue": f"arn:aws:sqs:{region}:{account}:airflow-celery-{self.identity}",
            "DatabaseVpcEndpointService": f"com.amazonaws.vpce.{region}.vpce-svc-{self.identity[-12:]}",
            "LoggingConfiguration": self._logging(),
            "Tags": dict(self.tags),
        }
        if self.status not in {"CREATING", "CREATE_FAILED"}:
            # A live Airflow may listen elsewhere after each update; MWAA's host name stays.
            document["WebserverUrl"] = f"{self.identity}.c2.{region}.airflow.amazonaws.com"
        if self.last_update:
            document["LastUpdate"] = self.last_update.as_document()
        return document

    def _logging(self) -> dict[str, Any]:
        components = {}
        for name, settings in (self.fields.get("LoggingConfiguration") or {}).items():
            group = f"airflow-{self.name}-{name.removesuffix('Logs')}"
            arn = f"arn:aws:logs:{self.scope.region}:{self.scope.account}:log-group:{group}"
            components[name] = {**settings, "CloudWatchLogGroupArn": arn} if settings["Enabled"] else dict(settings)
        return components


def created_fields(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an environment made by a CreateEnvironment call."""
    return {**DEFAULTS, **_without_empty(_fields(parameters))}


def updated_fields(old: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The fields after an UpdateEnvironment call: what it leaves out stays, '' clears a path or version."""
    given = _fields(parameters)
    for name in ("NetworkConfiguration", "LoggingConfiguration"):
        if name in given:
            given[name] = {**(old.get(name) or {}), **given[name]}
    return _without_empty({**old, **given})


def changed_names(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The names of the fields whose value differs."""
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _fields(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name not in _NOT_FIELDS}


def _without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value != ""}
