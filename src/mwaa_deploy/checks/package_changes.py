"""The packages of an environment: what its image ships, what was and is asked for, and what is installed."""

from collections.abc import Mapping
from dataclasses import dataclass

from packaging.utils import NormalizedName

from mwaa_deploy.checks.installed import Installed
from mwaa_deploy.checks.requirement_lines import RequirementsFile, parse_requirements
from mwaa_deploy.checks.requirement_text import decode


@dataclass(frozen=True, kw_only=True)
class PackageChange:
    """One package; '' where there is none.

    Attributes:
        shipped: version in the image.
        installed: version once the requirements are installed.
        asked_before: what the requirements file of the base asked of it, as '>=2,<3'.
        asked_now: the same of the file that is checked.
    """

    name: str
    shipped: str
    installed: str
    asked_before: str = ""
    asked_now: str = ""

    @property
    def asked_otherwise(self) -> bool:
        """Whether its line in the requirements file has changed."""
        return self.asked_before != self.asked_now

    @property
    def differs_from_image(self) -> bool:
        """Whether the image has another version, or none."""
        return self.shipped != self.installed


@dataclass(frozen=True, kw_only=True)
class PackageChanges:
    """All of them.

    Attributes:
        base: full SHA of the commit whose requirements file was read; '' if none was, and nothing was asked before.
        packages: those that the image has otherwise, or that are asked for otherwise; by name.
    """

    base: str
    packages: tuple[PackageChange, ...]


def compare_packages(
    before: Installed, after: Installed, *, asked: str, asked_before: bytes | None, base: str
) -> PackageChanges:
    """The packages that differ.

    Args:
        before: what the image ships.
        after: what was there once the requirements were installed.
        asked: the requirements file.
        asked_before: the same at the base; None if that is not known, or it is the same.
        base: full SHA of that commit.
    """
    now = _asked(parse_requirements(asked))
    then = now if asked_before is None else _asked(parse_requirements(decode(asked_before).text))
    found = []
    for name in sorted({*before.packages, *after.packages, *now, *then}):
        shipped, installed = before.packages.get(name), after.packages.get(name)
        change = PackageChange(
            name=name,
            shipped=shipped.version if shipped else "",
            installed=installed.version if installed else "",
            asked_before=then.get(name, ""),
            asked_now=now.get(name, ""),
        )
        if change.asked_otherwise or change.differs_from_image:
            found.append(change)
    return PackageChanges(base=base if asked_before is not None else "", packages=tuple(found))


def _asked(file: RequirementsFile) -> Mapping[NormalizedName, str]:
    """What the lines ask of each package: its versions, or all of the line behind the name."""
    found: dict[NormalizedName, str] = {}
    for line in file.requirements:
        if line.name is not None:
            requirement = line.requirement
            found[line.name] = (str(requirement.specifier) if requirement else "") or "any version"
    return found
