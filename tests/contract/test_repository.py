"""The Repository port: what the fake says of commits, real git says too."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from mwaa_deploy.errors import RepositoryUnreadable
from mwaa_deploy.ports import ChangedFile, Comparison, Relation, Repository, TreeFile, TreeKind
from mwaa_deploy.source.repository import GitRepository
from tests.fakes.repository import Commits, FakeRepository
from tests.fixtures.git import Remote


class Maker(Protocol):
    """Makes commits at a remote, and checkouts of it."""

    def commit(self, files: Mapping[str, str | None], *, parents: Sequence[str] = (), branch: str = "main") -> str:
        """Add a commit; its SHA."""

    def checkout(self, head: str, *, shallow: bool) -> Repository:
        """A checkout of a branch's tip."""


class FakeMaker(Commits):
    def checkout(self, head, *, shallow):
        return FakeRepository(self, self.names[head], shallow=shallow)


class GitMaker:
    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self._remote = Remote(folder / "remote")
        self._clone = folder / "clone"
        self._opened = opened
        self.commit: Callable[..., str] = self._remote.commit

    def checkout(self, head, *, shallow):
        clone = self._remote.checkout(self._clone, f"refs/heads/{head}", depth=1 if shallow else 0)
        return self._opened.enter_context(GitRepository(clone))


@pytest.fixture(params=["fake", "git"])
def maker(request, tmp_path) -> Iterator[Maker]:
    with ExitStack() as opened:
        yield FakeMaker() if request.param == "fake" else GitMaker(tmp_path, opened)


@pytest.fixture(params=["shallow", "whole"])
def shallow(request) -> bool:
    return bool(request.param == "shallow")


def test_the_changes_since_a_commit_far_back_are_named(maker, shallow):
    first = maker.commit({"dags/a.py": "1", "dags/old.py": "1", "dags/same.py": "1"}, parents=())
    second = maker.commit({"dags/a.py": "2"}, parents=(first,))
    third = maker.commit({"dags/old.py": None, "dags/new name.py": "1", "dags/größe.py": "1"}, parents=(second,))

    repository = maker.checkout("main", shallow=shallow)

    assert (repository.head, repository.parents) == (third, (second,))
    assert repository.fetch(first)
    assert repository.changed_files(first) == (
        ChangedFile(path="dags/a.py", status="M"),
        ChangedFile(path="dags/größe.py", status="A"),
        ChangedFile(path="dags/new name.py", status="A"),
        ChangedFile(path="dags/old.py", status="D"),
    )
    assert repository.changed_files(third) == ()


def test_parents_of_a_merge_are_told_in_order(maker, shallow):
    base = maker.commit({"a": "1"}, parents=())
    ours = maker.commit({"a": "2"}, parents=(base,))
    theirs = maker.commit({"b": "1"}, parents=(base,), branch="change")
    maker.commit({"b": "1"}, parents=(ours, theirs))

    assert maker.checkout("main", shallow=shallow).parents == (ours, theirs)


def test_branches_and_commits_are_resolved_and_what_is_neither_is_not(maker, shallow):
    base = maker.commit({"a": "1"}, parents=())
    head = maker.commit({"a": "2"}, parents=(base,))
    other = maker.commit({"b": "1"}, parents=(base,), branch="release/1.x")

    repository = maker.checkout("main", shallow=shallow)

    assert repository.resolve("main") == head
    assert repository.resolve("release/1.x") == other
    assert [file.path for file in repository.changed_files(other)] == ["a", "b"]
    assert repository.resolve(base) == base
    assert repository.resolve("no-such-branch") is None
    assert repository.resolve("0" * 40) is None
    assert not repository.fetch("0" * 40)


def test_a_whole_checkout_compares_and_a_shallow_one_cannot(maker, shallow):
    base = maker.commit({"a": "1"}, parents=())
    head = maker.commit({"a": "2"}, parents=(base,))
    other = maker.commit({"b": "1"}, parents=(base,), branch="other")
    alien = maker.commit({"c": "1"}, parents=(), branch="alien")

    repository = maker.checkout("main", shallow=shallow)
    found = {name: repository.compare(sha) for name, sha in {"base": base, "other": other, "alien": alien}.items()}

    wanted = {
        "base": Comparison(relation=Relation.NEWER, merge_base=base),
        "other": Comparison(relation=Relation.DIVERGED, merge_base=base),
        "alien": Comparison(relation=Relation.DIVERGED, merge_base=None),
    }
    assert found == (dict.fromkeys(wanted) if shallow else wanted)
    if not shallow:
        assert repository.compare(head) == Comparison(relation=Relation.SAME, merge_base=head)


def test_an_older_head_is_told(maker):
    base = maker.commit({"a": "1"}, parents=(), branch="old")
    head = maker.commit({"a": "2"}, parents=(base,))

    repository = maker.checkout("old", shallow=False)

    assert repository.compare(head) == Comparison(relation=Relation.OLDER, merge_base=base)


def test_files_of_a_commit_far_back_are_read(maker, shallow):
    first = maker.commit({"dags/a.py": "1", "dags/größe.py": "x\n", "dags/same.py": "1"}, parents=())
    second = maker.commit({"dags/a.py": "2", "dags/größe.py": None}, parents=(first,))
    maker.commit({"dags/new.py": "1"}, parents=(second,))

    repository = maker.checkout("main", shallow=shallow)
    assert repository.fetch(first)
    found = repository.read_files(first, ["dags/a.py", "dags/größe.py", "dags/new.py", "dags", "nowhere/x"])

    assert found == {
        "dags/a.py": TreeFile(kind=TreeKind.FILE, body=b"1"),
        "dags/größe.py": TreeFile(kind=TreeKind.FILE, body=b"x\n"),
    }


def test_files_of_a_commit_that_nobody_has_are_refused(maker, shallow):
    maker.commit({"a": "1"}, parents=())

    with pytest.raises(RepositoryUnreadable):
        maker.checkout("main", shallow=shallow).read_files("0" * 40, ["a"])
