"""What git says differs between base and head, by part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mwaa_deploy.parts import Part
from mwaa_deploy.ports import ChangedFile
from mwaa_deploy.source.project import Project


@dataclass(frozen=True, kw_only=True)
class Base:
    """The commit that changes are computed against.

    Attributes:
        sha: full SHA, or None when there is none and everything counts as changed.
        reason: why this one, or why none, as a sentence without a full stop.
        own_branch: whether it was found on the head's own branch, so that only a rewritten history can part the two.
    """

    sha: str | None
    reason: str
    own_branch: bool = False


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The files that differ, by part. Without a base everything counts as changed.

    Attributes:
        files: changed files of each part; a part without changes is missing.
        other: changed files that belong to no part.
    """

    base: Base
    head: str
    files: Mapping[Part, tuple[ChangedFile, ...]] = field(default_factory=dict)
    other: tuple[ChangedFile, ...] = ()

    def changed(self, part: Part) -> bool:
        """Whether git gives reason to think that the part differs."""
        return self.base.sha is None or part in self.files


def classify(project: Project, base: Base, head: str, changed: Iterable[ChangedFile]) -> Changes:
    """Sort changed files into parts by where they lie in the project."""
    by_part: dict[Part, list[ChangedFile]] = {}
    other: list[ChangedFile] = []
    for file in changed:
        part = part_of(project, project.repository / file.path)
        if part is None:
            other.append(file)
        else:
            by_part.setdefault(part, []).append(file)
    return Changes(
        base=base, head=head, files={part: tuple(files) for part, files in by_part.items()}, other=tuple(other)
    )


def part_of(project: Project, path: Path) -> Part | None:
    """The part a path belongs to. A single file wins over the folder it lies in: dags/requirements.txt is requirements.

    A deleted requirements file or startup script is not found at its old place any more and so counts as 'other', or as
    a DAG file when it lay among the DAGs; the plan sees from the content that the part is gone.
    """
    for file, part in (
        (project.requirements, Part.REQUIREMENTS),
        (project.startup_script, Part.STARTUP_SCRIPT),
        (project.template, Part.TEMPLATE),
        (project.parameters, Part.TEMPLATE),
    ):
        if path == file:
            return part
    for folder, part in ((project.dags, Part.DAGS), (project.plugins or project.root / "plugins", Part.PLUGINS)):
        if path.is_relative_to(folder):
            return part
    return None
