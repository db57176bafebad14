"""What is known of the objects under the DAG prefix."""

import hashlib

import pytest

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.target.dag_objects import DagObject, look_at_dags
from mwaa_deploy.target.record import ObjectToken, Record
from tests.fakes.bucket import FakeBucket
from tests.fakes.clock import FakeClock

CONTENTS = {"a.py": b"a = 1", "b.py": b"b = 1"}
WANTED = Manifest(
    {name: FileDigest(sha256=hashlib.sha256(body).hexdigest(), size=5) for name, body in CONTENTS.items()}
)


@pytest.fixture
def bucket() -> FakeBucket:
    return FakeBucket(target="ours")


def deploy(bucket: FakeBucket) -> Record:
    objects = {}
    for name, body in CONTENTS.items():
        stored = bucket.put(f"dags/{name}", body, sha256=WANTED.files[name].sha256, commit="c")
        objects[name] = ObjectToken(version=stored.version, etag=stored.etag)
    return Record(commit="c", run_url="", at=FakeClock().now(), dags=WANTED, objects=objects)


def look(bucket: FakeBucket, record: Record | None, *, wanted: Manifest = WANTED) -> dict[str, DagObject]:
    bucket.knobs.calls.clear()
    return look_at_dags(
        bucket,
        "dags",
        wanted=wanted,
        record=record,
        ignored=frozenset({"requirements.txt"}),
        spares=lambda name: name.startswith("kept/"),
    )


def heads(bucket: FakeBucket) -> list[str]:
    return sorted(key for method, key in bucket.knobs.calls if method == "head")


def test_what_nobody_touched_is_known_from_one_listing(bucket):
    record = deploy(bucket)

    found = look(bucket, record)

    assert {name: entry.sha256 for name, entry in found.items()} == {
        name: file.sha256 for name, file in WANTED.files.items()
    }
    assert {name: entry.token for name, entry in found.items()} == record.objects
    assert bucket.knobs.calls == [("list", "dags/")]


def test_other_content_in_the_same_size_is_unknown(bucket):
    record = deploy(bucket)
    bucket.put_foreign("dags/a.py", b"a = 2")

    found = look(bucket, record)

    assert found["a.py"].sha256 is None
    assert found["b.py"].sha256 is not None
    assert heads(bucket) == ["dags/a.py"]


def test_overwritten_file_of_another_size_is_unknown_and_asked_whose_it_is(bucket):
    record = deploy(bucket)
    bucket.put_foreign("dags/a.py", b"longer")
    bucket.of_target("theirs").put("dags/b.py", b"other", sha256=hashlib.sha256(b"other").hexdigest(), commit="c")

    found = look(bucket, record)

    assert (found["a.py"].sha256, found["a.py"].target) == (None, None)
    assert found["b.py"].target == "theirs"
    assert heads(bucket) == ["dags/a.py", "dags/b.py"]


def test_upload_that_no_record_knows_is_known_by_our_metadata(bucket):
    record = deploy(bucket)
    again = bucket.put("dags/a.py", b"a = 2", sha256=hashlib.sha256(b"a = 2").hexdigest(), commit="c")

    found = look(bucket, record)["a.py"]

    assert found == DagObject(size=5, etag=again.etag, sha256=again.sha256, version=again.version, target="ours")


def test_equal_etag_of_an_object_without_our_record_is_no_digest(bucket):
    """MD5 collides, and what an ETag is made of depends on encryption and parts."""
    for name, body in CONTENTS.items():
        bucket.put_foreign(f"dags/{name}", body)

    assert {entry.sha256 for entry in look(bucket, None).values()} == {None}


def test_record_without_tokens_is_made_up_for_by_metadata(bucket):
    deploy(bucket)
    older = Record(commit="c", run_url="", at=FakeClock().now(), dags=WANTED, schema=1)

    found = look(bucket, older)

    assert all(found[name].sha256 == file.sha256 and found[name].version for name, file in WANTED.files.items())
    assert heads(bucket) == ["dags/a.py", "dags/b.py"]


def test_without_a_record_all_are_asked_whose_they_are_except_other_parts(bucket):
    deploy(bucket)
    bucket.put_foreign("dags/theirs.py", b"t")
    bucket.put_foreign("dags/requirements.txt", b"x==1")

    found = look(bucket, None, wanted=Manifest())

    assert {name for name, entry in found.items() if entry.sha256 is None} == {"theirs.py", "requirements.txt"}
    assert heads(bucket) == ["dags/a.py", "dags/b.py", "dags/theirs.py"]


def test_object_that_is_overwritten_while_it_is_looked_at_is_unknown(bucket):
    deploy(bucket)
    listed = bucket.list

    def list_then_write(prefix):
        yield from list(listed(prefix))
        bucket.put("dags/a.py", b"a = 2", sha256=hashlib.sha256(b"a = 2").hexdigest(), commit="c")
        bucket.delete(["dags/b.py"])

    bucket.list = list_then_write

    assert {entry.sha256 for entry in look(bucket, None).values()} == {None}


def test_what_would_be_deleted_is_asked_whose_it_is_and_nothing_else(bucket):
    record = deploy(bucket)
    bucket.put_foreign("dags/requirements.txt", b"x==1")
    bucket.put_foreign("dags/kept/x.py", b"x = 1")
    other = bucket.of_target("other")
    other.put("dags/new.py", b"n", sha256=hashlib.sha256(b"n").hexdigest(), commit="c")
    # the very bytes of ours, so that the token is equal
    other.put("dags/b.py", CONTENTS["b.py"], sha256=WANTED.files["b.py"].sha256, commit="c")

    found = look(bucket, record, wanted=Manifest({"a.py": WANTED.files["a.py"]}))

    assert heads(bucket) == ["dags/b.py", "dags/new.py"]
    assert {name: entry.target for name, entry in found.items() if entry.target} == {"b.py": "other", "new.py": "other"}


def test_another_targets_upload_while_it_is_looked_at_is_told(bucket):
    record = deploy(bucket)
    listed = bucket.list

    def list_then_write(prefix):
        yield from list(listed(prefix))
        bucket.of_target("other").put("dags/a.py", b"a=22", sha256=hashlib.sha256(b"a=22").hexdigest(), commit="c")

    bucket.list = list_then_write

    assert look(bucket, record, wanted=Manifest())["a.py"].target == "other"
