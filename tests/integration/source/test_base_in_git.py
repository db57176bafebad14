"""The base and the changes in real git repositories, checked out as actions/checkout does: one commit deep."""

from pathlib import Path

import pytest

from mwaa_deploy.context import GitHubContext
from mwaa_deploy.ports import Comparison, Relation
from mwaa_deploy.source.find_base import find_changes
from mwaa_deploy.source.project import Project
from mwaa_deploy.source.repository import GitRepository
from tests.fakes.workflow_runs import FakeWorkflowRuns
from tests.fixtures.git import Remote, git

JOB = "deploy"


class RealHistory:
    """Stands for GitHub where it compares commits: it asks the remote's own git."""

    def __init__(self, remote: Remote) -> None:
        self._folder = remote.folder

    def compare(self, base: str, head: str) -> Comparison | None:
        merge_base = git(self._folder, "merge-base", base, head)
        relations = {base: Relation.NEWER, head: Relation.OLDER}
        return Comparison(relation=relations.get(merge_base, Relation.DIVERGED), merge_base=merge_base)


@pytest.fixture
def remote(tmp_path) -> Remote:
    """A remote whose first commit is a project."""
    made = Remote(tmp_path / "remote")
    made.commit({"dags/a.py": "1\n", "dags/team/b.py": "1\n", "plugins/op.py": "1\n", "docs/big.txt": "x" * 9999})
    return made


@pytest.fixture
def runs(remote) -> FakeWorkflowRuns:
    return FakeWorkflowRuns(job=JOB, commits=RealHistory(remote))


def tip(remote, branch="main"):
    return git(remote.folder, "rev-parse", f"refs/heads/{branch}")


def succeeded(runs, sha, branch="main"):
    runs.record(1, sha, jobs={JOB: "success"}, branch=branch)


def changes_of(clone: Path, runs, event="push", ref="main", explicit="", **payload):
    project = Project(repository=clone, root=clone, dags=clone / "dags")
    known = {"repository": {"default_branch": "main"}, **payload}
    context = GitHubContext(event_name=event, ref_name=ref, run_id=9, event=known)
    with GitRepository(clone) as repository:
        return find_changes(project, context, repository, runs, explicit=explicit)


def paths(changes):
    return [file.path for files in changes.files.values() for file in files]


def test_a_base_300_commits_back_is_found_from_a_checkout_one_deep(remote, runs, tmp_path):
    base = tip(remote)
    remote.many(300)
    remote.commit({"dags/a.py": "2\n"})
    succeeded(runs, base)

    changes = changes_of(remote.checkout(tmp_path / "clone"), runs)

    assert (changes.base.sha, paths(changes)) == (base, ["dags/a.py"])
    assert len(changes.other) == 300


def test_just_the_base_and_the_trees_that_differ_are_fetched_and_no_file(remote, tmp_path):
    base = tip(remote)
    remote.many(300)
    clone = remote.checkout(tmp_path / "clone")
    before = {path: path.read_bytes() for path in clone.rglob("*") if path.is_file()}

    with GitRepository(clone) as repository:
        assert repository.fetch(base)
        beside = Path(repository._folder.name, "trees")
        (beside / "objects" / "info" / "alternates").unlink()
        fetched = objects(beside) - objects(clone)

    # The root's tree; those of dags, docs and plugins are in the checkout.
    assert sorted(line.split()[1] for line in fetched) == ["commit", "tree"]
    assert {path: path.read_bytes() for path in clone.rglob("*") if path.is_file()} == before


def test_files_of_the_base_are_fetched_with_it_and_not_one_by_one(remote, tmp_path):
    base = remote.commit({"dags/a.py": "only at the base\n"})
    remote.commit({"dags/a.py": "now\n"})
    clone = remote.checkout(tmp_path / "clone")

    with GitRepository(clone) as repository:
        assert repository.fetch(base)
        assert repository.read_files(base, ["dags/a.py"])["dags/a.py"].body == b"only at the base\n"
        folder = Path(repository._folder.name)
        whole = folder / "whole"
        (whole / "objects" / "info" / "alternates").unlink()
        fetched = objects(whole) - objects(clone)

    assert "blob" in {line.split()[1] for line in fetched}


