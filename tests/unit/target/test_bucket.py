import hashlib
from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody

from mwaa_deploy.errors import (
    AwsAccessDenied,
    AwsUnavailable,
    BucketElsewhere,
    BucketPublic,
    BucketUnversioned,
    CredentialsRejected,
    ObjectChanged,
)
from mwaa_deploy.ports import StoredObject
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.bucket_access import account_of_credentials
from tests.fakes.log import FakeLog
from tests.unit.target.stubs import stubbed

BLOCKS = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}


def bucket(client: Any, log: FakeLog | None = None) -> S3Bucket:
    return S3Bucket(client, "my-bucket", log or FakeLog())


def test_a_bucket_one_may_not_see_is_not_called_missing():
    with stubbed("s3") as (client, stub):
        stub.add_client_error("head_bucket", "403", "Forbidden", 403)
        with pytest.raises(AwsAccessDenied, match=r"s3:ListBucket on arn:aws:s3:::my-bucket"):
            bucket(client).check()


def test_a_bucket_that_never_had_versioning_comes_with_the_command():
    with stubbed("s3") as (client, stub):
        stub.add_response("head_bucket", {})
        stub.add_response("get_bucket_versioning", {})
        with pytest.raises(BucketUnversioned, match="put-bucket-versioning --bucket my-bucket") as caught:
            bucket(client).check()
    assert "never enabled" in caught.value.what


def test_not_being_allowed_to_see_the_public_access_block_is_a_warning():
    log = FakeLog()
    with stubbed("s3") as (client, stub):
        stub.add_response("head_bucket", {})
        stub.add_response("get_bucket_versioning", {"Status": "Enabled"})
        stub.add_client_error("get_public_access_block", "AccessDenied", "Access Denied", 403)
        bucket(client, log).check()
    (warning,) = log.annotations
    assert warning.severity == "warn"
    assert "s3:GetBucketPublicAccessBlock" in warning.message


@pytest.mark.parametrize("missing", BLOCKS)
def test_all_four_blocks_must_be_on(missing):
    with stubbed("s3") as (client, stub):
        stub.add_response("head_bucket", {})
        stub.add_response("get_bucket_versioning", {"Status": "Enabled"})
        blocks = {**BLOCKS, missing: False}
        stub.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": blocks})
        with pytest.raises(BucketPublic, match=missing):
            bucket(client).check()


def test_a_bucket_without_any_block_is_public():
    with stubbed("s3") as (client, stub):
        stub.add_response("head_bucket", {})
        stub.add_response("get_bucket_versioning", {"Status": "Enabled"})
        stub.add_client_error("get_public_access_block", "NoSuchPublicAccessBlockConfiguration", "none", 404)
        with pytest.raises(BucketPublic, match="put-public-access-block"):
            bucket(client).check()


def test_an_upload_to_a_bucket_with_suspended_versioning_is_refused():
    digest = hashlib.sha256(b"x").hexdigest()
    with stubbed("s3") as (client, stub):
        stub.add_response("put_object", {"VersionId": "null"})
        with pytest.raises(BucketUnversioned):
            bucket(client).put("k", b"x", sha256=digest, commit="c")


def test_an_upload_carries_its_checksum_and_says_where_it_comes_from():
    asked: dict[str, Any] = {}
    digest = hashlib.sha256(b"x").hexdigest()
    with stubbed("s3") as (client, stub):
        client.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: asked.update(params))
        stub.add_response("put_object", {"VersionId": "v1", "ETag": '"e1"'})
        stored = bucket(client).put("k", b"x", sha256=digest, commit="abc")
    assert stored == StoredObject(key="k", version="v1", sha256=digest, size=1, etag="e1")
    assert asked["ChecksumSHA256"] == "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE="
    assert asked["Metadata"] == {"mwaa-deploy-sha256": digest, "mwaa-deploy-commit": "abc"}
    assert not asked.keys() & {"ExpectedBucketOwner", "ServerSideEncryption", "SSEKMSKeyId"}


