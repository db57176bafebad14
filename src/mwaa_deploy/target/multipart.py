"""A file too large for one request, uploaded to S3 in parts."""

import base64
import hashlib
from collections import deque
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaa_deploy.target.bucket_access import BucketAccess

MULTIPART_FROM = 100 * 1024**2
"""Bytes from which S3's own guide advises parts: one that fails is repeated alone."""
PART_SIZE = 16 * 1024**2
"""Bytes; 10,000 parts, the most S3 takes, are then more than MWAA could unpack."""
PARTS_AT_ONCE = 4
"""As many are held in memory, and one more."""


class PartsDiffer(Exception):
    """What was read, or what S3 put together, has another digest than was expected."""


class MultipartUpload:
    """One upload. S3 compares each part with its SHA-256 as it arrives, and we the whole as it is read.

    For SHA-256, S3 knows no checksum of the whole object, only one of the parts' checksums (its type COMPOSITE): it is
    compared too, and the digest of the whole is in our own metadata.

    Args:
        access: the bucket.
        key: where to.
        options: what CreateMultipartUpload is told besides, such as metadata and encryption.
        condition: what CompleteMultipartUpload is told besides: IfMatch or IfNoneMatch.
    """

    def __init__(
        self, access: BucketAccess, key: str, options: Mapping[str, Any], condition: Mapping[str, str] | None = None
    ) -> None:
        self._client = access.client
        self._named = {**access.named, "Key": key}
        self._options = options
        self._condition = condition or {}

    def send(self, chunks: Iterable[bytes], *, size: int, sha256: str) -> dict[str, Any]:
        """Upload all parts, or leave nothing behind.

        Args:
            chunks: the bytes, each chunk a part.
            size: bytes of all chunks.
            sha256: hex digest of all chunks.

        Returns:
            S3's answer to CompleteMultipartUpload.

        Raises:
            PartsDiffer: the chunks have another digest, or S3 holds others.
        """
        begun = self._client.create_multipart_upload(**self._named, **self._options, ChecksumAlgorithm="SHA256")
        upload = {**self._named, "UploadId": begun["UploadId"]}
        try:
            parts = self._send_parts(upload, chunks, sha256)
            answer: dict[str, Any] = self._client.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": parts}, MpuObjectSize=size, **self._condition
            )
        except BaseException:
            # Parts that are left cost money and show in no listing; the first failure is what is told.
            with suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**upload)
            raise
        if answer.get("ChecksumSHA256", _composite(parts)) != _composite(parts):
            raise PartsDiffer("S3 holds other parts than were sent")
        return answer

    def _send_parts(self, upload: Mapping[str, Any], chunks: Iterable[bytes], sha256: str) -> list[dict[str, Any]]:
        whole, parts = hashlib.sha256(), []
        waiting: deque[Future[dict[str, Any]]] = deque()
        with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="parts") as pool:
            for number, chunk in enumerate(chunks, 1):
                whole.update(chunk)
                if len(waiting) == PARTS_AT_ONCE:
                    parts.append(waiting.popleft().result())
                waiting.append(pool.submit(self._send_part, upload, number, chunk))
            parts += [sent.result() for sent in waiting]
        if whole.hexdigest() != sha256:
            raise PartsDiffer("the file has another digest than before")
        return parts

    def _send_part(self, upload: Mapping[str, Any], number: int, chunk: bytes) -> dict[str, Any]:
        checksum = base64.b64encode(hashlib.sha256(chunk).digest()).decode()
        answer = self._client.upload_part(
            **upload, PartNumber=number, Body=chunk, ContentLength=len(chunk), ChecksumSHA256=checksum
        )
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}


def _composite(parts: list[dict[str, Any]]) -> str:
    """The checksum S3 makes of the parts' checksums, followed by their number."""
    digests = b"".join(base64.b64decode(part["ChecksumSHA256"]) for part in parts)
    return f"{base64.b64encode(hashlib.sha256(digests).digest()).decode()}-{len(parts)}"