def objects(repository: Path) -> set[str]:
    """Id, kind and size of every object that a repository holds."""
    return set(git(repository, "cat-file", "--batch-all-objects", "--batch-check").splitlines())


@pytest.mark.parametrize("depth", [1, 0], ids=["one deep", "whole"])
def test_renames_deletions_blanks_and_other_alphabets_are_named_as_they_are(remote, runs, tmp_path, depth):
    base = tip(remote)
    remote.commit(
        {
            "dags/a.py": None,
            "dags/renamed.py": "1\n",
            "dags/two words.py": "1\n",
            "dags/größe/日本語.py": "1\n",
            'dags/"quoted"\t.py': "1\n",
            "dags/new\nline.py": "1\n",
            "plugins/op.py": None,
        }
    )
    succeeded(runs, base)

    changes = changes_of(remote.checkout(tmp_path / "clone", depth=depth), runs)

    assert {(file.status, file.path) for files in changes.files.values() for file in files} == {
        ("D", "dags/a.py"),
        ("A", "dags/renamed.py"),
        ("A", "dags/two words.py"),
        ("A", "dags/größe/日本語.py"),
        ("A", 'dags/"quoted"\t.py'),
        ("A", "dags/new\nline.py"),
        ("D", "plugins/op.py"),
    }


@pytest.mark.parametrize("depth", [1, 0], ids=["one deep", "whole"])
def test_a_force_push_means_everything_though_the_old_commit_can_still_be_had(remote, runs, tmp_path, depth):
    first = tip(remote)
    succeeded(runs, remote.commit({"dags/a.py": "old\n"}))
    remote.commit({"dags/a.py": "rewritten\n"}, parents=(first,))

    changes = changes_of(remote.checkout(tmp_path / "clone", depth=depth), runs)

    assert changes.base.sha is None
    assert changes.base.reason.endswith("but the history was rewritten since (force-pushed)")


def test_a_force_pushed_commit_that_is_gone_means_everything(remote, runs, tmp_path):
    first = tip(remote)
    succeeded(runs, remote.commit({"dags/a.py": "old\n"}))
    remote.commit({"dags/a.py": "rewritten\n"}, parents=(first,))
    git(remote.folder, "reflog", "expire", "--expire=now", "--all")
    git(remote.folder, "gc", "--quiet", "--prune=now")

    changes = changes_of(remote.checkout(tmp_path / "clone"), runs)

    assert changes.base.sha is None
    assert "cannot be fetched any more" in changes.base.reason


@pytest.mark.parametrize("depth", [1, 0], ids=["one deep", "whole"])
def test_the_run_of_an_older_commit_shows_what_it_takes_back(remote, runs, tmp_path, depth):
    older = tip(remote)
    succeeded(runs, remote.commit({"dags/new.py": "1\n"}), branch="main")
    git(remote.folder, "update-ref", "refs/heads/main", older)
    git(remote.folder, "update-ref", "refs/heads/keep", older)

    changes = changes_of(remote.checkout(tmp_path / "clone", depth=depth), runs)

    assert [(file.status, file.path) for files in changes.files.values() for file in files] == [("D", "dags/new.py")]


def test_a_tag_is_compared_with_the_default_branch(remote, runs, tmp_path):
    git(remote.folder, "tag", "--annotate", "--message=First", "v1.0.0", tip(remote))
    succeeded(runs, remote.commit({"dags/new.py": "1\n"}))

    clone = remote.checkout(tmp_path / "clone", "refs/tags/v1.0.0")
    changes = changes_of(clone, runs, "workflow_dispatch", "v1.0.0")

    assert (changes.base.sha, paths(changes)) == (tip(remote), ["dags/new.py"])
    assert runs.asked[:2] == ["v1.0.0", "main"]


