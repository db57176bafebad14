"""AWS::MWAA::Environment for stacks, with the behaviour of CloudFormation's own handler.

Source: aws-cloudformation-resource-providers-mwaa, CreateHandler and UpdateHandler. Left out: it waits a minute between
looks, and retries a refused create for as long as IAM may need.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from lab.aws import mwaa_request
from lab.aws.emulator import Emulator
from lab.aws.environment import Environment
from lab.aws.environments import EnvironmentMissingError, Environments
from lab.aws.mwaa_request import RequestInvalidError

TYPE = "AWS::MWAA::Environment"

#: Properties whose change replaces the environment (schema of the resource type); within NetworkConfiguration only
#: SubnetIds is one of them.
CREATE_ONLY = ("EndpointManagement", "KmsKey", "Name")

Provisioned = tuple[str, dict[str, Any]]


class ResourceFailedError(Exception):
    """The handler's failure, in the words of a stack event."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(
            f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'
        )


class StackEnvironment:
    """Creates, updates and deletes environments for stacks.

    Each call lasts until the environment has settled, so it runs on a worker thread.
    """

    def __init__(self, emulator: Emulator, environments: Environments) -> None:
        self._emulator = emulator
        self._environments = environments
        self._refused: set[str] = set()

    def create(self, _logical_id: str, properties: Mapping[str, Any], _stack_name: str) -> Provisioned:
        """Create an environment and wait for it."""
        scope = self._emulator.scope()
        parameters = _parameters("CreateEnvironment", properties)
        try:
            mwaa_request.check("CreateEnvironment", parameters)
            self._environments.create(scope, parameters)
        except RequestInvalidError as refused:
            raise ResourceFailedError(f"Invalid request provided: {refused}", "InvalidRequest") from refused
        environment = self._environments.settled(scope, parameters["Name"])
        if environment is None or environment.status == "CREATE_FAILED":
            # The roll-back deletes what the handler has named by then; the emulator knows of no such resource.
            self.delete(parameters["Name"], properties)
            message = "Creation failed"
            raise ResourceFailedError(message, "NotStabilized")
        return environment.name, _attributes(environment)

    def update(self, physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], _stack_name: str) -> Provisioned:
        """Update an environment with all its properties, changed or not, and wait for it."""
        scope = self._emulator.scope()
        if physical_id in self._refused:
            # The stack sends a refused update back as well, but there is nothing to undo.
            self._refused.discard(physical_id)
            return physical_id, _attributes(self._environments.get(scope, physical_id))
        parameters = {**_parameters("UpdateEnvironment", new), "Name": physical_id}
        if "NetworkConfiguration" in parameters:
            parameters["NetworkConfiguration"].pop("SubnetIds", None)
        try:
            mwaa_request.check("UpdateEnvironment", parameters)
            tags, old_tags = _tags(new), _tags(old)
            self._environments.tag(scope, physical_id, add=tags, remove=[key for key in old_tags if key not in tags])
            self._environments.update(scope, parameters)
        except (RequestInvalidError, EnvironmentMissingError) as refused:
            self._refused.add(physical_id)
            raise ResourceFailedError(f"Invalid request provided: {refused}", "InvalidRequest") from refused
        environment = self._environments.settled(scope, physical_id)
        if environment is None:
            message = "Update failed, resource no longer exists"
            raise ResourceFailedError(message, "NotStabilized")
        error = (environment.last_update and environment.last_update.error) or ""
        if environment.status == "UNAVAILABLE":
            raise ResourceFailedError(f"Update failed, Environment unavailable. {error}", "NotStabilized")
        if environment.status != "AVAILABLE":
            raise ResourceFailedError(f"Update failed. {error}", "NotStabilized")
        return physical_id, _attributes(environment)

    def delete(self, physical_id: str, _properties: Mapping[str, Any]) -> None:
        """Delete an environment and wait until it is gone."""
        scope = self._emulator.scope()
        try:
            self._environments.delete(scope, physical_id)
        except EnvironmentMissingError:
            return
        except RequestInvalidError as refused:
            raise ResourceFailedError(f"Invalid request provided: {refused}", "InvalidRequest") from refused
        self._environments.settled(scope, physical_id)


def moves_subnets(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the one create-only member of NetworkConfiguration differs."""
    before, after = old.get("NetworkConfiguration") or {}, new.get("NetworkConfiguration") or {}
    return bool(before.get("SubnetIds") != after.get("SubnetIds"))


def _parameters(operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Template properties as parameters of a call: known ones only, text where a template wrote numbers as text."""
    known = mwaa_request.members(operation)
    parameters = {name: value for name, value in properties.items() if name in known and value is not None}
    for name in ("MaxWorkers", "MinWorkers", "Schedulers", "MinWebservers", "MaxWebservers"):
        if str(parameters.get(name, "")).isdigit():
            parameters[name] = int(parameters[name])
    if options := parameters.get("AirflowConfigurationOptions"):
        options = json.loads(options) if isinstance(options, str) else options
        parameters["AirflowConfigurationOptions"] = {key: _text(value) for key, value in options.items()}
    if network := parameters.get("NetworkConfiguration"):
        parameters["NetworkConfiguration"] = dict(network)
    if logging := parameters.get("LoggingConfiguration"):
        parameters["LoggingConfiguration"] = {
            component: {
                name: str(value).lower() == "true" if name == "Enabled" else value
                for name, value in settings.items()
                if name != "CloudWatchLogGroupArn"
            }
            for component, settings in logging.items()
        }
    if "Tags" in parameters:
        parameters["Tags"] = _tags(properties)
    return parameters


def _tags(properties: Mapping[str, Any]) -> dict[str, str]:
    return {key: _text(value) for key, value in (properties.get("Tags") or {}).items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attributes(environment: Environment) -> dict[str, Any]:
    document = environment.as_document()
    names = ("Arn", "WebserverUrl", "CeleryExecutorQueue", "DatabaseVpcEndpointService", "WebserverVpcEndpointService")
    attributes = {name: document[name] for name in names if name in document}
    for component, settings in document["LoggingConfiguration"].items():
        if arn := settings.get("CloudWatchLogGroupArn"):
            attributes[f"LoggingConfiguration.{component}.CloudWatchLogGroupArn"] = arn
    return attributes
