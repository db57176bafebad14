"""What is installed in the runner at one moment."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result


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
        texts: of the files that were asked for and are there, by path.
        there: those of the paths asked for where something is.
        pip_variables: names of the variables in the environment that pip heeds.
    """

    python: str
    environment: Mapping[str, str]
    packages: Mapping[NormalizedName, Package]
    texts: Mapping[str, str] = field(default_factory=dict)
    there: frozenset[str] = frozenset()
    pip_variables: frozenset[str] = frozenset()

    @cached_property
    def broken(self) -> frozenset[Broken]:
        """Every requirement among the packages that is not met."""
        return frozenset(found for package in self.packages.values() for found in self._broken(package))

    def needs_of(self, package: Package, extras: Collection[str] = ()) -> Iterator[Requirement]:
        """What a package needs here, by itself and for some of its extras. What cannot be read is left out."""
        for text in package.requires:
            requirement = parse_need(text)
            if requirement is None:
                continue
            marker = requirement.marker
            if marker is None or any(marker.evaluate({**self.environment, "extra": extra}) for extra in ("", *extras)):
                yield requirement

    def _broken(self, package: Package) -> Iterator[Broken]:
        for requirement in self.needs_of(package):
            needs = canonicalize_name(requirement.name)
            other = self.packages.get(needs)
            if other and satisfies(other.version, requirement):
                continue
            yield Broken(
                package=canonicalize_name(package.name),
                version=package.version,
                requirement=f"{requirement.name}{requirement.specifier}",
                needs=needs,
                found=other.version if other else None,
            )


def parse_installed(document: bytes) -> Installed:
    """Read what probe/installed_packages.py wrote.

    Raises:
        ForeignResult: the script would not have written that.
    """
    document_fields = {"python": str, "environment": dict, "packages": list, "texts": dict, "there": list, "pip": list}
    found = fields(parse_result(document), **document_fields)
    listed = [fields(package, name=str, version=str, requires=list) for package in found["packages"]]
    texts = [*found["environment"].values(), *found["texts"].values(), *found["there"], *found["pip"]]
    texts += [text for package in listed for text in package["requires"]]
    if not all(isinstance(text, str) for text in texts):
        message = "something in it is no text"
        raise ForeignResult(message)
    packages = [Package(name=p["name"], version=p["version"], requires=tuple(p["requires"])) for p in listed]
    return Installed(
        python=found["python"],
        environment=found["environment"],
        packages={canonicalize_name(package.name): package for package in packages},
        texts=found["texts"],
        there=frozenset(found["there"]),
        pip_variables=frozenset(found["pip"]),
    )


@cache
def parse_need(text: str) -> Requirement | None:
    """A Requires-Dist line; None if it is not valid."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def satisfies(version: str, requirement: Requirement) -> bool:
    """Whether an installed version is one that a requirement allows; pre-releases count once they are installed."""
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False
