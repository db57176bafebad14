"""A bundle made out of a record and the versions of the bucket's objects."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mwaa_deploy.bundle.from_record import RecordedFiles
from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.bundle.template import parse_template
from mwaa_deploy.errors import RollbackImpossible
from mwaa_deploy.parts import Part
from mwaa_deploy.target.record import ObjectToken, PartRecord, Record
from tests.fakes.bucket import FakeBucket

TEMPLATE = parse_template("""\
Parameters:
  Version: {Type: String}
Resources:
  Mwaa:
    Type: AWS::MWAA::Environment
    Properties:
      DagS3Path: dags
      PluginsS3Path: plugins.zip
      PluginsS3ObjectVersion: !Ref Version
      RequirementsS3Path: requirements.txt
""")


def digest(body):
    return hashlib.sha256(body).hexdigest()


class Place:
    """A bucket with what a record names, and somebody else's versions after it."""

    def __init__(self, folder):
        self.bucket = FakeBucket()
        bodies = {"plugins.zip": b"plugins", "requirements.txt": b"x==1", "dags/a.py": b"a = 1", "dags/d/b.py": b"b"}
        stored = {key: self.bucket.put(key, body, sha256=digest(body), commit="c" * 40) for key, body in bodies.items()}
        self.record = Record(
            commit="c0ffee1" + "0" * 33,
            run_url="",
            at=datetime(2026, 1, 5, tzinfo=UTC),
            parts={
                part: PartRecord(key=key, version=stored[key].version, sha256=digest(bodies[key]))
                for part, key in ((Part.PLUGINS, "plugins.zip"), (Part.REQUIREMENTS, "requirements.txt"))
            },
            dags=Manifest(
                {
                    name: FileDigest(sha256=digest(bodies[f"dags/{name}"]), size=len(bodies[f"dags/{name}"]))
                    for name in ("a.py", "d/b.py")
                }
            ),
            objects={
                name: ObjectToken(version=stored[f"dags/{name}"].version, etag=stored[f"dags/{name}"].etag)
                for name in ("a.py", "d/b.py")
            },
        )
        self.folder = folder
        for key in bodies:
            self.bucket.put_foreign(key, b"newer")
        self.bucket.knobs.calls.clear()

    @property
    def files(self):
        return RecordedFiles(record=self.record, bucket=self.bucket, folder=self.folder)

    def part(self, part, **changes):
        parts = {**self.record.parts, part: replace(self.record.parts[part], **changes)}
        self.record = replace(self.record, parts=parts)

    def forget(self, name):
        self.record = replace(self.record, objects={k: v for k, v in self.record.objects.items() if k != name})


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_parts_are_the_recorded_versions_with_their_bytes(place):
    bundle = place.files.bundle(None)
    plugins, recorded = bundle.artefacts[Part.PLUGINS], place.record.parts[Part.PLUGINS]
    assert (plugins.body, plugins.key, plugins.version) == (b"plugins", "plugins.zip", recorded.version)
    assert plugins.sha256 == recorded.sha256
    assert bundle.artefacts.keys() == {Part.PLUGINS, Part.REQUIREMENTS}
    assert (bundle.dags, bundle.dag_folder) == (place.record.dags, place.folder)
    assert list(place.folder.iterdir()) == []


def test_a_part_that_the_template_takes_no_version_of_is_left_out(place):
    assert place.files.bundle(TEMPLATE).artefacts.keys() == {Part.PLUGINS}


def test_versions_of_another_bucket_are_no_versions_of_this_target(place):
    assert place.files.bundle(TEMPLATE, same_target=False).artefacts[Part.PLUGINS].version is None


def test_bytes_that_are_not_those_of_the_record_are_refused(place):
    place.part(Part.PLUGINS, sha256="0" * 64)
    with pytest.raises(RollbackImpossible, match=r"1 object version\(s\) .* other content:\n- plugins.zip, version v"):
        place.files.bundle(None)


def test_bytes_that_the_record_does_not_know_are_those_of_the_version(place):
    place.part(Part.PLUGINS, sha256=None)
    assert place.files.bundle(None).artefacts[Part.PLUGINS].sha256 == digest(b"plugins")


def test_dag_files_are_fetched_by_version_and_only_those_asked_for(place):
    place.files.fetch_dags(["d/b.py"])
    assert [p.relative_to(place.folder).as_posix() for p in place.folder.rglob("*.py")] == ["d/b.py"]
    assert (place.folder / "d/b.py").read_bytes() == b"b"
    assert place.bucket.knobs.calls == [("read", "dags/d/b.py")]


def test_a_version_with_other_bytes_than_recorded_is_not_taken(place):
    newer = place.bucket.head("dags/a.py").version
    place.record = replace(place.record, objects={**place.record.objects, "a.py": ObjectToken(version=newer, etag="e")})
    place.files.fetch_dags(["a.py"])
    assert (place.folder / "a.py").read_bytes() == b"a = 1"


def test_without_a_version_the_newest_with_the_recorded_bytes_is_taken_and_only_its_size_is_read(place):
    place.forget("a.py")
    place.bucket.put_foreign("dags/a.py", b"far longer than that")
    place.bucket.put_foreign("dags/a.py", b"a = 2")
    place.bucket.knobs.calls.clear()
    place.files.fetch_dags(["a.py"])
    assert (place.folder / "a.py").read_bytes() == b"a = 1"
    # 'newer' and 'a = 2' have the size, too
    assert place.bucket.knobs.calls == [("versions_under", "dags/"), *[("read", "dags/a.py")] * 3]


def test_all_dag_files_that_are_gone_are_named(place):
    for name in ("a.py", "d/b.py"):
        place.bucket.expire(f"dags/{name}", place.record.objects[name].version)
    with pytest.raises(RollbackImpossible) as caught:
        place.files.fetch_dags(["a.py", "d/b.py"])
    version = place.record.objects["a.py"].version
    assert f"- dags/a.py, version {version}\n- dags/d/b.py, version" in caught.value.what
    place.forget("a.py")
    with pytest.raises(RollbackImpossible, match=r"- dags/a.py, any version with that content"):
        place.files.fetch_dags(["a.py"])


def test_what_is_gone_of_parts_and_dags_is_named_at_once(place):
    place.bucket.expire("plugins.zip", place.record.parts[Part.PLUGINS].version)
    place.bucket.expire("dags/a.py", place.record.objects["a.py"].version)
    with pytest.raises(RollbackImpossible, match=r"2 object version\(s\) .*\n- plugins.zip.*\n- dags/a.py"):
        place.files.bundle(None)


@pytest.mark.parametrize("name", ["../out.py", "/etc/out.py", "d/../../out.py", ""])
def test_a_record_leads_nowhere_but_into_the_folder(place, name):
    body = b"evil"
    stored = place.bucket.put(f"dags/{name}", body, sha256=digest(body), commit="c" * 40)
    place.record = replace(
        place.record,
        dags=Manifest({name: FileDigest(sha256=digest(body), size=4)}),
        objects={name: ObjectToken(version=stored.version, etag="")},
    )
    with pytest.raises(RollbackImpossible, match="no path inside the DAG folder"):
        place.files.fetch_dags([name])
