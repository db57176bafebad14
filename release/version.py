"""The version: where it stands, that all places agree, and how a new one is written there. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from release import changelog
from release.errors import NotReleasable

VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_IN_PROJECT = re.compile(r'^version = "([^"]*)"$', re.MULTILINE)
_IN_PACKAGE = re.compile(r'^__version__ = "([^"]*)"$', re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class VersionedFiles:
    """The texts of the files that name the version.

    Attributes:
        project: pyproject.toml.
        package: src/mwaa_deploy/__init__.py.
        changelog: CHANGELOG.md.
    """

    project: str
    package: str
    changelog: str


def tag_of(version: str) -> str:
    """The version's tag, which is set once and never moved."""
    return f"v{version}"


def major_tag(version: str) -> str:
    """The tag that follows the newest release of a major version; '' for 0.x, where each minor one may break."""
    major = version.partition(".")[0]
    return "" if major == "0" else f"v{major}"


def problems(version: str, files: VersionedFiles, tags: Collection[str]) -> list[str]:
    """All that keeps this version from being released; nothing if all is well.

    Args:
        version: what is to be released, such as 1.2.3.
        tags: that the repository has.
    """
    if not VERSION.fullmatch(version):
        return [f"{version!r} is no version; it takes three numbers, such as 1.2.3"]
    found = []
    for name, pattern, text in (
        ("pyproject.toml", _IN_PROJECT, files.project),
        ("src/mwaa_deploy/__init__.py", _IN_PACKAGE, files.package),
    ):
        said = pattern.findall(text)
        if said != [version]:
            found.append(f"{name} says {' and '.join(said) or 'no version'}, not {version}")
    try:
        changelog.notes(files.changelog, version)
    except NotReleasable as e:
        found.append(str(e))
    if tag_of(version) in tags:
        found.append(f"the tag {tag_of(version)} exists, and a version never moves")
    later = [tag for tag in tags if VERSION.fullmatch(tag.removeprefix("v")) and _order(tag[1:]) > _order(version)]
    # A fix of an older major version may come later; within one, versions only grow.
    found += [f"{tag} is released already" for tag in sorted(later) if major_tag(tag[1:]) == major_tag(version)]
    return found


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def with_version(files: VersionedFiles, version: str, day: str) -> VersionedFiles:
    """The files as the commit has them that a version is released from.

    Args:
        day: of the release, such as 2026-11-26.

    Raises:
        NotReleasable: a file has not one place for the version, or nothing is told under Unreleased.
    """
    if not VERSION.fullmatch(version):
        message = f"{version!r} is no version; it takes three numbers, such as 1.2.3"
        raise NotReleasable(message)
    project, in_project = _IN_PROJECT.subn(f'version = "{version}"', files.project)
    package, in_package = _IN_PACKAGE.subn(f'__version__ = "{version}"', files.package)
    if (in_project, in_package) != (1, 1):
        message = "pyproject.toml and src/mwaa_deploy/__init__.py have to name the version once each"
        raise NotReleasable(message)
    told = changelog.with_release(files.changelog, version, day)
    return VersionedFiles(project=project, package=package, changelog=told)
