"""Files that go up in parts, in the lab's S3: it compares every checksum that it is given."""

import base64
import hashlib
import uuid
from pathlib import Path

import pytest

from lab.aws.emulator import ACCOUNT
from lab.aws.seed import make_bucket
from mwaa_deploy.errors import ObjectChanged, UploadFailed
from mwaa_deploy.ports import Seen
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.bucket_access import BucketAccess, account_of_credentials
from mwaa_deploy.target.bucket_writes import ObjectWriter
from mwaa_deploy.target.credentials import AwsClients
from tests.fakes.log import FakeLog

MIB = 1024**2
PART = 5 * MIB
BODY = b"".join(bytes([number]) * MIB for number in range(12)) + b"end"

pytestmark = pytest.mark.lab


@pytest.fixture
def access(clients: AwsClients) -> BucketAccess:
    name = f"bucket-{uuid.uuid4().hex}"
    client = clients.client("s3")
    make_bucket(client, name)
    return BucketAccess(client=client, name=name, owner=ACCOUNT)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "plugins.zip").write_bytes(BODY)
    return tmp_path / "plugins.zip"


def test_account_of_the_credentials_is_the_owner_that_s3_compares_with(access, clients):
    assert account_of_credentials("", lambda: clients.client("sts")) == access.owner


def test_parts_arrive_as_one_object_with_its_digest(access, file):
    digest = hashlib.sha256(BODY).hexdigest()

    stored = ObjectWriter(access, multipart_from=PART, part_size=PART).put("k", file, sha256=digest, commit="c")

    bucket = S3Bucket(access.client, access.name, FakeLog(), owner=ACCOUNT)
    assert stored.etag.endswith("-3")
    assert bucket.head("k") == stored
    assert bucket.read("k", stored.version) == BODY
    assert [found.etag for found in bucket.list("")] == [stored.etag]
    told = access.client.head_object(**access.named, Key="k", ChecksumMode="ENABLED")
    digests = [hashlib.sha256(BODY[start : start + PART]).digest() for start in range(0, len(BODY), PART)]
    whole = base64.b64encode(hashlib.sha256(b"".join(digests)).digest()).decode()
    assert (told["ChecksumSHA256"], told["ChecksumType"]) == (f"{whole}-3", "COMPOSITE")


def test_file_that_changed_leaves_neither_object_nor_parts(access, file):
    writer = ObjectWriter(access, multipart_from=PART, part_size=PART)

    with pytest.raises(UploadFailed, match="another digest"):
        writer.put("k", file, sha256=hashlib.sha256(b"other").hexdigest(), commit="c")

    assert access.client.list_multipart_uploads(**access.named).get("Uploads", []) == []
    assert S3Bucket(access.client, access.name, FakeLog()).head("k") is None


def test_parts_take_the_place_of_what_was_seen_only(access, file):
    writer, digest = ObjectWriter(access, multipart_from=PART, part_size=PART), hashlib.sha256(BODY).hexdigest()
    first = ObjectWriter(access).put("k", b"small", sha256=hashlib.sha256(b"small").hexdigest(), commit="c")

    with pytest.raises(ObjectChanged, match="k is not what it was"):
        writer.put("k", file, sha256=digest, commit="c", seen=Seen(etag=None))

    bucket = S3Bucket(access.client, access.name, FakeLog(), owner=ACCOUNT)
    assert bucket.head("k") == first
    assert access.client.list_multipart_uploads(**access.named).get("Uploads", []) == []
    assert writer.put("k", file, sha256=digest, commit="c", seen=Seen(etag=first.etag)) == bucket.head("k")
