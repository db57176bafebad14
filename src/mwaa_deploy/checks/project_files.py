"""What lies at a path in MWAA's containers, as far as the project tells."""

import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from mwaa_deploy.checks.layout import Layout, plan_layout
from mwaa_deploy.checks.verdicts import Location
from mwaa_deploy.source.project import Project

MWAA_HOME = PurePosixPath("/usr/local/airflow")
"""AIRFLOW_HOME in MWAA's containers; users write it into their requirements files."""

_MOST = 16 * 1024 * 1024


class ProjectFiles:
    """The project's files by their path on MWAA. Only DAGs, plugins and the requirements file itself get there.

    Args:
        project: whose files.
        more: whether the startup script may have put other files there, so that nothing is known to be missing.
    """

    def __init__(self, project: Project, *, more: bool | None = None) -> None:
        self._layout: Layout = plan_layout(project, MWAA_HOME)
        self._more = project.startup_script is not None if more is None else more

    def read(self, path: PurePosixPath) -> bytes | None:
        """The bytes of a file; None if the project has none at that path."""
        source = self._source(path)
        if isinstance(source, bytes):
            return source
        try:
            return source.read_bytes() if source and source.is_file() and source.stat().st_size <= _MOST else None
        except OSError:
            return None

    def exists(self, path: PurePosixPath) -> bool | None:
        """Whether there is a file or folder at a path; None where the project cannot tell."""
        if self._source(path) is not None or path in (MWAA_HOME / "dags", MWAA_HOME / "plugins"):
            return True
        ours = any(path.is_relative_to(MWAA_HOME / part) for part in ("dags", "plugins", "requirements"))
        return False if ours and not self._more else None

    def location(self, path: PurePosixPath, line: int | None = None) -> Location | None:
        """Its place in the repository; None if it is none of the project's."""
        return self._layout.location(str(path), line)

    def _source(self, path: PurePosixPath) -> Path | bytes | None:
        for placed in reversed(self._layout.placed):
            if path != placed.destination and placed.destination not in path.parents:
                continue
            inside = path.relative_to(placed.destination)
            if placed.source.is_file() and inside.parts:
                return _in_zip(placed.source, inside)
            return self._in_folder(placed.source / inside)
        return None

    def _in_folder(self, found: Path) -> Path | None:
        root = self._layout.project.repository.resolve()
        try:
            # A link that leads out of the repository is not followed: what it leads to gets nowhere near MWAA.
            return found if found.exists() and found.resolve().is_relative_to(root) else None
        except (OSError, ValueError, RuntimeError):
            return None


class SeenFiles:
    """The project's files, with what else was seen to be there.

    Attributes:
        unknown: paths that were asked about and that the project cannot tell of.
    """

    def __init__(self, project: ProjectFiles) -> None:
        self._project = project
        self._seen: dict[PurePosixPath, bool] = {}
        self.unknown: set[PurePosixPath] = set()

    def learn(self, seen: Mapping[PurePosixPath, bool]) -> None:
        """Take in whether there is something at some paths."""
        self._seen |= seen

    def read(self, path: PurePosixPath) -> bytes | None:
        """The bytes of a file of the project's; None if it is none."""
        return self._project.read(path)

    def exists(self, path: PurePosixPath) -> bool | None:
        """Whether there is something at a path; None where nobody has looked."""
        known = self._project.exists(path)
        if known is None and path not in self._seen:
            self.unknown.add(path)
        return self._seen.get(path) if known is None else known

    def location(self, path: PurePosixPath, line: int | None = None) -> Location | None:
        """Its place in the repository; None if it is none of the project's."""
        return self._project.location(path, line)


def _in_zip(archive: Path, inside: PurePosixPath) -> bytes | None:
    try:
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
            if str(inside) in names and opened.getinfo(str(inside)).file_size <= _MOST:
                return opened.read(str(inside))
            return b"" if any(name.startswith(f"{inside}/") for name in names) else None
    except (OSError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return None
