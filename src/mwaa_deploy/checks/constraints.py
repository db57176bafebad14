"""MWAA's rule about constraints, and what becomes of each constraint line.

The rule is the image's own (amazon-mwaa-docker-images, mwaa/utils/user_requirements.py): '-c ' or '--constraint ' on
any line, a comment included, means that the user states constraints; without it MWAA adds the constraints of its
Airflow version. Its essential constraints are added in either case.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

from mwaa_deploy.checks.constraint_source import AIRFLOW_ORIGINS, Fetch, Fetched, LeftToPip, Refused, Unreachable
from mwaa_deploy.checks.project_files import MWAA_HOME
from mwaa_deploy.checks.redaction import hide
from mwaa_deploy.checks.requirement_files import RequirementsTree
from mwaa_deploy.checks.requirement_lines import LineKind, RequirementLine, RequirementsFile, constraint_target
from mwaa_deploy.checks.verdicts import Location, Severity, Verdict

_AIRFLOW_HOSTS = tuple(urlsplit(origin).hostname for origin in AIRFLOW_ORIGINS)
_FIRST_FORCED = Version("2.7.2")
_STATED = re.compile(r"-c |--constraint ")
_OFFICIAL = re.compile(
    r"/constraints-(?P<airflow>\d+\.\d+\.\w+)/(?P<kind>constraints[\w-]*)-(?P<python>\d+\.\d+)\.txt$"
)


@dataclass(frozen=True, kw_only=True)
class Versions:
    """What the environment has. `python` is major.minor; empty where it is not known."""

    airflow: str
    python: str


@dataclass(frozen=True, kw_only=True)
class _Official:
    """What the name of a constraint file says. `own`: it is the plain file in Airflow's own repository."""

    versions: Versions
    own: bool


@dataclass(frozen=True, kw_only=True)
class ConstraintDecision:
    """What becomes of one constraint line.

    Attributes:
        line: the line it is about.
        body: a fetched constraint file to put into the runner.
        bundled: whether the runner's own constraint file stands in.
        verdict: what to tell the user, if anything; a failure means that pip need not be tried.
    """

    line: RequirementLine
    body: bytes | None = None
    bundled: bool = False
    verdict: Verdict | None = None


def states_constraints(text: str) -> bool:
    """Whether MWAA finds a constraint statement in a requirements file and so adds none of its own."""
    return any(_STATED.search(line) for line in text.splitlines())


def is_web_address(target: str) -> bool:
    """Whether a constraint line points to something to be fetched. Variables in it are left for pip to fill in."""
    return target.lower().startswith(("http://", "https://")) and "${" not in target


def forces_constraints(airflow_version: str) -> bool:
    """Whether MWAA adds constraints of its own at all: from Airflow 2.7.2 on (user guide, connections-packages)."""
    try:
        return Version(airflow_version) >= _FIRST_FORCED
    except InvalidVersion:
        return True


def is_official(url: str, versions: Versions) -> bool:
    """Whether an address is Airflow's own constraint file of exactly these versions."""
    official = _official(url)
    return official is not None and official.own and official.versions == versions


def who_forces(tree: RequirementsTree, versions: Versions) -> str:
    """Who holds the packages to the versions that MWAA's image ships, in words; empty if nobody does.

    Args:
        tree: the requirements file and what it brings in.
        versions: of the environment.
    """
    for _, line in tree.lines:
        if line.kind is LineKind.CONSTRAINT and is_official(line.target or "", versions):
            return "the constraints of Airflow itself"
    if forces_constraints(versions.airflow) and not states_constraints(tree.root.decoded.text):
        return "the constraints that MWAA adds"
    return ""


def official_url(versions: Versions) -> str:
    """Airflow's own constraint file of exactly these versions."""
    return (
        "https://raw.githubusercontent.com/apache/airflow/"
        f"constraints-{versions.airflow}/constraints-{versions.python}.txt"
    )


