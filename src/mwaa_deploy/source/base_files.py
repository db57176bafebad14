"""DAG folder and plugins as they were at the base, written beside the checkout for a comparison."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from mwaa_deploy.parts import Part
from mwaa_deploy.ports import ChangedFile, Repository, TreeFile, TreeKind
from mwaa_deploy.source.changes import Changes
from mwaa_deploy.source.project import Project

_LEFT_OUT = shutil.ignore_patterns(".git", "__pycache__")


@dataclass(frozen=True, kw_only=True)
class BaseFiles:
    """What was written.

    Attributes:
        project: with the folders as they were at the base, and all else as it is.
        notes: what is not as it was at the base, a sentence each.
    """

    project: Project
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BaseSource:
    """Where the base is had from, once it is wanted.

    Attributes:
        sha: of the commit.
        changed: what differs in the DAG folder and the plugins.
        requirements: path of the requirements file in the repository; '' if it has not changed.
        open_repository: opens the checkout.
    """

    project: Project
    sha: str
    changed: tuple[ChangedFile, ...]
    requirements: str
    open_repository: Callable[[], AbstractContextManager[Repository]]

    def write(self, folder: Path) -> BaseFiles:
        """Write DAG folder and plugins into an empty folder, at the paths that they have in the repository.

        What has not changed is taken from the checkout, so that submodules and what Git LFS keeps elsewhere are there
        as they are for the checks. Only what has changed is asked of git.

        Raises:
            RepositoryUnreadable: git does not give it.
            OSError: it cannot be written.
        """
        wanted = [file.path for file in self.changed if file.status != "A"]
        with self.open_repository() as repository:
            found = repository.read_files(self.sha, wanted)
        project = self.project
        folder = folder.resolve()
        for source in _folders(project):
            _copy(source, folder / project.in_repository(source))
        for file in self.changed:
            _remove(folder / file.path, below=folder)
        notes = [note for path in wanted if (note := _write(folder, path, found.get(path)))]
        _remove_links_that_leave(folder)
        return BaseFiles(project=_at(project, folder), notes=tuple(notes))

    def read_requirements(self) -> bytes | None:
        """The requirements file as it was; None if it has not changed, or there was none.

        Raises:
            RepositoryUnreadable: git does not give it.
        """
        if not self.requirements:
            return None
        with self.open_repository() as repository:
            found = repository.read_files(self.sha, [self.requirements]).get(self.requirements)
        return found.body if found and found.kind is TreeKind.FILE else None


def find_base_source(
    project: Project, changes: Changes, open_repository: Callable[[], AbstractContextManager[Repository]]
) -> BaseSource | None:
    """Where the base is had from; None if there is none, or nothing in it that a comparison could tell of."""
    if changes.base.sha is None:
        return None
    files = [file for found in (*changes.files.values(), changes.other) for file in found]
    folders = (project.dags, project.plugins or project.root / "plugins")
    own = {path for path in (project.requirements, project.startup_script) if path}
    changed = [
        file
        for file in files
        if (path := project.repository / file.path) not in own and any(path.is_relative_to(top) for top in folders)
    ]
    asked = project.requirements if Part.REQUIREMENTS in changes.files else None
    if not changed and asked is None:
        return None
    return BaseSource(
        project=project,
        sha=changes.base.sha,
        changed=tuple(changed),
        requirements=project.in_repository(asked) if asked else "",
        open_repository=open_repository,
    )


def _folders(project: Project) -> tuple[Path, ...]:
    return tuple(path for path in (project.dags, project.plugins) if path is not None)


def _copy(source: Path, destination: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, destination, symlinks=True, ignore=_LEFT_OUT, dirs_exist_ok=True)
    else:
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)


def _remove(path: Path, *, below: Path) -> None:
    if not _inside(path.parent, below):
        return
    if path.is_symlink() or path.is_file():
        path.unlink()


def _write(folder: Path, path: str, file: TreeFile | None) -> str:
    """Write one file; why it was not done, or ''."""
    if file is None:
        return f"{path} was not found at the base."
    if file.kind is TreeKind.SUBMODULE:
        return f"The submodule {path} has changed; the comparison has its files as they are now."
    destination = folder / path
    if not _inside(destination.parent, folder):
        return f"{path} is left out: where it was there is a link now that leads out of the project's folders."
    if destination.is_dir() and not destination.is_symlink():
        shutil.rmtree(destination)  # a folder now, and a file then
    destination.parent.mkdir(parents=True, exist_ok=True)
    if file.kind is TreeKind.FILE:
        destination.write_bytes(file.body)
        return ""
    # Where a link leads is not settled before all else is written, and whoever wrote the base may count on that.
    return f"{path} is left out: at the base it was a link."


def _remove_links_that_leave(folder: Path) -> None:
    """Remove each link that leads out of a folder, or nowhere; again, as others may have led through it."""
    found = True
    while found:
        found = False
        for path in folder.rglob("*"):
            if path.is_symlink() and not _inside(path, folder, there=True):
                path.unlink()
                found = True


def _inside(path: Path, folder: Path, *, there: bool = False) -> bool:
    """Whether a path leads nowhere else, and, if asked, to something; one that cannot be looked at does not."""
    try:
        return path.resolve(strict=there).is_relative_to(folder)
    except (OSError, RuntimeError, ValueError):  # it leads nowhere, round in a circle, or cannot be a path
        return False


def _at(project: Project, folder: Path) -> Project:
    """The same project in another place, with the plugins if there is anything in them."""
    plugins = folder / project.in_repository(project.plugins or project.root / "plugins")
    there = plugins.is_file() or any(path.is_file() for path in plugins.rglob("*"))
    dags = folder / project.in_repository(project.dags)
    dags.mkdir(parents=True, exist_ok=True)
    return replace(
        project,
        repository=folder,
        root=folder / project.in_repository(project.root),
        dags=dags,
        plugins=plugins if there else None,
        requirements=None,
        startup_script=None,
        tests=None,
        template=None,
        parameters=None,
    )
