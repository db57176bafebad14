import pytest

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.errors import VerificationFailed
from mwaa_deploy.parts import Part
from mwaa_deploy.target.verify import verify_dags, verify_versions
from tests.fakes.bucket import FakeBucket
from tests.fakes.environment import FakeEnvironment

MANIFEST = Manifest({name: FileDigest(sha256="x", size=len(name)) for name in ("a.py", "deep/b.py")})


@pytest.fixture
def bucket() -> FakeBucket:
    bucket = FakeBucket("b")
    for name in MANIFEST.files:
        bucket.put_foreign(f"dags/{name}", name.encode())
    bucket.put_foreign("dags/", b"")
    bucket.put_foreign("dags/folder/", b"")
    bucket.put_foreign("dags-of-others/x.py", b"x")
    return bucket


def test_prefix_that_holds_the_manifest_passes(bucket):
    verify_dags(bucket, "dags", MANIFEST, ignored=frozenset())


def test_other_parts_among_the_dags_are_left_out(bucket):
    bucket.put_foreign("dags/requirements.txt", b"x")
    with_requirements = Manifest({**MANIFEST.files, "requirements.txt": FileDigest(sha256="x", size=99)})

    verify_dags(bucket, "dags", with_requirements, ignored=frozenset({"requirements.txt"}))
    with pytest.raises(VerificationFailed, match=r"not deleted: requirements\.txt"):
        verify_dags(bucket, "dags", MANIFEST, ignored=frozenset())


def test_all_that_is_wrong_is_named(bucket):
    bucket.delete(["dags/a.py"])
    bucket.put_foreign("dags/deep/b.py", b"longer than it was")
    bucket.put_foreign("dags/c.py", b"")

    with pytest.raises(VerificationFailed) as caught:
        verify_dags(bucket, "dags", MANIFEST, ignored=frozenset())

    assert caught.value.what.splitlines() == [
        "s3://b/dags/ does not hold what was deployed:",
        "- missing: a.py",
        "- 18 instead of 9 bytes: deep/b.py",
        "- not deleted: c.py",
    ]


def test_long_list_is_cut(bucket):
    many = Manifest({f"{n:03}.py": FileDigest(sha256="x", size=1) for n in range(200)})

    with pytest.raises(VerificationFailed, match="and 182 more") as caught:
        verify_dags(bucket, "dags", many, ignored=frozenset())

    assert len(caught.value.what.splitlines()) == 22


def test_versions_of_the_environment_are_compared():
    environment = FakeEnvironment()
    environment.update("e", versions={Part.PLUGINS: "v1", Part.REQUIREMENTS: "v2"}, paths={})

    verify_versions(environment, "e", {Part.PLUGINS: "v1"})
    with pytest.raises(
        VerificationFailed, match="- requirements: runs v2, not v3\n- startup-script: runs none, not v4"
    ):
        verify_versions(environment, "e", {Part.PLUGINS: "v1", Part.REQUIREMENTS: "v3", Part.STARTUP_SCRIPT: "v4"})


def test_environment_that_is_gone_is_named():
    with pytest.raises(VerificationFailed, match="no MWAA environment e"):
        verify_versions(FakeEnvironment(), "e", {})
