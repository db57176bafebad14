import subprocess

import pytest

from mwaa_deploy.errors import RepositoryUnreadable
from mwaa_deploy.ports import ChangedFile
from mwaa_deploy.source.repository import GitRepository


def git(folder, *argv):
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *identity, *argv], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder, files):
    for name, text in files.items():
        path = folder / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "change")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def origin(tmp_path):
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(folder, "config", "uploadpack.allowFilter", "true")
    return folder


def snapshot(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_changed_files_are_named_with_blanks_and_other_alphabets(origin):
    base = commit(origin, {"dags/a.py": "1", "dags/alt.py": "1"})
    commit(origin, {"dags/a b.py": "2", "dags/größe.py": "2", "dags/a.py": "2", "dags/alt.py": None})
    with GitRepository(origin) as repository:
        assert repository.fetch(base)
        assert repository.changed_files(base) == (
            ChangedFile(path="dags/a b.py", status="A"),
            ChangedFile(path="dags/a.py", status="M"),
            ChangedFile(path="dags/alt.py", status="D"),
            ChangedFile(path="dags/größe.py", status="A"),
        )


def test_a_rename_is_a_deletion_and_an_addition(origin):
    base = commit(origin, {"dags/old.py": "x = 1\n" * 50})
    git(origin, "mv", "dags/old.py", "dags/new.py")
    commit(origin, {})
    with GitRepository(origin) as repository:
        assert [(f.path, f.status) for f in repository.changed_files(base)] == [
            ("dags/new.py", "A"),
            ("dags/old.py", "D"),
        ]


def test_a_shallow_clone_fetches_the_base_and_is_not_written_to(origin, tmp_path):
    base = commit(origin, {"dags/a.py": "1"})
    commit(origin, {"dags/a.py": "2"})
    commit(origin, {"dags/b.py": "3"})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", str(clone))
    before = snapshot(clone)
    with GitRepository(clone) as repository:
        assert repository.fetch(base)
        assert [f.path for f in repository.changed_files(base)] == ["dags/a.py", "dags/b.py"]
    assert snapshot(clone) == before


def test_a_commit_that_nobody_has_is_not_fetched(origin, tmp_path):
    commit(origin, {"dags/a.py": "1"})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", str(clone))
    with GitRepository(clone) as repository:
        assert not repository.fetch("0" * 40)


def test_a_folder_without_git_is_refused_with_the_step_to_add(tmp_path):
    with pytest.raises(RepositoryUnreadable, match="actions/checkout"):
        GitRepository(tmp_path)


def test_the_token_goes_to_the_github_server_only(origin):
    commit(origin, {"a": "1"})
    with GitRepository(origin, server_url="https://github.com", token="t0ken") as repository:
        sent = repository._credentials("https://github.com/acme/dags")
        assert sent["GIT_CONFIG_KEY_0"] == "http.https://github.com/.extraheader"
        for url in (
            "https://github.com.evil.example/acme/dags",
            "https://example.org/acme/dags",
            "git@github.com:acme/dags",
        ):
            assert "GIT_CONFIG_COUNT" not in repository._credentials(url)
