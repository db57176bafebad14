"""Where the parts of a project lie inside the runner, and the way back from there to the repository."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from mwaa_deploy.bundle.folder import folder_files
from mwaa_deploy.bundle.plugins_zip import write_plugins_zip
from mwaa_deploy.checks.plugins_folder import ARCHIVE, unpack_plugins
from mwaa_deploy.checks.pytest_config import find_pytest_config
from mwaa_deploy.checks.scripts import OWN, PROBES
from mwaa_deploy.checks.verdicts import Location, Verdict
from mwaa_deploy.errors import FileRefused
from mwaa_deploy.ports import Runner
from mwaa_deploy.source.project import Project


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A file or folder of the repository and its absolute path inside the runner."""

    source: Path
    destination: PurePosixPath


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The project as it lies inside the runner.

    Attributes:
        home: AIRFLOW_HOME inside the runner.
        placed: every file and folder of the user's in it. Where one destination lies in another, the inner one is last.
        led: folders of the checkout that are links to where the same lies as on MWAA.
        plugins_zip: what is unpacked at the plugins folder; None to make it of the project's.
        tests: the test folder inside the runner, in the checkout, if the project has one.
        pytest_config: the file inside the runner with pytest's settings, if the project has one.
    """

    project: Project
    home: PurePosixPath
    placed: tuple[Placed, ...]
    led: tuple[Placed, ...] = ()
    plugins_zip: Path | None = None
    tests: PurePosixPath | None = None
    pytest_config: PurePosixPath | None = None

    @property
    def dags(self) -> PurePosixPath:
        """The DAG folder inside the runner."""
        return self.home / "dags"

    @property
    def plugins(self) -> PurePosixPath:
        """The plugins folder inside the runner; there even when the project has none."""
        return self.home / "plugins"

    @property
    def requirements(self) -> PurePosixPath:
        """The requirements file inside the runner; there only when the project has one."""
        return self.home / "requirements" / "requirements.txt"

    @property
    def own(self) -> PurePosixPath:
        """A folder inside the runner for our own scripts and their results."""
        return self.home / OWN

    @property
    def startup_script(self) -> PurePosixPath:
        """The startup script inside the runner; there only when the project has one."""
        return self.home / "startup" / "startup.sh"

    @property
    def rules(self) -> PurePosixPath:
        """The user's own rules about DAGs inside the runner; there only when there are some."""
        return self.own / "rules"

    @property
    def checkout(self) -> PurePosixPath:
        """The project's folder as its unit tests see it."""
        return self.own / "unit-tests" / "project"

    def where(self, part: Path) -> PurePosixPath:
        """The place inside the runner of a part."""
        return next(placed.destination for placed in self.placed if placed.source == part)

    def location(self, path: str | None, line: int | None = None) -> Location | None:
        """The place in the repository that a path inside the runner stands for; None if it is not the user's.

        What lies in a ready-made plugins.zip has no place but the zip itself.

        Args:
            path: absolute, or relative to home or to the checkout.
            line: counted from 1.
        """
        if not path:
            return None
        for folder in (self.home, self.checkout):
            if found := self._location(PurePosixPath(os.path.normpath(folder / path)), line):
                return found
        return None

    def _location(self, inside: PurePosixPath, line: int | None) -> Location | None:
        for placed in (*reversed(self.placed), *reversed(self._seen)):
            if inside == placed.destination:
                return Location(file=self.project.in_repository(placed.source), line=line)
            if placed.destination in inside.parents:
                if placed.source == self.project.plugins and placed.source.is_file():
                    return Location(file=self.project.in_repository(placed.source))
                source = placed.source / inside.relative_to(placed.destination)
                return Location(file=self.project.in_repository(source), line=line)
        return None

    @property
    def _seen(self) -> tuple[Placed, ...]:
        """What of the repository is seen in the checkout, inner ones last."""
        tests, project = self.project.tests, self.project
        if tests is None or self.tests is None:
            return ()
        whole = Placed(source=project.root, destination=self.checkout)
        return (whole, *self.led, Placed(source=tests, destination=self.tests))


def plan_layout(
    project: Project, home: PurePosixPath, *, plugins_zip: Path | None = None, rules_folder: Path | None = None
) -> Layout:
    """Decide where each part goes: the folders of MWAA's containers, and beside them the checkout for the tests.

    Args:
        project: what to lay out; it may lack any part.
        home: AIRFLOW_HOME inside the runner.
        plugins_zip: the built plugins.zip; None to make it of the project's plugins folder.
        rules_folder: the user's own rules about DAGs, if there are some.
    """
    parts = _parts(project, home)
    layout = Layout(project=project, home=home, placed=parts, plugins_zip=plugins_zip)
    rules = (Placed(source=rules_folder, destination=layout.rules),) if rules_folder else ()
    layout = replace(layout, placed=(*parts, *rules))
    if project.tests is None:
        return layout
    config = find_pytest_config(project.tests, project.root)
    return replace(
        layout,
        led=tuple(_led(project, layout.checkout)),
        tests=layout.checkout / (below(project.tests, project.root) or project.tests.name),
        pytest_config=layout.checkout / config.relative_to(project.root).as_posix() if config else None,
    )