def judge_statement(text: str, *, file: str, versions: Versions, bundled: bool) -> tuple[Verdict, ...]:
    """Warnings about how the constraints are stated, or that they are not.

    Args:
        text: the requirements file.
        file: its path in the repository.
        bundled: whether MWAA's constraints for its Airflow version are known here.
    """
    found = []
    line_to_add = f'--constraint "{official_url(versions)}"'
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("#") and _STATED.search(line) and not _states_for_real(text):
            message = (
                "MWAA takes this comment for a constraint statement and adds no constraints of its own, "
                "so versions may be installed that Airflow was never tested with."
            )
            found.append(_verdict(Severity.WARN, file, number, message))
        elif constraint_target(stripped) and not _STATED.search(line):
            message = (
                "MWAA does not recognise this spelling and adds its own constraints as well, which may contradict it. "
                f"Write it with a space: --constraint {hide(constraint_target(stripped) or '')}"
            )
            found.append(_verdict(Severity.WARN, file, number, message))
    if not states_constraints(text) and not found and _says_anything(text):
        added = "MWAA adds those of its Airflow version" + ("" if bundled else ", which are not at hand here")
        if not forces_constraints(versions.airflow):
            added = "MWAA adds some from Airflow 2.7.2 on, but none here"
        advice = f" To state them, add as first line: {line_to_add}" if versions.python else ""
        message = f"The file states no constraints; {added}.{advice}"
        found.append(_verdict(Severity.WARN, file, None, message))
    return tuple(found)


def judge_versions(line: RequirementLine, *, file: str, versions: Versions) -> ConstraintDecision | None:
    """Refuse a constraint file whose name says that it is for another Airflow or Python; None if it may be used."""
    official = _official(line.target or "")
    if official is None:
        return None
    theirs = official.versions
    wanted = Versions(airflow=versions.airflow, python=versions.python or theirs.python)
    if theirs == wanted:
        return None
    message = (
        f"These constraints are for Airflow {theirs.airflow} on Python {theirs.python}; the environment has "
        f'Airflow {wanted.airflow} on Python {wanted.python}. Write: --constraint "{official_url(wanted)}"'
    )
    return ConstraintDecision(line=line, verdict=_verdict(Severity.FAIL, file, line.number, message))


def judge_fetch(
    line: RequirementLine, fetch: Fetch, *, file: str, versions: Versions, bundled: bool
) -> ConstraintDecision:
    """Decide about a constraint line that points to a web address, from what came of fetching it."""
    address = hide(line.target or "")
    official = _official(line.target or "")
    match fetch:
        case Fetched(body=body):
            return ConstraintDecision(line=line, body=body)
        case LeftToPip():
            return ConstraintDecision(line=line)
        case Refused(reason=reason):
            message = f"The constraint file cannot be had: {address} answers {reason}. MWAA would fail in the same way."
            return ConstraintDecision(line=line, verdict=_verdict(Severity.FAIL, file, line.number, message))
        case Unreachable(reason=reason) if official and official.own and bundled:
            message = (
                f"{address} could not be reached from here; the runner's own copy of Airflow "
                f"{versions.airflow}'s constraints stood in for it."
            )
            verdict = _verdict(Severity.WARN, file, line.number, message, evidence=reason)
            return ConstraintDecision(line=line, bundled=True, verdict=verdict)
        case Unreachable(reason=reason):
            message = f"The constraint file {address} could not be reached from here, so nothing can be said."
            verdict = _verdict(Severity.FAIL, file, line.number, message, evidence=reason)
            return ConstraintDecision(line=line, verdict=verdict)


def rewrite(requirements: RequirementsFile, replacements: dict[int, str], *, home: PurePosixPath) -> str:
    """The file as it is given to pip inside the runner; every line keeps its number.

    Args:
        replacements: by line number, the path that replaces the address of a constraint line.
        home: AIRFLOW_HOME of the runner; MWAA's own path is replaced by it.
    """
    lines = requirements.text.splitlines(keepends=True)
    for line in requirements.constraints:
        if line.number in replacements and line.target:
            index = next((i for i in range(line.number - 1, len(lines)) if line.target in lines[i]), None)
            if index is not None:  # an address in an odd spelling is left to pip
                lines[index] = lines[index].replace(line.target, replacements[line.number], 1)
    if home != MWAA_HOME:
        lines = [line.replace(f"{MWAA_HOME}/", f"{home}/") for line in lines]
    return "".join(lines)


def _official(url: str) -> _Official | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    found = _OFFICIAL.search(parts.path)
    if not found:
        return None
    own = parts.hostname in _AIRFLOW_HOSTS and parts.path.startswith("/apache/airflow/")
    return _Official(
        versions=Versions(airflow=found["airflow"], python=found["python"]), own=own and found["kind"] == "constraints"
    )


def _states_for_real(text: str) -> bool:
    lines = [line for line in text.splitlines() if not line.strip().startswith("#")]
    return any(_STATED.search(line) for line in lines)


def _says_anything(text: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in text.splitlines())


def _verdict(severity: Severity, file: str, number: int | None, message: str, evidence: str = "") -> Verdict:
    return Verdict(
        subject="constraints",
        severity=severity,
        message=message,
        location=Location(file=file, line=number),
        evidence=evidence,
    )
