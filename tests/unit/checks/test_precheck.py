"""What is wrong with requirements, told without pip and without a runner."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.checks.constraints import Versions, official_url
from mwaa_deploy.checks.pins import Pins, parse_pins
from mwaa_deploy.checks.precheck import judge_tree, names_to_ask, precheck
from mwaa_deploy.checks.verdicts import CheckResult, Severity, Verdict
from mwaa_deploy.source.project import Project
from tests.fakes.package_index import FakePackageIndex
from tests.unit.checks.trees import Known, at, tree_of

VERSIONS = Versions(airflow="2.10.3", python="3.11")
PINS = parse_pins("requests==2.32.3\napache-airflow==2.10.3\n", "apache-airflow==2.10.3\n")
OWN = f"-c {official_url(VERSIONS)}\n"
DAGS = "/usr/local/airflow/dags"
Files = dict[str, str | bytes]


def judged(
    text: str | bytes, files: Files | None = None, *, versions: Versions = VERSIONS, pins: Pins = PINS
) -> list[Verdict]:
    return list(judge_tree(tree_of(text, files), Known(files), versions=versions, pins=pins))


def found(severity: Severity, verdicts: list[Verdict]) -> list[tuple[str, int | None]]:
    return [place for verdict in verdicts if verdict.severity is severity and (place := at(verdict))]


BROKEN: dict[str, tuple[str | bytes, Files, tuple[str, int], str]] = {
    "words": (OWN + "six\nfoo bar\n", {}, ("requirements.txt", 3), "not a valid requirement"),
    "one equals sign": (OWN + "six=1\n", {}, ("requirements.txt", 2), "write =="),
    "a bad marker": (OWN + "six; python > 3\n", {}, ("requirements.txt", 2), "not a valid requirement"),
    "a bad marker behind an old version": (OWN + "pytz>dev; python > 3\n", {}, ("requirements.txt", 2), "not a valid"),
    "an unknown option": (OWN + "--no-such-option\n", {}, ("requirements.txt", 2), "no such option"),
    "an option without value": (OWN + "-r\n", {}, ("requirements.txt", 2), "needs a value"),
    "a bad hash": (OWN + "six==1 --hash=md5:aa\n", {}, ("requirements.txt", 2), "a hash is written"),
    "open quotation marks": (OWN + "--find-links 'x\n", {}, ("requirements.txt", 2), "quotation marks"),
    "bytes that are no text": (OWN.encode() + b"six # \xe4\n", {}, ("requirements.txt", 2), "Save it as UTF-8"),
    "a file beside it": (OWN + "-r more.txt\n", {}, ("requirements.txt", 2), "Move it into the DAG folder"),
    "a constraint file that is not there": (
        f"six\n-c {DAGS}/c.txt\n",
        {},
        ("requirements.txt", 2),
        f"{DAGS}/c.txt: No such file",
    ),
    "a wheel that is not there": (
        OWN + "/usr/local/airflow/plugins/a-1-py3-none-any.whl\n",
        {},
        ("requirements.txt", 2),
        "no such file",
    ),
    "a named wheel that is not there": (
        OWN + "a @ file:///usr/local/airflow/plugins/a-1-py3-none-any.whl\n",
        {},
        ("requirements.txt", 2),
        "no such file",
    ),
    "an editable folder that is not there": (OWN + "-e ./dags/lib\n", {}, ("requirements.txt", 2), "no such file"),
    "a file that brings in itself": (
        f"{OWN}-r {DAGS}/a.txt\n",
        {"dags/a.txt": "six\n-r a.txt\n"},
        ("dags/a.txt", 2),
        "brings in itself",
    ),
    "a line of an included file": (
        f"{OWN}-r {DAGS}/a.txt\n",
        {"dags/a.txt": "\nfoo bar\n"},
        ("dags/a.txt", 2),
        "not a valid requirement",
    ),
    "a pin against MWAA's": (OWN + "\napache-airflow==2.9\n", {}, ("requirements.txt", 3), "adds in any case demand"),
    "a pin against forced constraints": ("\nrequests==2\n", {}, ("requirements.txt", 2), "that MWAA adds demand"),
    "a pin against Airflow's constraints": (OWN + "requests>3\n", {}, ("requirements.txt", 2), "of Airflow itself"),
    "a pin against constraints of the project": (
        f"-c {DAGS}/c.txt\nsix==1\n",
        {"dags/c.txt": "\nsix==2\n"},
        ("requirements.txt", 2),
        "the constraints demand six==2 (line 2 of dags/c.txt)",
    ),
    "two pins": ("# -c \nsix==1\nSix==2\n", {}, ("requirements.txt", 3), "line 2 of requirements.txt asks for six==1"),
    "two ranges": ("# -c \nsix<1\nsix>=2\n", {}, ("requirements.txt", 3), "asks for six<1"),
    "one range": ("# -c \nsix<1,>2\n", {}, ("requirements.txt", 2), "contradicts itself"),
    "constraints of another Airflow": (
        OWN.replace("2.10.3", "2.9.2"),
        {},
        ("requirements.txt", 1),
        "are for Airflow 2.9.2",
    ),
    "constraints of another Python, in an included file": (
        f"# -c \n-r {DAGS}/a.txt\n",
        {"dags/a.txt": f"\n{OWN.replace('3.11', '3.12')}"},
        ("dags/a.txt", 2),
        "Python 3.12",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_pip_refuses_on_mwaa_fails_once_at_its_line(name):
    text, files, place, words = BROKEN[name]

    verdicts = judged(text, files)

    assert found(Severity.FAIL, verdicts) == [place]
    assert any(words in verdict.message for verdict in verdicts if verdict.severity is Severity.FAIL)


@pytest.mark.parametrize(
    "text",
    [
        "six",
        "requests[socks]>=2,<3 ; python_version > '3'",
        "requests",
        "six==1\nsix==1.0\n",
        "requests==1; sys_platform == 'win32'",
        "requests==1; platform_machine == 'nothing'",
        "foo @ https://x.example/foo.zip",
        "git+https://x.example/y@main#egg=why",
        "-e git+https://x.example/y@main#egg=why",
        "requests @ https://x.example/requests.whl",
        "${WHEEL}",
        "pytz>dev",
        "pytz>dev; python_version > '3'",
        "a @ file:///usr/local/airflow/plugins/none-1-py3-none-any.whl ; sys_platform == 'win32'",
        "six>=1.*",
        "six --hash=sha256:aa --hash=sha384:bb",
        "--pre\n--no-binary :all:\n--index-url https://x.example\n--trusted-host x.example",
        "/usr/local/airflow/plugins/a-1-py3-none-any.whl",
        "./plugins/a-1-py3-none-any.whl",
        "a @ file:///usr/local/airflow/plugins/a-1-py3-none-any.whl",
        f"-r {DAGS}/more.txt",
        "six==1 \\\n --hash=sha256:aa \\",
        "six # words\r\n\r\n# more\r\n",
    ],
)
def test_what_pip_takes_is_never_red(text):
    files: Files = {"plugins/a-1-py3-none-any.whl": b"", "dags/more.txt": "six\n"}

    assert [verdict for verdict in judged(OWN + text, files) if verdict.severity is not Severity.PASS] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--find-links /usr/local/airflow/plugins/wheels", "pip passes over it"),
        ("-c /opt/c.txt", "must be on MWAA before pip runs"),
        ("/opt/a-1-py3-none-any.whl", "must be on MWAA before pip runs"),
        (f"--constraint={official_url(VERSIONS)}", "does not recognise this spelling"),
    ],
)
def test_what_may_yet_work_is_a_warning(line, words):
    verdicts = judged(f"{OWN}{line}\n")

    assert found(Severity.WARN, verdicts) == [("requirements.txt", 2)] or "=" in line
    assert any(words in v.message for v in judged(line) if v.severity is Severity.WARN)
    assert found(Severity.FAIL, verdicts) == []


def test_the_text_of_a_constraint_that_nobody_states_holds_for_nobody():
    assert found(Severity.FAIL, judged("# -c off\nrequests==1\n")) == []


def test_an_old_airflow_has_no_constraints_added():
    assert found(Severity.FAIL, judged("requests==1\n", versions=Versions(airflow="2.6.3", python="3.10"))) == []


def test_nothing_is_claimed_of_versions_that_are_not_known():
    text = "requests==1\napache-airflow==1\n-c " + official_url(Versions(airflow="2.10.3", python="3.9"))

    assert found(Severity.FAIL, judged(text, versions=Versions(airflow="2.10.3", python=""), pins=Pins())) == []


def test_secrets_of_lines_are_in_no_verdict():
    secret = "hunter2"
    lines = [
        f"foo bar https://me:{secret}@x.example",
        f"--no-such https://me:{secret}@x.example",
        f"-c https://me:{secret}@x.example/constraints-2.9.2/constraints-3.11.txt",
        f"--constraint=https://me:{secret}@x.example/c.txt",
        f"./plugins/https://me:{secret}@x.example.whl",
    ]

    verdicts = judged("\n".join(lines))

    assert len(found(Severity.FAIL, verdicts)) == 4
    assert secret not in str(verdicts)


@given(st.text())
def test_any_text_is_judged(text):
    assert judged(text.encode(errors="replace")) is not None


def test_only_names_that_must_come_from_the_index_are_asked_for():
    text = (
        f"requests\nSix\nidna; sys_platform == 'win32'\nurl @ https://x.example/u.whl\nsix\n-c {DAGS}/c.txt\nfoo bar\n"
    )

    asked = names_to_ask(tree_of(text, {"dags/c.txt": "other==1"}), PINS, "3.11")

    assert {name: line.number for name, (_, line) in asked.items()} == {"six": 2}


@pytest.fixture
def check(tmp_path: Path):
    def run(text: str | bytes, index: FakePackageIndex | None = None, script: str | None = None) -> CheckResult:
        (tmp_path / "dags").mkdir()
        path = tmp_path / "requirements.txt"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        startup = tmp_path / "startup.sh" if script is not None else None
        if startup:
            startup.write_text(script or "")
        project = Project(
            repository=tmp_path, root=tmp_path, dags=tmp_path / "dags", requirements=path, startup_script=startup
        )
        return precheck(project, airflow_version="2.10.3", python="3.11", pins=PINS, index=index)

    return run


def test_a_name_that_the_index_does_not_know_fails_at_its_line(check):
    result = check(OWN + "six\nno-such-package\n", FakePackageIndex({"six"}))

    assert [at(verdict) for verdict in result.failures] == [("requirements.txt", 3)]
    assert "knows no no-such-package" in result.failures[0].message


@pytest.mark.parametrize(
    ("line", "script"),
    [
        ("--index-url https://x.example/simple", None),
        ("--extra-index-url https://x.example/simple", None),
        ("-f /usr/local/airflow/plugins", None),
        ("--no-index", None),
        ("", "pip config set global.index-url https://x.example/simple\n"),
        ("", "export PIP_EXTRA_INDEX_URL=https://x.example/simple\n"),
    ],
)
def test_a_name_is_not_judged_where_packages_come_from_elsewhere(check, line, script):
    index = FakePackageIndex()

    assert check(f"{OWN}{line}\nno-such-package\n", index, script).failures == ()
    assert index.asked == []


def test_another_startup_script_changes_nothing_about_names(check):
    assert len(check(OWN + "no-such-package\n", FakePackageIndex(), "echo hello\n").failures) == 1


@pytest.mark.parametrize("index", [None, FakePackageIndex(silent=True)])
def test_a_good_file_passes_and_says_so(check, index):
    result = check(OWN + "no-such-package\n", index)

    assert [verdict.severity for verdict in result.verdicts] == [Severity.PASS]
    assert result.seconds > 0


def test_a_file_of_ten_thousand_lines_is_judged_in_time(check):
    index = FakePackageIndex({f"package-{n}" for n in range(10_000)})

    result = check(OWN + "".join(f"package-{n}==1.{n}\n" for n in range(10_000)) + "foo bar\n", index)

    assert [at(verdict) for verdict in result.failures] == [("requirements.txt", 10_002)]
    assert len(index.asked) == 500
    assert result.seconds < 60  # a second or two, but for a busy machine; anything quadratic takes minutes


def test_a_project_without_requirements_is_skipped(tmp_path):
    project = Project(repository=tmp_path, root=tmp_path, dags=tmp_path)

    assert precheck(project, airflow_version="2.10.3", python="3.11", pins=PINS, index=None).skipped
