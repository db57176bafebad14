"""Which checks run, from the changes alone."""

from pathlib import Path

import pytest

from mwaa_deploy.checks.selection import CHECKS, select_checks
from mwaa_deploy.checks.settings import CheckSettings, Fixtures
from mwaa_deploy.inputs import ChecksKind
from mwaa_deploy.ports import ChangedFile
from mwaa_deploy.source.changes import Base, classify
from mwaa_deploy.source.project import Project

REPOSITORY = Path("/repository")
PROJECT = Project(
    repository=REPOSITORY,
    root=REPOSITORY,
    dags=REPOSITORY / "dags",
    plugins=REPOSITORY / "plugins",
    requirements=REPOSITORY / "requirements.txt",
    startup_script=REPOSITORY / "startup/startup.sh",
    tests=REPOSITORY / "tests",
    template=REPOSITORY / "infra/template.yaml",
    parameters=REPOSITORY / "infra/parameters/staging.json",
)
BASE = Base(sha="b" * 40, reason="the last successful run on main, https://github.com/acme/dags/actions/runs/1")
SETTINGS = CheckSettings(
    rules_folder=REPOSITORY / "checks/rules", fixtures=Fixtures(variables=REPOSITORY / "seeds/variables.json")
)
ALL = set(CHECKS)


def select(*paths, event="push", project=PROJECT, base=BASE, kind=ChecksKind.CHANGED, status="M", config_file=None):
    files = [ChangedFile(path=path, status=status) for path in paths]
    changes = classify(project, base, "a" * 40, files)
    return select_checks(
        changes,
        project,
        kind=kind,
        event=event,
        settings=SETTINGS,
        config_file=config_file and REPOSITORY / config_file,
    )


def running(selection):
    return {check for check in CHECKS if selection.runs(check)}


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt",
        "plugins/operators.py",
        "plugins/data.json",
        "startup/startup.sh",
        "mwaa-deploy.yml",
        ".github/workflows/mwaa.yml",
        ".github/actions/setup/action.yml",
        "rules/naming.py",
        "checks/rules/naming.py",
        "seeds/variables.json",
        "shared/library.py",
        "startup/helper.sh",
        "constraints.txt",
        "infra/build.py",
    ],
)
@pytest.mark.parametrize("event", ["push", "pull_request", "merge_group"])
def test_what_may_concern_every_check_runs_every_check_and_is_named(path, event):
    selection = select("README.md", "tests/test_a.py", path, event=event)
    assert running(selection) == ALL
    assert all(selection.why(check).startswith(f"{path} changed since bbbbbbbbbbbb") for check in CHECKS)


@pytest.mark.parametrize("path", ["dags/a.py", "dags/common/shared.py", "dags/sql/query.sql", "dags/.airflowignore"])
def test_a_change_among_the_dags_runs_what_looks_at_dags_and_what_that_builds_on(path):
    selection = select(path, "tests/test_a.py", "README.md")
    assert running(selection) == ALL
    assert selection.why("dag-rules").startswith(f"{path} changed since")
    assert selection.why("requirements") == (
        f"What looks at the DAGs builds on it: {path} changed since bbbbbbbbbbbb, which passed ({BASE.reason})."
    )


@pytest.mark.parametrize(
    "path", ["tests/test_a.py", "tests/data/x.json", "conftest.py", "pytest.ini", "pyproject.toml"]
)
def test_a_change_among_the_tests_leaves_out_what_looks_at_dags_and_plugins(path):
    selection = select(path, "README.md")
    assert running(selection) == {"startup-script", "requirements", "unit-tests"}
    assert selection.why("unit-tests").startswith(f"{path} changed")
    assert selection.why("dag-import").startswith("Only tests and their settings are among the 2 files changed since")


HARMLESS = ["README.md", "docs/guide.rst", "LICENSE", ".github/CODEOWNERS", "infra/template.yaml"]
HARMLESS += ["infra/parameters/staging.json", "infra/network.yaml", ".gitignore"]


def test_when_nothing_concerns_the_checks_each_says_so():
    selection = select(*HARMLESS)
    assert selection.empty
    expected = f"None of the 8 files changed since bbbbbbbbbbbb, which passed ({BASE.reason}) concerns it."
    assert [selection.why(check) for check in CHECKS] == [expected] * len(CHECKS)
    assert selection.left_out("plugins").skipped == expected
    assert selection.left_out("plugins").verdicts == ()


def test_a_pull_request_does_not_claim_that_its_base_passed():
    assert "passed" not in select(*HARMLESS, event="pull_request").why("dag-import")


def test_the_same_commit_again_runs_nothing():
    assert select().why("requirements").startswith("No file changed since bbbbbbbbbbbb, which passed")


@pytest.mark.parametrize("path", ["requirements.txt", "dags/gone.py", "startup.sh", "plugins/gone.py", "tests/gone.py"])
def test_a_deleted_file_is_a_change(path):
    """Without its part the project does not know any more what the file was."""
    project = Project(repository=REPOSITORY, root=REPOSITORY, dags=REPOSITORY / "dags")
    assert running(select(path, status="D", project=project)) == ALL


@pytest.mark.parametrize("event", ["", "schedule", "workflow_dispatch", "repository_dispatch", "anything-new"])
def test_only_pushes_and_proposals_leave_checks_out(event):
    selection = select("README.md", event=event)
    assert running(selection) == ALL
    assert event in selection.why("plugins")


def test_the_user_may_ask_for_all():
    assert running(select("README.md", kind=ChecksKind.ALL)) == ALL


def test_an_unknown_base_runs_everything_and_gives_its_reason():
    selection = select(base=Base(sha=None, reason="this workflow has no successful run on main yet"))
    assert running(selection) == ALL
    assert "this workflow has no successful run on main yet" in selection.why("plugins")


def test_unknown_changes_run_everything():
    assert running(select_checks(None, PROJECT, kind=ChecksKind.CHANGED, event="push")) == ALL


def test_a_configuration_elsewhere_counts_too():
    assert running(select("settings/checks.yml", config_file="settings/checks.yml")) == ALL
    assert running(select(".github/mwaa.yml", config_file=".github/mwaa.yml")) == ALL


def test_one_folder_for_everything_hides_no_change():
    """The template's folder is no place for harmless files when the parts lie in it too."""
    root = REPOSITORY / "mwaa"
    project = Project(repository=REPOSITORY, root=root, dags=root / "dags", template=root / "template.yaml")
    assert running(select("mwaa/variables.json", project=project)) == ALL
    assert running(select("mwaa/template.yaml", project=project)) == set()
