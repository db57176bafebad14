"""DAG files on their way to the bucket."""

from collections.abc import Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol

from mwaa_deploy.bundle.manifest import Manifest
from mwaa_deploy.plan import DagSync
from mwaa_deploy.ports import Bucket, Log
from mwaa_deploy.target.record import ObjectToken

UPLOADS_AT_ONCE = 16


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
    commit: str,
    log: Log,
    synced: SyncedDags,
) -> dict[str, ObjectToken]:
    """Upload what is new or changed, and delete what is gone only when all of that has arrived.

    Args:
        sync: paths relative to prefix and folder.
        prefix: the DAG prefix, without slashes at its ends.
        folder: the DAG folder.
        manifest: digests of the folder's files.
        commit: written onto each object.
        synced: is told what was done, also when not all could be.

    Returns:
        What S3 answered for each file that was uploaded, by path relative to the prefix.

    Raises:
        MwaaDeployError: whatever the bucket raises first; nothing is deleted then.
    """

    def upload(name: str) -> ObjectToken:
        stored = bucket.put(f"{prefix}/{name}", folder / name, sha256=manifest.files[name].sha256, commit=commit)
        return ObjectToken(version=stored.version, etag=stored.etag)

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
        bucket.delete([f"{prefix}/{name}" for name in sync.deleted])
        synced.dags_deleted = sync.deleted
    line = f"{len(sync.added)} DAG file(s) added, {len(sync.changed)} replaced, {len(sync.deleted)} deleted."
    log.info(line)
    return {name: future.result() for name, future in uploads.items()}


def _arrived(future: Future[ObjectToken]) -> bool:
    return not future.cancelled() and future.exception() is None


def _raise_first(futures: Iterable[Future[ObjectToken]]) -> None:
    for future in futures:
        if not future.cancelled():
            future.result()
