"""What every Bucket does: the fake and S3's."""

import hashlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest

from lab.aws.emulator import ACCOUNT
from lab.aws.seed import make_bucket
from lab.clients import aws_client
from mwaa_deploy.errors import (
    BucketElsewhere,
    BucketMissing,
    BucketPublic,
    BucketUnversioned,
    ObjectChanged,
    UploadFailed,
)
from mwaa_deploy.ports import Bucket, Listed, Seen, StoredObject
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.direct_put import DirectPut
from tests.fakes.bucket import FakeBucket
from tests.fakes.log import FakeLog

COMMIT = "c0ffee" * 6 + "cafe"
TARGET = "mwaa-staging"


class World(Protocol):
    """A bucket, and what somebody else does to it."""

    @property
    def bucket(self) -> Bucket: ...
    def remove(self) -> None: ...
    def disown(self) -> None: ...
    def move(self) -> None: ...
    def unversion(self) -> None: ...
    def open(self) -> None: ...
    def put_foreign(self, key: str, body: bytes) -> StoredObject: ...
    def markers(self) -> list[str]: ...


class FakeWorld:
    def __init__(self) -> None:
        self.bucket = FakeBucket(target=TARGET)

    def remove(self) -> None:
        self.bucket.exists = False

    def disown(self) -> None:
        self.bucket.owned = False

    def move(self) -> None:
        self.bucket.in_region = False

    def unversion(self) -> None:
        self.bucket.versioned = False

    def open(self) -> None:
        self.bucket.blocked = False

    def put_foreign(self, key: str, body: bytes) -> StoredObject:
        return self.bucket.put_foreign(key, body)

    def markers(self) -> list[str]:
        return [v.id for versions in self.bucket.versions.values() for v in versions if v.body is None]


class LabWorld:
    def __init__(self, clients: AwsClients) -> None:
        name = f"bucket-{uuid.uuid4().hex}"
        self.client = clients.client("s3")
        make_bucket(self.client, name)
        self.bucket = S3Bucket(self.client, name, FakeLog(), owner=ACCOUNT, target=TARGET)
        self._endpoint = self.client.meta.endpoint_url

    def remove(self) -> None:
        self.client.delete_bucket(Bucket=self.bucket.name)

    def disown(self) -> None:
        self.bucket = S3Bucket(self.client, self.bucket.name, FakeLog(), owner="210987654321")

    def move(self) -> None:
        elsewhere = aws_client("s3", self._endpoint, "us-east-1")
        self.bucket = S3Bucket(elsewhere, self.bucket.name, FakeLog(), owner=ACCOUNT)

    def unversion(self) -> None:
        self.client.put_bucket_versioning(Bucket=self.bucket.name, VersioningConfiguration={"Status": "Suspended"})

    def open(self) -> None:
        self.client.put_public_access_block(
            Bucket=self.bucket.name, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
        )

    def put_foreign(self, key: str, body: bytes) -> StoredObject:
        answer = self.client.put_object(Bucket=self.bucket.name, Key=key, Body=body)
        etag = answer["ETag"].strip('"')
        return StoredObject(key=key, version=answer["VersionId"], sha256=None, size=len(body), etag=etag)

    def markers(self) -> list[str]:
        answer = self.client.list_object_versions(Bucket=self.bucket.name)
        return [marker["VersionId"] for marker in answer.get("DeleteMarkers", ())]


class DirectLabWorld(LabWorld):
    """Uploads without the client's work, from the second one on."""

    def __init__(self, clients: AwsClients) -> None:
        super().__init__(clients)
        name = self.bucket.name
        direct = DirectPut(self.client, name, clients.credentials, connections=16)
        self.bucket = S3Bucket(self.client, name, FakeLog(), owner=ACCOUNT, target=TARGET, direct=direct)
        first = put(self.bucket, "first", b"")
        self.client.delete_object(Bucket=name, Key="first", VersionId=first.version)


