from pathlib import Path

from mwaa_deploy.context import GitHubContext
from mwaa_deploy.errors import GitHubUnavailable
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import ChangedFile, WorkflowRun
from mwaa_deploy.source.changes import Base, classify
from mwaa_deploy.source.find_base import find_base, find_changes
from mwaa_deploy.source.project import Project

ROOT = Path("/repo")
PROJECT = Project(
    repository=ROOT,
    root=ROOT / "flows",
    dags=ROOT / "flows/dags",
    plugins=ROOT / "flows/plugins",
    requirements=ROOT / "flows/dags/requirements.txt",
    startup_script=ROOT / "flows/startup/startup.sh",
    template=ROOT / "flows/infra/template.yaml",
    parameters=ROOT / "flows/infra/staging.json",
)


class Runs:
    def __init__(self, answer):
        self.answer = answer

    def last_successful(self, *, branch):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Commits:
    head = "h" * 40

    def __init__(self, known, changed=()):
        self.known = known
        self.changed = changed

    def fetch(self, sha):
        return sha in self.known

    def changed_files(self, base):
        assert base in self.known
        return self.changed


def file(path, status="M"):
    return ChangedFile(path=path, status=status)


def test_files_are_sorted_into_parts():
    changed = [
        file("flows/dags/team/a.py"),
        file("flows/dags/requirements.txt"),
        file("flows/plugins/op.py"),
        file("flows/startup/startup.sh"),
        file("flows/infra/template.yaml"),
        file("flows/infra/staging.json"),
        file("dags/not_ours.py"),
        file("flows/dags2/x.py"),
    ]
    changes = classify(PROJECT, Base(sha="b", reason="r"), "h", changed)
    assert {part: [f.path for f in files] for part, files in changes.files.items()} == {
        Part.DAGS: ["flows/dags/team/a.py"],
        Part.REQUIREMENTS: ["flows/dags/requirements.txt"],
        Part.PLUGINS: ["flows/plugins/op.py"],
        Part.STARTUP_SCRIPT: ["flows/startup/startup.sh"],
        Part.TEMPLATE: ["flows/infra/template.yaml", "flows/infra/staging.json"],
    }
    assert [f.path for f in changes.other] == ["dags/not_ours.py", "flows/dags2/x.py"]


def test_without_a_base_everything_counts_as_changed():
    changes = classify(PROJECT, Base(sha=None, reason="first"), "h", [])
    assert all(changes.changed(part) for part in Part)


def test_a_push_is_compared_with_the_last_successful_run():
    context = GitHubContext(event_name="push", ref_name="main")
    run = WorkflowRun(id=7, head_sha="b" * 40, url="https://github.com/acme/dags/actions/runs/7")
    base = find_base(context, Runs(run))
    assert base.sha == "b" * 40
    assert "runs/7" in base.reason


def test_a_pull_request_is_compared_with_its_base_branch():
    context = GitHubContext(event_name="pull_request", event={"pull_request": {"base": {"sha": "c" * 40}}})
    assert find_base(context, Runs(None)).sha == "c" * 40


def test_a_first_run_and_a_refusing_api_mean_everything():
    context = GitHubContext(event_name="push", ref_name="main")
    assert find_base(context, Runs(None)).sha is None
    refused = find_base(context, Runs(GitHubUnavailable("GitHub's API answered 403")))
    assert refused.sha is None
    assert "403" in refused.reason


def test_a_base_that_cannot_be_fetched_means_everything():
    context = GitHubContext(event_name="push", ref_name="main")
    run = WorkflowRun(id=7, head_sha="b" * 40, url="u")
    changes = find_changes(PROJECT, context, Commits(known=set()), Runs(run))
    assert changes.base.sha is None
    assert changes.changed(Part.PLUGINS)
    assert "cannot be fetched" in changes.base.reason


def test_changes_since_a_known_base_are_only_those():
    context = GitHubContext(event_name="push", ref_name="main")
    run = WorkflowRun(id=7, head_sha="b" * 40, url="u")
    commits = Commits(known={"b" * 40}, changed=(file("flows/dags/a.py"),))
    changes = find_changes(PROJECT, context, commits, Runs(run))
    assert changes.changed(Part.DAGS)
    assert not changes.changed(Part.PLUGINS)
