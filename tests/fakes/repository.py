"""A git repository in memory: commits with their parents and trees, of which a shallow clone has but one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mwaa_deploy.errors import RepositoryUnreadable
from mwaa_deploy.ports import ChangedFile, Comparison, Relation, TreeFile, TreeKind


@dataclass(frozen=True, kw_only=True)
class FakeCommit:
    """A commit: what it was made upon, and the text of each file."""

    parents: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


class Commits:
    """Commits by SHA, and names for them; what a remote holds."""

    def __init__(self) -> None:
        self.commits: dict[str, FakeCommit] = {}
        self.names: dict[str, str] = {}

    def commit(self, files: Mapping[str, str | None], *, parents: Sequence[str] = (), branch: str = "main") -> str:
        """Add a commit that writes files, or with None removes them, to its first parent; the branch moves to it."""
        tree: dict[str, str] = dict(self.commits[parents[0]].files) if parents else {}
        for path, text in files.items():
            if text is None:
                del tree[path]
            else:
                tree[path] = text
        sha = f"{len(self.commits) + 1:040x}"
        self.commits[sha] = FakeCommit(parents=tuple(parents), files=tree)
        self.names[branch] = sha
        return sha

    def add(self, sha: str, parents: Sequence[str]) -> None:
        """Add an empty commit of that SHA."""
        self.commits[sha] = FakeCommit(parents=tuple(parents))

    def history(self, sha: str) -> list[str]:
        """A commit and all it descends from, the newest first."""
        found, queue = {sha}, [sha]
        while queue:
            new = [parent for parent in self.commits[queue.pop()].parents if parent not in found]
            found.update(new)
            queue += new
        return sorted(found, reverse=True)

    def compare(self, base: str, head: str) -> Comparison | None:
        """How a head, a SHA or the name of a branch, stands to a base; None if one of them is not known."""
        head = self.names.get(head, head)
        if not {base, head} <= self.commits.keys():
            return None
        common = [sha for sha in self.history(head) if sha in self.history(base)]
        older = {sha for each in common for sha in self.history(each) if sha != each}
        merge_base = next((sha for sha in common if sha not in older), None)
        if base == head:
            relation = Relation.SAME
        elif merge_base == base:
            relation = Relation.NEWER
        else:
            relation = Relation.OLDER if merge_base == head else Relation.DIVERGED
        return Comparison(relation=relation, merge_base=merge_base)


class FakeRepository:
    """A checkout.

    Attributes:
        fetched: commits that were asked of the remote, in order.

    Args:
        remote: all that the remote has.
        head: the commit checked out.
        shallow: whether only that commit is at hand at first.
    """

    def __init__(self, remote: Commits, head: str, *, shallow: bool = True) -> None:
        self._remote = remote
        self._head = head
        self._shallow = shallow
        tips = set() if shallow else {head, *remote.names.values()}
        self._at_hand = {head}.union(*map(remote.history, tips))
        self.fetched: list[str] = []

    @property
    def head(self) -> str:
        return self._head

    @property
    def parents(self) -> tuple[str, ...]:
        return self._remote.commits[self._head].parents

    def fetch(self, sha: str) -> bool:
        return self.resolve(sha) is not None

    def resolve(self, name: str) -> str | None:
        sha = self._remote.names.get(name, name)
        if sha not in self._at_hand:
            if sha not in self._remote.commits:
                return None
            self.fetched.append(sha)
            self._at_hand.add(sha)
        return sha

    def compare(self, base: str) -> Comparison | None:
        return None if self._shallow or base not in self._at_hand else self._remote.compare(base, self._head)

    def changed_files(self, base: str) -> tuple[ChangedFile, ...]:
        if base not in self._at_hand:
            what = f"Commit {base} is not at hand."
            raise RepositoryUnreadable(what)
        before, after = self._remote.commits[base].files, self._remote.commits[self._head].files
        return tuple(
            ChangedFile(path=path, status="D" if path not in after else "M" if path in before else "A")
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path)
        )

    def read_files(self, sha: str, paths: Collection[str]) -> Mapping[str, TreeFile]:
        if sha not in self._at_hand and sha not in self._remote.commits:
            what = f"Commit {sha} cannot be fetched."
            raise RepositoryUnreadable(what)
        files = self._remote.commits[sha].files
        return {path: TreeFile(kind=TreeKind.FILE, body=files[path].encode()) for path in paths if path in files}
