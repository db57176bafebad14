"""A project with every part, as the example in this repository is."""

from pathlib import Path

import pytest

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.source.project import Project
from tests.fakes.log import FakeLog
from tests.integration.checks.conftest import ROOT, check

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

    assert [result.check for result in report.results] == ["requirements", "dag-import", "unit-tests"]
    assert not report.failed, [result.failures for result in report.results]
    assert [result.skipped for result in report.results] == [None, None, None]
    installed, parsed, tested = report.results
    assert "xmltodict==0.14.2" in [v.subject for v in installed.verdicts if v.severity is Severity.PASS]
    assert [v.subject for v in parsed.verdicts] == [
        "examples/hello-mwaa/dags/hello_mwaa.py",
        "examples/hello-mwaa/dags/reports/price_report.py",
    ]
    assert len(tested.verdicts) == 12
    assert "12 passed" in tested.log
    groups = [line for line in log.lines if line.startswith("> Check: ")]
    assert groups == ["> Check: requirements", "> Check: dag-import", "> Check: unit-tests"]
    assert all(f"> {result.log}" in log.lines for result in report.results)


def test_a_part_that_is_not_there_is_skipped_with_the_reason(runner, tmp_path: Path):
    (tmp_path / "dags").mkdir()

    report = check(Project(repository=tmp_path, root=tmp_path, dags=tmp_path / "dags"), runner)

    requirements, dags, tests = report.results
    assert requirements.skipped == "The project has no requirements file."
    assert tests.skipped == "The project has no folder of unit tests."
    assert [verdict.severity for verdict in dags.verdicts] == [Severity.FAIL]
    assert "no DAG" in dags.verdicts[0].message


def test_nothing_is_checked_on_top_of_requirements_that_do_not_install(runner, tmp_path: Path):
    broken = tmp_path / "requirements.txt"
    broken.write_text("-c none\n")
    (tmp_path / "dags").mkdir()
    project = Project(
        repository=tmp_path, root=tmp_path, dags=tmp_path / "dags", tests=tmp_path / "dags", requirements=broken
    )

    _, *later = check(project, runner).results

    assert [result.check for result in later] == ["dag-import", "unit-tests"]
    assert all("could not be installed" in (result.skipped or "") for result in later)
