"""Which arguments of the user's pytest gets."""

import pytest

from mwaa_deploy.checks.pytest_arguments import argument_problems


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-m", "not slow", "-k", "half or third"),
        ("-x", "-q", "--maxfail=2", "--durations=5", "--tb=short"),
        ("-p", "no:warnings", "-pno:randomly", "-p", "my_plugin"),
        ("-o", "log_cli=true", "--override-ini=xfail_strict=true"),
        ("--tb", "native", "tests/other"),
    ],
)
def test_what_leaves_the_report_alone_is_passed_on(arguments):
    assert argument_problems(arguments) == ()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--junitxml=mine.xml",),
        ("--junit-xml", "mine.xml"),
        ("-c", "other.ini"),
        ("-cother.ini",),
        ("--config-file=other.ini",),
        ("--rootdir=/",),
        ("-p", "no:junitxml"),
        ("-pno:terminal",),
        ("-o", "junit_family=legacy"),
        ("-ojunit_family=legacy",),
        ("--override-ini=junit_family=legacy",),
        ("--tb=no",),
        ("--tb", "line"),
        ("--collect-only",),
        ("--co",),
        ("--lf",),
        ("--pdb",),
        ("--version",),
        ("--",),
    ],
    ids=" ".join,
)
def test_what_would_take_the_report_away_is_a_problem(arguments):
    (problem,) = argument_problems(arguments)

    assert repr(arguments[0]) in problem


def test_all_problems_are_told_at_once():
    assert len(argument_problems(("--lf", "-m", "fast", "--rootdir=/", "-p", "no:main"))) == 3
