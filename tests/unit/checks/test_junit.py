"""pytest's report and tracebacks."""

import pytest

from mwaa_deploy.checks.junit import JUnitUnreadable, frames, parse_junit
from mwaa_deploy.checks.unit_tests import exception_in

REPORT = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="5">
<testcase classname="tests.test_a.T" name="test_good" file="tests/test_a.py" line="3" time="0.5" />
<testcase classname="tests.test_a" name="test_bad" file="tests/test_a.py" line="9" time="0.1">
<failure message="assert 1 == 2">tests/test_a.py:11: in test_bad
    assert 1 == 2
E   assert 1 == 2</failure></testcase>
<testcase classname="tests.test_a" name="test_later" file="tests/test_a.py" line="20" time="0">
<skipped type="pytest.skip" message="later">x</skipped></testcase>
<testcase classname="" name="tests.test_b" time="0"><error message="collection failure">E   boom</error></testcase>
<testcase time="0.001" />
</testsuite></testsuites>"""


def test_every_test_has_its_outcome_and_begins_at_its_line():
    cases = parse_junit(REPORT)

    assert [(case.name, case.outcome, case.file, case.line) for case in cases] == [
        ("tests.test_a.T::test_good", "passed", "tests/test_a.py", 4),
        ("tests.test_a::test_bad", "failed", "tests/test_a.py", 10),
        ("tests.test_a::test_later", "skipped", "tests/test_a.py", 21),
        ("tests.test_b", "error", "", None),
    ]
    assert cases[2].message == "later"


@pytest.mark.parametrize(
    "document", [b"", b"<testsuites>", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><testsuites>&a;</testsuites>']
)
def test_what_pytest_would_never_write_is_refused(document):
    with pytest.raises(JUnitUnreadable):
        parse_junit(document)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "tests/test_a.py:3: in test\n    go()\ndags/a.py:7: in go\n    1/0\nE   Zero",
            [("tests/test_a.py", 3), ("dags/a.py", 7)],
        ),
        ('  File "/home/tests/test_a.py", line 4, in test\n', [("/home/tests/test_a.py", 4)]),
        (
            'tests/test_a.py:2: in <module>\n    import a\nE     File "/home/dags/a.py", line 9\nE   SyntaxError',
            [("tests/test_a.py", 2), ("/home/dags/a.py", 9)],
        ),
        (
            'tests/test_a.py:2: in t\nE   AssertionError:   File "/home/dags/a.py", line 9, in f',
            [("tests/test_a.py", 2)],
        ),
        ("E   AssertionError: dags/a.py:9: in f", []),
    ],
)
def test_frames_are_read_but_not_from_what_an_exception_says(text, expected):
    assert list(frames(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E   AssertionError: a\nE   assert 1 == 2", "AssertionError: a"),
        ("E   assert 1 == 2\nE    +  where 1 = f()", "assert 1 == 2"),
        ('E     File "x", line 1\nE       y\nE   SyntaxError: bad', "SyntaxError: bad"),
        ("Traceback:\n  x\nSystemExit: 0", "SystemExit: 0"),
        ("nothing of the kind", ""),
    ],
)
def test_the_exception_of_a_traceback_is_told(text, expected):
    assert exception_in(text) == expected
