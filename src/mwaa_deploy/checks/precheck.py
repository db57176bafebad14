"""The check of the requirements that needs no runner and answers within three seconds."""

import re
import time
from collections.abc import Iterator

from packaging.utils import NormalizedName

from mwaa_deploy.checks.constraints import (
    Versions,
    forces_constraints,
    judge_statement,
    who_forces,
)
from mwaa_deploy.checks.constraints import judge_versions as judge_constraint_file
from mwaa_deploy.checks.line_faults import judge_lines
from mwaa_deploy.checks.package_index import PackageIndex
from mwaa_deploy.checks.pins import Pins
from mwaa_deploy.checks.project_files import ProjectFiles
from mwaa_deploy.checks.redaction import hide
from mwaa_deploy.checks.requirement_files import Files, ReadFile, RequirementsTree, read_tree
from mwaa_deploy.checks.requirement_lines import LineKind, RequirementLine
from mwaa_deploy.checks.verdicts import CheckResult, Severity, Verdict
from mwaa_deploy.checks.version_faults import judge_versions
from mwaa_deploy.checks.versions import holds
from mwaa_deploy.source.project import Project

NAME = "requirements"

_OTHER_SOURCES = {"index-url", "extra-index-url", "find-links", "no-index"}
_SETS_UP_PIP = re.compile(rb"\bpip\b|PIP_|\bindex-url\b|\buv\b|codeartifact", re.IGNORECASE)
_MOST_ASKED = 500


def precheck(
    project: Project, *, airflow_version: str, python: str, pins: Pins, index: PackageIndex | None
) -> CheckResult:
    """Find what pip on MWAA would refuse, from the files alone and what the package index knows.

    Args:
        project: whose requirements; one without any is skipped.
        airflow_version: of the target environment, as in '2.10.3'.
        python: its major and minor Python version, as in '3.11'; empty if it is not known.
        pins: MWAA's constraints for that version; empty if they are not known.
        index: asked about names that are not among the pins; None to ask nobody.
    """
    if project.requirements is None:
        return CheckResult(check=NAME, skipped="The project has no requirements file.")
    started = time.monotonic()
    files = ProjectFiles(project)
    name = project.in_repository(project.requirements)
    tree = read_tree(files, project.requirements.read_bytes(), name)
    versions = Versions(airflow=airflow_version, python=python)
    verdicts = [*judge_tree(tree, files, versions=versions, pins=pins)]
    if index and not _has_other_sources(tree, project):
        asked = names_to_ask(tree, pins, python)
        unknown = index.unknown(list(asked)[:_MOST_ASKED])
        verdicts += [_unknown(name, *asked[name]) for name in asked if name in unknown]
    if not any(verdict.severity is Severity.FAIL for verdict in verdicts):
        message = "Without a runner, nothing was found that pip on MWAA would refuse."
        verdicts.append(Verdict(subject=name, severity=Severity.PASS, message=message))
    return CheckResult(check=NAME, verdicts=tuple(verdicts), seconds=time.monotonic() - started)


def judge_tree(tree: RequirementsTree, files: Files, *, versions: Versions, pins: Pins) -> Iterator[Verdict]:
    """All that the files alone tell.

    Args:
        tree: the requirements file and what it brings in.
        files: what there is on MWAA.
        versions: of the target environment.
        pins: MWAA's constraints for it; empty if they are not known.
    """
    yield from judge_statement(
        tree.root.decoded.text, file=tree.root.name, versions=versions, bundled=bool(pins.forced)
    )
    yield from judge_lines(tree, files, python=versions.python)
    for file, line in tree.lines:
        if line.kind is LineKind.CONSTRAINT:
            decision = judge_constraint_file(line, file=file.name, versions=versions)
            if decision and decision.verdict:
                yield decision.verdict
    yield from judge_versions(
        tree,
        pins=pins if forces_constraints(versions.airflow) else Pins(forced=pins.forced),
        forced=who_forces(tree, versions),
        python=versions.python,
    )


def names_to_ask(
    tree: RequirementsTree, pins: Pins, python: str
) -> dict[NormalizedName, tuple[ReadFile, RequirementLine]]:
    """The names that a package index must know if the requirements are to install, each with the first line of it."""
    found: dict[NormalizedName, tuple[ReadFile, RequirementLine]] = {}
    for file, line in tree.asking:
        requirement = line.requirement
        if line.name is None or requirement is None or requirement.url or line.fault:
            continue
        if line.name not in pins.forced and line.name not in pins.essential and holds(requirement.marker, python):
            found.setdefault(line.name, (file, line))
    return found


def _has_other_sources(tree: RequirementsTree, project: Project) -> bool:
    """Whether packages may come from elsewhere than the index that is asked, so that it cannot tell."""
    if any(option.name in _OTHER_SOURCES for _, line in tree.lines for option in line.options):
        return True
    script = project.startup_script
    return script is not None and _SETS_UP_PIP.search(script.read_bytes()) is not None


def _unknown(name: NormalizedName, file: ReadFile, line: RequirementLine) -> Verdict:
    message = (
        f"There is no package of that name: the package index knows no {name}. Mind the spelling; the name to install "
        "is often not the name to import."
    )
    return Verdict(subject=hide(line.text), severity=Severity.FAIL, message=message, location=file.at(line.number))
