"""The user's project: which folder or file is which part."""

from dataclasses import dataclass, field
from pathlib import Path

from mwaa_deploy.bundle.exclude import Exclude


@dataclass(frozen=True, kw_only=True)
class Project:
    """Where the parts of a project lie. Every path is absolute and exists.

    Attributes:
        repository: root of the git checkout.
        root: folder of the project: the repository's root or a folder in it.
        dags: the DAG folder.
        exclude: what of it is neither checked nor shipped.
        plugins: the plugins folder, if there is one.
        requirements: the requirements file, if there is one.
        startup_script: the startup script, if there is one.
        tests: the folder of unit tests, if there is one.
        template: the CloudFormation template, if one was named.
        parameters: the parameters file, if one was named.
    """

    repository: Path
    root: Path
    dags: Path
    plugins: Path | None = None
    requirements: Path | None = None
    startup_script: Path | None = None
    tests: Path | None = None
    template: Path | None = None
    parameters: Path | None = None
    exclude: Exclude = field(default_factory=Exclude)

    def in_repository(self, path: Path) -> str:
        """The path relative to the repository's root, with forward slashes, as annotations want it."""
        return path.relative_to(self.repository).as_posix()
