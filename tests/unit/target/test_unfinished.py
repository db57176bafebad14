import pytest

from mwaa_deploy.target.unfinished import (
    Unfinished,
    clear_unfinished,
    read_unfinished,
    unfinished_key,
    write_unfinished,
)
from tests.fakes.bucket import FakeBucket


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
