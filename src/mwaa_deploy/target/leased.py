"""A target's ports while we hold its lock: every write first makes sure that it is still ours, every wait renews it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from mwaa_deploy.errors import AwsUnavailable
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import (
    Bucket,
    ChangeSet,
    Clock,
    Environment,
    EnvironmentState,
    FetchedObject,
    Listed,
    ObjectVersion,
    Seen,
    Stack,
    StackEvent,
    StackParameter,
    StackState,
    StoredObject,
)
from mwaa_deploy.target.lock import RENEW_AFTER, Lease
from mwaa_deploy.target.ports_of_target import Target


def leased(target: Target, lease: Lease) -> Target:
    """The same target, changed only while the lease holds."""
    return replace(
        target,
        bucket=LeasedBucket(target.bucket, lease),
        stack=LeasedStack(target.stack, lease),
        environments=LeasedEnvironments(target.environments, lease),
        clock=LeasedClock(target.clock, lease),
        still_ours=lease.confirm,
    )


class LeasedClock:
    """Fills the Clock port: renews the lease while somebody sleeps."""

    def __init__(self, clock: Clock, lease: Lease) -> None:
        self._clock = clock
        self._lease = lease

    def now(self) -> datetime:
        """The present moment in UTC."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            LockLost: another deployment has taken the lock over meanwhile.
            AwsUnavailable: S3 has not answered for so long that the lease is nearly over.
        """
        most = RENEW_AFTER.total_seconds()
        while seconds > 0:
            self._renew()
            self._clock.sleep(min(seconds, most))
            seconds -= most
        self._renew()

    def _renew(self) -> None:
        try:
            self._lease.require()
        except AwsUnavailable:
            # A wait writes nothing, so that it can try again until there is no time left for it.
            if self._lease.left <= 2 * RENEW_AFTER:
                raise


class LeasedBucket:
    """Fills the Bucket port; put, put_if and delete raise LockLost besides."""

    def __init__(self, bucket: Bucket, lease: Lease) -> None:
        self._bucket = bucket
        self._lease = lease
        self.name = bucket.name

    def check(self) -> None:
        """As the bucket itself."""
        self._bucket.check()

    def head(self, key: str, version: str | None = None) -> StoredObject | None:
        """As the bucket itself."""
        return self._bucket.head(key, version)

    def read(self, key: str, version: str | None = None) -> bytes | None:
        """As the bucket itself."""
        return self._bucket.read(key, version)

    def fetch(self, key: str) -> FetchedObject | None:
        """As the bucket itself."""
        return self._bucket.fetch(key)

    def list(self, prefix: str) -> Iterator[Listed]:
        """As the bucket itself."""
        return self._bucket.list(prefix)

    def versions_under(self, prefix: str) -> Iterator[ObjectVersion]:
        """As the bucket itself."""
        return self._bucket.versions_under(prefix)

    def put(self, key: str, body: bytes | Path, *, sha256: str, commit: str, seen: Seen | None = None) -> StoredObject:
        """Write a new version, if the lock is ours."""
        self._lease.require()
        return self._bucket.put(key, body, sha256=sha256, commit=commit, seen=seen)

    def put_if(self, key: str, body: bytes, *, sha256: str, commit: str, etag: str | None) -> StoredObject:
        """Write a new version on condition, if the lock is ours."""
        self._lease.require()
        return self._bucket.put_if(key, body, sha256=sha256, commit=commit, etag=etag)

    def delete(self, keys: Sequence[str], *, seen: Mapping[str, str] | None = None) -> None:
        """Delete, if the lock is ours."""
        self._lease.require()
        self._bucket.delete(keys, seen=seen)


class LeasedEnvironments:
    """Fills the Environment port; update raises LockLost besides."""

    def __init__(self, environments: Environment, lease: Lease) -> None:
        self._environments = environments
        self._lease = lease

    def get(self, name: str) -> EnvironmentState | None:
        """As the control plane itself."""
        return self._environments.get(name)

    def update(
        self, name: str, *, versions: Mapping[Part, str], paths: Mapping[Part, str], worker_replacement: str = ""
    ) -> None:
        """Ask for an update, if the lock is ours."""
        self._lease.require()
        self._environments.update(name, versions=versions, paths=paths, worker_replacement=worker_replacement)


class LeasedStack:
    """Fills the Stack port; all that changes the stack raises LockLost besides."""

    def __init__(self, stack: Stack, lease: Lease) -> None:
        self._stack = stack
        self._lease = lease
        self.name = stack.name

    def state(self) -> StackState | None:
        """As the stack itself."""
        return self._stack.state()

    def template(self) -> str | None:
        """As the stack itself."""
        return self._stack.template()

    def create_change_set(
        self,
        *,
        template: str,
        parameters: Sequence[StackParameter],
        create: bool,
        description: str,
        revert_drift: bool = False,
    ) -> ChangeSet:
        """Create a change set, if the lock is ours."""
        self._lease.require()
        return self._stack.create_change_set(
            template=template,
            parameters=parameters,
            create=create,
            description=description,
            revert_drift=revert_drift,
        )

    def delete_change_set(self, change_set: ChangeSet) -> None:
        """As the stack itself: what is deleted is our own."""
        self._stack.delete_change_set(change_set)

    def execute(
        self,
        change_set: ChangeSet,
        *,
        timeout: float,
        on_event: Callable[[StackEvent], None],
        on_look: Callable[[str], None] | None = None,
    ) -> StackState:
        """Execute a change set, if the lock is ours, and renew it at each look."""
        self._lease.require()
        return self._stack.execute(change_set, timeout=timeout, on_event=on_event, on_look=self._looked(on_look))

    def protect(self) -> None:
        """Protect the stack, if the lock is ours."""
        self._lease.require()
        self._stack.protect()

    def delete_never_created(
        self,
        *,
        timeout: float,
        on_event: Callable[[StackEvent], None],
        on_look: Callable[[str], None] | None = None,
    ) -> None:
        """Delete a stack that never was, if the lock is ours, and renew it at each look."""
        self._lease.require()
        self._stack.delete_never_created(timeout=timeout, on_event=on_event, on_look=self._looked(on_look))

    def _looked(self, on_look: Callable[[str], None] | None) -> Callable[[str], None]:
        def looked(status: str) -> None:
            self._lease.require()
            if on_look:
                on_look(status)

        return looked