def test_an_upload_is_encrypted_with_the_key_that_is_asked_for():
    asked: dict[str, Any] = {}
    digest = hashlib.sha256(b"x").hexdigest()
    with stubbed("s3") as (client, stub):
        client.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: asked.update(params))
        stub.add_response("put_object", {"VersionId": "v1"})
        S3Bucket(client, "my-bucket", FakeLog(), kms_key="alias/mwaa").put("k", b"x", sha256=digest, commit="abc")
    assert asked["ServerSideEncryption"] == "aws:kms"
    assert asked["SSEKMSKeyId"] == "alias/mwaa"
    assert asked["BucketKeyEnabled"] is True


OPERATIONS = {
    "head_bucket": {},
    "get_bucket_versioning": {"Status": "Enabled"},
    "get_public_access_block": {"PublicAccessBlockConfiguration": BLOCKS},
    "put_object": {"VersionId": "v1"},
    "head_object": {"ContentLength": 1},
    "list_objects_v2": {},
    "delete_objects": {},
}


def test_every_call_says_whose_the_bucket_must_be():
    owners: dict[str, str | None] = {}

    def note(params: dict[str, Any], event_name: str, **_: Any) -> None:
        owners[event_name.rpartition(".")[2]] = params.get("ExpectedBucketOwner")

    with stubbed("s3") as (client, stub):
        client.meta.events.register("provide-client-params.s3", note)
        for operation, answer in OPERATIONS.items():
            stub.add_response(operation, answer)
        stub.add_response("get_object", {"Body": StreamingBody(BytesIO(b"x"), 1)})
        owned = S3Bucket(client, "my-bucket", FakeLog(), owner="123456789012")
        owned.check()
        owned.put("k", b"x", sha256=hashlib.sha256(b"x").hexdigest(), commit="c")
        owned.head("k")
        assert list(owned.list("")) == []
        owned.delete(["k"])
        owned.read("k")

    assert owners == dict.fromkeys(
        [client.meta.method_to_api_mapping[name] for name in (*OPERATIONS, "get_object")], "123456789012"
    )


def test_a_bucket_of_another_account_is_told_from_one_that_may_not_be_seen():
    with stubbed("s3") as (client, stub):
        stub.add_client_error("head_bucket", "403", "Forbidden", 403)
        stub.add_response("head_bucket", {}, {"Bucket": "my-bucket"})
        with pytest.raises(BucketElsewhere, match="my-bucket does not belong to account 123456789012"):
            S3Bucket(client, "my-bucket", FakeLog(), owner="123456789012").check()

    with stubbed("s3") as (client, stub):
        stub.add_client_error("head_bucket", "403", "Forbidden", 403)
        stub.add_client_error("head_bucket", "403", "Forbidden", 403)
        with pytest.raises(AwsAccessDenied, match="s3:ListBucket"):
            S3Bucket(client, "my-bucket", FakeLog(), owner="123456789012").check()


def test_a_bucket_in_another_region_is_refused():
    with stubbed("s3", region="eu-west-1") as (client, stub):
        stub.add_response("head_bucket", {"BucketRegion": "us-east-1"})
        with pytest.raises(BucketElsewhere, match="lies in us-east-1, not in eu-west-1"):
            bucket(client).check()

    with stubbed("s3", region="eu-west-1") as (client, stub):
        stub.add_response("head_bucket", {"BucketRegion": "eu-west-1"})
        stub.add_response("get_bucket_versioning", {"Status": "Enabled"})
        stub.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": BLOCKS})
        bucket(client).check()


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam::123456789012:role/mwaa-deploy", "arn:aws-cn:iam::123456789012:role/path/mwaa-deploy"]
)
def test_the_account_of_a_role_is_in_its_arn(arn):
    with stubbed("sts") as (client, _):
        assert account_of_credentials(arn, lambda: client) == "123456789012"


def test_the_account_of_credentials_that_were_there_is_asked_for():
    with stubbed("sts") as (client, stub):
        stub.add_response("get_caller_identity", {"Account": "123456789012"})
        assert account_of_credentials("", lambda: client) == "123456789012"


