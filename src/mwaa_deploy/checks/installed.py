"""What is installed in the runner, and what an installation did to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from mwaa_deploy.checks.requirement_lines import RequirementsFile
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.verdicts import Location, Severity, Verdict

_AIRFLOW = canonicalize_name("apache-airflow")


@dataclass(frozen=True, kw_only=True)
class Package:
    """An installed distribution.

    Attributes:
        requires: its Requires-Dist lines.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A package whose own requirement is not met by what is installed. What `pip check` would name.

    Attributes:
        requirement: as the package states it.
        found: the version there is, or None when it is missing.
    """

    package: NormalizedName
    version: str
    requirement: str
    needs: NormalizedName
    found: str | None

    def __str__(self) -> str:
        there = f"{self.needs} {self.found} is installed" if self.found else f"{self.needs} is not installed"
        return f"{self.package} {self.version} requires {self.requirement}, but {there}"


@dataclass(frozen=True)
class Installed:
    """Everything that is installed at one moment.

    Attributes:
        python: the interpreter's full version.
        environment: PEP 508's variables.
        packages: by normalised name.
    """

    python: str
    environment: Mapping[str, str]
    packages: Mapping[NormalizedName, Package]

    @cached_property
    def broken(self) -> frozenset[Broken]:
        """Every requirement among the packages that is not met."""
        return frozenset(found for package in self.packages.values() for found in self._broken(package))

    def _broken(self, package: Package) -> list[Broken]:
        found = []
        for text in package.requires:
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if requirement.marker and not requirement.marker.evaluate({**self.environment, "extra": ""}):
                continue
            needs = canonicalize_name(requirement.name)
            other = self.packages.get(needs)
            if other and satisfies(other.version, requirement):
                continue
            found.append(
                Broken(
                    package=canonicalize_name(package.name),
                    version=package.version,
                    requirement=f"{requirement.name}{requirement.specifier}",
                    needs=needs,
                    found=other.version if other else None,
                )
            )
        return found


def parse_installed(document: bytes) -> Installed:
    """Read what probe/installed_packages.py wrote.

    Raises:
        ForeignResult: the script would not have written that.
    """
    found = fields(parse_result(document), python=str, environment=dict, packages=list)
    listed = [fields(package, name=str, version=str, requires=list) for package in found["packages"]]
    texts = [*found["environment"].values(), *(text for package in listed for text in package["requires"])]
    if not all(isinstance(text, str) for text in texts):
        message = "something in it is no text"
        raise ForeignResult(message)
    packages = [Package(name=p["name"], version=p["version"], requires=tuple(p["requires"])) for p in listed]
    return Installed(
        python=found["python"],
        environment=found["environment"],
        packages={canonicalize_name(package.name): package for package in packages},
    )


def satisfies(version: str, requirement: Requirement) -> bool:
    """Whether an installed version is one that a requirement allows; pre-releases count once they are installed."""
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def judge_installation(
    requirements: RequirementsFile, before: Installed, after: Installed, *, file: str
) -> tuple[Verdict, ...]:
    """Compare what was asked for, what the runner shipped and what is installed now.

    Args:
        requirements: the user's file.
        before: what the runner ships, as MWAA does.
        after: what is there once pip has ended.
        file: the requirements file's path in the repository.
    """
    return (
        *_judge_asked(requirements, after, file),
        *_judge_shipped(requirements, before, after, file),
        *_judge_broken(requirements, before, after, file),
    )


def _judge_asked(requirements: RequirementsFile, after: Installed, file: str) -> list[Verdict]:
    found = []
    for line in requirements.requirements:
        severity, message = Severity.PASS, "pip accepted it; its name is only known to pip."
        package = after.packages.get(line.name) if line.name else None
        if not line.applies(after.environment):
            message = f"Not wanted here: its marker does not hold on Python {after.python}."
        elif line.name and package is None:
            severity, message = Severity.FAIL, f"{line.name} was asked for, but is not installed."
        elif line.requirement and package and not satisfies(package.version, line.requirement):
            severity = Severity.FAIL
            asked = f"{line.requirement.name}{line.requirement.specifier}"
            message = f"{asked} was asked for, but {package.version} is installed."
        elif package:
            message = f"{package.name} {package.version} is installed."
        location = Location(file=file, line=line.number)
        found.append(Verdict(subject=line.text, severity=severity, message=message, location=location))
    return found


def _judge_shipped(requirements: RequirementsFile, before: Installed, after: Installed, file: str) -> list[Verdict]:
    found = []
    for name, shipped in before.packages.items():
        now = after.packages.get(name)
        if now and now.version == shipped.version:
            continue
        severity = Severity.FAIL if name == _AIRFLOW else Severity.WARN
        change = f"was changed from {shipped.version} to {now.version}" if now else f"{shipped.version} was removed"
        found.append(
            Verdict(
                subject=name,
                severity=severity,
                message=f"{shipped.name}, which the MWAA image brings along, {change} by this installation.",
                location=Location(file=file, line=requirements.line_of(name)),
            )
        )
    return found


def _judge_broken(requirements: RequirementsFile, before: Installed, after: Installed, file: str) -> list[Verdict]:
    return [
        Verdict(
            subject=broken.package,
            severity=Severity.FAIL,
            message=f"{broken}.",
            location=Location(
                file=file, line=requirements.line_of(broken.package) or requirements.line_of(broken.needs)
            ),
        )
        for broken in sorted(after.broken - before.broken, key=str)
    ]
