"""Patterns of what is not shipped mean what they mean to git."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mwaa_deploy.bundle.exclude import Exclude

NAMES = (
    "a.py",
    "b.md",
    "notes",
    ".airflowignore",
    "tests/test_a.py",
    "tests/deep/test_b.py",
    "team/tests/c.py",
    "team/a.py",
    "team/deep/er/a.py",
    "team/b.md",
    "[x].py",
    "team b/über.py",
    "sql/q.sql",
    "a/b/c/d.py",
)
PATTERNS = [
    ("*.md",),
    ("tests",),
    ("tests/",),
    ("/tests",),
    ("/tests/",),
    ("notes/",),
    ("team/tests",),
    ("**/tests",),
    ("team/**",),
    ("team/**/a.py",),
    ("**/a.py",),
    ("a/**/d.py",),
    ("*",),
    ("*", "!*.py"),
    ("*", "!*/", "!*.py"),
    ("tests/", "!tests/test_a.py"),
    ("*.py", "!a.py"),
    ("*.py", "!/a.py"),
    ("?.py",),
    ("[ab].*",),
    ("[!a].py",),
    ("[a-c].py",),
    ("\\[x\\].py",),
    ("[x].py",),
    ("[",),
    ("[]",),
    ("[!]",),
    ("[]x[].py",),
    ("[^a].py",),
    ("t*/*.py",),
    ("te*",),
    ("team b/",),
    ("über.py",),
    ("/",),
    ("**",),
    ("a**",),
    ("team/*",),
    ("nowhere/x",),
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for name in NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def ignored_by_git(root: Path, patterns: tuple[str, ...]) -> set[str]:
    (root / ".git/info/exclude").write_text("\n".join(patterns) + "\n", encoding="utf-8")
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-from=.git/info/exclude", "-z"],
        cwd=root,
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout
    return set(NAMES) - set(filter(None, listed.split("\0")))


@pytest.mark.parametrize("patterns", PATTERNS, ids=" ".join)
def test_pattern_leaves_out_what_git_would(checkout, patterns):
    exclude = Exclude(patterns)

    assert {name for name in NAMES if exclude.leaves_out_file(name)} == ignored_by_git(checkout, patterns)


@given(patterns=st.lists(st.text("ab*?/!.[]-\\tesmd", min_size=1, max_size=8), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_pattern_can_be_used(patterns):
    exclude = Exclude(tuple(patterns))

    assert {exclude.leaves_out_file(name) for name in NAMES} <= {True, False}


def test_no_pattern_leaves_nothing_out():
    assert not any(Exclude().leaves_out_file(name) for name in NAMES)