def test_an_account_that_cannot_be_told_is_left_out():
    with stubbed("sts") as (client, stub):
        stub.add_client_error("get_caller_identity", "ServiceUnavailable", "sorry", 503)
        assert account_of_credentials("", lambda: client) == ""


def test_a_key_that_could_not_be_deleted_is_an_error_although_the_call_went_well():
    errors = [
        {"Key": "dags/a.py", "Code": "AccessDenied", "Message": "Access Denied"},
        {"Key": "dags/b.py", "Code": "AccessDenied", "Message": "Access Denied"},
    ]
    with stubbed("s3") as (client, stub):
        stub.add_response("delete_objects", {"Errors": errors})
        with pytest.raises(AwsAccessDenied, match=r"my-bucket/dags/a\.py.*and 1 more"):
            bucket(client).delete(["dags/a.py", "dags/b.py", "dags/c.py"])


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_a_key_that_is_another_object_by_now_is_told_and_one_that_is_gone_is_not(code):
    errors = [{"Key": "dags/a.py", "Code": "NoSuchKey"}, {"Key": "dags/b.py", "Code": code}]
    keys = ["dags/a.py", "dags/b.py", "dags/c.py"]
    with stubbed("s3") as (client, stub):
        named = [{"Key": "dags/a.py", "ETag": '"1"'}, {"Key": "dags/b.py", "ETag": '"2"'}, {"Key": "dags/c.py"}]
        sent = {"Bucket": "my-bucket", "Delete": {"Objects": named, "Quiet": True}}
        stub.add_response("delete_objects", {"Errors": errors}, sent)
        with pytest.raises(ObjectChanged, match=r"s3://my-bucket/dags/b\.py was written to"):
            bucket(client).delete(keys, seen={"dags/a.py": "1", "dags/b.py": "2"})


def test_a_key_that_s3_failed_to_delete_is_told_as_s3s_fault():
    with stubbed("s3") as (client, stub):
        stub.add_response("delete_objects", {"Errors": [{"Key": "k", "Code": "InternalError", "Message": "sorry"}]})
        with pytest.raises(AwsUnavailable):
            bucket(client).delete(["k"])


def test_deletions_go_in_batches_of_a_thousand():
    sizes: list[int] = []
    with stubbed("s3") as (client, stub):
        client.meta.events.register(
            "provide-client-params.s3.DeleteObjects",
            lambda params, **_: sizes.append(len(params["Delete"]["Objects"])),
        )
        for _ in range(3):
            stub.add_response("delete_objects", {})
        bucket(client).delete([str(number) for number in range(2001)])
    assert sizes == [1000, 1000, 1]


def test_a_version_id_of_another_bucket_is_no_version():
    """S3 answers a HEAD with such an id by a bare 400."""
    with stubbed("s3") as (client, stub):
        stub.add_client_error("head_object", "400", "Bad Request", 400)
        stub.add_client_error("get_object", "InvalidArgument", "Invalid version id specified", 400)
        assert bucket(client).head("k", "elsewhere") is None


def test_a_bare_400_can_be_a_rejected_token():
    with stubbed("s3") as (client, stub):
        stub.add_client_error("head_object", "400", "Bad Request", 400)
        stub.add_client_error("get_object", "ExpiredToken", "The provided token has expired.", 400)
        with pytest.raises(CredentialsRejected):
            bucket(client).head("k")


def test_a_bare_400_can_have_been_a_passing_fault():
    with stubbed("s3") as (client, stub):
        stub.add_client_error("head_object", "400", "Bad Request", 400)
        body = StreamingBody(BytesIO(b"xyz"), 3)
        stub.add_response("get_object", {"Body": body, "ContentLength": 3, "VersionId": "v1"})
        assert bucket(client).head("k") == StoredObject(key="k", version="v1", sha256=None, size=3)


def test_the_arn_is_that_of_the_partition():
    with stubbed("s3", region="cn-north-1") as (client, stub):
        stub.add_client_error("get_object", "AccessDenied", "Access Denied", 403)
        with pytest.raises(AwsAccessDenied, match="arn:aws-cn:s3:::my-bucket/k"):
            bucket(client).read("k")
