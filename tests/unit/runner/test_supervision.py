"""How a command is handed to the supervisor, and what is believed of its report."""

import ast
import json
from pathlib import PurePosixPath

import pytest

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.runner.container_look import candidates
from mwaa_deploy.runner.supervision import (
    READER,
    SUPERVISOR,
    Ended,
    Refused,
    longest_report,
    parse_report,
    parse_results,
    supervised,
)

A, B, C = map(PurePosixPath, ("/a", "/b", "/c"))
ENDED = {"code": 3, "timed_out": False, "out_of_memory": True, "killed_all": False, "left": False}


def report(results: object, rest: bytes = b"") -> bytes:
    return json.dumps({**ENDED, "results": results}).encode() + b"\n" + rest


def test_variables_and_words_arrive_apart():
    command = supervised(
        ["echo", "A=b"],
        python="/p",
        script="/s",
        seconds=1.5,
        users="airflow",
        folder="/",
        env={"C": "d=e\nf"},
        results=[A, B],
    )
    first = ["/p", "-I", "-S", "/s", "1.500", "airflow", "/", "taken"]
    assert command == [*first, "1", "C=d=e\nf", "2", "/a", "/b", "echo", "A=b"]


def test_a_report_is_read():
    assert parse_report(report([])) == Ended(code=3, out_of_memory=True)
    assert parse_report(b'{"refused": "root"}\n') == Refused(reason="root")
    assert parse_report(b'{"refused": "root"}\n', [A]) == Refused(reason="root")


def test_files_come_after_it_and_one_that_is_not_there_is_left_out():
    ended = parse_report(report([3, None, 0], b"\n\0x"), [A, B, C])
    assert isinstance(ended, Ended)
    assert ended.results == {A: b"\n\0x", C: b""}
    assert parse_results(b'{"results": [null, 2]}\nab', [A, B]) == {B: b"ab"}


@pytest.mark.parametrize("text", [b"", b"Traceback", b"0", b"null", b"[]", b'{"code": 0', b'{"other": 0}', b"\xff"])
def test_anything_else_is_no_report(text):
    assert parse_report(text) is None
    assert parse_results(text, [A]) == {}


@pytest.mark.parametrize("rest", [b"", b"ab", b"abcd"])
def test_a_report_that_is_cut_short_is_none(rest):
    assert parse_report(report([3], rest), [A]) is None
    assert parse_results(b'{"results": [3]}\n' + rest, [A]) == {}


@pytest.mark.parametrize("results", [[], [1], [1, 1, 1], None, 2, ["1", None]])
def test_a_report_about_other_files_is_none(results):
    assert parse_report(report(results, b"x"), [A, B]) is None


def test_a_file_too_large_is_told():
    with pytest.raises(RunnerBroken, match="/b in the runner is too large"):
        parse_report(report([1, 64 * 1024 * 1024 + 1], b"x"), [A, B])


def test_a_report_has_room_for_every_file():
    assert longest_report([A, B]) > len(report([64 * 1024 * 1024] * 2)) + 128 * 1024 * 1024
    assert longest_report([]) == 65_536


def test_the_images_own_user_counts_where_there_is_none_of_mwaas():
    assert candidates("1001:0") == "airflow|1001:0|65534:65534"
    assert candidates("data") == "airflow|data|65534:65534"


@pytest.mark.parametrize("root", ["", "0", "root", "root:root", "0:0"])
def test_root_never_counts(root):
    assert candidates(root) == "airflow|65534:65534"


@pytest.mark.parametrize("script", [SUPERVISOR, READER])
def test_the_supervisor_is_python_3_7(script):
    ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 7))
