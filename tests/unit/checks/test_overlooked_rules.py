"""Rules in folders below the one that is read are told."""

from pathlib import Path

import pytest

from mwaa_deploy.checks.overlooked_rules import overlooked_rules
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.source.project import Project

RULE = "import re\n\n\ndef rule_is_tagged(dag):\n    pass\n"
CHECK = "def check(dag):\n    pass\n"


def told(root: Path, files: dict[str, str], folder: str | None = None) -> list[str]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = Project(repository=root, root=root, dags=root / "dags")
    found = overlooked_rules(project, root / folder if folder else None)
    assert all(verdict.severity is Severity.WARN for verdict in found)
    return [f"{verdict.location.file}:{verdict.location.line}" for verdict in found if verdict.location]


@pytest.mark.parametrize("folder", [None, "rules"])
def test_a_rule_that_lies_too_deep_is_told_at_its_line(tmp_path, folder):
    assert told(tmp_path, {"rules/sub/a.py": RULE, "rules/sub/deeper/b.py": CHECK}, folder) == [
        "rules/sub/a.py:4",
        "rules/sub/deeper/b.py:1",
    ]


def test_a_named_folder_stands_in_the_place_of_the_usual_one(tmp_path):
    assert told(tmp_path, {"rules/sub/a.py": RULE, "ours/sub/b.py": CHECK}, "ours") == ["ours/sub/b.py:1"]


NOT_OVERLOOKED = {
    "a file at the top is asked": {"rules/a.py": CHECK},
    "no rule": {"rules/sub/a.py": "class A:\n    def check(self):\n        pass\n"},
    "a hidden folder": {"rules/_lib/a.py": CHECK, "rules/.cache/a.py": CHECK, "rules/sub/__pycache__/a.py": CHECK},
    "imported": {"rules/lib/a.py": CHECK, "rules/top.py": f"from lib.a import check as other\n{CHECK}"},
    "no folder": {"dags/a.py": ""},
    "no file": {"rules/sub/a.py/b.txt": ""},
}


@pytest.mark.parametrize("name", NOT_OVERLOOKED)
def test_what_is_no_rule_is_not_told(tmp_path, name):
    assert told(tmp_path, NOT_OVERLOOKED[name]) == []


def test_links_are_not_followed(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/sub").symlink_to(tmp_path / "elsewhere", target_is_directory=True)

    assert told(tmp_path, {"elsewhere/a.py": CHECK}) == []


def test_who_imports_another_folder_imports_not_this_one(tmp_path):
    files = {"rules/lib/a.py": CHECK, "rules/top.py": f"import library, sub_lib\n{CHECK}"}

    assert told(tmp_path, files) == ["rules/lib/a.py:1"]
