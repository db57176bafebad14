"""The account that is asked: its clients, and the place in it that the confirmations may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from confirm.scratch import Scratch
from mwaa_deploy.ports import Clock, EnvironmentState, Log
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.change_sets import ChangeSetOptions
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.stack import CloudFormationStack


class Clients(Protocol):
    """Makes clients, as mwaa_deploy.target.credentials.AwsClients does."""

    @property
    def region(self) -> str:
        """The Region, such as eu-west-1."""

    def client(self, service: str) -> Any:  # noqa: ANN401 -- boto3 makes them at run time
        """The client of a service by boto3's name."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What the confirmations are given.

    Attributes:
        bucket_name: a versioned bucket, in which keys below `scratch.prefix` are written.
        environment_name: an MWAA environment that is only looked at; '' for none.
        env: variables of the process, for GitHub's.
        interval: seconds between two looks at a stack, in the long run.
    """

    clients: Clients
    bucket_name: str
    environment_name: str
    scratch: Scratch
    env: Mapping[str, str]
    clock: Clock
    log: Log
    interval: float = 5
    _states: dict[str, EnvironmentState | None] = field(default_factory=dict)

    @cached_property
    def bucket(self) -> S3Bucket:
        """The bucket, as a deployment sees it."""
        return self.bucket_with_key("")

    def bucket_with_key(self, kms_key: str) -> S3Bucket:
        """The bucket, as a deployment sees it that encrypts with a key."""
        return S3Bucket(self.clients.client("s3"), self.bucket_name, self.log, kms_key=kms_key)

    @property
    def cloudformation(self) -> Any:  # noqa: ANN401 -- boto3 makes them at run time
        """The client of CloudFormation."""
        return self.clients.client("cloudformation")

    @property
    def mwaa(self) -> Any:  # noqa: ANN401 -- boto3 makes them at run time
        """The client of MWAA."""
        return self.clients.client("mwaa")

    def new_stack(self, options: ChangeSetOptions | None = None) -> CloudFormationStack:
        """A stack that does not exist yet, as a deployment sees it; it is deleted in the end."""
        return self.stack(self.scratch.new_stack_name(), options)

    def stack(self, name: str, options: ChangeSetOptions | None = None) -> CloudFormationStack:
        """A stack, as a deployment with these options sees it."""
        return CloudFormationStack(
            self.cloudformation, name, clock=self.clock, options=options, interval=self.interval, change_set_timeout=300
        )

    def environment(self) -> EnvironmentState | None:
        """The environment as GetEnvironment tells it, asked once; None if none was named."""
        name = self.environment_name
        if name and name not in self._states:
            self._states[name] = MwaaEnvironments(self.mwaa).get(name)
        return self._states.get(name)
