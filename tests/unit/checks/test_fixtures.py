"""Fixture files, and keeping their secrets out of reports."""

import json

import pytest

from mwaa_deploy.checks.fixture_secrets import Redactor, redactor_for
from mwaa_deploy.checks.fixtures import FixtureFile, FixtureUnreadable, kinds, read_fixture
from mwaa_deploy.checks.settings import Fixtures
from mwaa_deploy.checks.verdicts import CheckResult, Location, Severity, Verdict


def redactor(tmp_path, kind: str, entries: object) -> Redactor:
    return redactor_for([FixtureFile(kind=kind, path=tmp_path, entries=entries)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"x": "postgres://h/", "y": "1"}'),
        ("a.yaml", "x: postgres://h/\ny: '1'\n"),
        ("a.yml", "x: postgres://h/\ny: '1'\n"),
    ],
)
def test_each_form_that_airflow_reads_is_read(tmp_path, name, text):
    (tmp_path / name).write_text(text)

    assert read_fixture("connections", tmp_path / name).entries == {"x": "postgres://h/", "y": "1"}


def test_an_env_file_may_name_an_entry_twice(tmp_path):
    (tmp_path / "a.env").write_text("# comment\nx = a=b\n\nx=c\n")

    assert read_fixture("connections", tmp_path / "a.env").entries == {"x": ["a=b", "c"]}


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.json", '{\n "x": "5ecret"\n "y": 1}', 3),
        ("a.json", '["5ecret"]', None),
        ("a.json", "[" * 100_000, None),
        ("a.yaml", "x: 1\ny: [5ecret\n", 3),
        ("a.yaml", "!!python/object/apply:os.system ['5ecret']", 1),
        ("a.yaml", "1: 5ecret\n", None),
        ("a.env", "x=1\n5ecret\n", 2),
        ("a.ini", "5ecret", None),
        ("missing.json", None, None),
    ],
)
def test_a_broken_file_is_told_by_its_line_and_without_its_text(tmp_path, name, text, line):
    if text is not None:
        (tmp_path / name).write_text(text)

    with pytest.raises(FixtureUnreadable) as caught:
        read_fixture("variables", tmp_path / name)

    assert caught.value.line == line
    assert "5ecret" not in str(caught.value)
    assert caught.value.__cause__ is None or "5ecret" not in str(caught.value.__cause__)


def test_the_files_are_taken_by_kind(tmp_path):
    fixtures = Fixtures(variables=tmp_path / "v.json", pools=tmp_path / "p.json")

    assert dict(kinds(fixtures)) == {"variables": tmp_path / "v.json", "pools": tmp_path / "p.json"}


@pytest.mark.parametrize(
    "connection",
    [
        "postgres://loader:top-5ecret@db/dw",
        "postgres://loader:top%2D5ecret@db/dw",
        "aws://?token=top-5ecret",
        "http://h/?extra=%7B%22k%22%3A+%22top-5ecret%22%7D",
        '{"conn_type": "http", "password": "top-5ecret"}',
        {"conn_type": "http", "password": "top-5ecret"},
        {"conn_type": "http", "extra": {"a": [{"b": "top-5ecret"}]}},
        {"conn_type": "http", "extra": '{"a": {"b": "top-5ecret"}}'},
        ["http://h", "postgres://u:top-5ecret@h"],
    ],
)
def test_passwords_and_extras_of_connections_are_secrets(tmp_path, connection):
    found = redactor(tmp_path, "connections", {"c": connection})

    assert found.text("E  failed with top-5ecret!") == "E  failed with ***!"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_TOKEN", "top-5ecret"),
        ("my_password_2", {"inner": ["top-5ecret"]}),
        ("settings", {"db": {"passwd": "top-5ecret"}}),
        ("settings", '{"db": [{"secret_key": "top-5ecret"}]}'),
    ],
)
def test_variables_with_sensitive_names_are_secrets(tmp_path, name, value):
    assert redactor(tmp_path, "variables", {name: value}).text("top-5ecret") == "***"


def test_other_values_and_pools_are_shown(tmp_path):
    assert redactor(tmp_path, "variables", {"region": "eu-west-1", "n": 3}).values == ()
    assert redactor(tmp_path, "pools", {"secret": {"slots": 123456}}).values == ()
    connection = {"conn_type": "postgres", "host": "db.example", "login": "loader", "schema": "warehouse"}
    assert redactor(tmp_path, "connections", {"c": connection}).values == ()


@pytest.mark.parametrize("value", ["", "short", "true", "airflow", "PASSWORD", True, None, 12345])
def test_short_and_trivial_values_are_shown(tmp_path, value):
    """Hiding them would make nonsense of every log."""
    assert redactor(tmp_path, "variables", {"password": value}).values == ()


def test_a_secret_is_found_however_it_is_written(tmp_path):
    secret = 'pa ss/"wör\nd"'
    found = redactor(tmp_path, "variables", {"password": secret})

    for written in (secret, repr(secret), ascii(secret), json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        assert "ss/" not in found.text(f"<{written}>")
    assert found.text("x=pa%20ss%2F%22w%C3%B6r%0Ad%22&") == "x=***&"


def test_the_lines_of_a_key_are_secrets_each(tmp_path):
    key = "-----BEGIN KEY-----\nMIIEvQIBADAN\nqhkiG9w0BAQE\n-----END KEY-----\n"

    shown = redactor(tmp_path, "variables", {"private_key": key}).text("line: qhkiG9w0BAQE of -----BEGIN KEY-----")

    assert shown == "line: *** of -----BEGIN KEY-----"


def test_a_longer_secret_is_not_cut_by_a_shorter_one(tmp_path):
    found = redactor(tmp_path, "variables", {"password": ["secret-1", "secret-1-and-more"]})

    assert found.text("secret-1-and-more") == "***"


def test_a_result_is_cleaned_in_every_text(tmp_path):
    found = redactor(tmp_path, "variables", {"token": "top-5ecret"})
    text = "a top-5ecret b"
    place = Location(file="a.py", line=3)
    verdict = Verdict(subject=text, severity=Severity.FAIL, message=text, location=place, evidence=text, rule="r")

    cleaned = found.result(CheckResult(check="unit-tests", verdicts=(verdict,), log=text, seconds=2.0))

    assert "5ecret" not in repr(cleaned)
    assert cleaned.verdicts[0].location == place
    assert cleaned.log == "a *** b"
