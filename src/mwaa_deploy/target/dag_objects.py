"""What lies under the DAG prefix, and how much of its content is known."""

from collections.abc import Callable, Collection, Mapping
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
        target: the target whose deployment wrote it; None when nobody has asked, or the object does not say.
    """

    size: int
    etag: str
    sha256: str | None = None
    version: str = ""
    target: str | None = None

    @property
    def token(self) -> ObjectToken:
        """What a record keeps of it."""
        return ObjectToken(version=self.version, etag=self.etag, target=self.target)


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
            found[name] = replace(there, sha256=file.sha256, version=token.version, target=token.target)
    return found


def look_at_dags(
    bucket: Bucket,
    prefix: str,
    *,
    wanted: Manifest,
    record: Record | None,
    ignored: Collection[str],
    spares: Callable[[str], bool] = lambda _name: False,
) -> dict[str, DagObject]:
    """List the DAG prefix, and ask for our own metadata where it decides something.

    That is the digest, and whose deployment wrote them, of files that may be there already or would be written over,
    but whose token the record does not know; and of files that would be deleted, whose deployment wrote them: an equal
    token does not tell, as equal bytes that another target wrote have it too.

    Args:
        bucket: the bucket MWAA reads from.
        prefix: the DAG prefix, without slashes at its ends.
        wanted: what would be shipped.
        record: the last deployment to this very prefix; None when there is none.
        ignored: paths relative to the prefix at which another part lies.
        spares: tells of a path whether it is never deleted.
    """
    found = recognise(list_dags(bucket, prefix), record)

    def decides(name: str) -> bool:
        return found[name].sha256 is None if name in wanted.files else not spares(name)

    doubtful = [name for name in found if name not in ignored and decides(name)]
    if doubtful:
        with ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="look") as pool:
            heads = pool.map(lambda name: bucket.head(f"{prefix}/{name}"), doubtful)
            for name, stored in zip(doubtful, heads, strict=True):
                if stored is None:
                    continue  # deleted since it was listed
                found[name] = replace(found[name], target=stored.target)
                # Where it has been overwritten since, its content stays unknown.
                if stored.etag == found[name].etag:
                    sha256 = stored.sha256 or found[name].sha256
                    found[name] = replace(found[name], sha256=sha256, version=stored.version)
    return found
