"""The earlier records of a target. Nothing keeps them but the bucket's own versioning."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mwaa_deploy.errors import RecordUnreadable
from mwaa_deploy.ports import Bucket
from mwaa_deploy.target.record import Record, decode_record, record_key

LIMIT = 50
"""Records with different files that are looked into at most: each has a line for every DAG file."""

VERSIONS_LIMIT = 1000
"""Versions that are looked into at most, each of them a request: a commit that changes nothing puts its name into the
record, so that many of them may have the same files."""


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
    bucket: Bucket,
    stack: str,
    *,
    skipped: Callable[[str], None],
    limit: int = LIMIT,
    versions_limit: int = VERSIONS_LIMIT,
) -> Iterator[RecordedAt]:
    """The records of a stack, newest first: the present one, then what it replaced. Each is fetched when it is wanted.

    Args:
        bucket: where they lie.
        stack: the stack's name.
        skipped: is told of each version that cannot be read, and of older ones that are not looked into, a sentence.
        limit: how many records with different files are looked into; those with the same ones count once.
        versions_limit: how many versions are looked into.
    """
    key = record_key(stack)
    versions = (found for found in bucket.versions_under(key) if found.key == key)
    contents: set[str] = set()
    for count, found in enumerate(versions):
        if count == versions_limit:
            skipped(
                f"The record s3://{bucket.name}/{key} has more than {versions_limit} versions; that of "
                f"{found.at:%Y-%m-%d %H:%M} UTC and older ones are not looked into."
            )
            return
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
        contents.add(record.files_digest)
        if len(contents) > limit:
            return
        yield RecordedAt(record=record, version=found.version, at=found.at)
