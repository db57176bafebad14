"""Find the parts of a project where MWAA's users keep them."""

import os
from collections.abc import Sequence
from pathlib import Path

from mwaa_deploy.bundle.exclude import Exclude
from mwaa_deploy.errors import DagFolderEmpty, DagFolderMissing, FileRefused, ProjectFileMissing, RepositoryUnreadable
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.source.project import Project

PLUGINS = ("plugins",)
REQUIREMENTS = ("requirements.txt", "requirements/requirements.txt", "dags/requirements.txt")
STARTUP_SCRIPTS = ("startup/startup.sh", "startup_script/startup.sh", "startup.sh")
TESTS = ("tests", "test")


def find_project(workspace: Path, inputs: Inputs) -> Project:
    """Find every part: the one an input names, or the first usual place that exists.

    Raises:
        FileRefused: a folder is where there should be a file.
        ProjectFileMissing: files or folders that inputs name do not exist; all of them are listed.
        DagFolderMissing, DagFolderEmpty: there are no DAGs to deploy.
        RepositoryUnreadable: the workspace holds no git checkout.
    """
    workspace = workspace.resolve()
    root = (workspace / inputs.project_dir).resolve()
    finder = _Finder(workspace, root)
    if not (os.path.isdir(root) and finder.inside(root)):  # noqa: PTH112 -- takes any name
        finder.missing.append(f"project-dir: {inputs.project_dir}")
        finder.raise_missing()
    dags = root / (inputs.dags_dir or "dags")
    if not finder.inside(dags):
        finder.missing.append(f"dags-dir: {inputs.dags_dir or 'dags'}")
    plugins = finder.find("plugins-dir", inputs.plugins_dir, PLUGINS)
    project = Project(
        repository=_repository_root(workspace, root),
        root=root,
        dags=dags,
        plugins=None if plugins is None or _is_empty(plugins) else plugins,
        requirements=finder.find_file("requirements-file", inputs.requirements_file, REQUIREMENTS),
        startup_script=finder.find_file("startup-script", inputs.startup_script, STARTUP_SCRIPTS),
        tests=finder.find("tests-dir", inputs.tests_dir, TESTS),
        template=finder.find_file("template", inputs.template, ()),
        parameters=finder.find_file("parameters", inputs.parameters, ()),
        exclude=Exclude(inputs.exclude),
    )
    finder.raise_missing()
    _require_dags(project, inputs)
    return project


class _Finder:
    def __init__(self, workspace: Path, root: Path) -> None:
        self._workspace = workspace
        self._root = root
        self.missing: list[str] = []

    def inside(self, path: Path) -> bool:
        """Whether no link leads out: it would ship, or hand to user code, a file of the machine."""
        return path.resolve().is_relative_to(self._workspace)

    def find(self, name: str, named: str, usual: Sequence[str]) -> Path | None:
        for candidate in (named,) if named else usual:
            path = self._root / candidate
            if os.path.exists(path) and self.inside(path):  # noqa: PTH110 -- takes any name
                return path
        if named:
            self.missing.append(f"{name}: {named}")
        return None

    def find_file(self, name: str, named: str, usual: Sequence[str]) -> Path | None:
        """The same of what has to be a file."""
        path = self.find(name, named, usual)
        if path is not None and not path.is_file():
            inside, found = path.relative_to(self._root).as_posix(), "a folder" if path.is_dir() else "no regular file"
            raise FileRefused(
                f"{inside} in {self._root} is {found}; it has to be a file.",
                meaning=f"It was taken for the project's {name.removesuffix('-file')}, which MWAA reads from one file.",
                mend=f"Give it another name, or name the file:\nwith:\n  {name}: path/of/the/file",
            )
        return path

    def raise_missing(self) -> None:
        if self.missing:
            lines = "\n".join(f"- {line}" for line in self.missing)
            what = f"What these inputs name does not exist in {self._root}, or is a link out of the workspace:\n{lines}"
            meaning = "Paths are relative to project-dir; a checkout step must come before this one."
            raise ProjectFileMissing(what, meaning=meaning, mend="- uses: actions/checkout@<sha>  # before this step")


def _repository_root(workspace: Path, root: Path) -> Path:
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return folder
        if folder == workspace:
            break
    what = f"There is no git checkout at {root}."
    raise RepositoryUnreadable(
        what, meaning="The workflow has no checkout step before this one.", mend="- uses: actions/checkout@<sha>"
    )


def _is_empty(plugins: Path) -> bool:
    return plugins.is_dir() and not any(path.is_file() for path in plugins.rglob("*"))


def _require_dags(project: Project, inputs: Inputs) -> None:
    mend = f"with:\n  dags-dir: {inputs.dags_dir or 'path/of/your/dags'}"
    if not os.path.isdir(project.dags):  # noqa: PTH112 -- takes any name
        raise DagFolderMissing(
            f"There is no DAG folder {project.dags}.",
            meaning="The project keeps its DAGs under another name, or project-dir is not the project's folder.",
            mend=mend,
        )
    if not any(path.suffix in {".py", ".zip"} for path in project.dags.rglob("*")):
        raise DagFolderEmpty(
            f"The DAG folder {project.dags} holds no .py or .zip file.",
            meaning="Deploying it would delete every DAG of the environment, so nothing was done.",
            mend=mend,
        )