def below(path: Path, folder: Path) -> str | None:
    """The path relative to a folder, '.' for the folder itself; None where it leads out of it."""
    relative = PurePosixPath(os.path.relpath(path, folder))
    return None if relative.parts[:1] == (os.pardir,) else relative.as_posix()


def _led(project: Project, checkout: PurePosixPath) -> Iterator[Placed]:
    """Where the project has DAGs and plugins, and where MWAA has them unless the project has something else there."""
    folders = [project.dags, *([project.plugins] if project.plugins else [])]
    for part, usual in zip(folders, ("dags", "plugins"), strict=False):
        inside = below(part, project.root)
        nested = any(part != other and part.is_relative_to(other) for other in folders)
        if inside and not nested and part.is_dir():
            yield Placed(source=part, destination=checkout / inside)
        if project.root not in folders and inside != usual and not os.path.lexists(project.root / usual):
            yield Placed(source=part, destination=checkout / usual)


def _parts(project: Project, home: PurePosixPath) -> tuple[Placed, ...]:
    places = (
        (project.dags, home / "dags"),
        (project.plugins, home / "plugins"),
        (project.requirements, home / "requirements" / "requirements.txt"),
        (project.startup_script, home / "startup" / "startup.sh"),
    )
    return tuple(Placed(source=source, destination=destination) for source, destination in places if source)


def read_result(path: PurePosixPath, runner: Runner) -> bytes | None:
    """What one of our scripts wrote to a file, or None if it never got that far. The file must have been cleared."""
    return runner.read(path) or None


def clear_result(path: PurePosixPath, runner: Runner) -> None:
    """See to it that what is read from a file later was written later."""
    runner.put(path, b"")


def lay_out(layout: Layout, runner: Runner) -> tuple[Verdict, ...]:
    """Bring the project and our own scripts into the runner: parts by copy, the plugins by their zip.

    Returns:
        What is wrong with plugins.zip; empty when nothing is.

    Raises:
        FileRefused: the plugins folder holds something that cannot be shipped.
        RunnerBroken: the runner died.
    """
    copy_all(layout, runner)
    return unpack(layout, runner)


def copy_all(
    layout: Layout,
    runner: Runner,
    more: Mapping[PurePosixPath, Path | bytes] | None = None,
    *,
    scripts: bool = True,
) -> None:
    """The first half of lay_out(): everything is copied, and only the plugins are not where they belong yet.

    Args:
        layout: where everything goes.
        runner: a fresh one.
        more: what else is to be copied, in the same go.
        scripts: whether our own are not there yet.

    Raises:
        FileRefused: the plugins folder holds something that cannot be shipped.
        RunnerBroken: the runner died.
    """
    plugins = layout.project.plugins
    files: dict[PurePosixPath, Path | bytes] = {
        destination: source
        for placed in layout.placed
        if placed.source != plugins
        for destination, source in _shipped(layout.project, placed)
    }
    if scripts:
        files[layout.own] = PROBES
    files |= more or {}
    with tempfile.TemporaryDirectory(prefix="mwaa-deploy-plugins-") as folder:
        archive = layout.plugins_zip or (write_plugins_zip(plugins, Path(folder, ARCHIVE)) if plugins else None)
        if archive:
            files[layout.own / ARCHIVE] = archive
        runner.put_all(files)


def _shipped(project: Project, placed: Placed) -> Iterator[tuple[PurePosixPath, Path]]:
    """What of a part is copied: of the DAG folder only what is shipped, so that a file that misses the rest is found.

    No file of Python's caches is shipped, no empty folder, and in place of a link what it leads to. A folder that
    cannot be shipped is copied as it is: the files in it are judged all the same, and it is refused when it is shipped.
    Unit tests that lie there are copied although they are not shipped.

    Raises:
        FileRefused: the DAG folder cannot be shipped, and what there is to leave out of it is not known.
    """
    if placed.source != project.dags:
        yield placed.destination, placed.source
        return
    try:
        files = folder_files(project.dags, project.exclude)
    except FileRefused:
        if project.exclude.patterns:
            raise
        files = ()
    if not files:
        yield placed.destination, placed.source
    for file in files:
        yield placed.destination / file.name, file.path.resolve()
    if project.exclude.patterns and project.tests is not None and project.tests.is_relative_to(project.dags):
        yield placed.destination / project.tests.relative_to(project.dags).as_posix(), project.tests


def unpack(layout: Layout, runner: Runner) -> tuple[Verdict, ...]:
    """The second half: the plugins, if there are some.

    Returns:
        What is wrong with plugins.zip; empty when nothing is.

    Raises:
        RunnerBroken: the runner died.
    """
    if layout.plugins_zip is None and layout.project.plugins is None:
        return ()
    location = layout.location(str(layout.plugins))
    return unpack_plugins(runner, own=layout.own, destination=layout.plugins, location=location)
