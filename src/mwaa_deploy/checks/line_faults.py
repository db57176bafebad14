"""What is wrong with the lines of requirements files, told without pip and without a runner.

A failure is only what pip refuses on MWAA whatever the rest of the world is like.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from mwaa_deploy.checks.project_files import MWAA_HOME
from mwaa_deploy.checks.redaction import hide
from mwaa_deploy.checks.requirement_files import ROOT, Arrival, Files, ReadFile, Reference, RequirementsTree
from mwaa_deploy.checks.requirement_lines import LineKind, RequirementLine, parse_requirement
from mwaa_deploy.checks.verdicts import Severity, Verdict
from mwaa_deploy.checks.versions import holds

_URL = re.compile(r"(?:https?|file|ftp|(?:git|hg|svn|bzr)(?:\+\w+)?):", re.IGNORECASE)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar|tgz|tbz|txz|tlz|tar\.(?:gz|bz2|xz|lz|lzma))$", re.IGNORECASE)
_OLD_VERSION = re.compile(
    r"[A-Za-z0-9][\w.-]*\s*(?:\[[\w.,\s-]*\])?\s*\(?\s*(?:===|[=!<>~]=|<|>)\s*[^\s,;)]+"
    r"(?:\s*,\s*(?:===|[=!<>~]=|<|>)\s*[^\s,;)]+)*\s*,?\s*\)?"
)
"""A requirement whose version follows no standard; pip before 24.1 still takes it."""

_MOST_SHOWN = 200


def judge_lines(tree: RequirementsTree, files: Files, *, python: str) -> Iterator[Verdict]:
    """Find the lines that pip cannot read, and the paths that lead nowhere.

    Args:
        tree: the requirements file and what it brings in.
        files: what there is on MWAA.
        python: major and minor version on MWAA; empty if it is not known.
    """
    for file in tree.files:
        if file.decoded.fault:
            message = f"pip cannot read this file: {file.decoded.fault}. Save it as UTF-8."
            yield _verdict(file, file.decoded.line, file.name, Severity.FAIL, message)
    for file, line in tree.lines:
        if line.fault:
            message = f"pip does not take this line: {line.fault}."
            yield _verdict(file, line.number, line.text, Severity.FAIL, message)
        elif line.kind is LineKind.REQUIREMENT:
            yield from _judge_requirement(file, line, files, python)
        for option in line.options:
            if option.name == "find-links":
                yield from _judge_find_links(file, line, option.value, files)
    for reference in tree.references:
        yield from _judge_reference(reference)


def _judge_requirement(file: ReadFile, line: RequirementLine, files: Files, python: str) -> Iterator[Verdict]:
    path = _path(line)
    marker = line.requirement.marker if line.requirement else None
    if path is not None:
        if holds(marker, python) is not False:
            yield from _judge_path(file, line, path, files)
    elif line.requirement or line.editable or "${" in line.asked or _URL.match(line.asked):
        return
    elif not _taken_by_old_pip(line.asked):
        message = f"'{hide(line.asked[:_MOST_SHOWN])}' is not a valid requirement: {_reason(line.asked)}"
        yield _verdict(file, line.number, line.text, Severity.FAIL, message)


def _taken_by_old_pip(asked: str) -> bool:
    wanted, semicolon, marker = asked.partition(";")
    readable = not semicolon or parse_requirement(f"x;{marker}") is not None
    return readable and _OLD_VERSION.fullmatch(wanted.strip()) is not None


def _reason(asked: str) -> str:
    if "=" in asked and not re.search(r"[=!<>~]=", asked):
        return "a single = is no operator; write == for an exact version."
    try:
        Requirement(asked)
    except InvalidRequirement as error:
        return f"{str(error).splitlines()[0].rstrip('.')}."
    return "pip cannot read it."


def _path(line: RequirementLine) -> PurePosixPath | None:
    """Where the file or folder that a line asks for is on MWAA; None if it asks for none by a path."""
    asked = line.asked
    if line.requirement and line.requirement.url:
        asked = line.requirement.url
    elif line.requirement or "${" in asked or "\0" in asked:
        return None
    if asked.lower().startswith("file:"):
        try:
            return PurePosixPath(posixpath.normpath(unquote(urlsplit(asked).path)))
        except ValueError:
            return None
    if _URL.match(asked):
        return None
    bare = re.sub(r"\[[^\]]*\]$", "", asked.partition(";")[0].strip())
    like_path = _ARCHIVE.search(bare) or ((bare.startswith(".") or "/" in bare) and not re.search(r"\s", bare))
    if "@" in bare and "/" not in bare.partition("@")[0]:
        return None
    return PurePosixPath(posixpath.normpath(str(MWAA_HOME / bare))) if like_path else None


def _judge_path(file: ReadFile, line: RequirementLine, path: PurePosixPath, files: Files) -> Iterator[Verdict]:
    match files.exists(path):
        case False:
            message = f"{_named(path, line.asked)}: there is no such file on MWAA; it is not in the project."
            yield _verdict(file, line.number, line.text, Severity.FAIL, message)
        case None:
            message = f"{_named(path, line.asked)} is not in the project; it must be on MWAA before pip runs."
            yield _verdict(file, line.number, line.text, Severity.WARN, message)


def _judge_find_links(file: ReadFile, line: RequirementLine, value: str, files: Files) -> Iterator[Verdict]:
    if _URL.match(value) or "${" in value or "\0" in value:
        return
    beside, below = (PurePosixPath(posixpath.normpath(str(start / value))) for start in (file.path.parent, MWAA_HOME))
    if files.exists(beside) is False and files.exists(below) is False:
        message = f"{value} is no folder that MWAA would have; pip passes over it and finds no package there."
        yield _verdict(file, line.number, line.text, Severity.WARN, message)


def _judge_reference(reference: Reference) -> Iterator[Verdict]:
    line, severity = reference.line, Severity.FAIL
    path = _named(reference.path, line.target or "")
    match reference.arrival:
        case Arrival.LOOP:
            message = f"{path} brings in itself, which pip refuses."
        case Arrival.ABSENT if reference.path.is_relative_to(ROOT.parent):
            message = (
                f"{path}: No such file on MWAA, which gets only the requirements file itself there. Move it into the "
                f"DAG folder, and name it {MWAA_HOME}/dags/{reference.path.name}."
            )
        case Arrival.ABSENT:
            message = f"{path}: No such file on MWAA; it is not in the project."
        case Arrival.UNKNOWN:
            severity = Severity.WARN
            message = f"{path} is not in the project; it must be on MWAA before pip runs."
        case Arrival.READ | Arrival.ELSEWHERE:
            return
    yield _verdict(reference.by, line.number, line.text, severity, message)


def _named(path: PurePosixPath, text: str) -> str:
    """The path in words, or what the user wrote where that has an address in it."""
    return hide(text) if "://" in text else str(path)


def _verdict(file: ReadFile, line: int | None, subject: str, severity: Severity, message: str) -> Verdict:
    return Verdict(subject=hide(subject[:_MOST_SHOWN]), severity=severity, message=message, location=file.at(line))
