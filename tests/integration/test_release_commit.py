"""The release commit, in real git repositories."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from release.commit import Checkout
from release.errors import NotReleasable
from release.image_lock import FILE, parse

ROOT = Path(__file__).parents[2]
BOTH = {"action": f"r/x@sha256:{'a' * 64}", "action-dind": f"r/x@sha256:{'b' * 64}"}


@pytest.fixture
def checkout(tmp_path):
    """A checkout with the files that name version 1.2.3, in one commit."""
    files = {
        "pyproject.toml": 'version = "1.2.3"\n',
        "src/mwaa_deploy/__init__.py": '__version__ = "1.2.3"\n',
        "CHANGELOG.md": "## [1.2.3] - 2026-11-26\n\n- It.\n",
        FILE: "build\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = Checkout(tmp_path)
    found.git("init", "--quiet", "--initial-branch", "main")
    found.git("add", "--all")
    found.git("commit", "--quiet", "--message", "Begin")
    return found


def step(checkout, *argv, **env):
    return subprocess.run(
        [sys.executable, "-m", "release", *argv],
        cwd=checkout.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_release_commit_is_its_parent_with_the_images_by_digest(checkout):
    parent = checkout.head
    commit = checkout.commit_lock("1.2.3", BOTH)
    assert commit == checkout.head
    assert parse(checkout.git("show", f"{commit}:{FILE}")) == BOTH
    assert checkout.release_problems(commit, parent) == []
    assert checkout.git("log", "-1", "--format=%an %s") == "github-actions[bot] Release v1.2.3"
    assert step(checkout, "verify-commit", commit, "--parent", parent).returncode == 0


def test_a_release_commit_that_is_more_or_less_than_that_is_told(checkout):
    parent = checkout.head
    assert checkout.release_problems(parent, parent) == [f"{parent} was made upon nothing, not upon {parent}"]
    commit = checkout.commit_lock("1.2.3", BOTH)
    (checkout.folder / "action.yml").write_text("x", encoding="utf-8")
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "--amend", "--no-edit")
    more = checkout.head
    assert checkout.release_problems(more, parent) == [f"{more} changes action.yml, {FILE}, not {FILE} alone"]
    assert checkout.release_problems(more, commit) == [f"{more} was made upon {parent}, not upon {commit}"]
    done = step(checkout, "verify-commit", more, "--parent", parent, GITHUB_ACTIONS="true")
    assert done.returncode == 1
    assert done.stdout.startswith("::error title=No release::")


def test_a_release_commit_without_digests_is_told(checkout):
    parent = checkout.head
    (checkout.folder / FILE).write_text("# Changed.\nbuild\n", encoding="utf-8")
    checkout.git("commit", "--quiet", "--all", "--message", "x")
    (problem,) = checkout.release_problems(checkout.head, parent)
    assert "does not name an image by digest" in problem


def test_nothing_is_committed_over_changes_of_others(checkout):
    (checkout.folder / "CHANGELOG.md").write_text("x", encoding="utf-8")
    with pytest.raises(NotReleasable, match=r"not committed:\n *M CHANGELOG.md"):
        checkout.commit_lock("1.2.3", BOTH)


def test_a_tag_that_exists_keeps_the_version_back(checkout):
    assert step(checkout, "check", "1.2.3").returncode == 0
    assert step(checkout, "notes", "1.2.3").stdout == "- It.\n"
    assert step(checkout, "major-tag", "1.2.3").stdout == "v1\n"
    checkout.git("tag", "v1.2.3")
    done = step(checkout, "check", "1.2.3")
    assert done.returncode == 1
    assert done.stderr == "release: the tag v1.2.3 exists, and a version never moves\n"


def test_a_version_is_prepared_in_the_files_that_name_it(checkout):
    with (checkout.folder / "CHANGELOG.md").open("a", encoding="utf-8") as file:
        file.write("\n## [Unreleased]\n\n- New.\n")
    assert step(checkout, "prepare", "1.3.0", "--day", "2026-12-01").returncode == 0
    assert step(checkout, "check", "1.3.0").returncode == 0
    assert "## [1.3.0] - 2026-12-01" in checkout.read_files().changelog
