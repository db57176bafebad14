"""Requirements that are there already or come as wheels of the plugins, with real pip and no network."""

import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mwaa_deploy.checks.constraint_source import Fetch, Unreachable
from mwaa_deploy.checks.constraints import Versions, official_url
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.requirements import InstallOutcome, check_requirements
from mwaa_deploy.checks.startup_environment import RunnerWithEnvironment
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.ports import Runner, RunnerFamily
from tests.integration.checks.conftest import AIRFLOW, laid_out, open_venv, places

pytestmark = pytest.mark.airflow

OWN = f"-c {official_url(Versions(airflow=AIRFLOW, python='3.11'))}"
WHEELS = "# -c off\n--find-links /usr/local/airflow/plugins\n--no-index\n"
SECRET = "hunter2-and-more"


class NoSource:
    """A source of constraint files that cannot be reached.

    Attributes:
        asked: the addresses it was asked for.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []

    def fetch(self, url: str) -> Fetch:
        self.asked.append(url)
        return Unreachable(reason="there is no network")


@contextmanager
def open_closed() -> Iterator[Runner]:
    with open_venv() as runner:
        runner.close_network()
        yield RunnerWithEnvironment(runner, variables={"PIP_RETRIES": "0"})


@pytest.fixture(scope="module")
def closed() -> Iterator[Runner]:
    """A runner without network, for what leaves nothing installed."""
    with open_closed() as runner:
        yield runner


@pytest.fixture(scope="module")
def used() -> Iterator[Runner]:
    """Another one, for what installs packages of names that no other test uses."""
    with open_closed() as runner:
        yield runner


def wheel(
    name: str, version: str, *, requires: Collection[str] = (), files: Mapping[str, str] | None = None
) -> dict[str, dict[str, str]]:
    info = f"{name}-{version}.dist-info"
    metadata = "".join(f"Requires-Dist: {need}\n" for need in requires)
    body = {
        f"{name}.py": "",
        **(files or {}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    body[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*body, f"{info}/RECORD"))
    return {f"{name}-{version}-py3-none-any.whl": body}


@pytest.fixture
def install(make_project, tmp_path: Path):
    def run(
        runner: Runner,
        text: str,
        wheels: Mapping[str, Mapping[str, str]] | None = None,
        files: Mapping[str, str] | None = None,
        *,
        source: NoSource | None = None,
        made: Mapping[str, bytes] | None = None,
    ) -> InstallOutcome:
        (tmp_path / "plugins").mkdir(exist_ok=True)
        for name, body in (wheels or {}).items():
            with zipfile.ZipFile(tmp_path / "plugins" / name, "w") as archive:
                for path, text_of_it in body.items():
                    archive.writestr(path, text_of_it)
        project = make_project({"requirements.txt": "", "plugins/here.py": "", **(files or {})})
        (tmp_path / "requirements.txt").write_bytes(text.encode(errors="surrogateescape"))
        if made:
            project = replace(project, startup_script=tmp_path / "startup.sh")
        layout = laid_out(project, runner)
        for path, content in (made or {}).items():
            runner.put(runner.home / path, content)
        return check_requirements(
            layout,
            runner,
            airflow_version=AIRFLOW,
            constraint_source=source or NoSource(),
            limits=CheckLimits(),
        )

    return run


@pytest.mark.parametrize("text", [f"{OWN}\nrequests\nboto3>=1\n", "requests\nboto3>=1\n"])
def test_what_the_image_has_needs_neither_network_nor_pip(install, closed, text):
    source = NoSource()

    outcome = install(closed, text, source=source)

    assert places(outcome.result, Severity.FAIL) == []
    assert "pip need not run" in outcome.result.verdicts[-1].message
    assert (source.asked, outcome.result.log, outcome.airflow_untouched) == ([], "", True)
    expected = [] if OWN in text else [("requirements.txt", None)]
    assert places(outcome.result, Severity.WARN) == expected


def test_what_the_image_lacks_is_red_without_network(install, closed):
    outcome = install(closed, f"{OWN}\nrequests\nxmltodict\n")

    assert places(outcome.result) == [("requirements.txt", 3)]


def test_wheels_of_the_plugins_are_installed_and_a_running_airflow_need_not_know(install, used):
    wheels = wheel("outer", "1.0", requires=["inner>=2", "requests"]) | wheel("inner", "2.1")
    more = "-c /usr/local/airflow/dags/c.txt\ninner\n"

    outcome = install(
        used,
        f"{WHEELS}-r /usr/local/airflow/dags/more.txt\nouter==1.0\n",
        wheels,
        {"dags/more.txt": more, "dags/c.txt": "inner<3\n"},
    )

    assert places(outcome.result) == []
    assert ("dags/more.txt", 2) in places(outcome.result, Severity.PASS)
    assert outcome.airflow_untouched


BROKEN = {
    "a wheel that is missing": ("outer==1.0\nnowhere==1\n", {}, ("requirements.txt", 5), "nowhere==1"),
    "a wheel that needs a missing one": ("outer==1.0\n", {}, ("requirements.txt", 4), "inner"),
    "a wheel that an included file asks for": (
        "-r /usr/local/airflow/dags/more.txt\n",
        {"dags/more.txt": "\n\nnowhere\n"},
        ("dags/more.txt", 3),
        "nowhere",
    ),
    "a constraint of an included file": (
        "outer\n-r /usr/local/airflow/dags/more.txt\n",
        {"dags/more.txt": "-c c.txt\n", "dags/c.txt": "outer==9\n"},
        ("requirements.txt", 4),
        "outer==9",
    ),
    "an included file that is not there": (
        "-r /usr/local/airflow/dags/more.txt\n",
        {},
        ("requirements.txt", 4),
        "No such file",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_missing_is_red_at_its_line(install, closed, name):
    text, files, place, words = BROKEN[name]

    outcome = install(closed, WHEELS + text, wheel("outer", "1.0", requires=["inner>=2"]), files)

    assert places(outcome.result) == [place]
    assert words in outcome.result.failures[0].message


HERE = "/usr/local/airflow/plugins/sparse-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("setting", "line", "words", "by_file"),
    [
        ("no-deps", "sparse", "needed", True),
        ("no-deps", "sparse[more]", "[more] needs extra", False),
        ("dry-run", "sparse", "not installed", False),
        ("dry-run", HERE, "not installed", True),
        ("target", "sparse", "not installed", False),
    ],
)
def test_settings_of_pip_that_leave_packages_out_make_no_green(install, setting, line, words, by_file):
    wheels = wheel("sparse", "1.0", requires=["needed", "extra; extra == 'more'"]) | wheel("needed", "1.0")
    wheels |= wheel("extra", "1.0")
    with open_closed() as runner:
        value = str(runner.home / "elsewhere") if setting == "target" else "1"
        runner.put(runner.home / "pip.conf", f"[global]\n{setting} = {value}\n".encode())
        by_name = {f"PIP_{setting.upper().replace('-', '_')}": value}
        by_path = {"PIP_CONFIG_FILE": str(runner.home / "pip.conf")}
        led = RunnerWithEnvironment(runner, variables={"PIP_RETRIES": "0", **(by_path if by_file else by_name)})

        outcome = install(led, f"{WHEELS}{line}\n", wheels)

    assert places(outcome.result) == [("requirements.txt", 4)] * len(outcome.result.failures)
    assert any(words in failure.message for failure in outcome.result.failures)


def test_a_downgrade_is_traced_to_the_line_that_asked_for_it(install, used):
    wheels = (
        wheel("upper", "1.0", requires=["middle"])
        | wheel("middle", "1.0", requires=["idna<3"])
        | wheel("idna", "2.10", files={"idna/__init__.py": ""})
    )

    outcome = install(used, f"{WHEELS}\nupper\n", wheels)

    (changed,) = [verdict for verdict in outcome.result.verdicts if verdict.subject == "idna"]
    assert places(replace(outcome.result, verdicts=(changed,)), Severity.WARN) == [("requirements.txt", 5)]
    assert "downgraded" in changed.message
    assert "line 5 asks for upper, which needs middle, which needs idna<3; idna was 3." in changed.message
    assert not outcome.airflow_untouched


MISSED = {
    "starter": {"started.pth": "import sys\n"},
    "custom": {"sitecustomize.py": ""},
    "announced": {"announced-1.0.dist-info/entry_points.txt": "[airflow.plugins]\nannounced = announced:Plugin\n"},
    "inside": {"requests/more.py": ""},
}


@pytest.mark.parametrize("name", MISSED)
def test_what_a_running_airflow_would_miss_is_told(install, used, name):
    outcome = install(used, f"{WHEELS}{name}\n", wheel(name, "1.0", files=MISSED[name]))

    assert places(outcome.result) == []
    assert not outcome.airflow_untouched


class OfMwaa(RunnerWithEnvironment):
    """A runner that was made from MWAA's own image."""

    @property
    def family(self) -> RunnerFamily:
        return RunnerFamily.MWAA_IMAGES


