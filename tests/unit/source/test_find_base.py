"""Which commit changes are computed against, by event and by what git and GitHub answer."""

from pathlib import Path

import pytest

from mwaa_deploy.context import GitHubContext
from mwaa_deploy.errors import BaseMissing, GitHubUnavailable
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Comparison, Relation, RunSearch, WorkflowRun
from mwaa_deploy.source.base_facts import BaseFacts, gather_facts
from mwaa_deploy.source.changes import Base
from mwaa_deploy.source.find_base import choose_base, find_changes, judge_base
from mwaa_deploy.source.project import Project
from tests.fakes.repository import Commits, FakeRepository
from tests.fakes.workflow_runs import FakeWorkflowRuns

A, B, C, D = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
PROJECT = Project(repository=Path("/repo"), root=Path("/repo"), dags=Path("/repo/dags"))
REPOSITORY = {"repository": {"default_branch": "main"}}
PULL_REQUEST = {"pull_request": {"base": {"sha": A, "ref": "main"}, "head": {"sha": B}}, **REPOSITORY}
RUN = WorkflowRun(id=7, head_sha=C, url="https://github.com/acme/dags/actions/runs/7")
NEWER = Comparison(relation=Relation.NEWER, merge_base=C)
DIVERGED = Comparison(relation=Relation.DIVERGED, merge_base=C)


def context(event, ref="main", **payload):
    return GitHubContext(event_name=event, ref_name=ref, run_id=9, event={**REPOSITORY, **payload})


def found(branch="main", job="deploy"):
    return RunSearch(branch=branch, job=job, run=RUN, looked_into=1)


def none(branch="main", job="deploy"):
    return RunSearch(branch=branch, job=job)


EVENTS = {
    "push": (
        context("push"),
        BaseFacts(searches=(found(),)),
        Base(sha=C, reason=f"the last successful run of the job deploy on main, {RUN.url}", own_branch=True),
    ),
    "push, whole runs": (
        context("push"),
        BaseFacts(searches=(found(job=""),)),
        Base(sha=C, reason=f"the last successful run on main, {RUN.url}", own_branch=True),
    ),
    "first push of a branch": (
        context("push", "new"),
        BaseFacts(searches=(none("new"), found())),
        Base(sha=C, reason=f"the last successful run of the job deploy on main, {RUN.url}"),
    ),
    "dispatch on a tag": (
        context("workflow_dispatch", "v1.2.0"),
        BaseFacts(searches=(none("v1.2.0", job=""), found(job=""))),
        Base(sha=C, reason=f"the last successful run on main, {RUN.url}"),
    ),
    "schedule": (
        context("schedule"),
        BaseFacts(searches=(found(),)),
        Base(sha=C, reason=f"the last successful run of the job deploy on main, {RUN.url}", own_branch=True),
    ),
    "first run": (
        context("push"),
        BaseFacts(searches=(none(job=""),)),
        Base(sha=None, reason="this workflow has no successful run on main yet"),
    ),
    "first run of a job": (
        context("push", "new"),
        BaseFacts(searches=(none("new"), none())),
        Base(sha=None, reason="this workflow has no successful run of the job deploy on new or main yet"),
    ),
    "too many failures": (
        context("push"),
        BaseFacts(searches=(RunSearch(branch="main", job="deploy", looked_into=20, gave_up=True),)),
        Base(sha=None, reason="none of the last 20 runs on main is a success of the job deploy"),
    ),
    "GitHub refuses": (
        context("push"),
        BaseFacts(searches=(), refusal="GitHub's API answered 403"),
        Base(sha=None, reason="the last successful run is unknown: GitHub's API answered 403"),
    ),
    "GitHub refuses half-way": (
        context("push", "new"),
        BaseFacts(searches=(none("new"),), refusal="GitHub's API answered 502"),
        Base(sha=None, reason="the last successful run is unknown: GitHub's API answered 502"),
    ),
    "no GitHub": (
        context("push"),
        BaseFacts(),
        Base(sha=None, reason="there is no GitHub to ask for the last successful run"),
    ),
    "pull request, GitHub's merge": (
        context("pull_request", **PULL_REQUEST),
        BaseFacts(parents=(D, B)),
        Base(sha=D, reason="the commit of main that GitHub merged this pull request with"),
    ),
    "pull request, its own commit": (
        context("pull_request_target", **PULL_REQUEST),
        BaseFacts(parents=(D,), comparison=DIVERGED),
        Base(sha=C, reason="where this pull request left main"),
    ),
    "pull request, a merge of its own": (
        context("pull_request", **PULL_REQUEST),
        BaseFacts(parents=(D, A), comparison=NEWER),
        Base(sha=C, reason="where this pull request left main"),
    ),
    "pull request from elsewhere": (
        context("pull_request", **PULL_REQUEST),
        BaseFacts(parents=(D,), comparison=Comparison(relation=Relation.DIVERGED, merge_base=None)),
        Base(sha=None, reason="this pull request has no commit in common with main"),
    ),
    "pull request, GitHub refuses": (
        context("pull_request", **PULL_REQUEST),
        BaseFacts(parents=(D,), refusal="GitHub's API answered 403"),
        Base(sha=None, reason="where this pull request left main is unknown: GitHub's API answered 403"),
    ),
    "pull request, nobody knows": (
        context("pull_request", **PULL_REQUEST),
        BaseFacts(parents=(D,)),
        Base(
            sha=None,
            reason="where this pull request left main is unknown: neither the checkout nor GitHub knows the commits "
            "between",
        ),
    ),
    "pull request without a base": (
        context("pull_request"),
        BaseFacts(parents=(D, B)),
        Base(sha=None, reason="the event names no base commit"),
    ),
    "merge group": (
        context("merge_group", merge_group={"base_sha": A, "base_ref": "refs/heads/main"}),
        BaseFacts(),
        Base(sha=A, reason="the commit that the merge queue puts this group on"),
    ),
    "merge group without a base": (
        context("merge_group"),
        BaseFacts(),
        Base(sha=None, reason="the event names no commit that the merge queue puts this group on"),
    ),
}


