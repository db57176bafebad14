"""Pull requests of a repository, with their comments."""

from dataclasses import dataclass, field

from mwaa_deploy.errors import CommentRefused
from mwaa_deploy.ports import Comment


@dataclass
class FakePullRequests:
    """Pull requests as one token sees them.

    Attributes:
        heads: owner, branch and SHA of each open one, by its number.
        writes: whether the token may write.
        written: every comment, with its pull request and whether it is ours, by its id.
    """

    heads: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    writes: bool = True
    written: dict[int, tuple[int, bool, str]] = field(default_factory=dict)

    def number_of(self, *, owner: str, branch: str, sha: str) -> int | None:
        return next((number for number, head in self.heads.items() if head == (owner, branch, sha)), None)

    def own_comments(self, number: int) -> tuple[Comment, ...]:
        self._require(number in self.heads)
        return tuple(
            Comment(id=key, body=body) for key, (on, ours, body) in self.written.items() if on == number and ours
        )

    def comment(self, number: int, body: str) -> None:
        self._require(self.writes and number in self.heads)
        self.written[len(self.written) + 1] = (number, True, body)

    def change(self, comment: int, body: str) -> None:
        self._require(self.writes and comment in self.written)
        number, ours, _ = self.written[comment]
        self.written[comment] = (number, ours, body)

    def said_by_another(self, number: int, body: str) -> None:
        """Somebody else comments."""
        self.written[len(self.written) + 1] = (number, False, body)

    def _require(self, allowed: bool) -> None:
        if not allowed:
            raise CommentRefused("GitHub's API answered 403 Resource not accessible by integration")
