"""What an environment's containers said while they installed requirements and ran the startup script."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mwaa_deploy.ports import LogLine
from mwaa_deploy.target.aws_errors import aws_errors, code_of

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

_GROUP = re.compile(r"arn:[^:]+:logs:[^:]*:[^:]*:log-group:(?P<name>[^:]+)(:\*)?")


class CloudWatchLogs:
    """Fills the InstallLogs port.

    Args:
        client: a boto3 client of CloudWatch Logs.
    """

    def __init__(self, client: "BaseClient") -> None:
        self._client = client

    def lines(self, group: str, prefix: str, since: datetime) -> Iterator[LogLine]:
        """The lines of the streams with a prefix, oldest first; none if there is no such log group.

        Args:
            group: the log group's ARN, as GetEnvironment tells it.
            prefix: how the names of the streams begin.
            since: lines before it are left out.

        Raises:
            AwsAccessDenied: the logs may not be read.
            AwsUnavailable: CloudWatch does not answer.
        """
        named = _GROUP.fullmatch(group)
        name = named["name"] if named else group
        with aws_errors("logs:FilterLogEvents", f"{group.removesuffix(':*')}:*"):
            try:
                yield from self._lines(name, prefix, since)
            except ClientError as e:
                if code_of(e) != "ResourceNotFoundException":
                    raise

    def _lines(self, group: str, prefix: str, since: datetime) -> Iterator[LogLine]:
        paginator: Any = self._client.get_paginator("filter_log_events")  # type: ignore[no-untyped-call]
        pages = paginator.paginate(
            logGroupName=group, logStreamNamePrefix=prefix, startTime=int(since.timestamp() * 1000)
        )
        for page in pages:
            for event in page["events"]:
                # Not every implementation of the API heeds the prefix.
                if event["logStreamName"].startswith(prefix):
                    at = datetime.fromtimestamp(event["timestamp"] / 1000, tz=UTC)
                    yield LogLine(stream=event["logStreamName"], at=at, text=event["message"])
