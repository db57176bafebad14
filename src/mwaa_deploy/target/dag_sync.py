"""DAG files on their way to the bucket."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol

from mwaa_deploy.bundle.manifest import Manifest
from mwaa_deploy.errors import ObjectChanged, OverwriteRefused
from mwaa_deploy.overwrite_guard import how_to_part
from mwaa_deploy.plan import DagSync
from mwaa_deploy.ports import Bucket, Log, Seen, StoredObject
from mwaa_deploy.target.dag_objects import DagObject
from mwaa_deploy.target.record import ObjectToken

UPLOADS_AT_ONCE = 16

_ATTEMPTS = 3
"""At one file, where somebody writes to it by hand at the same time."""


class SyncedDags(Protocol):
    """Where it is kept which files went up and down."""

    dags_added: tuple[str, ...]
    dags_changed: tuple[str, ...]
    dags_deleted: tuple[str, ...]


def sync_dags(
    sync: DagSync,
    *,
    bucket: Bucket,
    prefix: str,
    folder: Path,
    manifest: Manifest,
    found: Mapping[str, DagObject],
    commit: str,
    log: Log,
    synced: SyncedDags,
    ours: str = "",
    takes_over: bool = False,
    still_ours: Callable[[], None] = lambda: None,
) -> dict[str, ObjectToken]:
    """Upload what is new or changed, and delete what is gone only when all of that has arrived.

    Every request names the object that it is about as it was found. So one that comes late, when another deployment has
    the target's lock and has been at work, is refused by S3 itself.

    Args:
        sync: paths relative to prefix and folder.
        prefix: the DAG prefix, without slashes at its ends.
        folder: the DAG folder.
        manifest: digests of the folder's files.
        found: what lay under the prefix when the target was looked at.
        commit: written onto each object.
        synced: is told what was done, also when not all could be.
        ours: name of the target.
        takes_over: whether what another target's deployment wrote may be given other content.
        still_ours: raises LockLost if the target's lock is ours no longer.

    Returns:
        What S3 answered for each file that was uploaded, by path relative to the prefix.

    Raises:
        LockLost: another deployment has the lock, and has written to what was to be uploaded or deleted.
        OverwriteRefused: a deployment to another target, which has a lock of its own, has written to it meanwhile.
        ObjectChanged: somebody else keeps writing to it, or has written to what was to be deleted.
        MwaaDeployError: whatever the bucket raises first; nothing is deleted then.
    """

    def upload(name: str) -> ObjectToken:
        key, sha256 = f"{prefix}/{name}", manifest.files[name].sha256
        seen = _seen(found.get(name))
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                stored = bucket.put(key, folder / name, sha256=sha256, commit=commit, seen=seen)
            except ObjectChanged:
                # By hand, or by one that has the lock now. In this order: what is seen before the lock is known to be
                # ours was not written by another deployment.
                there = bucket.head(key)
                seen = _seen(there)
                still_ours()
                if there and not takes_over and there.target not in {None, ours} and there.sha256 != sha256:
                    raise _taken(there, ours) from None
                if attempt == _ATTEMPTS:
                    raise
            else:
                return ObjectToken(version=stored.version, etag=stored.etag)
        raise AssertionError

    with ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="dags") as pool:
        uploads = {name: pool.submit(upload, name) for name in sync.uploads}
        try:
            wait(uploads.values(), return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(cancel_futures=True)
            arrived = {name for name, future in uploads.items() if _arrived(future)}
            synced.dags_added = tuple(name for name in sync.added if name in arrived)
            synced.dags_changed = tuple(name for name in sync.changed if name in arrived)
    _raise_first(uploads.values())
    if sync.deleted:
        seen = {f"{prefix}/{name}": found[name].etag for name in sync.deleted if found[name].etag}
        try:
            bucket.delete([f"{prefix}/{name}" for name in sync.deleted], seen=seen)
        except ObjectChanged:
            still_ours()
            raise
        synced.dags_deleted = sync.deleted
    line = f"{len(sync.added)} DAG file(s) added, {len(sync.changed)} replaced, {len(sync.deleted)} deleted."
    log.info(line)
    return {name: future.result() for name, future in uploads.items()}


def _seen(found: DagObject | StoredObject | None) -> Seen | None:
    """What an upload takes the place of; None where that cannot be named."""
    if found is None:
        return Seen(etag=None)
    return Seen(etag=found.etag) if found.etag else None


def _taken(there: StoredObject, ours: str) -> OverwriteRefused:
    return OverwriteRefused(
        f"{there.key} was deployed to another target ({there.target}) while it was on its way to {ours}.",
        meaning="Two targets share one DAG folder, and each would give the other its own content. The file was left as "
        "it is, and this run has deleted none.",
        mend=how_to_part(ours),
    )


def _arrived(future: Future[ObjectToken]) -> bool:
    return not future.cancelled() and future.exception() is None


def _raise_first(futures: Iterable[Future[ObjectToken]]) -> None:
    for future in futures:
        if not future.cancelled():
            future.result()
