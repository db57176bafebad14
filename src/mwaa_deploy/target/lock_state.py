"""The lock as it lies at the target, `mwaa-deploy/<target>/lock.json`, and who may take it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mwaa_deploy.errors import LockHeld
from mwaa_deploy.ports import Bucket

LEASE = timedelta(minutes=15)
"""How long a lease holds without being renewed."""

SKEW = timedelta(minutes=2)
"""By how much the clocks of two machines may differ: a lease is another's that much longer than it says."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who wants the lock, or has it.

    Attributes:
        owner: this one process; no other has the same, not even of the same job, as a matrix has many.
        commit: full SHA of what is deployed.
        run_url: address of the run; '' on a laptop.
        run: the workflow run in all its attempts; '' on a laptop.
        attempt: which of them, from 1.
    """

    owner: str
    commit: str
    run_url: str = ""
    run: str = ""
    attempt: int = 0

    def is_after(self, other: "Holder") -> bool:
        """Whether the other one is of an earlier attempt of the same run, which is over: GitHub runs one at a time."""
        return bool(self.run) and self.run == other.run and self.attempt > other.attempt


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
    """Whether the lock may be had: free, our own, or left by one that is gone."""
    if found.holder is None:
        return Taking.TAKE
    if found.holder.owner == me.owner or me.is_after(found.holder):
        return Taking.TAKE_OVER
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
        holder = Holder(
            owner=str(plain["owner"]),
            commit=str(plain["commit"]),
            run_url=str(plain["run_url"]),
            run=str(plain.get("run") or ""),  # versions before did not write it
            attempt=int(plain.get("attempt") or 0),
        )
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


def write_lock(bucket: Bucket, target: str, wanted: LockState, *, now: datetime, commit: str) -> LockState:
    """Write the lock as it is wanted in place of the one with its ETag; as it is then."""
    expires = now + LEASE if wanted.holder else None
    state = replace(wanted, since=wanted.since if wanted.holder else None, expires=expires)
    body = (json.dumps(_plain(state, now), indent=1, sort_keys=True) + "\n").encode()
    sha256 = hashlib.sha256(body).hexdigest()
    stored = bucket.put_if(lock_key(target), body, sha256=sha256, commit=commit, etag=wanted.etag)
    return replace(state, etag=stored.etag)


def _plain(state: LockState, now: datetime) -> Mapping[str, str | int | None]:
    holder = state.holder
    return {
        "owner": holder.owner if holder else None,
        "commit": holder.commit if holder else None,
        "run_url": holder.run_url if holder else None,
        "run": holder.run if holder else None,
        "attempt": holder.attempt if holder else None,
        "since": state.since.isoformat() if state.since else None,
        "expires": state.expires.isoformat() if state.expires else None,
        # no two states of the lock have the same bytes, so that none has another's ETag
        "written": now.isoformat(),
    }
