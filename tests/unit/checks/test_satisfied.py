"""Telling that pip would have nothing to do."""

import pytest

from mwaa_deploy.checks.requirement_lines import parse_requirements
from mwaa_deploy.checks.satisfied import nothing_to_install
from tests.unit.checks.trees import installed, tree_of

DAGS = "/usr/local/airflow/dags"
THERE = {"requests": "2.32.3", "urllib3": "2.2.3", "pysocks": "1.7.1", "old": "1", "odd": "1", "by-url": "1"}
REQUIRES = {
    "requests": ["urllib3<3", "pysocks!=1.5.7; extra == 'socks'", "chardet; extra == 'slow'"],
    "old": ["urllib3<2"],
    "odd": ["!"],
    "by-url": ["urllib3 @ https://x.example/urllib3.zip"],
}


def nothing(text: str, constraints: str = "", files: dict[str, str | bytes] | None = None, *, pip: str = "") -> bool:
    there = installed(THERE, REQUIRES, pip=[pip] if pip else [])
    return nothing_to_install(tree_of(text, files), there, [parse_requirements(constraints)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# words\n\n",
        "requests\n",
        "requests[socks]>=2,<3\n",
        "Requests==2.32.3\nurllib3\n",
        "pywin32==1; sys_platform == 'win32'\n",
        "--index-url https://x.example\n--no-index --find-links /usr/local/airflow/plugins\nrequests\n",
        f"-c {DAGS}/c.txt\n-r {DAGS}/more.txt\n",
        "-c https://raw.githubusercontent.com/apache/airflow/c.txt\nrequests\n",
    ],
)
def test_what_is_there_as_everybody_wants_it_needs_no_pip(text):
    assert nothing(text, "requests==2.32.3\nabsent==9\n", {"dags/c.txt": "urllib3<3\n", "dags/more.txt": "requests\n"})


@pytest.mark.parametrize(
    "text",
    [
        "absent\n",
        "requests>3\n",
        "requests[slow]\n",
        "old\n",
        "odd\n",
        "by-url\n",
        "requests @ https://x.example/requests.zip\n",
        "-e git+https://x.example/requests#egg=requests\n",
        "./plugins/requests\n",
        "requests==2.32.3 --hash=sha256:aa\n",
        "--require-hashes\n",
        "--pre\nrequests\n",
        "${WHAT}\n",
        "foo bar\n",
        "--no-such-option\n",
        f"-r {DAGS}/none.txt\n",
        "-c /opt/c.txt\nrequests\n",
    ],
)
def test_pip_runs_where_something_is_missing_or_in_doubt(text):
    assert not nothing(text)


@pytest.mark.parametrize(
    "constraints",
    [
        "requests==2\n",
        "urllib3<2\n",
        "requests[socks]\n",
        "requests @ https://x.example/r.zip\n",
        "--pre\n",
        "foo bar\n",
    ],
)
def test_a_constraint_that_what_is_there_does_not_meet_or_an_unusual_one_needs_pip(constraints):
    assert not nothing("requests\n", constraints)
    assert not nothing(f"requests\n-c {DAGS}/c.txt\n", files={"dags/c.txt": constraints})


def test_a_constraint_on_what_nobody_asks_for_does_not_matter():
    assert nothing("urllib3\n", "requests==1\n")


@pytest.mark.parametrize(
    ("variable", "expected"), [("PIP_INDEX_URL", True), ("PIP_UPGRADE", False), ("PIP_CONSTRAINT", False)]
)
def test_a_variable_that_changes_what_pip_chooses_needs_pip(variable, expected):
    assert nothing("requests\n", pip=variable) is expected
