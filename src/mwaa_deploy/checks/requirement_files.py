"""A requirements file and every file that it brings in with -r and -c."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

from mwaa_deploy.checks.project_files import MWAA_HOME
from mwaa_deploy.checks.requirement_lines import LineKind, RequirementLine, RequirementsFile, parse_requirements
from mwaa_deploy.checks.requirement_text import DecodedText, decode
from mwaa_deploy.checks.verdicts import Location

ROOT = MWAA_HOME / "requirements" / "requirements.txt"
"""Where MWAA puts the requirements file, and nothing beside it."""

_MOST_FILES = 100


class Files(Protocol):
    """What lies at a path on MWAA."""

    def read(self, path: PurePosixPath) -> bytes | None:
        """The bytes of a file; None if there is none, as far as is known."""

    def exists(self, path: PurePosixPath) -> bool | None:
        """Whether there is something at a path; None where that is not known."""

    def location(self, path: PurePosixPath, line: int | None = None) -> Location | None:
        """The place in the repository; None if it is none of the project's."""


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """One file.

    Attributes:
        path: on MWAA.
        name: path in the repository.
        decoded: its text, and what is wrong with the bytes.
        only_constrains: whether it is a constraint file: its lines then ask for nothing.
    """

    path: PurePosixPath
    name: str
    decoded: DecodedText
    requirements: RequirementsFile
    only_constrains: bool = False

    def at(self, line: int | None) -> Location:
        """A place in it."""
        return Location(file=self.name, line=line)


class Arrival(Enum):
    """What came of a line that names another file. ELSEWHERE: it is there, but not in the project."""

    READ = auto()
    ELSEWHERE = auto()
    ABSENT = auto()
    UNKNOWN = auto()
    LOOP = auto()


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A line that names another file by a path.

    Attributes:
        by: the file with that line.
        path: what it names, on MWAA.
    """

    by: ReadFile
    line: RequirementLine
    path: PurePosixPath
    arrival: Arrival


@dataclass(frozen=True, kw_only=True)
class RequirementsTree:
    """Every file that could be read, the user's requirements file first, and every line that names another."""

    files: tuple[ReadFile, ...]
    references: tuple[Reference, ...] = ()

    @property
    def root(self) -> ReadFile:
        """The requirements file itself."""
        return self.files[0]

    @property
    def asking(self) -> tuple[tuple[ReadFile, RequirementLine], ...]:
        """Every line that asks for a package, with its file, in pip's order of reading."""
        return tuple(
            (file, line) for file in self.files if not file.only_constrains for line in file.requirements.requirements
        )

    @property
    def lines(self) -> Iterator[tuple[ReadFile, RequirementLine]]:
        """Every line of every file."""
        return ((file, line) for file in self.files for line in file.requirements.lines)

    def by_path(self, home: PurePosixPath) -> Mapping[str, ReadFile]:
        """The files by their path in a runner with that AIRFLOW_HOME, the requirements file first."""
        return {str(in_runner(file.path, home)): file for file in self.files}


def in_runner(path: PurePosixPath, home: PurePosixPath) -> PurePosixPath:
    """A path on MWAA as it is in a runner with that AIRFLOW_HOME."""
    return home / path.relative_to(MWAA_HOME) if path.is_relative_to(MWAA_HOME) else path


def read_tree(files: Files, body: bytes, name: str) -> RequirementsTree:
    """Read a requirements file and what it brings in.

    Args:
        files: what there is on MWAA.
        body: of the requirements file.
        name: its path in the repository.
    """
    read: list[ReadFile] = []
    references: list[Reference] = []

    def follow(file: ReadFile, within: tuple[PurePosixPath, ...]) -> None:
        read.append(file)
        for line in file.requirements.lines:
            path = named_path(line, file.path)
            if path is None:
                continue
            found = files.read(path) if len(read) < _MOST_FILES else None
            place = files.location(path)
            if path in within:
                arrival = Arrival.LOOP
            elif found is not None and place:
                arrival = Arrival.READ
            else:
                there = {True: Arrival.ELSEWHERE, False: Arrival.ABSENT, None: Arrival.UNKNOWN}
                arrival = there[files.exists(path)]
            references.append(Reference(by=file, line=line, path=path, arrival=arrival))
            if arrival is Arrival.READ and found is not None and place:
                constrains = line.kind is LineKind.CONSTRAINT
                follow(_file(path, place.file, found, only_constrains=constrains), (*within, path))

    follow(_file(ROOT, name, body), (ROOT,))
    return RequirementsTree(files=tuple(read), references=tuple(references))


def named_path(line: RequirementLine, of: PurePosixPath) -> PurePosixPath | None:
    """The path on MWAA of the file that a line brings in; None if it brings in none, or one from the web.

    Args:
        line: of a requirements file.
        of: that file; what is relative is relative to its folder (pip, req/req_file.py).
    """
    target = line.target
    if line.kind not in (LineKind.CONSTRAINT, LineKind.INCLUDE) or not target or "${" in target or "\0" in target:
        return None
    if target.lower().startswith("file:"):
        try:
            target = unquote(urlsplit(target).path)
        except ValueError:
            return None
    if target.lower().startswith(("http:", "https:")):
        return None
    return PurePosixPath(posixpath.normpath(str(of.parent / target)))


def _file(path: PurePosixPath, name: str, body: bytes, *, only_constrains: bool = False) -> ReadFile:
    decoded = decode(body)
    return ReadFile(
        path=path,
        name=name,
        decoded=decoded,
        requirements=parse_requirements(decoded.text),
        only_constrains=only_constrains,
    )
