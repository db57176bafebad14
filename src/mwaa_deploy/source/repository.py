"""The git checkout, read through GitPython and never written to."""

import base64
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import git

from mwaa_deploy.errors import RepositoryUnreadable
from mwaa_deploy.ports import ChangedFile, Comparison, Relation, TreeFile, TreeKind


class GitRepository:
    """A checkout at `root`. Use it as a context manager: commits fetched for it live in a folder that goes at the end.

    Args:
        root: the checkout's top folder.
        server_url: address of the GitHub server; only it is ever sent the token.
        token: token for fetching from it; may be empty.
    """

    def __init__(self, root: Path, *, server_url: str = "https://github.com", token: str = "") -> None:
        try:
            self._repo = git.Repo(root)
            self._head = self._repo.head.commit.hexsha
        except (git.exc.GitError, ValueError, OSError) as e:
            what = f"The git checkout at {root} cannot be read: {e}"
            raise RepositoryUnreadable(what, mend="- uses: actions/checkout@<sha>") from e
        self._server_url = server_url
        self._token = token
        self._folder = tempfile.TemporaryDirectory(prefix="mwaa-deploy-git-")
        self._fetched: git.Repo | None = None
        self._whole: git.Repo | None = None

    def __enter__(self) -> Self:
        """Nothing to open."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Close the repositories and remove what was fetched."""
        for repo in (self._repo, self._fetched, self._whole):
            if repo is not None:
                repo.close()
        self._folder.cleanup()

    @property
    def head(self) -> str:
        """The full SHA of the commit checked out."""
        return self._head

    @property
    def parents(self) -> tuple[str, ...]:
        """The full SHAs of the head's parents, first parent first, as the commit itself names them."""
        return tuple(parent.hexsha for parent in self._repo.head.commit.parents)

    def fetch(self, sha: str) -> bool:
        """Make sure that the commit is at hand; a shallow clone lacks it (nrwl/nx-set-shas PR 214).

        Just that commit and the trees that the checkout lacks are fetched, however far back it is, into a repository
        beside the checkout that borrows its objects.
        """
        return _commit_of(self._repo, sha) is not None or self._fetch(sha) is not None

    def resolve(self, name: str) -> str | None:
        """The commit that a full SHA, a tag or a branch names; what the checkout has of that name comes first."""
        if name.startswith("-"):
            return None
        here = _commit_of(self._repo, name) or _commit_of(self._repo, f"refs/remotes/origin/{name}")
        return here or self._fetch(name)

    def compare(self, base: str) -> Comparison | None:
        """How the head stands to another commit; None in a shallow clone, whose history ends too early to tell."""
        shallow = self._repo.git.rev_parse("--is-shallow-repository") == "true"
        if shallow or _commit_of(self._repo, base) is None:
            return None
        try:
            common = self._repo.git.merge_base(base, self._head)
        except git.exc.GitCommandError:
            return Comparison(relation=Relation.DIVERGED, merge_base=None)
        relations = {base: Relation.NEWER, self._head: Relation.OLDER}
        relation = Relation.SAME if base == self._head else relations.get(common, Relation.DIVERGED)
        return Comparison(relation=relation, merge_base=common)

    def changed_files(self, base: str) -> tuple[ChangedFile, ...]:
        """What differs between the trees of base and head; a rename is a deletion and an addition."""
        repo = self._fetched if _commit_of(self._repo, base) is None else self._repo
        if repo is None:
            what = f"Commit {base} is not at hand."
            raise RepositoryUnreadable(what)
        raw = repo.git.execute(
            ["git", "diff-tree", "-r", "-z", "--name-status", "--no-renames", "--no-ext-diff", base, self._head],
            stdout_as_string=False,
        )
        fields = os.fsdecode(bytes(raw)).split("\0")
        changed = [
            ChangedFile(path=path, status=status) for status, path in zip(fields[::2], fields[1::2], strict=False)
        ]
        return tuple(sorted(changed, key=lambda file: file.path))

    def read_files(self, sha: str, paths: Collection[str]) -> Mapping[str, TreeFile]:
        """What a commit holds at some paths, by path; what the checkout lacks of the commit is fetched."""
        repo = self._repo if _commit_of(self._repo, sha) is not None else self._with_content(sha)
        try:
            tree = repo.commit(sha).tree
            found = {path: _at(tree, path) for path in paths}
            return {path: file for path, file in found.items() if file is not None}
        except (git.exc.GitError, ValueError, OSError) as e:
            what = f"The files of commit {sha} cannot be read: {e}"
            raise RepositoryUnreadable(what) from e

    def _with_content(self, sha: str) -> git.Repo:
        """A repository with all of a commit. One with the trees alone would fetch the rest later, without the token."""
        if self._whole is None:
            self._whole = self._open_beside("whole")
        if _commit_of(self._whole, sha) is None and self._fetch_into(self._whole, sha) is None:
            what = f"Commit {sha} cannot be fetched."
            raise RepositoryUnreadable(what)
        return self._whole

    def _fetch(self, name: str) -> str | None:
        """Fetch what a SHA, a tag or a branch names at the remote; the commit's SHA, or None if there is none."""
        if self._fetched is None:
            self._fetched = self._open_beside("trees")
        return self._fetch_into(self._fetched, name, "--filter=blob:none")

    def _fetch_into(self, repo: git.Repo, name: str, *options: str) -> str | None:
        url = self._remote_url()
        if not url:
            return None
        try:
            repo.git.fetch("--quiet", "--no-tags", "--depth=1", *options, "--", url, name, env=self._credentials(url))
        except git.exc.GitCommandError:
            return None
        return _commit_of(repo, "FETCH_HEAD")

    def _open_beside(self, name: str) -> git.Repo:
        """A repository that borrows the checkout's objects, and knows where its history ends.

        Without that it would take the parents of the checkout's oldest commits for missing, and fetch them one by one.
        """
        beside = git.Repo.init(Path(self._folder.name, name), bare=True)
        checkout = Path(self._repo.common_dir).resolve()
        Path(beside.git_dir, "objects", "info", "alternates").write_text(f"{checkout / 'objects'}\n", encoding="utf-8")
        if (checkout / "shallow").is_file():
            shutil.copyfile(checkout / "shallow", Path(beside.git_dir, "shallow"))
        return beside

    def _remote_url(self) -> str:
        if not self._repo.remotes:
            return ""
        remote = next((r for r in self._repo.remotes if r.name == "origin"), self._repo.remotes[0])
        return next(iter(remote.urls), "")

    def _credentials(self, url: str) -> Mapping[str, str]:
        # By environment and not as an argument, so that the token shows up in no process list.
        env = {"GIT_TERMINAL_PROMPT": "0"}
        if self._token and url.startswith(f"{self._server_url}/"):
            basic = base64.b64encode(f"x-access-token:{self._token}".encode()).decode()
            env |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{self._server_url}/.extraheader",
                "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}",
            }
        return env


def _commit_of(repo: git.Repo, name: str) -> str | None:
    """The full SHA of the commit that a name stands for, tags peeled; None if it is not at hand."""
    try:
        return str(repo.git.rev_parse("--quiet", "--verify", f"{name}^{{commit}}"))
    except git.exc.GitCommandError:
        return None


def _at(tree: git.Tree, path: str) -> TreeFile | None:
    """What a tree holds at a path; None where there is nothing, or a folder."""
    try:
        found = tree.join(path)
    except KeyError:
        return None
    if found.type == "submodule":
        return TreeFile(kind=TreeKind.SUBMODULE, body=b"")
    if not isinstance(found, git.Blob):
        return None
    kind = TreeKind.LINK if found.mode == git.Blob.link_mode else TreeKind.FILE
    return TreeFile(kind=kind, body=found.data_stream.read())
