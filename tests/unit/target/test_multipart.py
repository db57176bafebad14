"""Files that go up in parts."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.stub import Stubber

from mwaa_deploy.errors import AwsUnavailable, BucketUnversioned, UploadFailed
from mwaa_deploy.target.bucket_access import BucketAccess
from mwaa_deploy.target.bucket_writes import ObjectWriter
from tests.unit.target.stubs import stubbed

BODY = b"0123456789" * 2 + b"end"
DIGEST = hashlib.sha256(BODY).hexdigest()


class Asked:
    """What S3 was asked, by operation."""

    def __init__(self, client: BaseClient) -> None:
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        client.meta.events.register("provide-client-params.s3", self._note)

    def _note(self, params: Mapping[str, Any], event_name: str, **_: Any) -> None:
        self.calls.append((event_name.rpartition(".")[2], dict(params)))

    def of(self, operation: str) -> list[Mapping[str, Any]]:
        return [params for name, params in self.calls if name == operation]


def writer(client: BaseClient, **options: Any) -> ObjectWriter:
    access = BucketAccess(client=client, name="b", owner="123456789012")
    return ObjectWriter(access, multipart_from=20, part_size=10, **options)


def begin(stub: Stubber, parts: int = 3) -> None:
    stub.add_response("create_multipart_upload", {"UploadId": "u"})
    for _ in range(parts):
        stub.add_response("upload_part", {"ETag": '"p"'})


def checksum(*digests: bytes) -> str:
    return base64.b64encode(hashlib.sha256(b"".join(digests)).digest()).decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "plugins.zip").write_bytes(BODY)
    return tmp_path / "plugins.zip"


def test_large_file_goes_up_in_parts_each_with_its_checksum(file):
    chunks = [BODY[:10], BODY[10:20], BODY[20:]]
    with stubbed("s3") as (client, stub):
        asked = Asked(client)
        begin(stub)
        whole = checksum(*(hashlib.sha256(chunk).digest() for chunk in chunks)) + "-3"
        stub.add_response("complete_multipart_upload", {"VersionId": "v1", "ETag": '"e-3"', "ChecksumSHA256": whole})
        stored = writer(client, kms_key="alias/k").put("k", file, sha256=DIGEST, commit="c")

    assert (stored.version, stored.etag, stored.size, stored.sha256) == ("v1", "e-3", 23, DIGEST)
    (created,) = asked.of("CreateMultipartUpload")
    assert created["ChecksumAlgorithm"] == "SHA256"
    assert created["Metadata"] == {"mwaa-deploy-sha256": DIGEST, "mwaa-deploy-commit": "c"}
    assert created["SSEKMSKeyId"] == "alias/k"
    parts = sorted(asked.of("UploadPart"), key=lambda part: part["PartNumber"])
    assert [(part["PartNumber"], part["Body"], part["ChecksumSHA256"]) for part in parts] == [
        (number, chunk, checksum(chunk)) for number, chunk in enumerate(chunks, 1)
    ]
    (completed,) = asked.of("CompleteMultipartUpload")
    assert completed["MpuObjectSize"] == 23
    assert completed["MultipartUpload"]["Parts"] == [
        {"PartNumber": number, "ETag": '"p"', "ChecksumSHA256": checksum(chunk)}
        for number, chunk in enumerate(chunks, 1)
    ]
    assert {params.get("ExpectedBucketOwner") for _, params in asked.calls} == {"123456789012"}


def test_more_parts_than_go_up_at_once_arrive_in_order():
    body = bytes(range(200))
    with stubbed("s3") as (client, stub):
        asked = Asked(client)
        begin(stub, parts=20)
        stub.add_response("complete_multipart_upload", {"VersionId": "v1"})
        writer(client).put("k", body, sha256=hashlib.sha256(body).hexdigest(), commit="c")

    (completed,) = asked.of("CompleteMultipartUpload")
    parts = completed["MultipartUpload"]["Parts"]
    assert [part["PartNumber"] for part in parts] == list(range(1, 21))
    assert b"".join(part["Body"] for part in sorted(asked.of("UploadPart"), key=lambda p: p["PartNumber"])) == body


def test_small_file_goes_up_at_once(file):
    file.write_bytes(BODY[:19])
    with stubbed("s3") as (client, stub):
        asked = Asked(client)
        stub.add_response("put_object", {"VersionId": "v1"})
        writer(client).put("k", file, sha256=hashlib.sha256(BODY[:19]).hexdigest(), commit="c")

    assert [operation for operation, _ in asked.calls] == ["PutObject"]


def test_failing_part_leaves_no_parts_behind(file):
    with stubbed("s3") as (client, stub):
        asked = Asked(client)
        stub.add_response("create_multipart_upload", {"UploadId": "u"})
        for _ in range(3):
            stub.add_client_error("upload_part", "InternalError", "sorry", 500)
        stub.add_response("abort_multipart_upload", {})
        with pytest.raises(AwsUnavailable, match="s3:PutObject on arn:aws:s3:::b/k"):
            writer(client).put("k", file, sha256=DIGEST, commit="c")

    (aborted,) = asked.of("AbortMultipartUpload")
    assert (aborted["UploadId"], aborted["ExpectedBucketOwner"]) == ("u", "123456789012")


def test_failure_to_clean_up_hides_no_cause(file):
    with stubbed("s3") as (client, stub):
        begin(stub)
        stub.add_client_error("complete_multipart_upload", "InternalError", "sorry", 500)
        stub.add_client_error("abort_multipart_upload", "AccessDenied", "no", 403)
        with pytest.raises(AwsUnavailable):
            writer(client).put("k", file, sha256=DIGEST, commit="c")


def test_file_that_changed_since_it_was_digested_is_not_put_together(file):
    with stubbed("s3") as (client, stub):
        asked = Asked(client)
        begin(stub)
        stub.add_response("abort_multipart_upload", {})
        with pytest.raises(UploadFailed, match="another digest"):
            writer(client).put("k", file, sha256=hashlib.sha256(b"other").hexdigest(), commit="c")

    assert asked.of("CompleteMultipartUpload") == []
    assert len(asked.of("AbortMultipartUpload")) == 1


def test_part_that_did_not_arrive_as_it_was_sent_is_told(file):
    with stubbed("s3") as (client, stub):
        stub.add_response("create_multipart_upload", {"UploadId": "u"})
        for _ in range(3):
            stub.add_client_error("upload_part", "BadDigest", "The SHA256 you specified did not match", 400)
        stub.add_response("abort_multipart_upload", {})
        with pytest.raises(UploadFailed, match="did not arrive as it was sent"):
            writer(client).put("k", file, sha256=DIGEST, commit="c")


def test_object_that_s3_put_together_otherwise_is_refused(file):
    with stubbed("s3") as (client, stub):
        begin(stub)
        stub.add_response("complete_multipart_upload", {"VersionId": "v1", "ChecksumSHA256": "other-3"})
        with pytest.raises(UploadFailed, match="holds other parts"):
            writer(client).put("k", file, sha256=DIGEST, commit="c")


def test_large_file_without_a_version_is_refused(file):
    with stubbed("s3") as (client, stub):
        begin(stub)
        stub.add_response("complete_multipart_upload", {})
        with pytest.raises(BucketUnversioned):
            writer(client).put("k", file, sha256=DIGEST, commit="c")
