"""How two commits of a repository stand to each other."""

from collections.abc import Mapping
from dataclasses import dataclass

Parents = Mapping[str, tuple[str, ...]]
"""The parents of each commit that is known, first parent first."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What GitHub's comparison says of a head.

    Attributes:
        merge_base: the last commit that both have.
        ahead: commits that only the head has, oldest first.
        behind: how many only the base has.
    """

    merge_base: str
    ahead: tuple[str, ...]
    behind: int

    @property
    def status(self) -> str:
        """GitHub's word for it."""
        if self.ahead and self.behind:
            return "diverged"
        return "ahead" if self.ahead else "behind" if self.behind else "identical"


def compare(parents: Parents, base: str, head: str) -> Compared | None:
    """Compare a head with a base; None if they have no commit in common."""
    of_base, of_head = _history(parents, base), _history(parents, head)
    common = [sha for sha in of_head if sha in of_base]
    if not common:
        return None
    older = {sha for each in common for sha in _history(parents, each)[1:]}
    merge_base = next(sha for sha in common if sha not in older)
    ahead = tuple(sha for sha in reversed(of_head) if sha not in of_base)
    return Compared(merge_base=merge_base, ahead=ahead, behind=sum(sha not in of_head for sha in of_base))


def _history(parents: Parents, sha: str) -> list[str]:
    """A commit and all it descends from, the nearest first."""
    found: dict[str, None] = {sha: None}
    queue = [sha]
    for each in queue:
        new = [parent for parent in parents.get(each, ()) if parent not in found]
        found.update(dict.fromkeys(new))
        queue += new
    return list(found)
