"""A versioned bucket in memory."""

import copy
import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mwaa_deploy.errors import (
    BucketElsewhere,
    BucketMissing,
    BucketPublic,
    BucketUnversioned,
    ObjectChanged,
    UploadFailed,
)
from mwaa_deploy.ports import FetchedObject, Listed, ObjectVersion, Seen, StoredObject
from tests.fakes.failures import Knobs


@dataclass(frozen=True)
class Version:
    """One version of one key; a body of None is a delete marker."""

    id: str
    body: bytes | None
    sha256: str | None = None
    commit: str | None = None
    target: str | None = None
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)


class FakeBucket:
    """Fills the Bucket port.

    Args:
        name: the bucket's name.
        target: written onto each object, as S3Bucket does; '' for none. `of_target` gives the same bucket to another.

    Knobs: `exists`, `owned`, `in_region`, `versioned`, `blocked` decide what check() says; `knobs.fail(method, error,
    after=n)` makes any method raise; `put_foreign` writes as somebody else would, without our metadata.

    Attributes:
        versions: every version of every key, oldest first.
        knobs: calls made and failures to come.
        on_write: told key and bytes, None for a deletion, just before something is written, whoever does it.
    """

    def __init__(self, name: str = "mwaa-bucket", *, target: str = "") -> None:
        self.name = name
        self.target = target
        self.exists = True
        self.owned = True
        self.in_region = True
        self.versioned = True
        self.blocked = True
        self.versions: dict[str, list[Version]] = {}
        self.knobs = Knobs()
        self.on_write: Callable[[str, bytes | None], None] = lambda _key, _body: None
        self._serials = itertools.count(1)
        self._lock = threading.RLock()

    def check(self) -> None:
        self.knobs.called("check")
        self._require_exists()
        if not self.owned:
            raise BucketElsewhere(f"Bucket {self.name} does not belong to the account.")
        if not self.in_region:
            raise BucketElsewhere(f"Bucket {self.name} lies in another Region.")
        if not self.versioned:
            raise BucketUnversioned(f"Bucket {self.name} has no versioning.")
        if not self.blocked:
            raise BucketPublic(f"Public access to bucket {self.name} is not blocked.")

    def head(self, key: str, version: str | None = None) -> StoredObject | None:
        self.knobs.called("head", key)
        found = self._find(key, version)
        return None if found is None else self._stored(key, found)

    def read(self, key: str, version: str | None = None) -> bytes | None:
        self.knobs.called("read", key)
        found = self._find(key, version)
        return None if found is None else found.body

    def fetch(self, key: str) -> FetchedObject | None:
        self.knobs.called("fetch", key)
        found = self._find(key, None)
        return None if found is None or found.body is None else FetchedObject(body=found.body, etag=_etag(found.body))

    def put_if(self, key: str, body: bytes, *, sha256: str, commit: str, etag: str | None) -> StoredObject:
        self.knobs.called("put_if", key)
        with self._lock:
            if self._etag_at(key) != etag:
                raise ObjectChanged(f"s3://{self.name}/{key} is not what it was when it was read.")
            return self._put(key, body, sha256, commit)

    def put(self, key: str, body: bytes | Path, *, sha256: str, commit: str, seen: Seen | None = None) -> StoredObject:
        self.knobs.called("put", key)
        with self._lock:
            if seen is not None and self._etag_at(key) != seen.etag:
                found = self._find(key, None)
                if found is not None and found.sha256 == sha256:
                    return self._stored(key, found)
                raise ObjectChanged(f"s3://{self.name}/{key} is not what it was when it was read.")
            return self._put(key, body, sha256, commit)

    def _put(self, key: str, body: bytes | Path, sha256: str, commit: str) -> StoredObject:
        self._require_exists()
        content = body if isinstance(body, bytes) else body.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise UploadFailed(f"s3://{self.name}/{key} did not arrive as it was sent.")
        if not self.versioned:
            raise BucketUnversioned(f"Bucket {self.name} has no versioning.")
        return self._stored(key, self._append(key, content, sha256, commit))

    def list(self, prefix: str) -> Iterator[Listed]:
        self.knobs.called("list", prefix)
        self._require_exists()
        for key in sorted(self.versions, key=str.encode):
            body = self.versions[key][-1].body
            if key.startswith(prefix) and body is not None:
                yield Listed(key=key, size=len(body), etag=_etag(body))

    def versions_under(self, prefix: str) -> Iterator[ObjectVersion]:
        self.knobs.called("versions_under", prefix)
        self._require_exists()
        for key in sorted(self.versions, key=str.encode):
            if not key.startswith(prefix):
                continue
            for version in reversed(self.versions[key]):
                if version.body is not None:
                    yield ObjectVersion(key=key, version=version.id, at=version.at, size=len(version.body))

    def delete(self, keys: Sequence[str], *, seen: Mapping[str, str] | None = None) -> None:
        changed = []
        for key in keys:
            self.knobs.called("delete", key)
            self._require_exists()
            with self._lock:
                present = self._etag_at(key)
                if seen and key in seen and present != seen[key]:
                    changed += [] if present is None else [key]
                    continue
                self._append(key, None, None, None)
        if changed:
            raise ObjectChanged(f"s3://{self.name}/{changed[0]} was written to after it was looked at.")

    # ------------------------------------------------------------------------------------------- for the test's use

    def of_target(self, name: str) -> "FakeBucket":
        """The same bucket, as a deployment to another target writes to it."""
        other = copy.copy(self)
        other.target = name
        return other

    def put_foreign(self, key: str, body: bytes) -> StoredObject:
        """Write an object as somebody else would: without digest and commit."""
        return self._stored(key, self._append(key, body, None, None))

    def expire(self, key: str, version: str) -> None:
        """Let a version be gone for good, as a lifecycle rule does."""
        left = [found for found in self.versions.pop(key) if found.id != version]
        if left:
            self.versions[key] = left

    @property
    def contents(self) -> dict[str, bytes]:
        """The bytes of every key that is not deleted."""
        latest = {key: versions[-1].body for key, versions in sorted(self.versions.items())}
        return {key: body for key, body in latest.items() if body is not None}

    def _require_exists(self) -> None:
        if not self.exists:
            raise BucketMissing(f"Bucket {self.name} does not exist.")

    def _append(self, key: str, body: bytes | None, sha256: str | None, commit: str | None) -> Version:
        self.on_write(key, body)
        serial = next(self._serials)
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=serial)
        target = self.target or None if sha256 else None
        version = Version(f"v{serial:04}", body, sha256, commit, target, at)
        self.versions.setdefault(key, []).append(version)
        return version

    def _etag_at(self, key: str) -> str | None:
        found = self._find(key, None)
        return None if found is None or found.body is None else _etag(found.body)

    def _find(self, key: str, version: str | None) -> Version | None:
        self._require_exists()
        found = [v for v in self.versions.get(key, ()) if version in (None, v.id)]
        return found[-1] if found and found[-1].body is not None else None

    @staticmethod
    def _stored(key: str, version: Version) -> StoredObject:
        body = version.body or b""
        return StoredObject(
            key=key,
            version=version.id,
            sha256=version.sha256,
            size=len(body),
            etag=_etag(body),
            target=version.target,
        )


def _etag(body: bytes) -> str:
    """As S3 makes it of an unencrypted object written by one PutObject."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
