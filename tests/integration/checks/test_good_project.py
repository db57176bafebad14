"""A project with every part, as the example in this repository is."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mwaa_deploy.checks.constraint_source import HttpConstraints
from mwaa_deploy.checks.request import CheckRequest
from mwaa_deploy.checks.selection import CHECKS, all_checks
from mwaa_deploy.checks.suite import run_checks
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.ports import Runner
from mwaa_deploy.source.project import Project
from tests.fakes.log import FakeLog
from tests.integration.checks.conftest import ROOT, check, places

pytestmark = pytest.mark.airflow


def example() -> Project:
    root = ROOT / "examples" / "hello-mwaa"
    return Project(
        repository=ROOT,
        root=root,
        dags=root / "dags",
        plugins=root / "plugins",
        requirements=root / "requirements.txt",
        startup_script=root / "startup" / "startup.sh",
        tests=root / "tests",
    )


def test_the_example_passes_every_check(fresh_runner, test_tools):
    log = FakeLog()

    report = check(example(), fresh_runner, test_tools=test_tools, log=log)

    assert [result.check for result in report.results] == [*CHECKS]
    assert not report.failed, [result.failures for result in report.results]
    skipped = {result.check: result.skipped for result in report.results if result.skipped}
    assert skipped == {"dag-rules": "No rule about DAGs is switched on."}
    started, installed, plugins, parsed, _, tested = report.results
    assert "HELLO_GREETING" in " ".join(verdict.message for verdict in started.verdicts)
    assert "xmltodict==0.14.2" in [v.subject for v in installed.verdicts if v.severity is Severity.PASS]
    assert plugins.severity is Severity.PASS
    assert [v.subject for v in parsed.verdicts] == [
        "examples/hello-mwaa/dags/hello_mwaa.py",
        "examples/hello-mwaa/dags/reports/price_report.py",
    ]
    assert [file.location.file for file in report.dag_files if file.location] == [v.subject for v in parsed.verdicts]
    assert len(tested.verdicts) == 12
    assert "12 passed" in tested.log
    assert log.checks == [*report.results]


def test_a_part_that_is_not_there_is_skipped_with_the_reason(runner, tmp_path: Path):
    (tmp_path / "dags").mkdir()

    results = check(Project(repository=tmp_path, root=tmp_path, dags=tmp_path / "dags"), runner).results

    by_name = {result.check: result for result in results}
    assert by_name["startup-script"].skipped == "The project has no startup script."
    assert by_name["requirements"].skipped == "The project has no requirements file."
    assert by_name["unit-tests"].skipped == "The project has no folder of unit tests."
    assert [verdict.severity for verdict in by_name["dag-import"].verdicts] == [Severity.FAIL]
    assert "no DAG" in by_name["dag-import"].verdicts[0].message


def test_nothing_is_checked_on_top_of_requirements_that_do_not_install(runner, tmp_path: Path):
    (tmp_path / "requirements.txt").write_text("# -c off\nidna==3.3.99999\n")
    (tmp_path / "dags").mkdir()
    project = Project(
        repository=tmp_path,
        root=tmp_path,
        dags=tmp_path / "dags",
        tests=tmp_path / "dags",
        requirements=tmp_path / "requirements.txt",
    )

    _, _, *later = check(project, runner).results

    assert [result.check for result in later] == ["plugins", "dag-import", "dag-rules", "unit-tests"]
    assert all("could not be installed" in (result.skipped or "") for result in later)


def test_requirements_that_pip_would_refuse_need_no_runner(tmp_path: Path):
    (tmp_path / "requirements.txt").write_text("requests\nfoo bar\n")
    (tmp_path / "dags").mkdir()
    project = Project(
        repository=tmp_path, root=tmp_path, dags=tmp_path / "dags", requirements=tmp_path / "requirements.txt"
    )

    report = run_checks(
        project,
        no_runner,
        FakeLog(),
        CheckRequest(airflow_version="2.10.3", selection=all_checks("All.")),
        constraint_source=HttpConstraints(),
        index=None,
    )

    assert places(report.results[1]) == [("requirements.txt", 2)]
    assert all(
        "would be refused" in (result.skipped or "") for result in report.results if result.check != "requirements"
    )


def no_runner() -> AbstractContextManager[Runner]:
    raise AssertionError("a runner was opened")
