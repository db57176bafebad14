"""The lock of a target: one deployment at a time changes it, whichever workflow or laptop it comes from.

It is an object that is never deleted, `mwaa-deploy/<target>/lock.json`, and changes hands by conditional writes only:
of two that want it, S3 lets one have it. A lease ends by itself, so that a run that was killed is soon in nobody's way.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mwaa_deploy.errors import LockHeld, LockLost, MwaaDeployError, ObjectChanged
from mwaa_deploy.ports import Bucket, Clock, Log
from mwaa_deploy.target.heartbeat import Heartbeat, elapsed

LEASE = timedelta(minutes=15)
"""How long a lease holds without being renewed."""

RENEW_AFTER = timedelta(minutes=3)
"""Age from which the next write or look renews a lease."""

SKEW = timedelta(minutes=2)
"""By how much the clocks of two machines may differ: a lease is another's that much longer than it says."""

_POLL = 15


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who wants the lock, or has it.

    Attributes:
        owner: the workflow run, whatever its attempt; for a laptop, something that is no other's.
        commit: full SHA of what is deployed.
        run_url: address of the run; '' on a laptop.
    """

    owner: str
    commit: str
    run_url: str = ""


@dataclass(frozen=True, kw_only=True)
class LockState:
    """The lock as it lies at the target.

    Attributes:
        etag: what a write must name to take it; None if there has never been one.
        holder: whose it is; None if it is free.
        since: when the holder took it.
        expires: when it is free again, by the holder's clock.
    """

    etag: str | None
    holder: Holder | None = None
    since: datetime | None = None
    expires: datetime | None = None

    @property
    def free(self) -> bool:
        """Whether nobody has it."""
        return self.holder is None


class Taking(StrEnum):
    """What one who wants the lock may do."""

    TAKE = "take"
    TAKE_OVER = "take over"
    WAIT = "wait"


def may_take(found: LockState, me: Holder, now: datetime) -> Taking:
    """Whether the lock may be had: free, our own run's, or left by one that is gone."""
    if found.holder is None:
        return Taking.TAKE
    if found.holder.owner == me.owner:
        return Taking.TAKE_OVER  # an earlier attempt, as GitHub runs one at a time
    if found.expires is None or now >= found.expires + SKEW:
        return Taking.TAKE_OVER
    return Taking.WAIT


def lock_key(target: str) -> str:
    """Where the lock of a target lies in the bucket."""
    return f"mwaa-deploy/{target}/lock.json"


def read_lock(bucket: Bucket, target: str) -> LockState:
    """The lock as it is now.

    Raises:
        LockHeld: what lies there is no lock of ours, so that nobody can tell whether it is free.
    """
    key = lock_key(target)
    found = bucket.fetch(key)
    if found is None:
        return LockState(etag=None)
    try:
        plain = json.loads(found.body)
        if plain["owner"] is None:
            return LockState(etag=found.etag)
        holder = Holder(owner=str(plain["owner"]), commit=str(plain["commit"]), run_url=str(plain["run_url"]))
        since, expires = (_moment(plain[name]) for name in ("since", "expires"))
        return LockState(etag=found.etag, holder=holder, since=since, expires=expires)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as e:
        where = f"s3://{bucket.name}/{key}"
        raise LockHeld(
            f"The lock {where} cannot be read: {type(e).__name__}: {e}.",
            meaning="Something else, or a newer mwaa-deploy, wrote to that key. Nothing has been changed.",
            mend=f"aws s3 rm '{where}'  # if no deployment to this target is running",
        ) from e


def _moment(text: str) -> datetime:
    """A moment in UTC that can be reckoned with.

    Raises:
        ValueError: it is no moment, or says no time zone.
        OverflowError: it is at the very end of the calendar.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        message = f"{text} has no time zone"
        raise ValueError(message)
    moment = found.astimezone(UTC)
    _ = moment + SKEW  # a lease ends that much later than it says
    return moment


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
            self._state = _put(
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
                state = _put(bucket, target, wanted, now=clock.now(), commit=me.commit)
            except ObjectChanged:
                continue  # another one was faster
            if taking is Taking.TAKE_OVER and found.holder and found.holder.owner != me.owner:
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


def _put(bucket: Bucket, target: str, wanted: LockState, *, now: datetime, commit: str) -> LockState:
    """Write the lock as it is wanted in place of the one with its ETag; as it is then."""
    expires = now + LEASE if wanted.holder else None
    state = replace(wanted, since=wanted.since if wanted.holder else None, expires=expires)
    body = (json.dumps(_plain(state, now), indent=1, sort_keys=True) + "\n").encode()
    sha256 = hashlib.sha256(body).hexdigest()
    stored = bucket.put_if(lock_key(target), body, sha256=sha256, commit=commit, etag=wanted.etag)
    return replace(state, etag=stored.etag)


def _plain(state: LockState, now: datetime) -> Mapping[str, str | None]:
    holder = state.holder
    return {
        "owner": holder.owner if holder else None,
        "commit": holder.commit if holder else None,
        "run_url": holder.run_url if holder else None,
        "since": state.since.isoformat() if state.since else None,
        "expires": state.expires.isoformat() if state.expires else None,
        # no two states of the lock have the same bytes, so that none has another's ETag
        "written": now.isoformat(),
    }
