"""Pull requests and their comments on GitHub, through PyGithub."""

from functools import cached_property
from http import HTTPStatus

import github
from github.Issue import Issue
from github.NamedUser import NamedUser
from github.Organization import Organization

from mwaa_deploy.errors import CommentRefused, GitHubUnavailable
from mwaa_deploy.ports import Comment
from mwaa_deploy.source.github_api import translated

NEEDS_WRITE = "permissions:\n  pull-requests: write\nor, to do without it:\n  with:\n    comment: never"
_BOT = "Bot"
_REFUSING = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""GitHub answers 404, too, where a token may not see that there is something."""


class GitHubPullRequests:
    """Fills the PullRequests port.

    Args:
        client: PyGithub's client, as `github_client` makes it.
        repository: owner/name.
    """

    def __init__(self, client: github.Github, repository: str) -> None:
        self._client = client
        self._repository = client.get_repo(repository)

    def number_of(self, *, owner: str, branch: str, sha: str) -> int | None:
        """The open pull request whose branch, in a repository of this owner's, is at this very commit."""
        with translated(_refusal):
            found = self._repository.get_pulls(state="open", head=f"{owner}:{branch}")
            return next((pull.number for pull in found if pull.head.sha == sha), None)

    def own_comments(self, number: int) -> tuple[Comment, ...]:
        """The comments that were written with a token like ours, oldest first.

        A token that writes comments may change other people's, too, and anybody may write what looks like ours.
        """
        with translated(_refusal):
            comments = list(self._issue(number).get_comments())
            return tuple(Comment(id=one.id, body=one.body or "") for one in comments if self._is_ours(one.user))

    def comment(self, number: int, body: str) -> None:
        """Write a new comment."""
        with translated(_refusal):
            self._issue(number).create_comment(body)

    def change(self, comment: int, body: str) -> None:
        """Give a comment another text."""
        with translated(_refusal):
            self._issue(0).get_comment(comment).edit(body)

    def _issue(self, number: int) -> Issue:
        return self._repository.get_issue(number)

    def _is_ours(self, author: NamedUser | Organization | None) -> bool:
        if author is None:  # whoever has left GitHub
            return False
        return author.login == self._login if self._login else author.type == _BOT

    @cached_property
    def _login(self) -> str:
        """Whose token this is; '' for a job's own token, which is no person's and may not ask."""
        try:
            return self._client.get_user().login
        except github.GithubException as e:
            if e.status in _REFUSING:
                return ""
            raise


def _refusal(status: int, what: str) -> CommentRefused | GitHubUnavailable:
    if status in _REFUSING:
        meaning = "The token may not read or write this repository's pull requests; a fork's may write nothing."
        return CommentRefused(what, meaning=meaning, mend=NEEDS_WRITE)
    return GitHubUnavailable(what, meaning="The comment was not written.")