@pytest.mark.parametrize(("event", "facts", "base"), EVENTS.values(), ids=EVENTS.keys())
def test_the_base_follows_from_the_event_and_the_facts(event, facts, base):
    assert choose_base(event, "", facts) == base


@pytest.mark.parametrize("event", [event for event, _, _ in EVENTS.values()], ids=EVENTS.keys())
def test_the_input_wins_over_every_event(event):
    facts = BaseFacts(given=D, parents=(A, B), comparison=NEWER, searches=(found(),))

    assert choose_base(event, "v1.0.0", facts) == Base(sha=D, reason="the input base says v1.0.0")


@pytest.mark.parametrize(
    ("own_branch", "fetched", "comparison", "sha", "said"),
    [
        (True, True, NEWER, C, "why"),
        (True, True, Comparison(relation=Relation.OLDER, merge_base=D), C, "why"),
        (True, True, None, C, "why"),
        (True, True, DIVERGED, None, "why, but the history was rewritten since (force-pushed)"),
        (False, True, DIVERGED, C, "why"),
        (False, False, None, None, "why, but that commit cannot be fetched any more (history rewritten?)"),
    ],
    ids=["behind", "ahead", "unknown", "rewritten", "another branch", "gone"],
)
def test_a_base_out_of_reach_or_of_a_rewritten_history_is_given_up(own_branch, fetched, comparison, sha, said):
    base = judge_base(Base(sha=C, reason="why", own_branch=own_branch), fetched=fetched, comparison=comparison)

    assert (base.sha, base.reason) == (sha, said)


# -- what is asked for --------------------------------------------------------------------------------------------


class Branches(Commits):
    """main: a, then b; the branch `change` leaves at a."""

    def __init__(self):
        super().__init__()
        self.a = self.commit({"dags/a.py": "1"})
        self.b = self.commit({"dags/b.py": "1"}, parents=(self.a,))
        self.change = self.commit({"plugins/op.py": "1"}, parents=(self.a,), branch="change")


@pytest.fixture
def commits():
    return Branches()


def pull_request(commits, head):
    payload = {"base": {"sha": commits.b, "ref": "main"}, "head": {"sha": head}}
    return context("pull_request", "7/merge", pull_request=payload)


def paths(changes):
    return [file.path for files in changes.files.values() for file in files]


def test_githubs_merge_of_a_pull_request_asks_nobody(commits):
    merge = commits.commit({"plugins/op.py": "1"}, parents=(commits.b, commits.change), branch="merge")
    runs = FakeWorkflowRuns(commits=commits)

    changes = find_changes(PROJECT, pull_request(commits, commits.change), FakeRepository(commits, merge), runs)

    assert (changes.base.sha, paths(changes)) == (commits.b, ["plugins/op.py"])
    assert runs.asked == []


@pytest.mark.parametrize(("shallow", "asked"), [(True, 1), (False, 0)])
def test_newer_commits_of_the_target_are_no_changes_of_a_pull_request(commits, shallow, asked):
    runs = FakeWorkflowRuns(commits=commits)
    repository = FakeRepository(commits, commits.change, shallow=shallow)

    changes = find_changes(PROJECT, pull_request(commits, commits.change), repository, runs)

    assert (changes.base.sha, paths(changes)) == (commits.a, ["plugins/op.py"])
    assert len(runs.asked) == asked


