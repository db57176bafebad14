"""Requirements files as pip reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.checks.requirement_lines import LineKind, constraint_target, parse_requirements


def kinds(text: str) -> list[LineKind]:
    return [line.kind for line in parse_requirements(text).lines]


def test_each_line_is_what_it_asks_for():
    text = "# words\n\n-c c.txt\n--index-url https://x.example\nrequests==2 # why\n-e git+https://x.example/y#egg=why\n"

    assert kinds(text) == [
        LineKind.NOTHING,
        LineKind.NOTHING,
        LineKind.CONSTRAINT,
        LineKind.OPTION,
        LineKind.REQUIREMENT,
        LineKind.REQUIREMENT,
    ]


def test_a_continued_line_has_the_number_of_its_beginning():
    lines = parse_requirements("six==1 \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb\nidna\n").requirements

    assert [(line.number, line.name) for line in lines] == [(1, "six"), (4, "idna")]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Flask_AppBuilder==4", "flask-appbuilder"),
        ("requests[socks]>=2; python_version > '3'", "requests"),
        ("six==1.0 --hash=sha256:aa", "six"),
        ("foo @ https://x.example/foo.zip", "foo"),
        ("git+https://x.example/y@main#egg=Why", "why"),
        ("/usr/local/airflow/plugins/my_pkg-1.0-py3-none-any.whl", "my-pkg"),
        ("./folder", None),
        ("not a requirement", None),
    ],
)
def test_the_name_is_normalised_where_it_can_be_told(line, name):
    (found,) = parse_requirements(line).requirements

    assert found.name == name


@pytest.mark.parametrize(
    "line",
    ["-c URL", "-cURL", "--const URL", "--constraint URL", "--constraint=URL", '--constraint "URL"', " -c 'URL'"],
)
def test_a_constraint_is_found_in_every_spelling_pip_takes(line):
    assert constraint_target(line) == "URL"


def test_a_name_is_found_on_its_line_and_an_exact_requirement_on_the_right_one():
    requirements = parse_requirements("idna==3.6\nidna==3.7\nother\n")

    assert [requirements.line_of(what) for what in ("idna", "idna==3.7", "Other>=2", "nothing", "")] == [
        1,
        2,
        3,
        None,
        None,
    ]


def test_a_marker_is_judged_in_the_environment_of_the_runner():
    (line,) = parse_requirements("pywin32; sys_platform == 'win32'").requirements

    assert [line.applies({"sys_platform": system}) for system in ("win32", "linux")] == [True, False]


@given(st.text())
def test_any_text_is_read_without_an_error_and_keeps_its_line_numbers(text):
    lines = parse_requirements(text).lines

    assert all(1 <= line.number <= len(text.splitlines()) for line in lines)
    assert [line.number for line in lines] == sorted({line.number for line in lines})