@pytest.fixture(params=["fake", *(pytest.param(name, marks=pytest.mark.lab) for name in ("lab", "lab, directly"))])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    return {"lab": LabWorld, "lab, directly": DirectLabWorld}[request.param](request.getfixturevalue("clients"))


def put(bucket: Bucket, key: str, body: bytes) -> StoredObject:
    return bucket.put(key, body, sha256=hashlib.sha256(body).hexdigest(), commit=COMMIT)


def test_a_versioned_bucket_that_is_not_public_is_fine(world):
    world.bucket.check()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ("remove", BucketMissing),
        ("disown", BucketElsewhere),
        ("move", BucketElsewhere),
        ("unversion", BucketUnversioned),
        ("open", BucketPublic),
    ],
)
def test_a_bucket_mwaa_cannot_use_is_refused(world, spoil, error):
    getattr(world, spoil)()
    with pytest.raises(error, match=world.bucket.name):
        world.bucket.check()


def test_what_was_put_is_there(world):
    stored = put(world.bucket, "dags/a.py", b"print(1)\n")
    digest = hashlib.sha256(b"print(1)\n").hexdigest()
    assert stored == StoredObject(
        key="dags/a.py", version=stored.version, sha256=digest, size=9, etag=stored.etag, target=TARGET
    )
    assert stored.version
    assert world.bucket.head("dags/a.py") == stored
    assert world.bucket.read("dags/a.py") == b"print(1)\n"


def test_a_file_is_put_by_its_path(world, tmp_path: Path):
    body = bytes(range(256)) * 40_000
    (tmp_path / "plugins.zip").write_bytes(body)
    digest = hashlib.sha256(body).hexdigest()
    stored = world.bucket.put("plugins.zip", tmp_path / "plugins.zip", sha256=digest, commit=COMMIT)
    assert (stored.sha256, stored.size) == (digest, len(body))
    assert world.bucket.read("plugins.zip") == body


def test_an_empty_file_can_be_put(world):
    assert put(world.bucket, "dags/__init__.py", b"").size == 0
    assert world.bucket.read("dags/__init__.py") == b""


def test_the_same_bytes_again_are_a_new_version(world):
    first, second = put(world.bucket, "k", b"x"), put(world.bucket, "k", b"x")
    assert first.version != second.version
    assert world.bucket.head("k") == second


def test_an_older_version_stays_readable(world):
    old = put(world.bucket, "k", b"old")
    put(world.bucket, "k", b"new!")
    assert world.bucket.head("k", old.version) == old
    assert world.bucket.read("k", old.version) == b"old"


def test_bytes_that_differ_from_their_digest_are_not_stored(world):
    with pytest.raises(UploadFailed, match="k"):
        world.bucket.put("k", b"x", sha256=hashlib.sha256(b"y").hexdigest(), commit=COMMIT)
    assert world.bucket.head("k") is None


def test_an_upload_without_a_version_is_refused(world):
    world.unversion()
    with pytest.raises(BucketUnversioned):
        put(world.bucket, "k", b"x")


@pytest.mark.parametrize(
    "use",
    [
        lambda bucket: put(bucket, "k", b"x"),
        lambda bucket: bucket.read("k"),
        lambda bucket: list(bucket.list("")),
        lambda bucket: list(bucket.versions_under("")),
        lambda bucket: bucket.delete(["k"]),
    ],
)
def test_using_a_bucket_that_is_gone_says_so(world, use: Callable[[Bucket], object]):
    world.remove()
    with pytest.raises(BucketMissing, match=world.bucket.name):
        use(world.bucket)


def test_somebody_elses_object_has_no_digest_and_no_target(world):
    foreign = world.put_foreign("k", b"theirs")
    assert world.bucket.head("k") == foreign
    assert world.bucket.read("k") == b"theirs"


def test_nothing_is_none(world):
    assert world.bucket.head("k") is None
    assert world.bucket.read("k") is None


