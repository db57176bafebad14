import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.errors import RecordUnreadable
from mwaa_deploy.parts import VERSIONED_PARTS, Part
from mwaa_deploy.target.record import (
    ObjectToken,
    PartRecord,
    PromotedFrom,
    Record,
    decode_record,
    encode_record,
    read_record,
    record_key,
    write_record,
)
from tests.fakes.bucket import FakeBucket

RECORD = Record(
    commit="c" * 40,
    run_url="https://github.test/runs/1",
    at=datetime(2026, 1, 5, 12, tzinfo=UTC),
    parts={Part.PLUGINS: PartRecord(key="plugins.zip", version="v1", sha256="d" * 64)},
    dags=Manifest({"ä b.py": FileDigest(sha256="e" * 64, size=3)}),
    objects={"ä b.py": ObjectToken(version="v2", etag="0123")},
    dag_prefix="dags",
    template_sha256="f" * 64,
    stack="mwaa-staging",
    environment="staging",
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
TOKENS = st.none() | st.builds(ObjectToken, version=TEXT, etag=TEXT)
IDS = st.none() | st.lists(TEXT, max_size=3).map(tuple)
FILES = st.dictionaries(
    TEXT, st.tuples(st.builds(FileDigest, sha256=TEXT, size=st.integers(0)), TOKENS, IDS), max_size=4
)
RECORDS = st.builds(
    lambda files, **others: Record(
        dags=Manifest({name: file for name, (file, _, _) in files.items()}),
        objects={name: token for name, (_, token, _) in files.items() if token is not None},
        dag_ids={name: ids for name, (_, _, ids) in files.items() if ids is not None},
        **others,
    ),
    files=FILES,
    commit=TEXT,
    run_url=TEXT,
    at=st.datetimes(timezones=st.just(UTC)),
    parts=st.dictionaries(
        st.sampled_from(VERSIONED_PARTS), st.builds(PartRecord, key=TEXT, version=TEXT, sha256=st.none() | TEXT)
    ),
    dag_prefix=TEXT,
    template_sha256=st.none() | TEXT,
    stack=TEXT,
    environment=st.none() | TEXT,
    verified=st.booleans(),
    restores=st.none() | TEXT,
    promoted_from=st.none() | st.builds(PromotedFrom, target=TEXT, bucket=TEXT, run_url=TEXT),
    ref=TEXT,
    restored_version=TEXT,
    stack_changed_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(record=RECORDS)
def test_what_is_written_is_what_is_read(record):
    assert decode_record(encode_record(record), where="x") == record


def test_record_is_stable_and_stays_readable_by_later_versions():
    """These bytes lie at targets: a change here needs a new schema."""
    assert encode_record(RECORD).decode() == (
        "{\n"
        ' "at": "2026-01-05T12:00:00+00:00",\n'
        f' "commit": "{"c" * 40}",\n'
        ' "dag_prefix": "dags",\n'
        ' "dags": {\n'
        '  "ä b.py": {\n'
        '   "etag": "0123",\n'
        f'   "sha256": "{"e" * 64}",\n'
        '   "size": 3,\n'
        '   "version": "v2"\n'
        "  }\n"
        " },\n"
        ' "environment": "staging",\n'
        ' "parts": {\n'
        '  "plugins": {\n'
        '   "key": "plugins.zip",\n'
        f'   "sha256": "{"d" * 64}",\n'
        '   "version": "v1"\n'
        "  }\n"
        " },\n"
        ' "run_url": "https://github.test/runs/1",\n'
        ' "schema": 2,\n'
        ' "stack": "mwaa-staging",\n'
        f' "template_sha256": "{"f" * 64}"\n'
        "}\n"
    )


def test_record_of_schema_1_is_still_read_and_knows_no_tokens():
    body = plain(schema=1, dags={"ä b.py": {"sha256": "e" * 64, "size": 3}})

    record = decode_record(body, where="s3://b/k")

    assert record == replace(RECORD, schema=1, objects={})
    assert not record.same_content(RECORD)


def test_a_record_of_before_the_stacks_last_update_was_kept_is_read_and_is_behind():
    later = replace(RECORD, stack_changed_at=datetime(2026, 1, 5, 11, tzinfo=UTC))
    older = decode_record(encode_record(RECORD), where="s3://b/k")
    assert older.stack_changed_at is None
    assert not later.same_content(older)
    assert decode_record(encode_record(later), where="s3://b/k").same_content(later)


def plain(**changes: object) -> bytes:
    return json.dumps(json.loads(encode_record(RECORD)) | changes).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"null",
        b'"text"',
        b'{"schema": "1"}',
        b'{"schema": 1}',
        b"[" * 100_000,
        plain(parts=[]),
        plain(parts={"unknown": {"key": "k", "version": "v", "sha256": None}}),
        plain(parts={"plugins": {"key": "k"}}),
        plain(dags={"a": {"sha256": 1, "size": 1}}),
        plain(dags={"a": {"sha256": "a", "size": "1"}}),
        plain(dags={"a": {"sha256": "a", "size": 1, "etag": "e"}}),
        plain(dags={"a": {"sha256": "a", "size": 1, "etag": 1, "version": "v"}}),
        plain(at="yesterday"),
        plain(at="2026-01-05T12:00:00"),
        plain(stack_changed_at="yesterday"),
        plain(stack_changed_at=7),
        plain(stack_changed_at="2026-01-05T12:00:00"),
        plain(commit=None),
    ],
)
def test_foreign_content_is_refused_with_the_command_that_mends_it(body):
    with pytest.raises(RecordUnreadable, match="cannot be read") as caught:
        decode_record(body, where="s3://b/k")

    assert caught.value.mend == "aws s3 rm 's3://b/k'"


def test_newer_schema_asks_for_a_newer_version_and_never_to_delete():
    with pytest.raises(RecordUnreadable, match="schema 3") as caught:
        decode_record(plain(schema=3, parts="whatever"), where="s3://b/k")

    assert "aws s3 rm" not in caught.value.mend
    assert "newer version" in caught.value.mend


def test_record_lies_at_its_stack():
    bucket = FakeBucket("b")
    write_record(bucket, RECORD, etag=None)

    assert list(bucket.contents) == ["mwaa-deploy/mwaa-staging/record.json"]
    assert read_record(bucket, "mwaa-staging") == RECORD
    assert read_record(bucket, "another") is None


def test_unreadable_record_names_its_address():
    bucket = FakeBucket("b")
    bucket.put_foreign(record_key("s"), b"?")

    with pytest.raises(RecordUnreadable, match=r"s3://b/mwaa-deploy/s/record\.json"):
        read_record(bucket, "s")


def test_same_content_by_another_commit_is_the_same():
    later = Record(
        commit="other",
        run_url="other",
        at=datetime(2027, 1, 1, tzinfo=UTC),
        parts=RECORD.parts,
        dags=RECORD.dags,
        objects=RECORD.objects,
        template_sha256=RECORD.template_sha256,
        stack=RECORD.stack,
        environment=RECORD.environment,
    )

    assert later.same_content(RECORD)
    assert replace(later, dag_ids={"ä b.py": ("a",)}, verified=True).same_content(RECORD)
    assert not RECORD.same_content(None)
    assert not Record(commit="c", run_url="", at=RECORD.at).same_content(RECORD)


def test_a_roll_back_to_it_is_no_other_content():
    assert replace(RECORD, restores=RECORD.commit).same_content(RECORD)
    assert replace(RECORD, ref="refs/heads/main").same_content(RECORD)
