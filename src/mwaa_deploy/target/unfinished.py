"""The note a deployment leaves before it changes what is live, and takes away after it has written the record.

Where one is found, a deployment did not come to its end. The record then still tells the state before it, and equal
sizes in a listing do not prove equal content: what the note names counts as unknown, so that even a return to the
recorded commit is carried out. It also tells of the change that was begun, so that the next deployment can wait for it
and know how it ended.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mwaa_deploy.ports import Bucket
from mwaa_deploy.target.environment_update import Before
from mwaa_deploy.target.plain_values import moment, moment_or_none

_ADDRESS = re.compile(r"https?://[\w./:-]+")


@dataclass(frozen=True, kw_only=True)
class BegunChange:
    """A change of the stack, or of an environment without one, that was begun.

    Attributes:
        since: when, by the clock of the run.
        run_url: address of the run; '' on a laptop.
        before: what the environment showed before it; None if there was none.
        stack_done_at: when the stack was done, and only MWAA's update was still to be waited for; None before.
        expected: minutes, at least and at most, that it was to take.
    """

    since: datetime
    run_url: str = ""
    before: Before | None = None
    stack_done_at: datetime | None = None
    expected: tuple[int, int] = (0, 0)


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """What a deployment was about to change.

    Attributes:
        stack: whether it executed a change set, or asked MWAA itself for an update.
        dags: paths relative to the DAG prefix that it was to upload.
        everything: the note cannot be read, so nothing is known.
        change: the change of the stack, if one was begun and the note tells of it.
        restores: for a roll-back, the object version of the record that it went back to; else ''.
        record: ETag of the record before, '' if there was none; None where no note tells. It is all that is told of
            deletions, of which nothing stays in doubt.
    """

    stack: bool = False
    dags: frozenset[str] = frozenset()
    everything: bool = False
    change: BegunChange | None = None
    restores: str = ""
    record: str | None = None

    def touches_dag(self, name: str) -> bool:
        """Whether a DAG file's content in the bucket is unknown."""
        return self.everything or name in self.dags

    @property
    def touches_stack(self) -> bool:
        """Whether the stack's template is unknown."""
        return self.everything or self.stack

    @property
    def none(self) -> bool:
        """Whether the last deployment came to its end."""
        return not (self.stack or self.dags or self.everything or self.record is not None)

    def came_to_its_end(self, record_etag: str | None) -> bool:
        """Whether the deployment has written its record after all, and only the note was left.

        Args:
            record_etag: of the record as it is now.
        """
        return self.record is not None and self.record != (record_etag or "")


def unfinished_key(stack: str) -> str:
    """Where the note lies in the bucket."""
    return f"mwaa-deploy/{stack}/unfinished.json"


def read_unfinished(bucket: Bucket, stack: str) -> Unfinished:
    """What a deployment that did not come to its end may have changed; an unreadable note means everything."""
    body = bucket.read(unfinished_key(stack))
    if body is None:
        return Unfinished()
    try:
        plain = json.loads(body)
        change = plain.get("change")
        return Unfinished(
            stack=bool(plain["stack"]),
            dags=frozenset(map(str, plain["dags"])),
            change=None if change is None else _change(change),
            restores=str(plain.get("restores") or ""),
            record=None if plain.get("record") is None else str(plain["record"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Unfinished(everything=True)


def write_unfinished(bucket: Bucket, stack: str, unfinished: Unfinished, *, commit: str) -> None:
    """Leave the note, before anything it names is changed."""
    plain: dict[str, Any] = {"stack": unfinished.touches_stack, "dags": sorted(unfinished.dags)}
    if unfinished.record is not None:
        plain["record"] = unfinished.record
    if unfinished.restores:
        plain["restores"] = unfinished.restores
    if unfinished.change is not None:
        plain["change"] = _plain(unfinished.change)
    body = (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode()
    bucket.put(unfinished_key(stack), body, sha256=hashlib.sha256(body).hexdigest(), commit=commit)


def clear_unfinished(bucket: Bucket, stack: str) -> None:
    """Take the note away, after the record was written."""
    bucket.delete([unfinished_key(stack)])


def _plain(change: BegunChange) -> dict[str, Any]:
    earlier = change.before
    at = earlier.last_update_at if earlier else None
    return {
        "since": change.since.isoformat(),
        "run_url": change.run_url,
        "before": earlier and {"status": earlier.status, "last_update_at": at and at.isoformat()},
        "stack_done_at": change.stack_done_at and change.stack_done_at.isoformat(),
        "expected_minutes": list(change.expected),
    }


def _change(plain: Mapping[str, Any]) -> BegunChange:
    least, most = plain["expected_minutes"]
    earlier = plain["before"]
    return BegunChange(
        since=moment(plain["since"]),
        # It is shown in a log where a line could be a command.
        run_url=plain["run_url"] if _ADDRESS.fullmatch(plain["run_url"]) else "",
        before=None if earlier is None else _before(earlier),
        stack_done_at=moment_or_none(plain["stack_done_at"]),
        expected=(int(least), int(most)),
    )


def _before(plain: Mapping[str, Any]) -> Before:
    return Before(status=str(plain["status"]), last_update_at=moment_or_none(plain["last_update_at"]))
