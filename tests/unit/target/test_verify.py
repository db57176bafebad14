import pytest

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.errors import VerificationFailed
from mwaa_deploy.parts import Part
from mwaa_deploy.target.record import ObjectToken
from mwaa_deploy.target.verify import verify_dags, verify_versions
from tests.fakes.bucket import FakeBucket
from tests.fakes.environment import FakeEnvironment

NAMES = ("a.py", "deep/b.py")
MANIFEST = Manifest({name: FileDigest(sha256="x", size=len(name)) for name in NAMES})
Objects = dict[str, ObjectToken]


@pytest.fixture
def bucket() -> FakeBucket:
    return FakeBucket("b")


@pytest.fixture
def objects(bucket) -> Objects:
    """The uploads of the manifest's files, beside what is none of ours."""
    bucket.put_foreign("dags/", b"")
    bucket.put_foreign("dags/folder/", b"")
    bucket.put_foreign("dags-of-others/x.py", b"x")
    return {
        name: ObjectToken(version=stored.version, etag=stored.etag)
        for name in NAMES
        for stored in [bucket.put_foreign(f"dags/{name}", name.encode())]
    }


def nothing(_name: str) -> bool:
    return False


def test_prefix_that_holds_the_uploads_passes(bucket, objects):
    verify_dags(bucket, "dags", MANIFEST, objects, ignored=nothing)


def test_what_is_spared_is_left_out_unless_the_manifest_has_it(bucket, objects):
    bucket.put_foreign("dags/requirements.txt", b"x")

    verify_dags(bucket, "dags", MANIFEST, objects, ignored=lambda name: name in ("requirements.txt", "a.py"))
    with pytest.raises(VerificationFailed, match=r"not deleted: requirements\.txt"):
        verify_dags(bucket, "dags", MANIFEST, objects, ignored=nothing)
    bucket.delete(["dags/a.py"])
    with pytest.raises(VerificationFailed, match=r"missing: a\.py"):
        verify_dags(bucket, "dags", MANIFEST, objects, ignored=lambda name: name in ("requirements.txt", "a.py"))


def test_all_that_is_wrong_is_named(bucket, objects):
    bucket.delete(["dags/a.py"])
    bucket.put_foreign("dags/deep/b.py", b"longer than it was")
    bucket.put_foreign("dags/c.py", b"")

    with pytest.raises(VerificationFailed) as caught:
        verify_dags(bucket, "dags", MANIFEST, objects, ignored=nothing)

    assert caught.value.what.splitlines() == [
        "s3://b/dags/ does not hold what was deployed:",
        "- missing: a.py",
        "- 18 instead of 9 bytes: deep/b.py",
        "- not deleted: c.py",
    ]


def test_other_content_in_the_same_size_is_found(bucket, objects):
    bucket.put_foreign("dags/a.py", b"b.py")

    with pytest.raises(VerificationFailed, match=r"- overwritten: a\.py\n"):
        verify_dags(bucket, "dags", MANIFEST, objects, ignored=nothing)


def test_file_whose_upload_is_not_known_does_not_pass(bucket, objects):
    del objects["a.py"]

    with pytest.raises(VerificationFailed, match=r"- overwritten: a\.py"):
        verify_dags(bucket, "dags", MANIFEST, objects, ignored=nothing)


def test_long_list_is_cut(bucket):
    many = Manifest({f"{n:03}.py": FileDigest(sha256="x", size=1) for n in range(200)})

    with pytest.raises(VerificationFailed, match="and 180 more") as caught:
        verify_dags(bucket, "dags", many, {}, ignored=nothing)

    assert len(caught.value.what.splitlines()) == 22


def test_versions_of_the_environment_are_compared():
    environment = FakeEnvironment()
    environment.bring("e", versions={Part.PLUGINS: "v1", Part.REQUIREMENTS: "v2"}, paths={})

    verify_versions(environment, "e", {Part.PLUGINS: "v1"}, paths={}, bucket="b")
    with pytest.raises(
        VerificationFailed, match="- requirements: runs v2, not v3\n- startup-script: runs none, not v4"
    ):
        verify_versions(
            environment,
            "e",
            {Part.PLUGINS: "v1", Part.REQUIREMENTS: "v3", Part.STARTUP_SCRIPT: "v4"},
            paths={},
            bucket="b",
        )


def test_environment_that_is_gone_is_named():
    with pytest.raises(VerificationFailed, match="no MWAA environment e"):
        verify_versions(FakeEnvironment(), "e", {}, paths={}, bucket="b")


def test_paths_of_the_environment_are_compared_as_far_as_it_tells_them():
    environment = FakeEnvironment()
    environment.bring("e", versions={}, paths={Part.DAGS: "/theirs/", Part.PLUGINS: "p.zip"})

    told = {Part.DAGS: "theirs", Part.PLUGINS: "p.zip", Part.REQUIREMENTS: "r.txt"}
    verify_versions(environment, "e", {}, paths=told, bucket="b")
    with pytest.raises(VerificationFailed, match="- dags: is read from /theirs/, not from dags\n"):
        verify_versions(environment, "e", {}, paths={**told, Part.DAGS: "dags"}, bucket="b")
