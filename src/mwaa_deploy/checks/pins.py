"""The versions that MWAA's image of one Airflow version holds packages to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.utils import NormalizedName

from mwaa_deploy.checks.requirement_lines import parse_requirements

VersionsByName = Mapping[NormalizedName, str]
"""Versions by normalised name."""


@dataclass(frozen=True, kw_only=True)
class Pins:
    """Both of MWAA's constraint files; empty where they are not known.

    Attributes:
        forced: what MWAA adds to a requirements file that states no constraints; Airflow's own constraint file of the
            same version says the same about every package that the image ships.
        essential: what MWAA adds in any case.
    """

    forced: VersionsByName = field(default_factory=dict)
    essential: VersionsByName = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.forced or self.essential)


def parse_pins(forced: str, essential: str = "") -> Pins:
    """Read two constraint files."""
    return Pins(forced=_exact(forced), essential=_exact(essential))


def constraint_text(versions: VersionsByName) -> str:
    """Versions as a constraint file."""
    return "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))


def _exact(text: str) -> VersionsByName:
    return {
        line.name: spec.version
        for line in parse_requirements(text).requirements
        if line.requirement and line.name and not line.requirement.marker
        for spec in line.requirement.specifier
        if spec.operator == "=="
    }
