"""Requirements that do not install, or harm what MWAA ships, with real pip against a real Airflow."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from packaging.utils import canonicalize_name

from mwaa_deploy.checks.constraint_source import Fetched, HttpConstraints, LeftToPip, Refused, Unreachable
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.requirements import check_requirements
from mwaa_deploy.checks.verdicts import CheckResult, Severity
from tests.integration.checks.conftest import AIRFLOW, laid_out, places

pytestmark = pytest.mark.airflow

OWN = "https://raw.githubusercontent.com/apache/airflow/constraints-2.10.3/constraints-3.11.txt"
ANSWERS = {
    "/good.txt": (200, b"requests==2.32.3\nxmltodict==0.14.2\n"),
    "/page.html": (200, b"<html>log in</html>\n"),
    "/busy.txt": (503, b""),
    "/later.txt": (429, b""),
    "/large.txt": (200, b"#" * (9 * 1024 * 1024)),
}

REDIRECTS = {
    "/to-good": "/good.txt",
    "/to-none": "/none.txt",
    "/to-itself": "/to-itself",
    "/to-elsewhere": "http://localhost:9/c.txt",
}
ANSWERS |= dict.fromkeys(REDIRECTS, (302, b""))
ASKED: list[tuple[str, str]] = []

# By name: the file, and line and words of the failure.
BROKEN = {
    "a version that there is not": ("# none, see -c \n\npendulum==99\n", 3, "pendulum==99"),
    "a pin against the constraints": (
        "requests==2.32.3\nrequests-toolbelt==0.1\n",
        2,
        "MWAA adds demand requests-toolbelt==1.0.0",
    ),
    "another Airflow": ("\napache-airflow==1.10.15\n", 2, "in any case demand apache-airflow==2.10.3"),
    "another Airflow without constraints": (
        "# -c off\napache-airflow==1.10.15\n",
        2,
        "in any case demand apache-airflow==2.10.3",
    ),
    "a package that there is not": ("requests\nno-package-of-this-name-anywhere\n", 2, "no package of that name"),
    "an invalid line": ("requests\n\nfoo bar\n", 3, "not a valid requirement"),
    "an unknown option": ("--no-such-option\n", 1, "no such option"),
    "a file that is not there": ("-r more.txt\n", 1, "No such file"),
    "constraints that are not there": (
        "requests\n-c /usr/local/airflow/dags/nowhere.txt\n",
        2,
        "/usr/local/airflow/dags/nowhere.txt",
    ),
    "constraints of another Airflow": (f"--constraint {OWN.replace('2.10.3', '2.9.2')}\n", 1, "for Airflow 2.9.2"),
    "constraints of another Python": (f"\n-c {OWN.replace('3.11', '3.12')}\n", 2, "on Python 3.12"),
    "an address that answers 404": ("requests\n-c WEB/none.txt\n", 2, "404 Client Error"),
    "an address that leads to a 404": ("requests\n-c WEB/to-none\n", 2, "404 Client Error"),
    "an address that nobody answers at": ("requests\n-c http://127.0.0.1:9/c.txt\n", 2, "127.0.0.1:9/c.txt"),
    "an address that gives a page": ("\n-c WEB/page.html\nrequests\n", 2, "<html>"),
    "a pin against fetched constraints": ("-c WEB/good.txt\nxmltodict==0.13.0\n", 2, "demand xmltodict==0.14.2"),
}


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ASKED.append((self.path, self.headers["User-Agent"]))
        status, body = ANSWERS.get(self.path, (404, b""))
        self.send_response(status)
        if self.path in REDIRECTS:
            self.send_header("Location", REDIRECTS[self.path])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def install(make_project):
    def run(text: str, runner, limits: CheckLimits | None = None) -> CheckResult:
        return check_requirements(
            laid_out(make_project({"requirements.txt": text}), runner),
            runner,
            airflow_version=AIRFLOW,
            constraint_source=HttpConstraints(timeout=5),
            limits=limits or CheckLimits(),
        ).result

    return run


@pytest.mark.parametrize("name", BROKEN)
def test_broken_requirements_fail_at_their_line(install, runner, web, name):
    text, line, words = BROKEN[name]

    result = install(text.replace("WEB", web), runner)

    assert places(result) == [("requirements.txt", line)]
    assert words in result.failures[0].message


def test_an_installation_that_takes_too_long_is_a_failure_that_names_the_limit(install, runner):
    result = install("xmltodict\n", runner, CheckLimits(install=0.01))

    assert "MWAA stops it then" in result.failures[0].message


def test_what_the_runner_ships_is_satisfied(install, runner, web):
    ASKED.clear()
    result = install(f"-c {web}/good.txt\nrequests\npywin32; sys_platform == 'win32'\n", runner)

    assert [(v.severity, v.location and v.location.line) for v in result.verdicts] == [
        (Severity.PASS, 2),
        (Severity.PASS, 3),
    ]
    assert {path for path, _ in ASKED} == {"/good.txt"}
    assert all(agent.startswith("pip/") for _, agent in ASKED), "our own process asked an address of the user's"


def test_a_file_that_asks_for_nothing_passes(install, runner):
    assert [v.severity for v in install("# -c nothing\n", runner).verdicts] == [Severity.WARN, Severity.PASS]


def test_a_changed_package_is_a_warning_and_what_it_breaks_a_failure(install, fresh_runner):
    # Without the constraints pip does as it is told, and ends with 0.
    result = install("# -c off\n\nidna==3.3\nmarkupsafe==1.1.1\n", fresh_runner)

    assert "Successfully installed" in result.log
    assert ("requirements.txt", 3) in places(result, Severity.WARN)
    assert ("requirements.txt", 4) in places(result)
    checked = fresh_runner.run([fresh_runner.python, "-m", "pip", "check"], timeout=120)
    named = {canonicalize_name(line.split()[0]) for line in checked.output.splitlines() if " has requirement " in line}
    assert {verdict.subject for verdict in result.failures} == named


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/good.txt", Fetched),
        ("/none.txt", Refused),
        ("/large.txt", Refused),
        ("/busy.txt", Unreachable),
        ("/later.txt", Unreachable),
        ("/to-good", Fetched),
        ("/to-none", Refused),
        ("/to-itself", Refused),
        ("/to-elsewhere", LeftToPip),
    ],
)
def test_an_answer_is_told_from_a_refusal_and_from_none(web, path, expected):
    assert isinstance(HttpConstraints(origins=[web]).fetch(web + path), expected)


@pytest.mark.parametrize(("url", "expected"), [("http://127.0.0.1:9/c.txt", Unreachable), ("http://", LeftToPip)])
def test_no_answer_is_no_exception(url, expected):
    assert isinstance(HttpConstraints(timeout=2, origins=["http://127.0.0.1:9"]).fetch(url), expected)