def test_a_new_branch_is_compared_with_the_default_branch_and_later_with_itself(remote, runs, tmp_path):
    left = tip(remote)
    succeeded(runs, remote.commit({"dags/main.py": "1\n"}))
    remote.commit({"dags/mine.py": "1\n"}, parents=(left,), branch="feature/größe")

    first = changes_of(
        remote.checkout(tmp_path / "first", "refs/heads/feature/größe"), runs, "workflow_dispatch", "feature/größe"
    )
    runs.record(2, tip(remote, "feature/größe"), jobs={JOB: "success"}, branch="feature/größe")
    remote.commit({"dags/mine.py": "2\n"}, branch="feature/größe")
    second = changes_of(
        remote.checkout(tmp_path / "second", "refs/heads/feature/größe"), runs, "workflow_dispatch", "feature/größe"
    )

    assert [(file.status, file.path) for file in first.files["dags"]] == [("D", "dags/main.py"), ("A", "dags/mine.py")]
    assert [(file.status, file.path) for file in second.files["dags"]] == [("M", "dags/mine.py")]


@pytest.fixture
def proposal(remote):
    """A pull request that left main two commits ago, and GitHub's merge of it."""
    left = tip(remote)
    head = remote.commit({"plugins/op.py": "2\n"}, parents=(left,), branch="change")
    remote.commit({"dags/a.py": "2\n"})
    target = remote.commit({"dags/a.py": "3\n"})
    merge = remote.commit({"plugins/op.py": "2\n"}, parents=(target, head), branch="merge")
    git(remote.folder, "update-ref", "refs/pull/7/merge", merge)
    git(remote.folder, "update-ref", "refs/pull/7/head", head)
    return {
        "left": left,
        "target": target,
        "pull_request": {"base": {"sha": target, "ref": "main"}, "head": {"sha": head}},
    }


@pytest.mark.parametrize("depth", [1, 0], ids=["one deep", "whole"])
@pytest.mark.parametrize(("ref", "base"), [("refs/pull/7/merge", "target"), ("refs/pull/7/head", "left")])
def test_a_pull_request_changes_what_it_proposes_and_nothing_of_the_target(  # noqa: PLR0917 -- fixtures
    remote, runs, tmp_path, proposal, depth, ref, base
):
    clone = remote.checkout(tmp_path / "clone", ref, depth=depth)

    changes = changes_of(clone, runs, "pull_request", "7/merge", pull_request=proposal["pull_request"])

    assert (changes.base.sha, paths(changes)) == (proposal[base], ["plugins/op.py"])


def test_a_merge_group_is_compared_with_what_it_is_put_on(remote, runs, tmp_path):
    base = remote.commit({"dags/first-in-queue.py": "1\n"})
    remote.commit({"dags/second-in-queue.py": "1\n"}, branch="gh-readonly-queue/main/pr-8", parents=(base,))
    clone = remote.checkout(tmp_path / "clone", "refs/heads/gh-readonly-queue/main/pr-8")

    changes = changes_of(clone, runs, "merge_group", merge_group={"base_sha": base})

    assert paths(changes) == ["dags/second-in-queue.py"]
    assert runs.asked == []


@pytest.mark.parametrize("depth", [1, 0], ids=["one deep", "whole"])
@pytest.mark.parametrize("kind", ["sha", "annotated tag", "tag", "branch", "tag like a branch"])
def test_an_explicit_base_may_be_a_commit_a_tag_or_a_branch(remote, runs, tmp_path, depth, kind):
    base = tip(remote)
    git(remote.folder, "tag", "--annotate", "--message=First", "v1.0.0", base)
    git(remote.folder, "tag", "light", base)
    git(remote.folder, "branch", "release/1.x", base)
    head = remote.commit({"dags/new.py": "1\n"})
    git(remote.folder, "branch", "both", head)
    git(remote.folder, "tag", "both", base)
    name = {
        "sha": base,
        "annotated tag": "v1.0.0",
        "tag": "light",
        "branch": "release/1.x",
        "tag like a branch": "both",
    }

    changes = changes_of(remote.checkout(tmp_path / "clone", depth=depth), runs, explicit=name[kind])

    assert (changes.base.sha, paths(changes)) == (base, ["dags/new.py"])
    assert changes.base.reason == f"the input base says {name[kind]}"


def test_an_option_is_never_resolved(remote, tmp_path):
    remote.commit({"dags/new.py": "1\n"})
    trap = tmp_path / "trap"
    with GitRepository(remote.checkout(tmp_path / "clone")) as repository:
        assert repository.resolve(f"--upload-pack=touch {trap}; git-upload-pack") is None
    assert not trap.exists()
