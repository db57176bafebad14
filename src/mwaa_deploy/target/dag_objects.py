"""What lies under the DAG prefix, and how much of its content is known."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from mwaa_deploy.bundle.manifest import Manifest
from mwaa_deploy.ports import Bucket, Listed
from mwaa_deploy.target.record import ObjectToken, Record

CALLS_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class DagObject:
    """An object under the DAG prefix.

    Attributes:
        size: bytes.
        etag: its change token, as a listing shows it.
        sha256: hex digest of its content; None when it was not asked for, or somebody else wrote it.
        version: its version id, where the digest is known.
    """

    size: int
    etag: str
    sha256: str | None = None
    version: str = ""

    @property
    def token(self) -> ObjectToken:
        """What a record keeps of it."""
        return ObjectToken(version=self.version, etag=self.etag)


def list_dags(bucket: Bucket, prefix: str) -> dict[str, Listed]:
    """The objects under the DAG prefix, by path relative to it; folder markers are no files."""
    start = prefix + "/"
    return {found.key.removeprefix(start): found for found in bucket.list(start) if not found.key.endswith("/")}


def recognise(listed: Mapping[str, Listed], record: Record | None) -> dict[str, DagObject]:
    """Tell the content of what nobody has overwritten since the record was written.

    An ETag is never taken for a digest: it only says whether the object is still the one that we uploaded.

    Args:
        listed: by path relative to the DAG prefix.
        record: the last deployment to this very prefix; None when there is none.
    """
    found = {name: DagObject(size=entry.size, etag=entry.etag) for name, entry in listed.items()}
    if record is None:
        return found
    for name, token in record.objects.items():
        there, file = found.get(name), record.dags.files.get(name)
        if there and file and token.etag and (there.etag, there.size) == (token.etag, file.size):
            found[name] = replace(there, sha256=file.sha256, version=token.version)
    return found


def look_at_dags(
    bucket: Bucket, prefix: str, *, wanted: Manifest, record: Record | None, ignored: Collection[str]
) -> dict[str, DagObject]:
    """List the DAG prefix, and ask for the digests in our own metadata where they decide something.

    That is for files that may be there already, by their size, but whose token the record does not know; and without
    a record for all, as nothing else tells ours from those of others.

    Args:
        bucket: the bucket MWAA reads from.
        prefix: the DAG prefix, without slashes at its ends.
        wanted: what would be shipped.
        record: the last deployment to this very prefix; None when there is none.
        ignored: paths relative to the prefix at which another part lies.
    """
    found = recognise(list_dags(bucket, prefix), record)

    def decides(name: str) -> bool:
        file = wanted.files.get(name)
        return record is None if file is None else file.size == found[name].size

    doubtful = [name for name in found if found[name].sha256 is None and name not in ignored and decides(name)]
    if doubtful:
        with ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="look") as pool:
            heads = pool.map(lambda name: bucket.head(f"{prefix}/{name}"), doubtful)
            for name, stored in zip(doubtful, heads, strict=True):
                # Overwritten or deleted since it was listed: its content stays unknown.
                if stored is not None and stored.etag == found[name].etag:
                    found[name] = replace(found[name], sha256=stored.sha256, version=stored.version)
    return found
