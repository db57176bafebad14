from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.live_verdict import ExpectedDags, LiveVerdict, await_parses, compare, expect_dags, file_of
from mwaa_deploy.ports import LiveDag, LiveImportError
from mwaa_deploy.target.record import Record

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOME = "/usr/local/airflow/dags/"
EXPECTED = ExpectedDags(
    files=frozenset({"a.py", "b.py", "sql/x.sql"}), ids={"a.py": ("a1", "a2"), "b.py": ("b",)}, known=True
)


def dag(name, file="a.py", parsed_at=NOW):
    return LiveDag(id=name, file=HOME + file, parsed_at=parsed_at)


ALL = (dag("a1"), dag("a2"), dag("b", "b.py"))


def verdict(dags=ALL, errors=(), expected=EXPECTED, awaited=(), **given):
    return compare(expected, dags, errors, awaited=awaited, since=NOW, **given)


def broken(file, message="ImportError: no"):
    return LiveImportError(file=HOME + file, message=message)


def test_all_that_is_expected_is_good():
    assert verdict() == LiveVerdict(listed=3)
    assert verdict().good


def test_a_dag_that_is_not_listed_is_missing_with_its_file():
    found = verdict(ALL[1:])
    assert (found.missing, found.listed, found.good) == ({"a1": "a.py"}, 2, False)


def test_a_broken_file_explains_its_missing_dags():
    found = verdict(ALL[1:], [broken("a.py")])
    assert (found.broken, found.missing, found.good) == ({"a.py": "ImportError: no"}, {}, False)


def test_an_error_of_another_file_is_not_ours():
    found = verdict(errors=[broken("theirs.py")])
    assert (found.broken, found.foreign, found.good) == ({}, (HOME + "theirs.py",), True)


@pytest.mark.parametrize(
    ("parsed_at", "unread"),
    [(NOW, ()), (NOW - timedelta(seconds=1), ("a1",)), (None, ())],
    ids=["since", "before", "nobody says"],
)
def test_what_is_awaited_must_have_been_read_since(parsed_at, unread):
    found = verdict((dag("a1", parsed_at=parsed_at), *ALL[1:]), awaited={"a1"})
    assert (found.unread, found.good) == (unread, not unread)


def test_what_is_not_awaited_may_have_been_read_long_ago():
    assert verdict((dag("a1", parsed_at=NOW - timedelta(days=1)), *ALL[1:]), awaited={"a2"}).good


def test_a_broken_file_is_not_waited_for():
    old = dag("b", "b.py", NOW - timedelta(days=1))
    assert verdict((*ALL[:2], old), [broken("b.py")], awaited={"b"}).unread == ()


def test_dags_that_are_gone_and_still_listed_are_stale():
    gone = (dag("a3"), dag("c", "deleted.py"), dag("d", "theirs.py"))
    assert verdict((*ALL, *gone), deleted=["deleted.py"]).stale == ("a3", "c")


def test_nothing_is_stale_where_not_all_is_known():
    assert verdict((*ALL, dag("a3")), expected=replace(EXPECTED, known=False)).stale == ()


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/usr/local/airflow/dags/a.py", "a.py"),
        ("a.py", "a.py"),
        ("/usr/local/airflow/dags/team/dags/x.py", "team/dags/x.py"),
        ("/home/dags/lab/home/dags/a.py", "a.py"),
        ("/usr/local/airflow/dags/packed.zip/inside.py", "packed.zip"),
        ("packed.zip", "packed.zip"),
        ("/usr/local/airflow/dags/a.py/odd", None),
        ("/usr/local/airflow/plugins/a.py", None),
        ("/usr/local/airflow/dags/b.py", None),
        ("", None),
    ],
)
def test_airflows_path_is_a_file_of_the_deployment(path, file):
    assert file_of(path, {"a.py", "team/dags/x.py", "packed.zip"}) == file


def record(**ids):
    files = {name: FileDigest(sha256=name, size=1) for name in ("a.py", "b.py")}
    found = {name.replace("_", "."): dags for name, dags in ids.items()}
    return Record(commit="c", run_url="", at=NOW, dags=Manifest(files), dag_ids=found)


def test_what_is_expected_is_what_the_record_will_tell():
    assert expect_dags(record(a_py=("a",), b_py=())) == ExpectedDags(
        files=frozenset({"a.py", "b.py"}), ids={"a.py": ("a",)}, known=True
    )


@pytest.mark.parametrize("ids", [{}, {"a_py": ("a",)}])
def test_a_file_that_nobody_has_parsed_leaves_something_unknown(ids):
    assert not expect_dags(record(**ids)).known


@pytest.mark.parametrize(
    ("changed", "everything", "awaited"),
    [
        ((), False, set()),
        (("a.py",), False, {"a1", "a2"}),
        (("sql/x.sql",), False, {"a1", "a2", "b"}),
        ((), True, {"a1", "a2", "b"}),
    ],
)
def test_what_has_to_be_read_again(changed, everything, awaited):
    assert await_parses(EXPECTED, changed, everything=everything) == awaited
