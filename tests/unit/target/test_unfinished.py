import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mwaa_deploy.target.environment_update import Before
from mwaa_deploy.target.unfinished import (
    BegunChange,
    Unfinished,
    clear_unfinished,
    read_unfinished,
    unfinished_key,
    write_unfinished,
)
from tests.fakes.bucket import FakeBucket

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
CHANGE = BegunChange(
    since=NOON,
    run_url="https://github.test/acme/dags/actions/runs/7/attempts/2",
    before=Before(status="AVAILABLE", last_update_at=NOON),
    stack_done_at=NOON,
    expected=(16, 36),
)


def test_note_is_kept_until_it_is_cleared():
    bucket = FakeBucket()
    note = Unfinished(stack=True, dags=frozenset({"a.py", "ä b.py"}))
    write_unfinished(bucket, "s", note, commit="c")

    assert read_unfinished(bucket, "s") == note
    assert read_unfinished(bucket, "other").none

    clear_unfinished(bucket, "s")

    assert read_unfinished(bucket, "s").none


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"stack": true}', b"\xff", b'{"stack": true, "dags": 1}'])
def test_unreadable_note_means_everything(body):
    bucket = FakeBucket()
    bucket.put_foreign(unfinished_key("s"), body)

    found = read_unfinished(bucket, "s")

    assert found.touches_dag("any.py")
    assert found.touches_stack
    assert not found.none


def test_note_names_what_it_touches():
    note = Unfinished(dags=frozenset({"a.py"}))

    assert note.touches_dag("a.py")
    assert not note.touches_dag("b.py")
    assert not note.touches_stack


@pytest.mark.parametrize(
    "change",
    [
        CHANGE,
        BegunChange(since=NOON),
        replace(CHANGE, before=Before(status="AVAILABLE"), stack_done_at=None, run_url=""),
    ],
)
def test_note_tells_of_the_change_that_was_begun(change):
    bucket = FakeBucket()
    note = Unfinished(stack=True, change=change)

    write_unfinished(bucket, "s", note, commit="c")

    assert read_unfinished(bucket, "s") == note


def test_note_of_an_older_version_tells_of_no_change():
    bucket = FakeBucket()
    bucket.put_foreign(unfinished_key("s"), b'{"stack": true, "dags": []}')

    assert read_unfinished(bucket, "s") == Unfinished(stack=True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("since", "yesterday"),
        ("since", "2026-01-05T12:00:00"),
        ("since", None),
        ("expected_minutes", [1]),
        ("before", {"status": "AVAILABLE"}),
        ("run_url", 7),
    ],
)
def test_change_that_cannot_be_read_makes_the_note_unreadable(key, value):
    bucket = FakeBucket()
    write_unfinished(bucket, "s", Unfinished(stack=True, change=CHANGE), commit="c")
    plain = json.loads(bucket.contents[unfinished_key("s")])
    plain["change"][key] = value
    bucket.put_foreign(unfinished_key("s"), json.dumps(plain).encode())

    assert read_unfinished(bucket, "s") == Unfinished(everything=True)


def test_address_that_could_be_a_command_of_the_log_is_not_taken_over():
    bucket = FakeBucket()
    note = Unfinished(stack=True, change=replace(CHANGE, run_url="https://x\n::error::no"))
    write_unfinished(bucket, "s", note, commit="c")

    found = read_unfinished(bucket, "s").change

    assert found == replace(CHANGE, run_url="")
