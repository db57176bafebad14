"""The earlier records of a target. Nothing keeps them but the bucket's own versioning."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mwaa_deploy.errors import RecordUnreadable
from mwaa_deploy.ports import Bucket
from mwaa_deploy.target.record import Record, decode_record, record_key

LIMIT = 50
"""Records that are looked into at most: each is a request, and has a line for every DAG file."""


@dataclass(frozen=True, kw_only=True)
class RecordedAt:
    """A record, and where in the history it stands.

    Attributes:
        version: its object version.
        at: when it was written, by S3's clock.
    """

    record: Record
    version: str
    at: datetime


def read_history(
    bucket: Bucket, stack: str, *, skipped: Callable[[str], None], limit: int = LIMIT
) -> Iterator[RecordedAt]:
    """The records of a stack, newest first: the present one, then what it replaced. Each is fetched when it is wanted.

    Args:
        bucket: where they lie.
        stack: the stack's name.
        skipped: is told of each version that cannot be read, a sentence.
        limit: how many versions are looked into.
    """
    key = record_key(stack)
    versions = (found for found in bucket.versions_under(key) if found.key == key)
    for _, found in zip(range(limit), versions, strict=False):
        where = f"s3://{bucket.name}/{key} (version {found.version})"
        body = bucket.read(key, found.version)
        if body is None:
            skipped(f"The record {where} is gone.")
            continue
        try:
            record = decode_record(body, where=where)
        except RecordUnreadable as e:
            skipped(e.what)
            continue
        yield RecordedAt(record=record, version=found.version, at=found.at)