def test_a_merge_base_that_github_does_not_tell_means_everything(commits):
    runs = FakeWorkflowRuns(commits=commits, refusal=GitHubUnavailable("GitHub's API answered 403"))

    changes = find_changes(
        PROJECT, pull_request(commits, commits.change), FakeRepository(commits, commits.change), runs
    )

    assert changes.base == Base(
        sha=None, reason="where this pull request left main is unknown: GitHub's API answered 403"
    )
    assert all(changes.changed(part) for part in Part)


def test_a_push_is_compared_with_the_last_success_of_its_job(commits):
    runs = FakeWorkflowRuns(commits=commits, job="deploy")
    url = runs.record(1, commits.a, jobs={"deploy": "success"})
    runs.record(2, commits.b, jobs={"deploy": "skipped", "lint": "success"})
    head = commits.commit({"dags/c.py": "1"}, parents=(commits.b,))
    repository = FakeRepository(commits, head)

    changes = find_changes(PROJECT, context("push"), repository, runs)

    assert changes.base.reason == f"the last successful run of the job deploy on main, {url}"
    assert (changes.base.sha, paths(changes)) == (commits.a, ["dags/b.py", "dags/c.py"])
    assert not changes.changed(Part.PLUGINS)
    assert repository.fetched == [commits.a]


def test_a_new_branch_is_compared_with_the_default_branch_and_may_have_left_it(commits):
    runs = FakeWorkflowRuns(commits=commits)
    runs.record(1, commits.b, jobs={"deploy": "success"})

    changes = find_changes(
        PROJECT, context("workflow_dispatch", "change"), FakeRepository(commits, commits.change), runs
    )

    assert (changes.base.sha, paths(changes)) == (commits.b, ["dags/b.py", "plugins/op.py"])
    assert runs.asked == ["change", "main"]


def test_the_default_branch_is_not_asked_for_twice_nor_after_giving_up(commits):
    runs = FakeWorkflowRuns(commits=commits, job="deploy", limit=1)
    repository = FakeRepository(commits, commits.b)
    find_changes(PROJECT, context("push"), repository, runs)
    assert runs.asked == ["main"]

    for number in (1, 2):
        runs.record(number, commits.a, jobs={"deploy": "failure"}, branch="change")
    changes = find_changes(PROJECT, context("push", "change"), repository, runs)

    assert runs.asked == ["main", "change"]
    assert changes.base.reason == "none of the last 1 runs on change is a success of the job deploy"


def test_a_force_pushed_branch_means_everything_and_a_run_of_an_older_commit_does_not(commits):
    runs = FakeWorkflowRuns(commits=commits)
    runs.record(1, commits.b, jobs={"deploy": "success"})
    rewritten = commits.commit({"dags/z.py": "1"}, parents=(commits.a,))

    changes = find_changes(PROJECT, context("push"), FakeRepository(commits, rewritten), runs)
    older = find_changes(PROJECT, context("push"), FakeRepository(commits, commits.a), runs)

    assert changes.base.sha is None
    assert changes.base.reason.endswith("but the history was rewritten since (force-pushed)")
    assert changes.changed(Part.PLUGINS)
    assert (older.base.sha, paths(older)) == (commits.b, ["dags/b.py"])


def test_a_base_that_cannot_be_fetched_means_everything(commits):
    runs = FakeWorkflowRuns(commits=commits)
    runs.record(1, "f" * 40, jobs={"deploy": "success"})

    changes = find_changes(PROJECT, context("push"), FakeRepository(commits, commits.b), runs)

    assert changes.base.sha is None
    assert "cannot be fetched" in changes.base.reason
    assert changes.changed(Part.PLUGINS)


def test_a_base_stays_where_github_does_not_say_how_it_stands_to_the_head(commits):
    class Refusing(FakeWorkflowRuns):
        def compare(self, *, base, head):
            what = f"GitHub's API answered 502 to {base}...{head}"
            raise GitHubUnavailable(what)

    runs = Refusing(commits=commits)
    runs.record(1, commits.a, jobs={"deploy": "success"})

    assert find_changes(PROJECT, context("push"), FakeRepository(commits, commits.b), runs).base.sha == commits.a


def test_an_explicit_base_asks_github_for_nothing(commits):
    runs = FakeWorkflowRuns(commits=commits)
    repository = FakeRepository(commits, commits.b)

    changes = find_changes(PROJECT, context("push"), repository, runs, explicit="change")

    assert changes.base == Base(sha=commits.change, reason="the input base says change")
    assert paths(changes) == ["dags/b.py", "plugins/op.py"]
    assert runs.asked == []


def test_an_explicit_base_that_does_not_exist_is_one_clear_error(commits):
    with pytest.raises(BaseMissing, match=r"'no-such-tag', which is neither .*(?s:.)*full SHA"):
        gather_facts(context("push"), "no-such-tag", FakeRepository(commits, commits.b), None)
