"""How a run of pytest is judged, beyond what a real one shows."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from mwaa_deploy.checks.layout import plan_layout
from mwaa_deploy.checks.unit_tests import judge_tests
from mwaa_deploy.checks.verdicts import Severity, Verdict
from mwaa_deploy.ports import Completed
from mwaa_deploy.source.project import Project

ROOT = Path("/repo")
LAYOUT = plan_layout(
    Project(repository=ROOT, root=ROOT, dags=ROOT / "dags", tests=ROOT / "tests"), PurePosixPath("/usr/local/airflow")
)
PASSED = b'<testsuite><testcase classname="tests.test_a" name="test_a" file="tests/test_a.py" line="0" /></testsuite>'


def judge(code: int, report: bytes | None, *, timed_out: bool = False, **progress: Any) -> tuple[Verdict, ...]:
    completed = Completed(exit_code=code, output="", seconds=3.0, timed_out=timed_out)
    ran = progress.get("finished", 0)
    note = {
        "selected": None,
        "deselected": 0,
        "finished": 0,
        "ran": ran,
        "hindered": [],
        "at": None,
        "left": None,
        **progress,
    }
    return judge_tests(completed, report, json.dumps(note).encode() if progress else None, LAYOUT)


def test_a_report_of_passed_tests_passes():
    assert [verdict.severity for verdict in judge(0, PASSED, selected=1, finished=1)] == [Severity.PASS]


@pytest.mark.parametrize("code", [1, 2, 3, 4, 137, -9])
def test_no_other_exit_code_is_ever_green(code):
    assert judge(code, PASSED, selected=1, finished=1)[-1].severity is Severity.FAIL


@pytest.mark.parametrize("code", [0, 1, 5])
def test_an_end_without_a_report_is_a_failure(code):
    assert [verdict.severity for verdict in judge(code, None)] == [Severity.FAIL]


@pytest.mark.parametrize("report", [b"", b"not xml", b"<!DOCTYPE a><testsuite/>"])
def test_a_report_that_cannot_be_read_is_a_failure(report):
    assert [verdict.severity for verdict in judge(0, report)] == [Severity.FAIL]


def test_fewer_tests_run_than_were_selected_is_a_failure_at_the_last_one():
    at = {"test": "tests/test_a.py::test_b", "file": "tests/test_a.py", "line": 9}

    verdict = judge(0, PASSED, selected=3, finished=2, at=at)[-1]

    assert verdict.severity is Severity.FAIL
    assert verdict.location
    assert (verdict.location.file, verdict.location.line) == ("tests/test_a.py", 9)


def test_tests_that_were_only_set_up_are_a_failure():
    verdict = judge(0, PASSED, selected=3, finished=3, ran=1)[-1]

    assert verdict.severity is Severity.FAIL
    assert "1 of 3 were" in verdict.message


def test_what_keeps_tests_from_being_run_is_named():
    verdict = judge(0, PASSED, selected=1, finished=1, hindered=["-p no:unittest"])[-1]

    assert verdict.severity is Severity.FAIL
    assert verdict.message.startswith("-p no:unittest keeps tests from being run")


def test_tests_of_which_none_was_selected_are_a_failure():
    (verdict,) = judge(5, b"<testsuite/>", selected=0, deselected=3)

    assert verdict.severity is Severity.FAIL
    assert verdict.message.startswith("None of 3 tests was selected")


def test_a_time_out_is_a_failure_whatever_the_report_says():
    assert [verdict.severity for verdict in judge(0, PASSED, timed_out=True, selected=1, finished=1)] == [Severity.FAIL]


def test_no_test_at_all_is_a_warning():
    assert [verdict.severity for verdict in judge(5, b"<testsuite/>", selected=0)] == [Severity.WARN]


@pytest.mark.parametrize(
    "note",
    [b"[1]", b"5", b"no json", b"[" * 100_000, b'{"selected": 1}', b'{"selected": "1", "finished": 1}'],
    ids=lambda note: note[:20].decode(),
)
def test_a_note_that_the_launcher_never_writes_is_a_failure(note):
    (verdict,) = judge_tests(Completed(exit_code=0, output="", seconds=3.0), PASSED, note, LAYOUT)

    assert verdict.severity is Severity.FAIL
    assert "tests.json is not one of ours" in verdict.message


@pytest.mark.parametrize(
    "report", [PASSED.replace(b" line", b' time="abc" line'), PASSED.replace(b'"0"', b'"\xc2\xb2"')]
)
def test_a_report_that_pytest_never_writes_is_a_failure(report):
    (verdict,) = judge(0, report, selected=1, finished=1)

    assert verdict.severity is Severity.FAIL
    assert "tests.xml is not one of ours" in verdict.message


def test_passed_tests_without_the_launchers_note_are_a_failure():
    assert judge(0, PASSED)[-1].severity is Severity.FAIL
