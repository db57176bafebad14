from pathlib import Path

import pytest

from mwaa_deploy.checks.overlooked_tests import judge_overlooked
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.source.project import Project

CASE = "import unittest\n\n\nclass A(unittest.TestCase):\n    def test_a(self):\n        self.fail()\n"


@pytest.fixture
def judged(tmp_path: Path):
    def judge(files: dict[str, str], *, usual: bool = True) -> list[tuple[str, int | None, str]]:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        project = Project(repository=tmp_path, root=tmp_path, dags=tmp_path / "dags", tests=tmp_path / "tests")
        verdicts = judge_overlooked(project, {name: tmp_path / name for name in files}, usual=usual)
        assert {verdict.severity for verdict in verdicts} <= {Severity.WARN}
        return [(v.location.file, v.location.line, v.message) for v in verdicts if v.location]

    return judge


def test_suites_of_unittests_loader_are_said_not_to_be_run(judged):
    ((file, line, message),) = judged(
        {"tests/test_a.py": "import unittest\n\ndef load_tests(a, b, c):\n    return b\n"}
    )

    assert (file, line) == ("tests/test_a.py", 3)
    assert message.startswith("load_tests() is for unittest's own loader")


@pytest.mark.parametrize(
    ("name", "line"), [("tests/cases.py", 5), ("tests/__init__.py", 5), ("tests/deep/__init__.py", 5)]
)
def test_a_module_of_tests_that_nothing_collects_is_named(judged, name, line):
    ((file, at, message),) = judged({name: CASE, "tests/test_b.py": "def test_b(): pass\n"})

    assert (file, at) == (name, line)
    assert "are not run" in message


def test_only_suites_are_looked_for_where_files_have_names_of_their_own(judged):
    suite = "def load_tests(a, b, c):\n    return b\n"

    ((file, line, _),) = judged({"tests/check_a.py": CASE, "tests/check_b.py": suite}, usual=False)

    assert (file, line) == ("tests/check_b.py", 1)


@pytest.mark.parametrize("line", ["from cases import A", "from tests.cases import A", "from tests import cases"])
def test_a_base_class_that_a_test_file_imports_is_none(judged, line):
    assert judged({"tests/cases.py": CASE, "tests/test_b.py": f"{line}\n"}) == []


def test_what_pytest_collects_is_none(judged):
    assert judged({"tests/test_a.py": CASE, "tests/b_test.py": CASE, "tests/conftest.py": "def test_x(): pass\n"}) == []
