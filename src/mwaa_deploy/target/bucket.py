"""The versioned S3 bucket MWAA reads from."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mwaa_deploy.ports import FetchedObject, Listed, Log, ObjectVersion, Seen, StoredObject
from mwaa_deploy.target.aws_errors import aws_errors, code_of
from mwaa_deploy.target.bucket_access import BucketAccess
from mwaa_deploy.target.bucket_check import BucketCheck
from mwaa_deploy.target.bucket_deletions import delete_objects
from mwaa_deploy.target.bucket_writes import SHA256_METADATA, TARGET_METADATA, ObjectWriter, plain_etag
from mwaa_deploy.target.direct_put import DirectPut

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

_MISSING_OBJECT = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404", "405"})
"""405: the version asked for is itself a delete marker."""


class S3Bucket:
    """Fills the Bucket port.

    Args:
        client: a boto3 client of S3.
        name: the bucket's name.
        log: hears of what could not be looked at.
        owner: the account that must own the bucket; '' if that is not known.
        kms_key: encrypts what is written; '' for the bucket's own default.
        target: written onto each object, so that no other target takes it for its own; '' for a bucket of none.
        direct: uploads small objects faster; None to leave them all to the client.
    """

    def __init__(
        self,
        client: "BaseClient",
        name: str,
        log: Log,
        *,
        owner: str = "",
        kms_key: str = "",
        target: str = "",
        direct: DirectPut | None = None,
    ) -> None:
        self.name = name
        self._client = client
        self._log = log
        self._access = BucketAccess(client=client, name=name, owner=owner)
        self._writer = ObjectWriter(self._access, kms_key=kms_key, target=target, direct=direct)

    def check(self) -> None:
        """Raise if MWAA could not use the bucket; see BucketCheck."""
        BucketCheck(self._access, self._log).run()

    def head(self, key: str, version: str | None = None) -> StoredObject | None:
        """The latest (or the named) version of an object; None if there is none or a delete marker covers it."""
        with self._reading(key, version):
            try:
                answer = self._client.head_object(**self._access.named, Key=key, **_version(version))
            except ClientError as e:
                if code_of(e) in _MISSING_OBJECT:
                    return None
                if code_of(e) != "400":
                    raise
                # The answer to a HEAD has no body, so 400 may be a version id of another bucket or a rejected token;
                # only a GET tells them apart.
                answer = self._get(key, version)
                if answer is None:
                    return None
                answer["Body"].close()
        return self._stored(key, answer)

    def read(self, key: str, version: str | None = None) -> bytes | None:
        """The bytes of an object, or None if there is none."""
        with self._reading(key, version):
            answer = self._get(key, version)
            if answer is None:
                return None
            body: bytes = answer["Body"].read()
            return body

    def fetch(self, key: str) -> FetchedObject | None:
        """The bytes of an object, and the token by which put_if() tells that it is still the same; None if none."""
        with self._reading(key, None):
            answer = self._get(key, None)
            return None if answer is None else FetchedObject(body=answer["Body"].read(), etag=plain_etag(answer))

    def put_if(self, key: str, body: bytes, *, sha256: str, commit: str, etag: str | None) -> StoredObject:
        """Write a new version only if the object is still the one with this ETag; see ObjectWriter."""
        return self._writer.put_if(key, body, sha256=sha256, commit=commit, etag=etag)

    def put(self, key: str, body: bytes | Path, *, sha256: str, commit: str, seen: Seen | None = None) -> StoredObject:
        """Write a new version; S3 itself compares what arrived with the digest.

        Args:
            key: where to; an object there gets a new version.
            body: the bytes, or the file that holds them.
            sha256: hex digest of the bytes.
            commit: full SHA of the commit they come from.
            seen: what it takes the place of; None for whatever lies there.

        Raises:
            ObjectChanged, UploadFailed, BucketMissing, BucketUnversioned, AwsAccessDenied: see ObjectWriter.
        """
        return self._writer.put(key, body, sha256=sha256, commit=commit, seen=seen)

    def list(self, prefix: str) -> Iterator[Listed]:
        """All objects under a prefix, in the order of the UTF-8 bytes of their keys."""
        with aws_errors("s3:ListBucket", self._access.arn):
            try:
                paginator = self._client.get_paginator("list_objects_v2")  # type: ignore[no-untyped-call]
                for page in paginator.paginate(**self._access.named, Prefix=prefix):
                    for entry in page.get("Contents", ()):
                        yield Listed(key=entry["Key"], size=entry["Size"], etag=plain_etag(entry))
            except ClientError as e:
                self._access.raise_if_missing(e)
                raise

    def versions_under(self, prefix: str) -> Iterator[ObjectVersion]:
        """All versions of all objects under a prefix, in key order, newest first; delete markers are none.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/list-obj-version-enabled-bucket.html
        """
        with aws_errors("s3:ListBucketVersions", self._access.arn):
            try:
                paginator = self._client.get_paginator("list_object_versions")  # type: ignore[no-untyped-call]
                for page in paginator.paginate(**self._access.named, Prefix=prefix):
                    for entry in page.get("Versions", ()):
                        yield ObjectVersion(
                            key=entry["Key"],
                            version=entry["VersionId"],
                            at=entry["LastModified"],
                            size=entry["Size"],
                        )
            except ClientError as e:
                self._access.raise_if_missing(e)
                raise

    def delete(self, keys: Sequence[str], *, seen: Mapping[str, str] | None = None) -> None:
        """Put a delete marker on each key.

        Args:
            seen: by key, the ETag of the object that is meant; without one, whatever lies there.

        Raises:
            ObjectChanged, AwsAccessDenied, AwsUnavailable, AwsRefused: see delete_objects.
        """
        delete_objects(self._access, keys, seen=seen or {})

    # ------------------------------------------------------------------------------------------------------- inside

    def _get(self, key: str, version: str | None) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = self._client.get_object(**self._access.named, Key=key, **_version(version))
        except ClientError as e:
            if code_of(e) in _MISSING_OBJECT:
                return None
            if code_of(e) == "InvalidArgument" and version is not None:
                return None
            self._access.raise_if_missing(e)
            raise
        return answer

    def _reading(self, key: str, version: str | None) -> AbstractContextManager[None]:
        action = "s3:GetObject" if version is None else "s3:GetObjectVersion"
        return aws_errors(action, f"{self._access.arn}/{key}")

    @staticmethod
    def _stored(key: str, answer: dict[str, Any]) -> StoredObject:
        return StoredObject(
            key=key,
            version=answer.get("VersionId", "null"),
            sha256=answer.get("Metadata", {}).get(SHA256_METADATA),
            size=answer["ContentLength"],
            etag=plain_etag(answer),
            target=answer.get("Metadata", {}).get(TARGET_METADATA),
        )


def _version(version: str | None) -> dict[str, str]:
    return {} if version is None else {"VersionId": version}
