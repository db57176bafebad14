"""Uploads that do without the client's work, in the lab's S3; whatever goes amiss with them, the client mends."""

import hashlib
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
from boto3.session import Session

from lab.aws.emulator import ACCOUNT
from lab.aws.process import RunningAws
from lab.aws.seed import make_bucket
from mwaa_deploy.errors import ObjectChanged, UploadFailed
from mwaa_deploy.ports import Seen
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.direct_put import LARGEST, DirectPut
from tests.fakes.log import FakeLog
from tests.integration.target.scripted_http import Answer, scripted_http

pytestmark = pytest.mark.lab

COMMIT = "c" * 40


class Watched:
    """A bucket, and what its client sends to it."""

    def __init__(self, clients: AwsClients, **options: Any) -> None:
        self.name = f"bucket-{uuid.uuid4().hex}"
        self.client = clients.client("s3")
        make_bucket(self.client, self.name)
        self.direct = DirectPut(self.client, self.name, clients.credentials, connections=4)
        self.bucket = S3Bucket(self.client, self.name, FakeLog(), direct=self.direct, **options)
        self.sent: list[Any] = []
        self.client.meta.events.register("before-send.s3.PutObject", self._note)

    def _note(self, request: Any, **_: object) -> None:
        self.sent.append(request)

    def put(self, key: str, body: bytes, digest: str = "") -> Any:
        return self.bucket.put(key, body, sha256=digest or hashlib.sha256(body).hexdigest(), commit=COMMIT)


@pytest.fixture
def watched(clients: AwsClients) -> Watched:
    return Watched(clients, owner=ACCOUNT)


def test_the_client_sends_the_first_one_only(watched):
    for number in range(3):
        watched.put(f"k{number}", b"x")
    assert [urlsplit(request.url).path.rsplit("/", 1)[1] for request in watched.sent] == ["k0"]
    assert watched.bucket.read("k2") == b"x"


@pytest.mark.parametrize("key", ["a b.py", "a+b=c&d?e#f%20.py", "über/日本/x.py", "~a(1)'!*.py", "a/./b//c.py"])
def test_it_goes_where_the_client_would_send_it(watched, key):
    watched.put(key, b"of the client")
    (by_client,) = watched.sent
    watched.put(key, b"of ours")
    assert len(watched.sent) == 1
    assert watched.bucket.read(key) == b"of ours"
    ours = watched.direct.request(key, b"", sha256="0" * 64, owner="", options={})
    assert ours.url == by_client.url


def test_what_it_says_is_what_the_client_says(clients):
    watched = Watched(clients, owner=ACCOUNT, kms_key="alias/mwaa")
    digest = hashlib.sha256(b"body").hexdigest()
    watched.bucket.put("k", b"body", sha256=digest, commit=COMMIT, seen=Seen(etag=None))
    (by_client,) = watched.sent
    options = {
        "Metadata": {"mwaa-deploy-sha256": hashlib.sha256(b"body").hexdigest(), "mwaa-deploy-commit": COMMIT},
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "alias/mwaa",
        "BucketKeyEnabled": True,
        "IfNoneMatch": "*",
    }
    ours = watched.direct.request(
        "k", b"body", sha256=hashlib.sha256(b"body").hexdigest(), owner=ACCOUNT, options=options
    )

    def told(headers: Any) -> dict[str, str]:
        plain = {name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}
        kept = (
            "if-",
            "x-amz-meta",
            "x-amz-checksum-sha256",
            "x-amz-server",
            "x-amz-expected",
            "user-agent",
            "content-length",
        )
        return {name: value for name, value in plain.items() if name.startswith(kept)}

    assert told(ours.headers) == told(by_client.headers)


def test_a_condition_is_signed_and_kept(watched):
    first = watched.put("k", b"1")
    second = watched.bucket.put(
        "k", b"2", sha256=hashlib.sha256(b"2").hexdigest(), commit=COMMIT, seen=Seen(etag=first.etag)
    )
    assert len(watched.sent) == 1
    with pytest.raises(ObjectChanged):
        watched.bucket.put(
            "k", b"3", sha256=hashlib.sha256(b"3").hexdigest(), commit=COMMIT, seen=Seen(etag=first.etag)
        )
    assert watched.bucket.head("k") == second


def test_a_body_with_another_digest_is_refused(watched):
    watched.put("first", b"x")
    with pytest.raises(UploadFailed):
        watched.put("k", b"changed", digest=hashlib.sha256(b"as it was").hexdigest())
    assert watched.bucket.head("k") is None


def test_a_large_file_is_the_clients(watched):
    watched.put("first", b"x")
    watched.put("large", b"x" * (LARGEST + 1))
    assert len(watched.sent) == 2


def test_the_client_does_what_s3_refuses_once(aws_env: RunningAws):
    clients = AwsClients(Session(aws_access_key_id="test", aws_secret_access_key="test"), "eu-west-1")
    watched = Watched(clients)
    watched.put("first", b"x")
    with scripted_http() as slow:
        slow.put = [Answer(503, "<Error><Code>SlowDown</Code></Error>")]
        lab, watched.direct._address = watched.direct._address, f"{slow.url}/"
        assert watched.put("k", b"x").version
        watched.direct._address = lab
    assert len(slow.asked) == 1
    assert len(watched.sent) == 2
    watched.put("k2", b"x")
    assert len(watched.sent) == 2


def test_without_a_connection_all_is_left_to_the_client(watched):
    watched.put("first", b"x")
    watched.direct._address = "http://127.0.0.1:9/"
    watched.put("k", b"x")
    watched.put("k2", b"x")
    assert len(watched.sent) == 3
    assert watched.bucket.read("k2") == b"x"
