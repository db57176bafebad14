"""Pull requests and the comments on them: what is remembered of them, and GitHub's JSON documents."""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime

from lab.github.documents import HTML, Document, moment, node_id, user_document
from lab.github.records import Repository, now

LONGEST_COMMENT = 65_536
"""Characters; GitHub answers 422 to more."""

JOBS_LOGIN = "github-actions[bot]"
"""Who writes with a job's own token."""


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A pull request.

    Attributes:
        owner: whose repository its branch lies in.
        state: open or closed.
    """

    number: int
    owner: str
    branch: str
    sha: str
    state: str = "open"


@dataclass(frozen=True, kw_only=True)
class PullComment:
    """A comment on one."""

    id: int
    number: int
    login: str
    body: str
    created_at: datetime
    updated_at: datetime


@dataclass
class _Shelf:
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, PullComment] = field(default_factory=dict)


class Pulls:
    """All that is remembered, by repository; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shelves: dict[str, _Shelf] = {}
        self._comments = 0

    def save(self, repository: Repository, pull: Pull) -> None:
        """Remember a pull request, or what it is like by now."""
        with self._lock:
            self._shelf(repository).pulls[pull.number] = pull

    def find(self, repository: Repository, *, state: str, head: str) -> tuple[Pull, ...]:
        """Those in a state, newest first; those with a head such as owner:branch if it is given."""
        with self._lock:
            pulls = self._shelf(repository).pulls.values()
            found = [
                pull for pull in pulls if state in {"all", pull.state} and head in {"", f"{pull.owner}:{pull.branch}"}
            ]
            return tuple(sorted(found, key=lambda pull: -pull.number))

    def has(self, repository: Repository, number: int) -> bool:
        """Whether there is a pull request of that number."""
        with self._lock:
            return number in self._shelf(repository).pulls

    def comments(self, repository: Repository, number: int) -> tuple[PullComment, ...]:
        """The comments on one, oldest first."""
        with self._lock:
            return tuple(one for one in self._shelf(repository).comments.values() if one.number == number)

    def write(self, repository: Repository, number: int, *, login: str, body: str) -> PullComment:
        """Add a comment."""
        with self._lock:
            self._comments += 1
            at = now()
            made = PullComment(id=self._comments, number=number, login=login, body=body, created_at=at, updated_at=at)
            self._shelf(repository).comments[made.id] = made
            return made

    def change(self, repository: Repository, comment: int, body: str) -> PullComment | None:
        """Give a comment another text; None if there is none."""
        with self._lock:
            known = self._shelf(repository).comments.get(comment)
            if known is None:
                return None
            changed = self._shelf(repository).comments[comment] = replace(known, body=body, updated_at=now())
            return changed

    def _shelf(self, repository: Repository) -> _Shelf:
        return self._shelves.setdefault(repository.full_name.lower(), _Shelf())


def author_document(login: str, api: str) -> Document:
    """A person, or an app, whose names end so."""
    return {**user_document(login, api), "type": "Bot" if login.endswith("[bot]") else "User"}


def comment_document(comment: PullComment, repository: Repository, api: str) -> Document:
    """A comment (issue-comment)."""
    base = f"{api}/repos/{repository.full_name}"
    html = f"{HTML}/{repository.full_name}/pull/{comment.number}"
    return {
        "url": f"{base}/issues/comments/{comment.id}",
        "html_url": f"{html}#issuecomment-{comment.id}",
        "issue_url": f"{base}/issues/{comment.number}",
        "id": comment.id,
        "node_id": node_id("IssueComment", comment.id),
        "user": author_document(comment.login, api),
        "created_at": moment(comment.created_at),
        "updated_at": moment(comment.updated_at),
        "author_association": "NONE",
        "body": comment.body,
    }


def pull_document(pull: Pull, repository: Repository, api: str) -> Document:
    """A pull request (pull-request-simple), as far as anybody here reads it."""
    base = f"{api}/repos/{repository.full_name}"
    return {
        "url": f"{base}/pulls/{pull.number}",
        "id": pull.number,
        "node_id": node_id("PullRequest", pull.number),
        "html_url": f"{HTML}/{repository.full_name}/pull/{pull.number}",
        "number": pull.number,
        "state": pull.state,
        "title": f"Pull request {pull.number}",
        "user": author_document(pull.owner, api),
        "head": {
            "label": f"{pull.owner}:{pull.branch}",
            "ref": pull.branch,
            "sha": pull.sha,
            "user": author_document(pull.owner, api),
        },
        "base": {"label": f"{repository.owner}:{repository.default_branch}", "ref": repository.default_branch},
    }
