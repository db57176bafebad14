"""Requirements that contradict each other or the constraints, told without pip and without a runner."""

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from mwaa_deploy.checks.pins import Pins
from mwaa_deploy.checks.redaction import hide
from mwaa_deploy.checks.requirement_files import ReadFile, RequirementsTree
from mwaa_deploy.checks.requirement_lines import RequirementLine
from mwaa_deploy.checks.verdicts import Severity, Verdict
from mwaa_deploy.checks.versions import contradictory, holds


@dataclass(frozen=True, kw_only=True)
class _Demand:
    """What a version must be, and in words who wants it so."""

    specifier: SpecifierSet
    source: str


def judge_versions(tree: RequirementsTree, *, pins: Pins, forced: str, python: str) -> Iterator[Verdict]:
    """Find the requirements that no version can meet, one verdict for each line.

    Args:
        tree: the requirements file and what it brings in.
        pins: MWAA's constraints; empty where they are not known or do not apply.
        forced: who states the pins that are not essential, in words; empty if nobody does.
        python: major and minor version on MWAA; empty if it is not known.
    """
    constraints = _constraints(tree, python)
    asked: dict[NormalizedName, list[_Demand]] = {}
    for file, line in tree.asking:
        requirement = _sure(line, python)
        if requirement is None or line.name is None:
            continue
        own = requirement.specifier
        others = [*asked.get(line.name, ()), *constraints.get(line.name, ())]
        if version := pins.essential.get(line.name):
            words = f"the constraints that MWAA adds in any case demand {line.name}=={version}"
            others.append(_Demand(specifier=SpecifierSet(f"=={version}"), source=words))
        elif forced and (version := pins.forced.get(line.name)):
            words = f"{forced} demand {line.name}=={version}"
            others.append(_Demand(specifier=SpecifierSet(f"=={version}"), source=words))
        against = next((other for other in others if contradictory([own, other.specifier])), None)
        if against or contradictory([own]):
            source = against.source if against else "it contradicts itself"
            yield Verdict(
                subject=hide(line.text),
                severity=Severity.FAIL,
                message=f"{requirement.name}{own} cannot be had: {source}.",
                location=file.at(line.number),
            )
        source = f"line {line.number} of {file.name} asks for {requirement.name}{own}"
        asked.setdefault(line.name, []).append(_Demand(specifier=own, source=source))


def _constraints(tree: RequirementsTree, python: str) -> dict[NormalizedName, list[_Demand]]:
    found: dict[NormalizedName, list[_Demand]] = {}
    for file in (file for file in tree.files if file.only_constrains):
        for line in file.requirements.requirements:
            requirement = _sure(line, python)
            if requirement and line.name:
                source = _source(file, line, requirement)
                found.setdefault(line.name, []).append(_Demand(specifier=requirement.specifier, source=source))
    return found


def _source(file: ReadFile, line: RequirementLine, requirement: Requirement) -> str:
    demanded = f"{requirement.name}{requirement.specifier}"
    return f"the constraints demand {demanded} (line {line.number} of {file.name})"


def _sure(line: RequirementLine, python: str) -> Requirement | None:
    """The requirement, if it is one of versions and its marker surely holds on MWAA."""
    requirement = line.requirement
    sure = requirement and not requirement.url and not line.fault and holds(requirement.marker, python)
    return requirement if sure else None
