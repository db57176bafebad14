import pytest

from mwaa_deploy.errors import GitHubUnavailable
from mwaa_deploy.ports import Relation
from mwaa_deploy.source.commit_relation import relation_to
from tests.fakes.repository import Commits, FakeRepository
from tests.fakes.workflow_runs import FakeWorkflowRuns


@pytest.fixture
def commits() -> Commits:
    return Commits()


def relation(
    commits: Commits, head: str, sha: str, *, ref_name: str = "main", same_ref: bool = True
) -> Relation | None:
    """As a checkout sees it that has but one commit."""
    runs = FakeWorkflowRuns(commits=commits)
    return relation_to(sha, FakeRepository(commits, head), runs, ref_name=ref_name, same_ref=same_ref)


def test_commits_of_one_history_are_newer_and_older(commits):
    first = commits.commit({})
    second = commits.commit({}, parents=[first])

    assert relation(commits, first, first) is Relation.SAME
    assert relation(commits, second, first) is Relation.NEWER
    assert relation(commits, first, second) is Relation.OLDER


def test_what_a_force_push_took_away_is_abandoned_and_what_it_brought_is_not(commits):
    root = commits.commit({})
    gone = commits.commit({}, parents=[root])
    brought = commits.commit({}, parents=[root])

    assert relation(commits, gone, brought) is Relation.ABANDONED
    assert relation(commits, brought, gone) is Relation.DIVERGED


def test_what_a_branch_was_set_back_from_is_abandoned_and_its_tip_takes_the_place(commits):
    first = commits.commit({})
    gone = commits.commit({}, parents=[first])
    commits.names["main"] = first

    assert relation(commits, gone, first) is Relation.ABANDONED
    assert relation(commits, first, gone) is Relation.RESET


def test_it_is_older_all_the_same_if_the_newer_one_was_never_on_this_branch(commits):
    first = commits.commit({}, branch="release")
    theirs = commits.commit({}, parents=[first])

    assert relation(commits, first, theirs, ref_name="release", same_ref=False) is Relation.OLDER


def test_a_commit_that_was_set_back_from_itself_takes_the_place_of_nothing(commits):
    root = commits.commit({})
    ours = commits.commit({}, parents=[root])
    theirs = commits.commit({}, parents=[ours])
    commits.names["main"] = root

    assert relation(commits, ours, theirs) is Relation.OLDER


def test_a_commit_that_is_within_its_branch_is_not_abandoned(commits):
    root = commits.commit({})
    theirs = commits.commit({}, parents=[root], branch="feature")
    ours = commits.commit({}, parents=[root])
    commits.commit({}, parents=[ours])

    assert relation(commits, ours, theirs) is Relation.DIVERGED


@pytest.mark.parametrize("ref_name", ["", "a-branch-that-was-deleted"])
def test_without_a_branch_nobody_says_that_a_commit_is_abandoned(commits, ref_name):
    root = commits.commit({})
    gone = commits.commit({}, parents=[root])
    brought = commits.commit({}, parents=[root])

    assert relation(commits, gone, brought, ref_name=ref_name) is Relation.DIVERGED


def test_a_commit_that_github_does_not_know_has_no_relation(commits):
    assert relation(commits, commits.commit({}), "f" * 40) is None


def test_github_that_does_not_answer_is_no_leave_to_deploy(commits):
    first = commits.commit({})
    second = commits.commit({}, parents=[first])
    runs = FakeWorkflowRuns(commits=commits, refusal=GitHubUnavailable("GitHub's API answered 502"))

    with pytest.raises(GitHubUnavailable):
        relation_to(second, FakeRepository(commits, first), runs, ref_name="main", same_ref=True)


def test_without_an_answer_only_a_commit_is_deployed_that_has_all_that_the_other_has(commits):
    first = commits.commit({})
    second = commits.commit({}, parents=[first], branch="second")
    aside = commits.commit({}, parents=[first])
    runs = FakeWorkflowRuns(commits=commits, refusal=GitHubUnavailable("GitHub's API answered 502"))

    def told(head: str, sha: str) -> Relation | None:
        repository = FakeRepository(commits, head, shallow=False)
        return relation_to(sha, repository, runs, ref_name="main", same_ref=True)

    assert told(second, first) is Relation.NEWER
    for head, sha in ((first, second), (aside, second)):
        with pytest.raises(GitHubUnavailable):
            told(head, sha)


def test_of_a_branch_that_was_set_back_only_the_tip_takes_the_place(commits):
    first = commits.commit({})
    tip = commits.commit({}, parents=[first])
    gone = commits.commit({}, parents=[tip])
    commits.names["main"] = tip

    assert relation(commits, tip, gone) is Relation.RESET
    assert relation(commits, first, gone) is Relation.OLDER
