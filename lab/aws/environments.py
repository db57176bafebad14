"""MWAA's control plane: the environments, the calls that change them and the statuses they walk through."""

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lab.aws.clock import StatusClock, StoppedError
from lab.aws.deployment import Deployment
from lab.aws.emulator import Scope
from lab.aws.environment import (
    PASSING,
    STATUSES,
    UPDATABLE,
    Environment,
    LastUpdate,
    changed_names,
    created_fields,
    updated_fields,
)
from lab.aws.history import History
from lab.aws.live_airflow import Webserver
from lab.aws.mwaa_request import RequestInvalidError

_LOOK_SECONDS = 0.05


class EnvironmentMissingError(Exception):
    """There is no environment of that name."""


class Environments:
    """All environments of all accounts and regions.

    The statuses are walked on a thread for each accepted call.
    """

    def __init__(self, deployment: Deployment, clock: StatusClock, history: History) -> None:
        self._deployment = deployment
        self._clock = clock
        self._history = history
        self._lock = threading.RLock()
        self._held: dict[tuple[Scope, str], Environment] = {}

    # -- the API's operations ------------------------------------------------------------------------------------

    def create(self, scope: Scope, parameters: Mapping[str, Any]) -> Environment:
        """Begin to create an environment.

        Raises:
            RequestInvalidError: the name is taken, or the source bucket is not usable.
        """
        self._check_bucket(parameters["SourceBucketArn"])
        name = parameters["Name"]
        fields = created_fields(parameters)
        _check_numbers(fields)
        with self._lock:
            if (scope, name) in self._held:
                raise RequestInvalidError(f"Environment {name} already exists")
            environment = Environment(name=name, scope=scope, fields=fields, tags=dict(parameters.get("Tags") or {}))
            self._held[scope, name] = environment
            self._history.call("CreateEnvironment", name, list(parameters), parameters)
            self._enter(environment, "CREATING")
        self._walk(environment, lambda: self._finish_create(environment))
        return environment

    def update(self, scope: Scope, parameters: Mapping[str, Any]) -> Environment:
        """Begin to update an environment.

        Raises:
            EnvironmentMissingError: there is none of that name.
            RequestInvalidError: it is busy, or the source bucket is not usable.
        """
        name = parameters["Name"]
        self.get(scope, name)
        if "SourceBucketArn" in parameters:
            self._check_bucket(parameters["SourceBucketArn"])
        with self._lock:
            environment = self._find(scope, name)
            if environment.status not in UPDATABLE:
                # AWS's own words for this are unconfirmed; the class is not (SDK model of UpdateEnvironment).
                message = f"Environment {name} cannot be updated while its status is {environment.status}"
                raise RequestInvalidError(message)
            old = environment.fields
            new = updated_fields(old, parameters)
            _check_numbers(new)
            self._history.call("UpdateEnvironment", name, changed_names(old, new), parameters)
            upgrade = old["AirflowVersion"] != new["AirflowVersion"]
            statuses = ["CREATING_SNAPSHOT", "UPDATING"] if upgrade else ["UPDATING"]
            delay, strategy = self._clock.before_update, parameters.get("WorkerReplacementStrategy")
            if not delay:
                self._begin_update(environment, new, strategy, statuses[0])

        def walk() -> None:
            if delay:
                self._clock.pause(delay)
                self._begin_update(environment, new, strategy, statuses[0])
            self._finish_update(environment, old, statuses)

        self._walk(environment, walk)
        return environment

    def delete(self, scope: Scope, name: str) -> None:
        """Begin to delete an environment.

        Raises:
            EnvironmentMissingError: there is none of that name.
            RequestInvalidError: it is busy.
        """
        with self._lock:
            environment = self._find(scope, name)
            if environment.status in PASSING:
                message = f"Environment {name} cannot be deleted while its status is {environment.status}"
                raise RequestInvalidError(message)
            self._history.call("DeleteEnvironment", name, [], {"Name": name})
            self._enter(environment, "DELETING")
        self._walk(environment, lambda: self._finish_delete(environment))

    def get(self, scope: Scope, name: str) -> Environment:
        """A copy of an environment as it is at this moment.

        Raises:
            EnvironmentMissingError: there is none of that name.
        """
        with self._lock:
            return copy.deepcopy(self._find(scope, name))

    def names(self, scope: Scope) -> list[str]:
        """The names of an account's environments in a region, sorted."""
        with self._lock:
            return sorted(name for held, name in self._held if held == scope)

    def tag(self, scope: Scope, name: str, *, add: Mapping[str, str], remove: Sequence[str] = ()) -> None:
        """Set and remove tags.

        Raises:
            EnvironmentMissingError: there is none of that name.
        """
        with self._lock:
            tags = self._find(scope, name).tags
            tags.update(add)
            for key in remove:
                tags.pop(key, None)

    # -- for the lab ---------------------------------------------------------------------------------------------

    def settled(self, scope: Scope, name: str) -> Environment | None:
        """Wait until an environment's status no longer passes by itself; None once it is gone.

        Raises:
            StoppedError: the lab is being shut down.
        """
        while True:
            try:
                environment = self.get(scope, name)
            except EnvironmentMissingError:
                return None
            if environment.status not in PASSING:
                return environment
            self._clock.pause(_LOOK_SECONDS)

    def set_status(self, name: str, status: str) -> None:
        """Put every environment of a name into a status that MWAA would enter on its own (MAINTENANCE, say).

        Raises:
            EnvironmentMissingError: there is none of that name.
            RequestInvalidError: it is no status of the API.
        """
        if status not in STATUSES:
            raise RequestInvalidError(f"{status} is no environment status")
        with self._lock:
            for environment in self._named(name):
                self._enter(environment, status)

    def webserver(self, name: str) -> Webserver | None:
        """The live web server of the first environment of a name, whatever its region; None while there is none.

        Raises:
            EnvironmentMissingError: there is no environment of that name.
        """
        with self._lock:
            return self._named(name)[0].webserver

    def clear(self) -> None:
        """Forget every environment; walks under way end without effect."""
        with self._lock:
            self._held.clear()
            self._history.clear()
        self._deployment.clear()

    # -- walks ---------------------------------------------------------------------------------------------------

    def _finish_create(self, environment: Environment) -> None:
        self._clock.wait_status()
        failure = self._deployment.bring(environment)
        with self._lock:
            if failure:
                environment.last_update = LastUpdate(status="FAILED", error=failure.message)
            self._enter(environment, "CREATE_FAILED" if failure else "AVAILABLE")

    def _begin_update(
        self, environment: Environment, fields: dict[str, Any], strategy: str | None, status: str
    ) -> None:
        with self._lock:
            environment.fields = fields
            environment.last_update = LastUpdate(status="PENDING", worker_replacement_strategy=strategy)
            self._enter(environment, status)

    def _finish_update(self, environment: Environment, old: dict[str, Any], statuses: Sequence[str]) -> None:
        for status in statuses:
            if status != environment.status:
                self._enter(environment, status)
            self._clock.wait_status()
        failure = self._deployment.bring(environment)
        if failure is None:
            self._end_update(environment, "AVAILABLE", None)
            return
        with self._lock:
            environment.fields = old
            self._enter(environment, "ROLLING_BACK")
        self._clock.wait_status()
        stranded = failure.reached_airflow and self._deployment.deploy(environment)
        self._end_update(environment, "UNAVAILABLE" if stranded else "UPDATE_FAILED", failure.message)

    def _end_update(self, environment: Environment, status: str, error: str | None) -> None:
        with self._lock:
            if environment.last_update:
                environment.last_update.status = "FAILED" if error else "SUCCESS"
                environment.last_update.error = error
            self._enter(environment, status)

    def _finish_delete(self, environment: Environment) -> None:
        self._clock.wait_status()
        self._deployment.remove(environment)
        with self._lock:
            self._enter(environment, "DELETED")
            self._held.pop((environment.scope, environment.name), None)

    def _walk(self, environment: Environment, steps: Callable[[], None]) -> None:
        def run() -> None:
            try:
                steps()
            except StoppedError:
                return

        threading.Thread(target=run, name=f"mwaa-{environment.name}", daemon=True).start()

    def _enter(self, environment: Environment, status: str) -> None:
        with self._lock:
            if self._held.get((environment.scope, environment.name)) is environment:
                environment.status = status
                self._history.status(environment.name, status)

    def _find(self, scope: Scope, name: str) -> Environment:
        try:
            return self._held[scope, name]
        except KeyError:
            raise EnvironmentMissingError(f"Environment {name} not found") from None

    def _named(self, name: str) -> list[Environment]:
        found = [environment for (_, held), environment in self._held.items() if held == name]
        if not found:
            raise EnvironmentMissingError(f"Environment {name} not found")
        return found

    def _check_bucket(self, bucket_arn: str) -> None:
        if problem := self._deployment.bucket_problem(bucket_arn):
            raise RequestInvalidError(problem)


def _check_numbers(fields: Mapping[str, Any]) -> None:
    for low, high in (("MinWorkers", "MaxWorkers"), ("MinWebservers", "MaxWebservers")):
        if fields[low] > fields[high]:
            raise RequestInvalidError(f"{low} ({fields[low]}) must not exceed {high} ({fields[high]})")
