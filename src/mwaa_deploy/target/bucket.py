"""The versioned S3 bucket MWAA reads from."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.errors import AwsAccessDenied, BucketMissing, BucketPublic, BucketUnversioned, UploadFailed
from mwaa_deploy.ports import Annotation, Log, StoredObject
from mwaa_deploy.target.aws_errors import aws_errors, code_of, error_for, message_of

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

SHA256_METADATA = "mwaa-deploy-sha256"
COMMIT_METADATA = "mwaa-deploy-commit"

BATCH = 1000
"""Keys in one DeleteObjects call, S3's limit."""

PUBLIC_ACCESS_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")

_MISSING_BUCKET = frozenset({"NoSuchBucket"})
_MISSING_OBJECT = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404", "405"})
"""405: the version asked for is itself a delete marker."""
_CORRUPTED = frozenset({"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"})


class S3Bucket:
    """Fills the Bucket port.

    Args:
        client: a boto3 client of S3.
        name: the bucket's name.
        log: hears of what could not be looked at.
    """

    def __init__(self, client: "BaseClient", name: str, log: Log) -> None:
        self.name = name
        self._client = client
        self._log = log
        self._arn = f"arn:{client.meta.partition}:s3:::{name}"

    def check(self) -> None:
        """Raise if MWAA could not use the bucket, after asking S3 itself.

        Versioning must be on and public access blocked: MWAA User Guide, 'Create an Amazon S3 bucket for Amazon MWAA'.

        Raises:
            BucketMissing: there is no such bucket.
            BucketUnversioned: versioning is off or suspended.
            BucketPublic: not all four public access blocks are on.
            AwsAccessDenied: the bucket may not be seen. Not being allowed to see its public access block is a warning.
        """
        self._check_exists()
        with aws_errors("s3:GetBucketVersioning", self._arn):
            versioning = self._client.get_bucket_versioning(Bucket=self.name).get("Status", "never enabled")
        if versioning != "Enabled":
            raise self._unversioned(f"Versioning of bucket {self.name} is {versioning.lower()}.")
        try:
            blocks = self._public_access_blocks()
        except AwsAccessDenied as e:
            self._log.annotate(
                Annotation(
                    severity=Severity.WARN,
                    title="Public access to the bucket was not checked",
                    message=f"{e.what}\nMWAA refuses a bucket whose public access is not blocked.\n{e.mend}",
                )
            )
            return
        if missing := [name for name in PUBLIC_ACCESS_BLOCKS if not blocks.get(name)]:
            raise BucketPublic(
                f"Public access to bucket {self.name} is not blocked: {', '.join(missing)} are off.",
                meaning="MWAA refuses a bucket that could be public.",
                mend=f"aws s3api put-public-access-block --bucket {self.name} --public-access-block-configuration "
                + ",".join(f"{name}=true" for name in PUBLIC_ACCESS_BLOCKS),
            )

    def head(self, key: str, version: str | None = None) -> StoredObject | None:
        """The latest (or the named) version of an object; None if there is none or a delete marker covers it."""
        with self._reading(key, version):
            try:
                answer = self._client.head_object(Bucket=self.name, Key=key, **_version(version))
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

    def put(self, key: str, body: bytes | Path, *, sha256: str, commit: str) -> StoredObject:
        """Write a new version; S3 itself compares what arrived with the digest.

        Args:
            key: where to; an object there gets a new version.
            body: the bytes, or a file of at most 5 GiB.
            sha256: hex digest of the bytes.
            commit: full SHA of the commit they come from.

        Raises:
            UploadFailed: what arrived has another digest.
            BucketMissing: there is no such bucket.
            BucketUnversioned: the new object got no version.
            AwsAccessDenied: it may not be written.
        """
        with ExitStack() as opened:
            content = body if isinstance(body, bytes) else opened.enter_context(body.open("rb"))
            size = len(body) if isinstance(body, bytes) else body.stat().st_size
            opened.enter_context(aws_errors("s3:PutObject", f"{self._arn}/{key}"))
            try:
                answer = self._client.put_object(
                    Bucket=self.name,
                    Key=key,
                    Body=content,
                    ContentLength=size,
                    ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                    Metadata={SHA256_METADATA: sha256, COMMIT_METADATA: commit},
                )
            except ClientError as e:
                if code_of(e) in _CORRUPTED:
                    raise UploadFailed(
                        f"s3://{self.name}/{key} did not arrive as it was sent: {message_of(e)}",
                        meaning="The file changed while it was uploaded, or something on the way changed it.",
                        mend="Run the job again.",
                    ) from e
                self._raise_if_bucket_missing(e)
                raise
        version = answer.get("VersionId", "null")
        if version == "null":
            raise self._unversioned(f"s3://{self.name}/{key} was written, but got no version.")
        return StoredObject(key=key, version=version, sha256=sha256, size=size)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Keys and sizes of all objects under a prefix, in the order of their UTF-8 bytes."""
        with aws_errors("s3:ListBucket", self._arn):
            try:
                paginator = self._client.get_paginator("list_objects_v2")  # type: ignore[no-untyped-call]
                for page in paginator.paginate(Bucket=self.name, Prefix=prefix):
                    yield from ((entry["Key"], entry["Size"]) for entry in page.get("Contents", ()))
            except ClientError as e:
                self._raise_if_bucket_missing(e)
                raise

    def delete(self, keys: Sequence[str]) -> None:
        """Put a delete marker on each key.

        Raises:
            AwsAccessDenied, AwsUnavailable, AwsRefused: for the first key that S3 reports; those before and after it
                in its batch of a thousand may be gone.
        """
        for start in range(0, len(keys), BATCH):
            batch = [{"Key": key} for key in keys[start : start + BATCH]]
            with aws_errors("s3:DeleteObject", f"{self._arn}/*"):
                try:
                    answer = self._client.delete_objects(Bucket=self.name, Delete={"Objects": batch, "Quiet": True})
                except ClientError as e:
                    self._raise_if_bucket_missing(e)
                    raise
            # The call answers 200 even if no key could be deleted.
            if errors := answer.get("Errors"):
                first = errors[0]
                more = f" (and {len(errors) - 1} more keys)" if len(errors) > 1 else ""
                raise error_for(
                    first.get("Code", ""),
                    first.get("Message", "") + more,
                    action="s3:DeleteObject",
                    resource=f"{self._arn}/{first.get('Key', '*')}",
                )

    # ------------------------------------------------------------------------------------------------------- inside

    def _check_exists(self) -> None:
        with aws_errors("s3:ListBucket", self._arn):
            try:
                self._client.head_bucket(Bucket=self.name)
            except ClientError as e:
                if code_of(e) == "404":
                    raise self._missing() from e
                raise

    def _public_access_blocks(self) -> dict[str, bool]:
        with aws_errors("s3:GetBucketPublicAccessBlock", self._arn):
            try:
                answer = self._client.get_public_access_block(Bucket=self.name)
            except ClientError as e:
                if code_of(e) == "NoSuchPublicAccessBlockConfiguration":
                    return {}
                raise
        blocks: dict[str, bool] = answer["PublicAccessBlockConfiguration"]
        return blocks

    def _get(self, key: str, version: str | None) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = self._client.get_object(Bucket=self.name, Key=key, **_version(version))
        except ClientError as e:
            if code_of(e) in _MISSING_OBJECT:
                return None
            if code_of(e) == "InvalidArgument" and version is not None:
                return None
            self._raise_if_bucket_missing(e)
            raise
        return answer

    def _reading(self, key: str, version: str | None) -> AbstractContextManager[None]:
        action = "s3:GetObject" if version is None else "s3:GetObjectVersion"
        return aws_errors(action, f"{self._arn}/{key}")

    @staticmethod
    def _stored(key: str, answer: dict[str, Any]) -> StoredObject:
        return StoredObject(
            key=key,
            version=answer.get("VersionId", "null"),
            sha256=answer.get("Metadata", {}).get(SHA256_METADATA),
            size=answer["ContentLength"],
        )

    def _raise_if_bucket_missing(self, error: ClientError) -> None:
        if code_of(error) in _MISSING_BUCKET:
            raise self._missing() from error

    def _missing(self) -> BucketMissing:
        return BucketMissing(
            f"Bucket {self.name} does not exist.",
            meaning="The name is mistyped, or the bucket has not been created yet.",
            mend=f"aws s3api create-bucket --bucket {self.name} --create-bucket-configuration "
            "LocationConstraint=<region>",
        )

    def _unversioned(self, what: str) -> BucketUnversioned:
        return BucketUnversioned(
            what,
            meaning="MWAA reads plugins, requirements and the startup script by object version.",
            mend=f"aws s3api put-bucket-versioning --bucket {self.name} --versioning-configuration Status=Enabled",
        )


def _version(version: str | None) -> dict[str, str]:
    return {} if version is None else {"VersionId": version}
