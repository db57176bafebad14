"""GitHub's routes about pull requests and their comments."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from lab.github.pulls import (
    JOBS_LOGIN,
    LONGEST_COMMENT,
    Pull,
    Pulls,
    author_document,
    comment_document,
    pull_document,
)
from lab.github.records import Repository
from lab.web import RefusedError, Request, Response

Paging = Callable[[Request, Sequence[Any]], tuple[Sequence[Any], Mapping[str, str]]]


class PullsApi:
    """Answers about the pull requests of a repository, once it is clear that whoever asks may.

    Args:
        login_of: whose a token is; '' for a job's own.
        page: the page of a list that a request asks for, and the headers that link its neighbours.
    """

    def __init__(self, login_of: Callable[[Request], str], page: Paging) -> None:
        self._pulls = Pulls()
        self._login_of = login_of
        self._page = page

    def user(self, request: Request) -> Response:
        """Whose the token is; a job's own token may not ask."""
        login = self._login_of(request)
        if not login:
            message = {"message": "Resource not accessible by integration", "status": "403"}
            raise RefusedError(HTTPStatus.FORBIDDEN, message)
        return Response(body=author_document(login, _api(request)))

    def list_pulls(self, request: Request, repository: Repository) -> Response:
        """Pull requests, by state and head."""
        state, head = request.query.get("state", "open"), request.query.get("head", "")
        shown, links = self._page(request, self._pulls.find(repository, state=state, head=head))
        documents = [pull_document(pull, repository, _api(request)) for pull in shown]
        return Response(body=documents, headers=links)

    def list_comments(self, request: Request, repository: Repository) -> Response | None:
        """The comments on one."""
        number = int(request.named["number"])
        if not self._pulls.has(repository, number):
            return None
        shown, links = self._page(request, self._pulls.comments(repository, number))
        documents = [comment_document(comment, repository, _api(request)) for comment in shown]
        return Response(body=documents, headers=links)

    def write(self, request: Request, repository: Repository) -> Response | None:
        """A new comment."""
        number = int(request.named["number"])
        if not self._pulls.has(repository, number):
            return None
        login = self._login_of(request) or JOBS_LOGIN
        made = self._pulls.write(repository, number, login=login, body=_body(request))
        return Response(status=HTTPStatus.CREATED, body=comment_document(made, repository, _api(request)))

    def change(self, request: Request, repository: Repository) -> Response | None:
        """Another text for a comment: whoever may write may change everybody's."""
        changed = self._pulls.change(repository, int(request.named["comment"]), _body(request))
        return Response(body=comment_document(changed, repository, _api(request))) if changed else None

    def put(self, request: Request, repository: Repository) -> Response:
        """The lab's own way to put a pull request in."""
        asked = request.json("owner", "branch", "sha")
        pull = Pull(
            number=int(request.named["number"]),
            owner=str(asked["owner"]),
            branch=str(asked["branch"]),
            sha=str(asked["sha"]),
            state=str(asked.get("state", "open")),
        )
        self._pulls.save(repository, pull)
        return Response(status=HTTPStatus.NO_CONTENT)


def _body(request: Request) -> str:
    body = str(request.json("body")["body"])
    if not body or len(body) > LONGEST_COMMENT:
        refused = {"message": "Validation Failed", "errors": [{"code": "invalid", "field": "body"}], "status": "422"}
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, refused)
    return body


def _api(request: Request) -> str:
    return f"http://{request.headers['host']}"
