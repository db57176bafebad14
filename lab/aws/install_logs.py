"""What containers say while they install, as MWAA publishes it: to CloudWatch Logs, a stream for each container.

Names of streams and the form of a line are those of MWAA's image (amazon-mwaa-docker-images, mwaa/logging/config.py).
"""

import itertools
import time
from collections.abc import Sequence

from lab.aws.emulator import Emulator, EmulatorRefusedError
from lab.aws.environment import Environment
from lab.aws.live_airflow import InstallLog

#: Which log types each component of a live Airflow stands for.
_LOG_TYPES = {"hybrid": ("SchedulerLogs", "WorkerLogs"), "webserver": ("WebserverLogs",)}
#: Most events of one PutLogEvents call (CloudWatch Logs quotas).
_MOST_EVENTS = 10_000


class InstallLogs:
    """Publishes to the emulator's CloudWatch Logs."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._numbers = itertools.count(1)

    def publish(self, environment: Environment, logs: Sequence[InstallLog]) -> None:
        """Publish what an environment's containers said, to the log groups that are switched on."""
        configuration = environment.as_document()["LoggingConfiguration"]
        with self._emulator.within(environment.scope):
            for log in logs:
                for name in _LOG_TYPES[log.component]:
                    if arn := configuration.get(name, {}).get("CloudWatchLogGroupArn"):
                        self._write(arn.rpartition(":")[2], log)

    def _write(self, group: str, log: InstallLog) -> None:
        now = time.time()
        stream = (
            f"{log.kind}_ip-10-0-0-{next(self._numbers)}.{self._emulator.scope().region}.compute.internal_{now}.log"
        )
        self._make("CreateLogGroup", logGroupName=group)
        self._make("CreateLogStream", logGroupName=group, logStreamName=stream)
        events = [{"timestamp": int(now * 1000), "message": f"[INFO] - {line}"} for line in log.lines[:_MOST_EVENTS]]
        if events:
            self._emulator.ask(
                "logs", "Logs_20140328.PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=events
            )

    def _make(self, action: str, **what: str) -> None:
        try:
            self._emulator.ask("logs", f"Logs_20140328.{action}", **what)
        except EmulatorRefusedError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
