"""A conditional write that S3 carries out, but whose answer is lost: the repetition finds it done."""

import hashlib
import io
import uuid
from typing import Any

import pytest
import requests
from botocore.awsrequest import AWSResponse

from lab.aws.emulator import ACCOUNT
from lab.aws.seed import make_bucket
from mwaa_deploy.errors import ObjectChanged
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.credentials import AwsClients
from tests.fakes.log import FakeLog

pytestmark = pytest.mark.lab

KEY = "mwaa-deploy/stack/record.json"


class Raw(io.BytesIO):
    """The body of an answer, as urllib3 hands it over."""

    def stream(self, **_: object) -> Any:
        yield self.read()


class Unlucky:
    """A bucket behind a client that loses answers.

    Attributes:
        before: what somebody else writes before the write that is lost.
        after: what somebody else writes after it.
        lost: how many answers are still to be lost.
    """

    def __init__(self, clients: AwsClients) -> None:
        self.name = f"bucket-{uuid.uuid4().hex}"
        self.client, self.other = clients.client("s3"), clients.client("s3")
        make_bucket(self.other, self.name)
        self.bucket = S3Bucket(self.client, self.name, FakeLog(), owner=ACCOUNT)
        self.before, self.after, self.lost = b"", b"", 0
        self.client.meta.events.register("before-send.s3.PutObject", self._lose)

    def _lose(self, request: Any, **_: object) -> AWSResponse | None:
        if not self.lost:
            return None
        self.lost -= 1
        if self.before:
            self.other.put_object(Bucket=self.name, Key=KEY, Body=self.before)
        body = request.body if isinstance(request.body, bytes) else request.body.read()
        if hasattr(request.body, "seek"):
            request.body.seek(0)
        requests.put(request.url, data=body, headers=dict(request.headers), timeout=10)
        if self.after:
            self.other.put_object(Bucket=self.name, Key=KEY, Body=self.after)
        return AWSResponse(request.url, 500, {}, Raw())

    def put_if(self, body: bytes, etag: str | None) -> Any:
        digest = hashlib.sha256(body).hexdigest()
        return self.bucket.put_if(KEY, body, sha256=digest, commit="c" * 40, etag=etag)


@pytest.fixture
def unlucky(clients: AwsClients) -> Unlucky:
    return Unlucky(clients)


def test_what_was_carried_out_is_found(unlucky):
    for body in (b"one", b"two"):
        found = unlucky.bucket.fetch(KEY)
        unlucky.lost = 1
        stored = unlucky.put_if(body, found and found.etag)
        now = unlucky.bucket.fetch(KEY)
        assert now is not None
        assert (now.body, now.etag) == (body, stored.etag)
        assert unlucky.bucket.read(KEY, stored.version) == body
    assert unlucky.lost == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_somebody_else_has_written_is_not_taken_for_ours(unlucky, when):
    first = unlucky.put_if(b"one", None)
    setattr(unlucky, when, b"somebody else's")
    unlucky.lost = 1
    with pytest.raises(ObjectChanged):
        unlucky.put_if(b"two", first.etag)
    assert unlucky.bucket.read(KEY) == b"somebody else's"