def test_an_unknown_version_is_none(world):
    put(world.bucket, "k", b"x")
    assert world.bucket.head("k", "unknown") is None
    assert world.bucket.read("k", "unknown") is None


def test_a_deleted_object_is_gone_but_its_versions_are_not(world):
    stored = put(world.bucket, "k", b"x")
    world.bucket.delete(["k"])
    assert world.bucket.head("k") is None
    assert world.bucket.read("k") is None
    assert list(world.bucket.list("")) == []
    assert world.bucket.head("k", stored.version) == stored
    (marker,) = world.markers()
    assert world.bucket.head("k", marker) is None
    assert world.bucket.read("k", marker) is None


def test_deleting_nothing_or_what_is_not_there_is_fine(world):
    world.bucket.delete([])
    world.bucket.delete(["never/there"])


def test_listing_is_by_prefix_and_in_the_order_of_bytes(world):
    keys = ["dags/Z.py", "dags/a b+c&d.py", "dags/a.py", "dags/sub/ä.py", "dags/\U0001f600.py", "dagsother.py", "k"]
    for key in reversed(keys):
        put(world.bucket, key, key.encode())
    under = [key for key in keys if key.startswith("dags/")]
    assert [(found.key, found.size) for found in world.bucket.list("dags/")] == [
        (key, len(key.encode())) for key in sorted(under, key=str.encode)
    ]
    world.bucket.delete(under)
    assert list(world.bucket.list("dags/")) == []
    assert list(world.bucket.list("nowhere/")) == []


def test_more_than_a_page_of_objects_is_listed_and_deleted(world):
    keys = [f"dags/{number:04}.py" for number in range(1003)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: put(world.bucket, key, b"x"), keys))
    assert [found.key for found in world.bucket.list("dags/")] == keys
    world.bucket.delete(keys[:-1])
    assert [found.key for found in world.bucket.list("dags/")] == keys[-1:]


def test_a_listing_tells_an_upload_from_another_content_in_the_same_size(world):
    stored = put(world.bucket, "k", b"ours")
    assert stored.etag
    assert list(world.bucket.list("")) == [Listed(key="k", size=4, etag=stored.etag)]
    foreign = world.put_foreign("k", b"them")
    assert foreign.etag not in {"", stored.etag}
    assert list(world.bucket.list("")) == [Listed(key="k", size=4, etag=foreign.etag)]
    assert world.bucket.head("k", stored.version) == stored


def test_all_versions_are_told_newest_first_without_delete_markers(world):
    first, second = put(world.bucket, "k/a", b"1"), put(world.bucket, "k/a", b"22")
    world.bucket.delete(["k/a"])
    third = world.put_foreign("k/a", b"333")
    other = put(world.bucket, "k/b", b"4")
    put(world.bucket, "l", b"5")
    world.bucket.delete(["k/never"])
    found = list(world.bucket.versions_under("k/"))
    assert [(v.key, v.version, v.size) for v in found] == [
        ("k/a", third.version, 3),
        ("k/a", second.version, 2),
        ("k/a", first.version, 1),
        ("k/b", other.version, 1),
    ]
    assert all(v.at.tzinfo is not None for v in found)
    assert found[0].at >= found[1].at >= found[2].at
    assert list(world.bucket.versions_under("nowhere")) == []


def test_more_than_a_page_of_versions_is_told(world):
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: put(world.bucket, "k", b"x"), range(1003)))
    last = put(world.bucket, "k", b"y")
    found = [v.version for v in world.bucket.versions_under("k")]
    assert (found[0], len(set(found))) == (last.version, 1004)


def put_if(bucket: Bucket, key: str, body: bytes, etag: str | None) -> StoredObject:
    return bucket.put_if(key, body, sha256=hashlib.sha256(body).hexdigest(), commit=COMMIT, etag=etag)


