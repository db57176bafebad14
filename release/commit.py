"""The release commit: what a version's tag is set to, its parent's tree with the images by digest."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from release.errors import NotReleasable
from release.image_lock import FILE, parse, render
from release.version import VersionedFiles, tag_of

AUTHOR = "github-actions[bot]"
EMAIL = "41898282+github-actions[bot]@users.noreply.github.com"

_PROJECT, _PACKAGE, _CHANGELOG = "pyproject.toml", "src/mwaa_deploy/__init__.py", "CHANGELOG.md"


def branch_of(version: str) -> str:
    """The branch that holds the release commit until its tag does."""
    return f"release/{tag_of(version)}"


class Checkout:
    """A git checkout of this project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *argv: str) -> str:
        """Run git; what it printed.

        Raises:
            NotReleasable: it failed.
        """
        settings = ("-c", f"user.name={AUTHOR}", "-c", f"user.email={EMAIL}", "-c", "safe.directory=*")
        env = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1"}
        argv = ("git", *settings, *argv)
        done = subprocess.run(argv, cwd=self.folder, env=env, check=False, capture_output=True, text=True)
        if done.returncode:
            message = f"git {' '.join(argv[7:])} failed:\n{done.stderr.strip()}"
            raise NotReleasable(message)
        return done.stdout.strip()

    @property
    def head(self) -> str:
        """SHA of the commit checked out."""
        return self.git("rev-parse", "HEAD")

    def tags(self) -> list[str]:
        """Tags that the checkout knows."""
        return self.git("tag", "--list").split()

    def read_files(self) -> VersionedFiles:
        """The files that name the version."""
        project, package, changelog = (
            (self.folder / name).read_text(encoding="utf-8") for name in (_PROJECT, _PACKAGE, _CHANGELOG)
        )
        return VersionedFiles(project=project, package=package, changelog=changelog)

    def write_files(self, files: VersionedFiles) -> None:
        """Write the files that name the version."""
        for name, text in ((_PROJECT, files.project), (_PACKAGE, files.package), (_CHANGELOG, files.changelog)):
            (self.folder / name).write_text(text, encoding="utf-8")

    def commit_lock(self, version: str, references: Mapping[str, str]) -> str:
        """Make the release commit upon the one checked out; its SHA.

        Raises:
            NotReleasable: the references are no images by digest, or the checkout has changes.
        """
        text = render(version, references)
        if changes := self.git("status", "--porcelain", "--untracked-files=no"):
            message = f"the checkout has changes that are not committed:\n{changes}"
            raise NotReleasable(message)
        (self.folder / FILE).write_text(text, encoding="utf-8")
        self.git("commit", "--quiet", "--no-verify", "--message", f"Release {tag_of(version)}", "--", FILE)
        return self.head

    def release_problems(self, commit: str, parent: str) -> list[str]:
        """What is wrong with a release commit; nothing if it is its parent with the lock and no more.

        Args:
            parent: SHA of what is released.
        """
        parents = self.git("rev-list", "--max-count=1", "--parents", commit).split()[1:]
        if parents != [parent]:
            return [f"{commit} was made upon {' and '.join(parents) or 'nothing'}, not upon {parent}"]
        changed = self.git("diff", "--no-ext-diff", "--name-only", parent, commit).splitlines()
        if changed != [FILE]:
            return [f"{commit} changes {', '.join(changed) or 'nothing'}, not {FILE} alone"]
        try:
            parse(self.git("show", f"{commit}:{FILE}"))
        except NotReleasable as e:
            return [str(e)]
        return []
