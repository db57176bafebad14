"""The lock of a target: one deployment at a time changes it, whichever workflow or laptop it comes from.

It is an object that is never deleted, `mwaa-deploy/<target>/lock.json`, and changes hands by conditional writes only:
of two that want it, S3 lets one have it. A lease ends by itself, so that a run that was killed is soon in nobody's way.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from mwaa_deploy.errors import LockHeld, LockLost, MwaaDeployError, ObjectChanged
from mwaa_deploy.ports import Bucket, Clock, Log
from mwaa_deploy.target.heartbeat import Heartbeat, elapsed
from mwaa_deploy.target.lock_state import (
    LEASE,
    Holder,
    LockState,
    Taking,
    lock_key,
    may_take,
    read_lock,
    write_lock,
)

RENEW_AFTER = timedelta(minutes=3)
"""Age from which the next write or look renews a lease."""

_POLL = 15


class Lease:
    """The lock while it is ours; several threads may ask.

    Args:
        bucket: where the lock lies.
        target: whose lock it is.
        holder: we.
        clock: ours.
        state: the lock as we have written it.
    """

    def __init__(self, bucket: Bucket, target: str, holder: Holder, clock: Clock, state: LockState) -> None:
        self._bucket, self._target, self._holder, self._clock = bucket, target, holder, clock
        self._state = state
        self._renewed = clock.now()
        self._guard = threading.Lock()

    def require(self) -> None:
        """See to it that the lock is still ours before something is written, and for a while after.

        Raises:
            LockLost: another deployment has taken it over.
        """
        with self._guard:
            if self._clock.now() - self._renewed >= RENEW_AFTER:
                self._write(self._holder)

    @property
    def left(self) -> timedelta:
        """How long it is ours yet if it is not renewed."""
        return self._renewed + LEASE - self._clock.now()

    def confirm(self) -> None:
        """Ask S3 whether the lock is ours at this moment.

        Raises:
            LockLost: another deployment has taken it over.
        """
        with self._guard:
            self._write(self._holder)

    def release(self) -> None:
        """Free it."""
        with self._guard:
            self._write(None)

    def _write(self, holder: Holder | None) -> None:
        now = self._clock.now()
        since = self._state.since or now
        try:
            self._state = write_lock(
                self._bucket,
                self._target,
                LockState(etag=self._state.etag, holder=holder, since=since),
                now=now,
                commit=self._holder.commit,
            )
        except ObjectChanged as e:
            raise LockLost(
                f"Another deployment has taken over the lock of {self._target}.",
                meaning="This run has not been heard of for longer than its lease, as when its machine was asleep. "
                "It begins nothing any more. What it had asked for before may still be carried out, but S3 refuses to "
                "upload or delete a DAG file late that the other run has given other content. That one looks at the "
                "target anew, and the next one mends what arrives after it.",
                mend="Run the job again, if its commit is still the newest.",
            ) from e
        self._renewed = now


@contextmanager
def hold(
    bucket: Bucket, target: str, me: Holder, *, clock: Clock, log: Log, timeout: float, notes: list[str]
) -> Iterator[Lease]:
    """Have the lock for the block.

    Args:
        target: name of the target.
        timeout: seconds to wait for it.
        notes: is told what is worth knowing of how we came by it.

    Raises:
        LockHeld: another deployment has it for longer; nothing was changed.
    """
    lease = _take(bucket, target, me, clock=clock, log=log, timeout=timeout, notes=notes)
    try:
        yield lease
    finally:
        _free(lease, log)


def _free(lease: Lease, log: Log) -> None:
    """Free the lock. That it cannot be is no failure of the deployment: the lease ends by itself."""
    try:
        lease.release()
    except MwaaDeployError as e:
        log.info(f"The lock was not freed, and holds for another {LEASE.seconds // 60} minutes at most: {e.what}")


def _take(
    bucket: Bucket, target: str, me: Holder, *, clock: Clock, log: Log, timeout: float, notes: list[str]
) -> Lease:
    started, heartbeat = clock.now(), Heartbeat(log, clock)
    waited_for: list[str] = []
    while True:
        found = read_lock(bucket, target)
        taking = may_take(found, me, clock.now())
        if taking is not Taking.WAIT:
            try:
                wanted = LockState(etag=found.etag, holder=me, since=clock.now())
                state = write_lock(bucket, target, wanted, now=clock.now(), commit=me.commit)
            except ObjectChanged:
                continue  # another one was faster
            if taking is Taking.TAKE_OVER and found.holder and not me.is_after(found.holder):
                notes.append(f"The lock was taken over from {_name(found.holder)}, which was not heard of any more.")
            if waited_for:
                notes.append(f"Waited {elapsed(started, clock.now())} for {'; '.join(waited_for)}.")
            return Lease(bucket, target, me, clock, state)
        assert found.holder  # noqa: S101 -- nobody waits for a lock that is free
        name = _name(found.holder)
        if name not in waited_for:
            waited_for.append(name)
        if (clock.now() - started).total_seconds() >= timeout:
            raise _held(bucket, target, found, waited=elapsed(started, clock.now()))
        heartbeat.beat(f"{name} holds the lock of {target}", since=found.since)
        clock.sleep(_POLL)


def _name(holder: Holder) -> str:
    return holder.run_url or f"a deployment of {holder.commit[:7]}"


def _held(bucket: Bucket, target: str, found: LockState, *, waited: str) -> LockHeld:
    holder = found.holder
    assert holder  # noqa: S101 -- nobody waits for a lock that is free
    return LockHeld(
        f"{_name(holder)} still holds the lock of {target} after this run has waited for {waited}.",
        meaning="Only one deployment at a time may change a target. This run has changed nothing.",
        mend="Run the job again when the other one has ended, or wait for longer:\n"
        "    with:\n      lock-timeout-minutes: 180\n"
        "A workflow that lets GitHub queue its runs seldom meets the lock:\n"
        "    concurrency:\n      group: mwaa-staging\n      cancel-in-progress: false\n"
        f"Only if that run is gone for good: aws s3 rm 's3://{bucket.name}/{lock_key(target)}'",
    )
