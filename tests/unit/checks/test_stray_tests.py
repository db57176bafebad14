"""Test files that nobody runs are named."""

from pathlib import Path

import pytest

from mwaa_deploy.checks.checkout import find_checkout
from mwaa_deploy.checks.stray_tests import judge_strays
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.source.project import Project

TEST = "def test_a():\n    assert 0\n"
UNITTEST = "from unittest import TestCase\n\nclass A(TestCase):\n    def test_a(self): pass\n"
DAG = "from airflow import DAG\n\ndef test_connection():\n    return 1\n"


def project(root: Path, files: dict[str, str], tests: str | None = None) -> Project:
    for name, text in {"dags/d.py": "", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Project(repository=root, root=root, dags=root / "dags", tests=root / tests if tests else None)


@pytest.mark.parametrize(
    ("files", "names", "folder"),
    [
        ({"dags/test_x.py": TEST}, "1 test file was not run: dags/test_x.py.", "dags"),
        ({"dags/tests/test_x.py": UNITTEST}, "1 test file was not run: dags/tests/test_x.py.", "dags/tests"),
        ({"test_x.py": TEST, "src/a/b_test.py": TEST}, "2 test files were not run: src/a/b_test.py, test_x.py.", "."),
        ({f"qa/test_{n}.py": TEST for n in range(5)}, "qa/test_0.py, qa/test_1.py, qa/test_2.py and 2 more.", "qa"),
    ],
)
def test_without_a_folder_of_tests_they_are_warned_about(tmp_path, files, names, folder):
    (verdict,) = judge_strays(project(tmp_path, files))

    assert verdict.severity is Severity.WARN
    assert names in verdict.message
    assert verdict.message.endswith(f"tests-dir: {folder}")
    assert verdict.location
    assert verdict.location.file in files


def test_beside_a_folder_of_tests_too(tmp_path):
    found = project(tmp_path, {"tests/test_a.py": TEST, "dags/test_x.py": TEST}, tests="tests")
    checkout = find_checkout(found)

    (verdict,) = judge_strays(found, checkout.strays)

    assert checkout.strays == ("dags/test_x.py",)
    assert verdict.message.startswith("Only tests/ is looked into, so 1 test file was not run: dags/test_x.py.")


@pytest.mark.parametrize("files", [{"dags/test_conn.py": DAG}, {"dags/latest.py": TEST}, {"tests/test_a.py": TEST}])
def test_nothing_else_is_taken_for_one(tmp_path, files):
    tests = "tests" if "tests/test_a.py" in files else None

    assert judge_strays(project(tmp_path, files, tests=tests)) == ()
