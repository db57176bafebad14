"""Objects on their way into a bucket."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mwaa_deploy.errors import ObjectChanged, UploadFailed
from mwaa_deploy.ports import Seen, StoredObject
from mwaa_deploy.target.aws_errors import aws_errors, code_of, message_of
from mwaa_deploy.target.bucket_access import BucketAccess
from mwaa_deploy.target.direct_put import LARGEST, DirectPut
from mwaa_deploy.target.multipart import MULTIPART_FROM, PART_SIZE, MultipartUpload, PartsDiffer

SHA256_METADATA = "mwaa-deploy-sha256"
COMMIT_METADATA = "mwaa-deploy-commit"
TARGET_METADATA = "mwaa-deploy-target"

_CORRUPTED = frozenset({"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"})

_CHANGED = frozenset({"PreconditionFailed", "NoSuchKey", "ConditionalRequestConflict"})
"""412, 404 for a condition on an object that is gone, and 409 while somebody else writes to the same key."""

_CONFLICTS = 5
"""Attempts at a conditional write that another one is in the way of; S3 asks to try again."""


class ObjectWriter:
    """Writes objects that say what is in them.

    Args:
        access: the bucket.
        kms_key: encrypts what is written; '' for the bucket's own default.
        target: written onto each object; '' for none.
        direct: uploads small objects faster; None to leave them all to the client.
        multipart_from: bytes from which a file goes up in parts.
        part_size: bytes of a part.
    """

    def __init__(
        self,
        access: BucketAccess,
        *,
        kms_key: str = "",
        target: str = "",
        direct: DirectPut | None = None,
        multipart_from: int = MULTIPART_FROM,
        part_size: int = PART_SIZE,
    ) -> None:
        self._access = access
        self._target = target
        self._direct = direct
        self._encryption: dict[str, Any] = {}
        if kms_key:
            # a bucket key spares a call to KMS for each object
            self._encryption = {
                "ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": kms_key,
                "BucketKeyEnabled": True,
            }
        self._multipart_from = multipart_from
        self._part_size = part_size

    def put_if(self, key: str, body: bytes, *, sha256: str, commit: str, etag: str | None) -> StoredObject:
        """Write a new version if nobody else has written since; S3 itself decides (conditional writes).

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html

        Args:
            etag: of the object that it replaces; None for one that is not there yet.

        Raises:
            ObjectChanged: somebody else has written, or deleted, in between.
            UploadFailed, BucketMissing, BucketUnversioned, AwsAccessDenied: as in put().
        """
        options = self._options(sha256, commit)
        condition = _condition(etag)

        def send() -> dict[str, Any]:
            return self._by_client(key, body, len(body), sha256, options | condition)

        return self._put_on_condition(key, send, sha256=sha256, size=len(body), repeated=False)

    def put(self, key: str, body: bytes | Path, *, sha256: str, commit: str, seen: Seen | None = None) -> StoredObject:
        """Write a new version; S3 itself compares what arrived with its digest.

        Args:
            seen: what it takes the place of, which S3 compares too; None for whatever lies there.

        Raises:
            ObjectChanged: something else lies there by now, and it is not what was to be written.
            UploadFailed: what arrived has another digest.
            BucketMissing: there is no such bucket.
            BucketUnversioned: the new object got no version.
            AwsAccessDenied: it may not be written.
        """
        size = len(body) if isinstance(body, bytes) else body.stat().st_size
        options = self._options(sha256, commit)
        condition = {} if seen is None else _condition(seen.etag)

        def send() -> dict[str, Any]:
            if size >= self._multipart_from:
                upload = MultipartUpload(self._access, key, options, condition)
                return upload.send(_chunks(body, self._part_size), size=size, sha256=sha256)
            return self._put_at_once(key, body, size, sha256, options | condition)

        if seen is not None:
            # What changed it may be our own upload, as a direct one is done again whatever became of it.
            return self._put_on_condition(key, send, sha256=sha256, size=size, repeated=True)
        with aws_errors("s3:PutObject", f"{self._access.arn}/{key}"):
            answer = self._sent(key, send)
        return self._stored(key, answer, sha256, size)

    def _put_on_condition(
        self, key: str, send: Callable[[], dict[str, Any]], *, sha256: str, size: int, repeated: bool
    ) -> StoredObject:
        """Send until S3 has decided; where the request may have been sent before, what arrived by it counts."""
        access = self._access
        for attempt in range(1, _CONFLICTS + 1):
            with aws_errors("s3:PutObject", f"{access.arn}/{key}"):
                try:
                    answer = self._sent(key, send)
                except ClientError as e:
                    if code_of(e) == "ConditionalRequestConflict" and attempt < _CONFLICTS:
                        continue
                    if code_of(e) not in _CHANGED:
                        raise
                    again = repeated or attempt > 1 or _was_repeated(e)
                    if again and (ours := self._arrived(key, sha256, size)):
                        return ours
                    raise _changed(f"s3://{access.name}/{key}") from e
            return self._stored(key, answer, sha256, size)
        raise AssertionError

    def _sent(self, key: str, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return send()
        except PartsDiffer as e:
            raise self._corrupted(key, str(e)) from e
        except ClientError as e:
            if code_of(e) not in _CHANGED:
                self._raise_known(e, key)
            raise

    def _options(self, sha256: str, commit: str) -> dict[str, Any]:
        return self._encryption | {"Metadata": self._metadata(sha256, commit)}

    def _arrived(self, key: str, sha256: str, size: int) -> StoredObject | None:
        """The object if it is the one that we sent: S3 had carried out a write of which no answer reached us."""
        access = self._access
        with aws_errors("s3:GetObject", f"{access.arn}/{key}"):
            try:
                found = access.client.head_object(**access.named, Key=key)
            except ClientError as e:
                if code_of(e) in {"404", "NoSuchKey"}:
                    return None
                raise
        if found["Metadata"].get(SHA256_METADATA) != sha256:
            return None
        return self._stored(key, found, sha256, size)

    def _raise_known(self, error: ClientError, key: str) -> None:
        if code_of(error) in _CORRUPTED:
            raise self._corrupted(key, message_of(error)) from error
        self._access.raise_if_missing(error)

    def _stored(self, key: str, answer: dict[str, Any], sha256: str, size: int) -> StoredObject:
        version = answer.get("VersionId", "null")
        if version == "null":
            raise self._access.unversioned(f"s3://{self._access.name}/{key} was written, but got no version.")
        return StoredObject(
            key=key,
            version=version,
            sha256=sha256,
            size=size,
            etag=plain_etag(answer),
            target=self._target or None,
        )

    def _metadata(self, sha256: str, commit: str) -> dict[str, str]:
        whose = {TARGET_METADATA: self._target} if self._target else {}
        return {SHA256_METADATA: sha256, COMMIT_METADATA: commit} | whose

    def _put_at_once(
        self, key: str, body: bytes | Path, size: int, sha256: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        if self._direct and size <= LARGEST:
            whole = body if isinstance(body, bytes) else body.read_bytes()
            done = self._direct.put(key, whole, sha256=sha256, owner=self._access.owner, options=options)
            if done is not None:
                return done
        return self._by_client(key, body, size, sha256, options)

    def _by_client(
        self, key: str, body: bytes | Path, size: int, sha256: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        with ExitStack() as opened:
            answer: dict[str, Any] = self._access.client.put_object(
                **self._access.named,
                Key=key,
                Body=body if isinstance(body, bytes) else opened.enter_context(body.open("rb")),
                ContentLength=size,
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                **options,
            )
        return answer

    def _corrupted(self, key: str, said: str) -> UploadFailed:
        return UploadFailed(
            f"s3://{self._access.name}/{key} did not arrive as it was sent: {said}",
            meaning="The file changed while it was uploaded, or something on the way changed it.",
            mend="Run the job again.",
        )


def _condition(etag: str | None) -> dict[str, str]:
    return {"IfNoneMatch": "*"} if etag is None else {"IfMatch": f'"{etag}"'}


def _was_repeated(error: ClientError) -> bool:
    return int(error.response["ResponseMetadata"].get("RetryAttempts", 0)) > 0


def _changed(address: str) -> ObjectChanged:
    return ObjectChanged(
        f"{address} is not what it was when it was read.",
        meaning="Another deployment, or somebody by hand, has written to it at the same time.",
        mend="Run the job again.",
    )


def plain_etag(answer: dict[str, Any]) -> str:
    """The ETag of an answer, without its quotation marks; '' if there is none."""
    return str(answer.get("ETag", "")).strip('"')


def _chunks(body: bytes | Path, size: int) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield from (body[start : start + size] for start in range(0, len(body), size))
        return
    with body.open("rb") as content:
        while chunk := content.read(size):
            yield chunk
