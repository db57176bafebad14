"""The PullRequests port: what the fake does, GitHub's API in the lab does too, and the real adapter says of it."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest
import requests

from lab.github.api import GitHub
from lab.github.records import Records
from lab.web import serving
from mwaa_deploy.errors import CommentRefused, GitHubUnavailable
from mwaa_deploy.ports import PullRequests
from mwaa_deploy.source.github_api import github_client
from mwaa_deploy.source.pull_requests import GitHubPullRequests
from tests.fakes.pull_requests import FakePullRequests

A, B = "a" * 40, "b" * 40
NUMBER = 7


class Discussion(Protocol):
    """Puts pull requests and other people's comments in, and hands over what asks."""

    def open(self, number: int, *, owner: str, branch: str, sha: str) -> None:
        """Open a pull request, or bring its branch to another commit."""

    def close(self, number: int) -> None:
        """Close it."""

    def said_by_another(self, number: int, body: str) -> None:
        """Somebody else comments."""

    def said_by_us(self, number: int, bodies: Iterable[str]) -> None:
        """Many comments of ours, without the pause that is made between two."""

    def asked(self, *, writes: bool = True) -> PullRequests:
        """The port."""


class FakeDiscussion:
    def __init__(self) -> None:
        self._pulls = FakePullRequests()

    def open(self, number, *, owner, branch, sha):
        self._pulls.heads[number] = owner, branch, sha

    def close(self, number):
        del self._pulls.heads[number]

    def said_by_another(self, number, body):
        self._pulls.said_by_another(number, body)

    def said_by_us(self, number, bodies):
        for body in bodies:
            self._pulls.comment(number, body)

    def asked(self, *, writes=True):
        self._pulls.writes = writes
        return self._pulls


class LabDiscussion:
    """GitHub's API over HTTP, asked with a job's token or a person's."""

    def __init__(self, stack: ExitStack, login: str) -> None:
        self._stack = stack
        self.url = stack.enter_context(serving(GitHub(Records())))
        self._heads: dict[int, dict[str, str]] = {}
        for token, kind, owner in (("good", "write", login), ("reading", "read", login), ("other", "write", "eve")):
            permitted = {"token": token, "permissions": {"pull-requests": kind}, "login": owner}
            requests.put(f"{self.url}/_lab/tokens", json=permitted, timeout=10).raise_for_status()

    def open(self, number, *, owner, branch, sha):
        self._heads[number] = {"owner": owner, "branch": branch, "sha": sha}
        self._put(number, "open")

    def close(self, number):
        self._put(number, "closed")

    def said_by_another(self, number, body):
        self._post("other", number, body)

    def said_by_us(self, number, bodies):
        for body in bodies:
            self._post("good", number, body)

    def asked(self, *, writes=True):
        return GitHubPullRequests(self._client("good" if writes else "reading"), "acme/hello")

    def _put(self, number: int, state: str) -> None:
        url = f"{self.url}/_lab/repos/acme/hello/pulls/{number}"
        requests.put(url, json={**self._heads[number], "state": state}, timeout=10).raise_for_status()

    def _post(self, token: str, number: int, body: str) -> None:
        url, headers = f"{self.url}/repos/acme/hello/issues/{number}/comments", {"Authorization": f"Bearer {token}"}
        requests.post(url, json={"body": body}, headers=headers, timeout=10).raise_for_status()

    def _client(self, token: str):
        client = github_client(self.url, token)
        self._stack.callback(client.close)
        return client


@pytest.fixture(params=["fake", "a job's token in the lab", "a person's token in the lab"])
def discussion(request: pytest.FixtureRequest) -> Iterator[Discussion]:
    with ExitStack() as stack:
        if request.param == "fake":
            yield FakeDiscussion()
        else:
            yield LabDiscussion(stack, "ann" if "person" in request.param else "")


def test_a_pull_request_is_found_by_its_branch_and_commit(discussion):
    discussion.open(NUMBER, owner="mallory", branch="main", sha=A)
    discussion.open(8, owner="acme", branch="main", sha=A)
    pulls = discussion.asked()

    assert pulls.number_of(owner="mallory", branch="main", sha=A) == NUMBER
    assert pulls.number_of(owner="acme", branch="main", sha=A) == 8
    assert pulls.number_of(owner="mallory", branch="main", sha=B) is None
    assert pulls.number_of(owner="mallory", branch="other", sha=A) is None

    discussion.close(NUMBER)
    assert pulls.number_of(owner="mallory", branch="main", sha=A) is None


def test_comments_are_written_read_and_changed(discussion):
    discussion.open(NUMBER, owner="acme", branch="x", sha=A)
    discussion.open(8, owner="acme", branch="y", sha=B)
    pulls = discussion.asked()

    assert pulls.own_comments(NUMBER) == ()
    pulls.comment(NUMBER, "first\n\nß 🚀")
    pulls.comment(NUMBER, "second")
    pulls.comment(8, "elsewhere")
    first, second = pulls.own_comments(NUMBER)
    assert (first.body, second.body) == ("first\n\nß 🚀", "second")

    pulls.change(first.id, "changed")
    assert [one.body for one in pulls.own_comments(NUMBER)] == ["changed", "second"]
    assert [one.body for one in pulls.own_comments(8)] == ["elsewhere"]


def test_other_peoples_comments_are_not_ours(discussion):
    discussion.open(NUMBER, owner="acme", branch="x", sha=A)

    discussion.said_by_another(NUMBER, "<!-- as if it were ours -->")

    assert discussion.asked().own_comments(NUMBER) == ()


def test_many_comments_are_all_found(discussion):
    discussion.open(NUMBER, owner="acme", branch="x", sha=A)
    bodies = [f"{number}" for number in range(35)]  # more than a page

    discussion.said_by_us(NUMBER, bodies)

    assert [one.body for one in discussion.asked().own_comments(NUMBER)] == bodies


def test_who_may_only_read_is_told_what_to_permit(discussion):
    discussion.open(NUMBER, owner="acme", branch="x", sha=A)

    with pytest.raises(CommentRefused):
        discussion.asked(writes=False).comment(NUMBER, "text")


def test_the_real_one_says_which_permission_is_missing():
    with ExitStack() as stack:
        lab = LabDiscussion(stack, "")
        lab.open(NUMBER, owner="acme", branch="x", sha=A)
        with pytest.raises(CommentRefused, match="pull-requests: write"):
            lab.asked(writes=False).comment(NUMBER, "text")


def test_the_real_one_says_that_github_does_not_answer():
    with ExitStack() as stack:
        lab = LabDiscussion(stack, "")
        pulls = lab.asked()
        lab.url = ""
    with pytest.raises(GitHubUnavailable, match="did not answer"):
        pulls.own_comments(NUMBER)