def test_an_object_is_written_on_condition_that_it_is_the_same(world):
    first = put_if(world.bucket, "lock", b"1", None)
    assert world.bucket.head("lock") == first
    fetched = world.bucket.fetch("lock")
    assert (fetched.body, fetched.etag) == (b"1", first.etag)
    second = put_if(world.bucket, "lock", b"2", first.etag)
    assert second.version != first.version
    assert world.bucket.read("lock") == b"2"


def test_an_object_that_is_another_by_now_is_left_alone(world):
    first = put_if(world.bucket, "lock", b"1", None)
    put_if(world.bucket, "lock", b"2", first.etag)
    for etag in (None, first.etag):
        with pytest.raises(ObjectChanged, match="lock"):
            put_if(world.bucket, "lock", b"3", etag)
    assert world.bucket.read("lock") == b"2"


def test_an_object_that_is_gone_is_not_the_same(world):
    first = put_if(world.bucket, "lock", b"1", None)
    world.bucket.delete(["lock"])
    assert world.bucket.fetch("lock") is None
    with pytest.raises(ObjectChanged):
        put_if(world.bucket, "lock", b"2", first.etag)
    assert put_if(world.bucket, "lock", b"2", None).version


def test_of_many_that_write_at_once_one_succeeds(world):
    first = put_if(world.bucket, "lock", b"first", None)

    def attempt(number: int) -> bool:
        try:
            put_if(world.bucket, "lock", b"%d" % number, first.etag)
        except ObjectChanged:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        won = [number for number, success in enumerate(pool.map(attempt, range(20))) if success]
    assert len(won) == 1
    assert world.bucket.read("lock") == b"%d" % won[0]


def put_over(bucket: Bucket, key: str, body: bytes, seen: Seen) -> StoredObject:
    return bucket.put(key, body, sha256=hashlib.sha256(body).hexdigest(), commit=COMMIT, seen=seen)


def test_an_upload_takes_the_place_of_what_was_seen_only(world, tmp_path: Path):
    first = put_over(world.bucket, "dags/a b+ü.py", b"1", Seen(etag=None))
    second = put_over(world.bucket, "dags/a b+ü.py", b"2", Seen(etag=first.etag))
    assert world.bucket.head("dags/a b+ü.py") == second
    for late in (Seen(etag=None), Seen(etag=first.etag)):
        with pytest.raises(ObjectChanged, match="dags/a b"):
            put_over(world.bucket, "dags/a b+ü.py", b"3", late)
    assert world.bucket.head("dags/a b+ü.py") == second
    world.bucket.delete(["dags/a b+ü.py"])
    with pytest.raises(ObjectChanged):
        put_over(world.bucket, "dags/a b+ü.py", b"3", Seen(etag=second.etag))
    assert put_over(world.bucket, "dags/a b+ü.py", b"3", Seen(etag=None)).version


def test_an_upload_of_what_is_there_by_now_has_arrived(world):
    """Its answer was lost, and it is sent again."""
    first = put_over(world.bucket, "k", b"1", Seen(etag=None))
    assert put_over(world.bucket, "k", b"1", Seen(etag=None)) == first
    assert [v.version for v in world.bucket.versions_under("k")] == [first.version]


def test_only_what_was_seen_is_deleted(world):
    keys = ["dags/a.py", "dags/b.py", "dags/c.py", "dags/d.py"]
    first = {key: put(world.bucket, key, key.encode()).etag for key in keys}
    put(world.bucket, "dags/b.py", b"written since")
    world.bucket.delete(["dags/c.py"])
    markers = len(world.markers())

    with pytest.raises(ObjectChanged, match=r"dags/b\.py"):
        world.bucket.delete(keys, seen={key: first[key] for key in keys[:3]})

    assert [found.key for found in world.bucket.list("dags/")] == ["dags/b.py"]
    assert len(world.markers()) == markers + 2


def test_what_is_gone_already_need_not_be_deleted(world):
    stored = put(world.bucket, "k", b"x")
    world.bucket.delete(["k"])
    world.bucket.delete(["k"], seen={"k": stored.etag})
    assert len(world.markers()) == 1
