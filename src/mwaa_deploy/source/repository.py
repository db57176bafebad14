"""The git checkout, read through GitPython and never written to."""

import base64
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import git

from mwaa_deploy.errors import RepositoryUnreadable
from mwaa_deploy.ports import ChangedFile


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

    def __enter__(self) -> Self:
        """Nothing to open."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Close both repositories and remove what was fetched."""
        self._repo.close()
        if self._fetched is not None:
            self._fetched.close()
        self._folder.cleanup()

    @property
    def head(self) -> str:
        """The full SHA of the commit checked out."""
        return self._head

    def fetch(self, sha: str) -> bool:
        """Make sure that the commit is at hand; a shallow clone lacks it (nrwl/nx-set-shas PR 214).

        Just that commit and its trees are fetched, into a repository beside the checkout that borrows its objects.
        """
        if _has_commit(self._repo, sha):
            return True
        beside = git.Repo.init(self._folder.name, bare=True)
        alternates = Path(self._folder.name, "objects", "info", "alternates")
        alternates.write_text(f"{Path(self._repo.common_dir, 'objects').resolve()}\n", encoding="utf-8")
        url = self._remote_url()
        if not url:
            return False
        try:
            beside.git.fetch(
                "--quiet", "--no-tags", "--depth=1", "--filter=blob:none", url, sha, env=self._credentials(url)
            )
        except git.exc.GitCommandError:
            return False
        self._fetched = beside
        return _has_commit(beside, sha)

    def changed_files(self, base: str) -> tuple[ChangedFile, ...]:
        """What differs between the trees of base and head; a rename is a deletion and an addition."""
        repo = self._repo if _has_commit(self._repo, base) else self._fetched
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


def _has_commit(repo: git.Repo, sha: str) -> bool:
    try:
        repo.git.cat_file("-e", f"{sha}^{{commit}}")
    except git.exc.GitCommandError:
        return False
    return True
