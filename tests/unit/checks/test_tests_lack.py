"""What is said of tests that lack what they have on a laptop."""

import pytest

from mwaa_deploy.checks.tests_lack import judge_room, with_lack_explained
from mwaa_deploy.checks.verdicts import Severity, Verdict

LARGE = {"data/all.csv": 200 * 1024**2}
UNTRACKED = ("src/lib/__init__.py", "src/lib/new.py", "sql/q.sql")


def explained(message: str, severity: Severity = Severity.FAIL) -> str:
    verdict = Verdict(subject="tests.test_a::test_a", severity=severity, message=message)
    return with_lack_explained(verdict, left_out=LARGE, untracked=lambda: UNTRACKED).message


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("fixture 'mocker' not found", ["fixture 'mocker' not found. If it", "requirements: requirements-dev.txt"]),
        ("pytest refused to start: unrecognized arguments: --cov=dags.", ["--cov=dags. If it", "requirements-dev.txt"]),
        ("ModuleNotFoundError: No module named 'moto'", ["'moto'. If it"]),
        ("ModuleNotFoundError: No module named 'lib'", ["not track src/lib/__init__.py: git add it. If it"]),
        ("ModuleNotFoundError: No module named 'lib.new'", ["not track src/lib/__init__.py, src/lib/new.py: git add"]),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'sql/q.sql'", ["not track sql/q.sql: git add it."]),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: 'data/all.csv'",
            ["do not see data/all.csv: too large"],
        ),
    ],
)
def test_what_is_missing_is_explained(message, words):
    assert all(word in explained(message) for word in words), explained(message)


@pytest.mark.parametrize("message", ["assert 1 == 2", "FileNotFoundError: [Errno 2] No such file: 'other.txt'"])
def test_nothing_else_is(message):
    assert explained(message) == message


def test_what_passed_stays_as_it_is():
    assert explained("No module named 'lib'", Severity.PASS) == "No module named 'lib'"


def test_files_without_room_are_named_the_largest_first():
    (verdict,) = judge_room({"a": 1024**2, **LARGE, "b": 1, "c": 0}, most=100 * 1024**2, location=None)

    assert verdict.severity is Severity.PASS
    assert verdict.message.endswith("Not copied: data/all.csv (200.0 MiB), a (1.0 MiB), b (0.0 MiB) and 1 more.")
    assert judge_room({}, most=1, location=None) == ()
