"""MWAA's rule about constraints."""

from pathlib import PurePosixPath

import pytest

from mwaa_deploy.checks.constraint_source import Fetched, HttpConstraints, LeftToPip, Refused, Unreachable
from mwaa_deploy.checks.constraints import (
    ConstraintDecision,
    Versions,
    is_web_address,
    judge_fetch,
    judge_statement,
    judge_versions,
    official_url,
    rewrite,
    states_constraints,
)
from mwaa_deploy.checks.requirement_lines import parse_requirements
from mwaa_deploy.checks.verdicts import Location, Severity

VERSIONS = Versions(airflow="2.10.3", python="3.11")
OWN = official_url(VERSIONS)
HOME = PurePosixPath("/usr/local/airflow")


def statement(text: str) -> list[tuple[int | None, str]]:
    found = judge_statement(text, file="requirements.txt", versions=VERSIONS, bundled=True)
    assert {verdict.severity for verdict in found} <= {Severity.WARN}
    return [(verdict.location.line if verdict.location else None, verdict.message) for verdict in found]


def decide(url: str, fetch: Fetched | Refused | Unreachable | LeftToPip, *, bundled: bool = True) -> ConstraintDecision:
    (line,) = parse_requirements(f"six\n--constraint {url}\n").constraints
    return judge_versions(line, file="r.txt", versions=VERSIONS) or judge_fetch(
        line, fetch, file="r.txt", versions=VERSIONS, bundled=bundled
    )


@pytest.mark.parametrize("text", ["-c x", "six\n--constraint x\n", "# --constraint x", "#-c off", "six -c x"])
def test_mwaa_finds_a_statement_anywhere_on_a_line(text):
    assert states_constraints(text)


@pytest.mark.parametrize("text", ["", "six\n", "--constraint=x", "-cx", "-c\tx", "--constraints x"])
def test_mwaa_finds_no_statement_without_the_space(text):
    assert not states_constraints(text)


def test_a_file_without_constraints_is_warned_about_with_the_line_to_add():
    ((line, message),) = statement("six\n")

    assert line is None
    assert f'--constraint "{OWN}"' in message


@pytest.mark.parametrize("text", ["", " \n\n", "# nothing yet\n"])
def test_a_file_that_asks_for_nothing_needs_no_constraints(text):
    assert statement(text) == []


def test_a_commented_constraint_is_warned_about_because_it_switches_the_constraints_off():
    ((line, message),) = statement(f"six\n# --constraint {OWN}\n")

    assert line == 2
    assert "adds no constraints" in message


def test_an_equals_sign_is_warned_about_with_the_right_spelling():
    ((line, message),) = statement(f"six\n--constraint={OWN}\n")

    assert line == 2
    assert message.endswith(f"--constraint {OWN}")


@pytest.mark.parametrize("text", [f"-c {OWN}\n", f"--constraint {OWN}\nsix\n", f"# why -c \n-c {OWN}\n"])
def test_a_proper_statement_needs_no_word(text):
    assert statement(text) == []


def test_a_fetched_file_is_used():
    assert decide("http://127.0.0.1/c.txt", Fetched(body=b"six==1")).body == b"six==1"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (OWN.replace("2.10.3", "2.9.2"), "for Airflow 2.9.2 on Python 3.11"),
        (OWN.replace("3.11", "3.12"), "for Airflow 2.10.3 on Python 3.12"),
        (
            OWN.replace("https://raw.githubusercontent.com", "https://mirror.example").replace("3.11", "3.8"),
            "Python 3.8",
        ),
        (OWN.replace("/constraints-3.11", "/constraints-no-providers-3.10"), "Python 3.10"),
    ],
)
def test_constraints_of_another_version_fail_whatever_was_fetched(url, words):
    verdict = decide(url, Fetched(body=b"")).verdict

    assert verdict
    assert verdict.severity is Severity.FAIL
    assert verdict.location == Location(file="r.txt", line=2)
    assert words in verdict.message
    assert OWN in verdict.message


def test_what_is_left_to_pip_stays_as_it_is():
    decision = decide("http://127.0.0.1/c.txt", LeftToPip())

    assert (decision.body, decision.bundled, decision.verdict) == (None, False, None)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/latest/meta-data",
        "http://github.com/c.txt",
        "https://github.com:8443/c.txt",
        "https://github.com.example/c.txt",
        "https://github.com@127.0.0.1:9/c.txt",
        "https://me:secret@github.com/c.txt",
        "https://127.0.0.1:9\\@github.com/c.txt",
        "https://127.0.0.1:9\\.github.com/c.txt",
        "https://github.com\t.example/c.txt",
        "file:///etc/passwd",
        "http://",
        "https://[",
        "",
    ],
)
def test_no_address_but_airflows_is_asked(url):
    assert HttpConstraints(timeout=0.01).fetch(url) == LeftToPip()


def test_a_refused_file_fails_at_its_line():
    verdict = decide("http://127.0.0.1/c.txt", Refused(reason="404 Not Found")).verdict

    assert verdict
    assert (verdict.severity, verdict.location) == (Severity.FAIL, Location(file="r.txt", line=2))
    assert "404 Not Found" in verdict.message


def test_airflows_own_file_is_stood_in_for_when_it_cannot_be_reached_and_that_is_said():
    decision = decide(OWN, Unreachable(reason="no route"))

    assert decision.bundled
    assert decision.verdict
    assert decision.verdict.severity is Severity.WARN
    assert decision.verdict.evidence == "no route"


@pytest.mark.parametrize(
    ("url", "bundled"),
    [
        (OWN, False),
        ("https://mirror.example/constraints.txt", True),
        (OWN.replace("raw.githubusercontent.com", "mirror.example"), True),
        (OWN.replace("/constraints-3.11", "/constraints-no-providers-3.11"), True),
    ],
)
def test_nothing_else_is_stood_in_for(url, bundled):
    decision = decide(url, Unreachable(reason="no route"), bundled=bundled)

    assert not decision.bundled
    assert decision.verdict
    assert decision.verdict.severity is Severity.FAIL


def test_credentials_in_an_address_are_not_shown():
    verdict = decide("https://me:secret@x.example/c.txt", Refused(reason="403")).verdict

    assert verdict
    assert "secret" not in verdict.message


@pytest.mark.parametrize(
    ("target", "expected"),
    [("http://x/c", True), ("HTTPS://x/c", True), ("/usr/local/airflow/dags/c.txt", False), ("https://x/${V}", False)],
)
def test_only_web_addresses_without_variables_are_fetched(target, expected):
    assert is_web_address(target) is expected


def test_the_rewritten_file_keeps_every_line_where_it_is():
    text = f'# c\n--constraint "{OWN}"\nsix==1 \\\n  --hash=sha256:aa\n-c \\\nhttp://x.example/c.txt\nidna\n'

    written = rewrite(parse_requirements(text), {2: "/a/own.txt", 5: "/a/two.txt"}, home=HOME)

    assert written == '# c\n--constraint "/a/own.txt"\nsix==1 \\\n  --hash=sha256:aa\n-c \\\n/a/two.txt\nidna\n'


def test_paths_of_mwaa_become_paths_of_the_runner():
    text = "-c /usr/local/airflow/dags/c.txt\n--find-links /usr/local/airflow/plugins/\n"

    written = rewrite(parse_requirements(text), {}, home=PurePosixPath("/tmp/home"))

    assert written == "-c /tmp/home/dags/c.txt\n--find-links /tmp/home/plugins/\n"
