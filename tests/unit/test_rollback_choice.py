"""Which record a roll-back means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.errors import RollbackImpossible
from mwaa_deploy.parts import Part
from mwaa_deploy.rollback_choice import choose
from mwaa_deploy.target.record import ObjectToken, PartRecord, Record, write_record
from mwaa_deploy.target.record_history import LIMIT, RecordedAt, read_history
from tests.fakes.bucket import FakeBucket

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


def record(commit, content="", *, run=0, restores=False, version="v"):
    sha = commit.ljust(40, "0")
    return Record(
        commit=sha,
        run_url=f"https://github.test/acme/dags/actions/runs/{run}" if run else "",
        at=START,
        parts={Part.PLUGINS: PartRecord(key="plugins.zip", version=version, sha256=content or commit)},
        dags=Manifest({"a.py": FileDigest(sha256=content or commit, size=1)}),
        objects={"a.py": ObjectToken(version=version, etag=version)},
        restores=sha if restores else None,
    )


def history(*records):
    """Newest first."""
    return [RecordedAt(record=r, version=f"r{len(records) - i}", at=START) for i, r in enumerate(records)]


A, B, C, D = (record(name, run=11 + i) for i, name in enumerate(("aaaa1", "bbbb2", "cccc3", "dddd4")))
BACK_TO_A = record("aaaa1", run=14, restores=True, version="w")
BACK_TO_B = record("bbbb2", run=15, restores=True, version="w")
BACK_TO_R2 = replace(BACK_TO_A, restored_version="r2")


@pytest.mark.parametrize(
    ("records", "live", "expected"),
    [
        ([B, A], B, A),
        ([C, B, A], C, B),
        # the same files from another commit, or in other object versions, are no way back
        ([record("dddd", "bbbb2"), B, A], record("dddd", "bbbb2"), A),
        ([replace(B, template_sha256="t"), B, A], replace(B, template_sha256="t"), A),
        ([record("bbbb2", version="x"), B, A], record("bbbb2", version="x"), A),
        # after a roll-back what was left behind is not gone back to
        ([BACK_TO_A, B, A, C], BACK_TO_A, C),
        ([BACK_TO_A, BACK_TO_A, B, A, C], BACK_TO_A, C),
        # and after the next deployment it is a record like any other
        ([C, BACK_TO_A, B, A], C, BACK_TO_A),
        # a revert, or any other commit, with the same content does not make it one
        ([record("dddd", "aaaa1"), BACK_TO_A, B, A, C], record("dddd", "aaaa1"), C),
        ([BACK_TO_A, C, BACK_TO_A, B, A, D], BACK_TO_A, D),
        # what lies between two of the same content is found by the version that was gone back to
        ([BACK_TO_R2, BACK_TO_B, A, B, A, D], BACK_TO_R2, D),
        # unless it was deployed again
        ([record("dddd", "bbbb2"), BACK_TO_A, B, A], record("dddd", "bbbb2"), BACK_TO_A),
        # whatever became of the record
        ([B, A], None, B),
    ],
)
def test_without_a_name_the_newest_earlier_one_with_other_content(records, live, expected):
    assert choose(history(*records), live, "").record is expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("aaaa", A),
        ("AAAA1", A),
        (A.commit, A),
        ("12", B),
        ("https://github.test/acme/dags/actions/runs/12", B),
        ("https://github.test/acme/dags/actions/runs/12/attempts/2", B),
        ("r1", A),
        ("cccc", C),
    ],
)
def test_a_commit_a_run_or_a_version_of_the_record(wanted, expected):
    assert choose(history(C, B, A), C, wanted).record is expected


@pytest.mark.parametrize("wanted", ["aaa", "1", "121", "r", "eeee", "runs/12", "https://github.test/other/12"])
def test_what_names_none_is_told_with_all_there_are(wanted):
    with pytest.raises(RollbackImpossible) as caught:
        choose(history(C, B, A), C, wanted)
    assert f"commit, run or version {wanted}." in caught.value.what
    assert [line[:7] for line in caught.value.what.splitlines()[1:]] == ["- cccc3", "- bbbb2", "- aaaa1"]
    assert caught.value.what.endswith("version r1, https://github.test/acme/dags/actions/runs/11")


def test_a_beginning_that_several_commits_have_is_not_guessed():
    other = record("aaaa2")
    with pytest.raises(RollbackImpossible, match=r"Several commits begin with aaaa:\n- aaaa2.*\n- aaaa1"):
        choose(history(other, B, A), other, "aaaa")
    assert choose(history(other, B, A), other, "aaaa1").record is A


def test_of_a_commit_deployed_more_than_once_the_newest():
    again = record("aaaa1", run=20, version="w")
    assert choose(history(again, B, A), again, "aaaa").record is again


@pytest.mark.parametrize(
    ("records", "live"),
    [([], None), ([A], A), ([BACK_TO_A, B, A], BACK_TO_A), ([record("dddd", "aaaa1"), BACK_TO_A, B, A], A)],
)
def test_where_there_is_no_way_back_it_says_what_there_is(records, live):
    with pytest.raises(RollbackImpossible, match="no earlier record") as caught:
        choose(history(*records), live, "")
    assert len(caught.value.what.splitlines()) == 1 + len(records)


def test_no_more_is_read_than_is_needed():
    read = []

    def told():
        for entry in history(C, B, A):
            read.append(entry.record)
            yield entry

    choose(told(), C, "")
    assert read == [C, B]


def test_a_history_is_read_newest_first_up_to_its_limit_and_is_of_the_record_alone():
    bucket = FakeBucket()
    notes: list[str] = []
    key = "mwaa-deploy/s/record.json"
    written = []
    etag = None
    for number in range(LIMIT + 3):
        found = replace(record(f"{number:04}"), at=START + timedelta(minutes=number), stack="s")
        stored = write_record(bucket, found, etag=etag)
        etag = stored.etag
        written.append((found, stored.version))
    bucket.put_foreign(f"{key}.bak", b"no record")
    found = list(read_history(bucket, "s", skipped=notes.append))
    assert [(entry.record, entry.version) for entry in found] == written[: -LIMIT - 1 : -1]
    assert notes == []
    bucket.put_foreign(key, b"{}")
    bucket.expire(key, written[-1][1])
    found = list(read_history(bucket, "s", skipped=notes.append, limit=1))
    assert [entry.version for entry in found] == [written[-2][1]]
    assert len(notes) == 1
    assert "cannot be read" in notes[0]


def test_what_only_begins_like_a_record_is_none():
    bucket = FakeBucket()
    notes: list[str] = []
    write_record(bucket, replace(A, stack="s"), etag=None)
    bucket.put_foreign("mwaa-deploy/s/record.json.bak", b"no record")
    assert len(list(read_history(bucket, "s", skipped=notes.append))) == 1
    assert notes == []


def test_records_with_the_same_files_do_not_use_the_limit_up():
    """A commit that changes nothing puts its name into the record."""
    notes: list[str] = []
    bucket, etag = FakeBucket(), None
    for number in range(3 * LIMIT):
        content = "first" if number == 0 else "then"
        found = replace(record(f"{number:04}", content), at=START + timedelta(minutes=number), stack="s")
        etag = write_record(bucket, found, etag=etag).etag

    chosen = choose(read_history(bucket, "s", skipped=notes.append), found, "")

    assert chosen.record.commit.startswith("0000")
    assert notes == []


def test_a_history_that_never_ends_is_given_up_with_a_word():
    notes: list[str] = []
    bucket, etag = FakeBucket(), None
    for number in range(4):
        etag = write_record(bucket, replace(record(f"{number:04}", "same"), stack="s"), etag=etag).etag

    found = list(read_history(bucket, "s", skipped=notes.append, versions_limit=3))

    assert [entry.record.commit[:4] for entry in found] == ["0003", "0002", "0001"]
    (note,) = notes
    assert note == (
        "The record s3://mwaa-bucket/mwaa-deploy/s/record.json has more than 3 versions; that of 2026-01-01 00:00 UTC "
        "and older ones are not looked into."
    )
    assert bucket.knobs.count("read") == 3
