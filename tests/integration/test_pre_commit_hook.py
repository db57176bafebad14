"""The hook of .pre-commit-hooks.yaml, installed by the real pre-commit from a clone of this repository."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow

ROOT = Path(__file__).parents[2]
SHIPPED = ("src", "images", "requirements", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
GIT = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]

GOOD = """
from datetime import datetime

from airflow.decorators import dag, task


@dag(schedule=None, start_date=datetime(2024, 1, 1), catchup=False)
def small():
    @task
    def one(): ...

    one()


small()
"""
BROKEN = "from airflow.decorators import dag\n\nimport there_is_no_such_module\n"
TEST = "import unittest\n\n\nclass Small(unittest.TestCase):\n    def test_it(self):\n        self.assertTrue(True)\n"


def git(folder, *arguments):
    done = subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory):
    """A repository with what this one ships, as a user's pre-commit clones it."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    git(folder, "init", "--quiet")
    return folder, commit(folder)


@pytest.fixture(scope="module")
def project(tmp_path_factory, hooks):
    folder = tmp_path_factory.mktemp("project")
    repository, revision = hooks
    files = {
        "dags/small.py": GOOD,
        "tests/test_small.py": TEST,
        "README.md": "A project.\n",
        ".pre-commit-config.yaml": f"""
repos:
  - repo: {repository.as_uri()}
    rev: {revision}
    hooks:
      - id: mwaa-deploy-check
        args: [--airflow-version, 2.10.3, --runner, venv]
""",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def run_hook(project, tmp_path_factory):
    home = tmp_path_factory.mktemp("pre-commit")

    def run(*arguments):
        # Nothing of the checkout or of a workflow may help.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("MWAA_", "GITHUB_", "INPUT_"))}
        env |= {"PRE_COMMIT_HOME": str(home), "PRE_COMMIT_COLOR": "never"}
        del env["PYTEST_CURRENT_TEST"]
        argv = ["pre-commit", "run", *arguments]
        return subprocess.run(argv, cwd=project, env=env, check=False, capture_output=True, text=True)

    return run


def test_a_good_project_is_green_and_a_broken_one_red(project, run_hook):
    good = run_hook("--all-files")
    assert good.returncode == 0, good.stdout + good.stderr
    assert "Passed" in good.stdout

    (project / "dags" / "broken.py").write_text(BROKEN, encoding="utf-8")
    git(project, "add", "--all")
    broken = run_hook()
    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert "Failed" in broken.stdout
    assert "dags/broken.py:3: " in broken.stdout
    assert "there_is_no_such_module" in broken.stdout

    git(project, "rm", "--quiet", "--force", "dags/broken.py")
    (project / "queries").mkdir()
    (project / "queries" / "q.sql").write_text("select 1\n", encoding="utf-8")
    git(project, "add", "--all")
    assert "Passed" in run_hook().stdout
    git(project, "commit", "--quiet", "--no-verify", "--message", "x")

    (project / "README.md").write_text("A better project.\n", encoding="utf-8")
    git(project, "add", "--all")
    other = run_hook()
    assert other.returncode == 0
    assert "Skipped" in other.stdout
