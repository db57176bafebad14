"""Which files of a folder belong to the project, in real repositories."""

import os
import subprocess
from pathlib import Path

import pytest

from mwaa_deploy.source.tracked_files import new_files, tracked_files

FILES = (
    *("src/lib/__init__.py", "sql/q.sql", "tests/test_a.py", "with space/é.txt", ".env", "secret.txt", "sub/build/x"),
    *("node_modules/a/index.js", "venv/pyvenv.cfg", "venv/lib/x.py", "src/__pycache__/a.pyc"),
)
IGNORES = {
    ".gitignore": "# ours\n\n/secret.txt\n.env\nvenv\nnode_modules/\n__pycache__/\n",
    "sub/.gitignore": "build\n",
}
OURS = ("sql/q.sql", "src/lib/__init__.py", "tests/test_a.py", "with space/é.txt")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (*FILES, *IGNORES):
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(IGNORES.get(name, ""), encoding="utf-8")
    return tmp_path / "checkout"


def git(root: Path, *words: str) -> None:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", "-C", root, *settings, *words], check=True, capture_output=True)


def test_what_git_tracks_is_the_projects(root, monkeypatch):
    git(root, "init")
    git(root, "add", ".")
    (root / "tests" / "test_new.py").touch()
    (root / "tests" / ".env").touch()
    (root / "credentials.json").touch()
    monkeypatch.setenv("GIT_DIR", "/nowhere")

    assert tracked_files(root, repository=root) == (".gitignore", *OURS[:2], "sub/.gitignore", *OURS[2:])
    assert tracked_files(root / "src", repository=root) == ("lib/__init__.py",)
    more = set(tracked_files(root, repository=root, new_in=root / "tests")) - set(tracked_files(root, repository=root))
    assert more == {"tests/test_new.py"}
    assert new_files(root, root=root, repository=root) == ("credentials.json", "tests/test_new.py")


@pytest.mark.parametrize("state", ["no git", "nothing is tracked", "of another checkout", "no program"])
def test_where_git_cannot_tell_its_rules_are_followed_nevertheless(root, state, monkeypatch):
    if state in ("nothing is tracked", "no program"):
        git(root, "init")
    if state == "no program":
        git(root, "add", "sql")
        monkeypatch.setenv("PATH", os.fspath(root))
    if state == "of another checkout":
        (root.parent / "other").touch()
        git(root.parent, "init")
        git(root.parent, "add", "other", "checkout/sql")

    assert tracked_files(root, repository=root, new_in=root / "tests") == OURS


def test_files_of_a_submodule_are_the_projects(root, tmp_path):
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "code.py").touch()
    git(tmp_path / "library", "init")
    git(tmp_path / "library", "add", ".")
    git(tmp_path / "library", "commit", "-m", "a")
    git(root, "init")
    git(root, "submodule", "add", os.fspath(tmp_path / "library"), "libs/library")

    assert "libs/library/code.py" in tracked_files(root, repository=root)
