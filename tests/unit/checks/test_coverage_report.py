"""How coverage.py's report is judged."""

import json
from pathlib import Path, PurePosixPath

import pytest

from mwaa_deploy.checks.coverage_report import judge_coverage
from mwaa_deploy.checks.layout import plan_layout
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.source.project import Project

ROOT = Path("/repo")
LAYOUT = plan_layout(Project(repository=ROOT, root=ROOT / "etl", dags=ROOT / "etl/dags"), PurePosixPath("/home/a"))


def report(**files: tuple[int, int]) -> bytes:
    entries = {
        f"dags/{name}.py": {"summary": {"num_statements": statements, "covered_lines": covered}}
        for name, (covered, statements) in files.items()
    }
    return json.dumps({"meta": {}, "files": entries, "totals": {}}).encode()


def test_each_file_has_its_line_and_the_whole_is_weighed_by_statements():
    verdict = judge_coverage(report(b=(1, 4), a=(6, 6), empty=(0, 0)), LAYOUT, minimum=None)

    assert verdict.severity is Severity.PASS
    assert verdict.message == "The unit tests run 70.0 % of the statements in dags/ and plugins/."
    assert verdict.evidence.splitlines() == [
        "100.0 %  etl/dags/a.py",
        " 25.0 %  etl/dags/b.py",
        "100.0 %  etl/dags/empty.py",
    ]


@pytest.mark.parametrize(("minimum", "severity"), [(70.0, Severity.PASS), (70.1, Severity.FAIL)])
def test_the_minimum_is_kept(minimum, severity):
    verdict = judge_coverage(report(a=(7, 10)), LAYOUT, minimum=minimum)

    assert verdict.severity is severity


@pytest.mark.parametrize(
    "document", [None, b"", b"{}", b'{"files": {"a": 1}}', report(a=(11, 10)), report(a=(-1, 10))], ids=repr
)
@pytest.mark.parametrize(("minimum", "severity"), [(None, Severity.WARN), (10.0, Severity.FAIL)])
def test_a_report_that_is_none_never_passes(document, minimum, severity):
    assert judge_coverage(document, LAYOUT, minimum=minimum).severity is severity


def test_nothing_to_cover_is_a_warning():
    assert judge_coverage(report(), LAYOUT, minimum=50.0).severity is Severity.WARN
