"""What the confirmations make in an account, and that all of it goes again."""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaa_deploy.ports import Clock
from mwaa_deploy.target.aws_errors import names_missing_stack

PREFIX = "mwaa-deploy-confirm"
"""How every key and every stack's name begins."""

_STACK_TIMEOUT = 300


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """Keys and stacks of one run.

    Attributes:
        prefix: of all keys, ending in a slash; no other run has it.
        stack_names: of all stacks that may be there.
    """

    s3: Any
    cloudformation: Any
    bucket: str
    clock: Clock
    prefix: str = field(default_factory=lambda: f"{PREFIX}/{uuid.uuid4()}/")
    stack_names: list[str] = field(default_factory=list)

    def new_stack_name(self) -> str:
        """A name that no stack has; whatever comes to have it is deleted in the end."""
        name = f"{PREFIX}-{secrets.token_hex(6)}"
        self.stack_names.append(name)
        return name

    def clean_up(self) -> tuple[str, ...]:
        """Remove everything; what would not go, a line each.

        All deletions are asked for before one is waited for: a run that is stopped has seconds.
        """
        return (*self._delete_stacks(), *self._delete_objects(), *self._stacks_left())

    def _delete_stacks(self) -> Iterator[str]:
        for name in self.stack_names:
            with _told(f"stack {name}") as left:
                self.cloudformation.delete_stack(StackName=name)
            yield from left

    def _stacks_left(self) -> Iterator[str]:
        for name in self.stack_names:
            with _told(f"stack {name}") as left:
                if status := self._wait_until_gone(name):
                    left.append(f"stack {name}: {status}")
            yield from left

    def _wait_until_gone(self, name: str) -> str:
        """The status of a stack that would not go; '' once it is gone."""
        started = self.clock.now()
        while True:
            try:
                status: str = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            except ClientError as e:
                if names_missing_stack(e):
                    return ""
                raise
            if status == "DELETE_COMPLETE":
                return ""
            late = (self.clock.now() - started).total_seconds() >= _STACK_TIMEOUT
            if status == "DELETE_FAILED" or late:
                return status
            self.clock.sleep(2)

    def _delete_objects(self) -> Iterator[str]:
        """Versions and delete markers go one by one; a plain deletion would leave them all."""
        with _told(f"s3://{self.bucket}/{self.prefix}") as left:
            for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=self.prefix):
                found = [
                    {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                    for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
                ]
                if found:  # at most a thousand, as many as DeleteObjects takes
                    answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": found, "Quiet": True})
                    errors = answer.get("Errors", ())
                    left += [f"s3://{self.bucket}/{error['Key']}: {error['Message']}" for error in errors]
        yield from left


@contextmanager
def _told(what: str) -> Iterator[list[str]]:
    """A list for what is left, which AWS's refusals are added to."""
    left: list[str] = []
    try:
        yield left
    except (ClientError, BotoCoreError) as e:
        left.append(f"{what}: {e}")