def test_an_image_of_mwaa_has_its_own_command_called(install, used):
    program = used.home / ".local" / "bin" / "safe-pip-install"
    used.put(
        program, b'#!/bin/sh\necho "safe: $*"\nexec pip install --constraint "$MWAA_ESSENTIAL_CONSTRAINTS_FILE" "$@"\n'
    )
    used.run(["chmod", "+x", str(program)], timeout=60)

    outcome = install(OfMwaa(used, variables={}), f"{WHEELS}safely\n", wheel("safely", "1.0"))

    assert outcome.result.log.startswith(f"safe: -r {used.home}/requirements/requirements.txt\n")
    assert places(outcome.result, Severity.PASS) == [("requirements.txt", 4)]


def test_secrets_appear_nowhere_in_what_is_said(install, closed):
    text = (
        f"# -c off\n--extra-index-url http://me:{SECRET}@127.0.0.1:9/simple\n"
        "outer @ http://127.0.0.1:9/${TOKEN}/outer-1.0-py3-none-any.whl?key=${TOKEN}\n"
    )
    runner = RunnerWithEnvironment(closed, variables={"TOKEN": SECRET, "PIP_RETRIES": "0"})

    outcome = install(runner, text)

    assert places(outcome.result) == [("requirements.txt", 3)]
    assert "${TOKEN}" in outcome.result.log
    assert SECRET not in repr(outcome)


def test_what_the_startup_script_put_there_is_seen(install, closed):
    made = {"made/more.txt": b"requests\n", "plugins/c.txt": b"requests>=2\n"}
    named = ("-c", "plugins/c.txt"), ("-r", "made/more.txt"), ("-c", "dags/never.txt")
    text = "".join(f"{option} /usr/local/airflow/{path}\n" for option, path in named)

    outcome = install(closed, text, files={"startup.sh": ""}, made=made)

    assert places(outcome.result) == [("requirements.txt", 3)]
    assert places(outcome.result, Severity.WARN) == []


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        (f"{OWN}\nrequests # \udce4\n", ("requirements.txt", 2), "Save it as UTF-8"),
        (f"{OWN}\r\nrequests\r\n\r\nfoo bar\r\n", ("requirements.txt", 4), "not a valid requirement"),
        (f"{OWN}\nxmltodict==0.14.2 --hash=sha256:{'0' * 64}\nrequests \\", ("requirements.txt", 2), "xmltodict"),
    ],
)
def test_odd_files_have_a_verdict_at_their_line(install, closed, body, place, words):
    outcome = install(closed, body)

    assert places(outcome.result) == [place]
    assert any(words in verdict.message for verdict in outcome.result.failures)
