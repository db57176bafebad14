"""How a command is handed to the supervisor, and what is believed of its report."""

import ast

import pytest

from mwaa_deploy.runner.container_look import candidates
from mwaa_deploy.runner.supervision import SUPERVISOR, Ended, Refused, parse_report, supervised


def test_variables_and_words_arrive_apart():
    command = supervised(
        ["echo", "A=b"], python="/p", script="/s", seconds=1.5, users="airflow", folder="/", env={"C": "d=e\nf"}
    )
    assert command == ["/p", "-I", "-S", "/s", "1.500", "airflow", "/", "taken", "1", "C=d=e\nf", "echo", "A=b"]


def test_a_report_is_read():
    text = b'{"code": 3, "timed_out": false, "out_of_memory": true, "killed_all": false, "left": false}'
    assert parse_report(text) == Ended(code=3, out_of_memory=True)
    assert parse_report(b'{"refused": "root"}') == Refused(reason="root")


@pytest.mark.parametrize("text", [b"", b"Traceback", b"0", b"null", b"[]", b'{"code": 0', b'{"other": 0}', b"\xff"])
def test_anything_else_is_no_report(text):
    assert parse_report(text) is None


def test_the_images_own_user_counts_where_there_is_none_of_mwaas():
    assert candidates("1001:0") == "airflow|1001:0|65534:65534"
    assert candidates("data") == "airflow|data|65534:65534"


@pytest.mark.parametrize("root", ["", "0", "root", "root:root", "0:0"])
def test_root_never_counts(root):
    assert candidates(root) == "airflow|65534:65534"


def test_the_supervisor_is_python_3_7():
    ast.parse(SUPERVISOR.read_text(encoding="utf-8"), feature_version=(3, 7))
