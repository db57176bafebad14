"""What happens behind an environment's passing status: its fields become a running Airflow, or an error."""

import threading
from contextlib import suppress
from dataclasses import dataclass

from lab.aws.emulator import Emulator
from lab.aws.environment import Environment
from lab.aws.install_logs import InstallLogs
from lab.aws.live_airflow import LiveAirflow, LiveAirflowFailedError
from lab.aws.source_bucket import SourceBucket


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an environment could not be brought to its fields.

    Attributes:
        reached_airflow: whether its Airflow may have been changed before it failed.
    """

    message: str
    reached_airflow: bool


class Deployment:
    """Brings environments to their fields.

    Args:
        live: where real Airflows come from; None leaves it at checking the object versions.
    """

    def __init__(self, emulator: Emulator, live: LiveAirflow | None) -> None:
        self._emulator = emulator
        self._live = live
        self._bucket = SourceBucket(emulator)
        self._logs = InstallLogs(emulator)
        self._lock = threading.Lock()
        self._demanded: dict[str, list[str]] = {}

    def fail_next(self, name: str, message: str, times: int) -> None:
        """Let the next creations or updates of an environment fail, whether or not it exists yet."""
        with self._lock:
            self._demanded[name] = [message] * times

    def clear(self) -> None:
        """Forget the failures asked for."""
        with self._lock:
            self._demanded.clear()

    def bucket_problem(self, bucket_arn: str) -> str | None:
        """Why MWAA would refuse a source bucket, or None. Within the scope of a request."""
        return self._bucket.problem(bucket_arn)

    def bring(self, environment: Environment) -> Failure | None:
        """Bring an environment to its fields; None when that went well.

        Raises:
            StoppedError: the lab is being shut down.
        """
        with self._lock:
            demanded = self._demanded.get(environment.name)
            if demanded:
                return Failure(message=demanded.pop(0), reached_airflow=False)
        return self.deploy(environment)

    def remove(self, environment: Environment) -> None:
        """Stop an environment's Airflow. The environment is gone even when that fails."""
        if self._live:
            with suppress(LiveAirflowFailedError):
                self._live.delete(environment.name)

    def deploy(self, environment: Environment) -> Failure | None:
        """`bring`, but never failing on demand: the way back.

        Raises:
            StoppedError: the lab is being shut down.
        """
        with self._emulator.within(environment.scope):
            artefacts, problem = self._bucket.artefacts(environment.fields)
        if problem:
            return Failure(message=problem, reached_airflow=False)
        if self._live is None:
            return None
        try:
            environment.webserver = self._live.deploy(environment.name, environment.fields, artefacts)
        except LiveAirflowFailedError as failure:
            return Failure(message=str(failure), reached_airflow=True)
        finally:
            with suppress(LiveAirflowFailedError):
                self._logs.publish(environment, self._live.installation(environment.name))
        return None
