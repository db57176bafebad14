"""What becomes of every constraint line that names a web address, and the files as pip is then given them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from mwaa_deploy.checks.constraint_source import ConstraintSource
from mwaa_deploy.checks.constraints import (
    Versions,
    is_official,
    is_web_address,
    judge_fetch,
    rewrite,
)
from mwaa_deploy.checks.requirement_files import ReadFile, RequirementsTree, in_runner
from mwaa_deploy.checks.requirement_lines import RequirementLine
from mwaa_deploy.checks.verdicts import Verdict


@dataclass(frozen=True, kw_only=True)
class Place:
    """A line of a file."""

    file: ReadFile
    line: RequirementLine


@dataclass(frozen=True, kw_only=True)
class WebConstraints:
    """What came of them.

    Attributes:
        bodies: files to put into the runner, by their path there.
        copies: by the path inside the runner of what stands in for an address, the line that names it.
        left: the lines whose files pip fetches itself.
        verdicts: what there is to say.
    """

    bodies: Mapping[PurePosixPath, bytes]
    copies: Mapping[str, Place]
    left: tuple[Place, ...]
    verdicts: tuple[Verdict, ...]


def web_constraints(tree: RequirementsTree) -> Iterator[Place]:
    """The constraint lines that name a web address, or one that only pip can fill in."""
    for file in tree.files:
        for line in file.requirements.constraints:
            target = line.target or ""
            if is_web_address(target) or "${" in target:
                yield Place(file=file, line=line)


def only_official(tree: RequirementsTree, versions: Versions) -> bool:
    """Whether every address among the constraints is Airflow's own file of exactly these versions."""
    return all(is_official(place.line.target or "", versions) for place in web_constraints(tree))


def fetch_constraints(
    tree: RequirementsTree,
    source: ConstraintSource,
    *,
    versions: Versions,
    bundled: PurePosixPath | None,
    own: PurePosixPath,
) -> WebConstraints:
    """Fetch what our own process may fetch.

    Args:
        tree: the requirements file and what it brings in.
        source: where to fetch from.
        versions: of the environment.
        bundled: the file inside the runner that stands in for Airflow's own; None if there is none.
        own: our own folder inside the runner.
    """
    bodies: dict[PurePosixPath, bytes] = {}
    copies: dict[str, Place] = {}
    left: list[Place] = []
    verdicts: list[Verdict] = []
    for number, place in enumerate(web_constraints(tree)):
        target = place.line.target or ""
        if not is_web_address(target):
            left.append(place)
            continue
        decision = judge_fetch(
            place.line, source.fetch(target), file=place.file.name, versions=versions, bundled=bundled is not None
        )
        if decision.verdict:
            verdicts.append(decision.verdict)
        if decision.body is not None:
            copy = own / f"constraints-{number}.txt"
            bodies[copy] = decision.body
            copies[str(copy)] = place
        elif decision.bundled and bundled:
            copies[str(bundled)] = place
        elif decision.verdict is None:
            left.append(place)
    return WebConstraints(bodies=bodies, copies=copies, left=tuple(left), verdicts=tuple(verdicts))


def rewritten(
    tree: RequirementsTree, copies: Mapping[str, Place], home: PurePosixPath
) -> Mapping[PurePosixPath, bytes]:
    """The files that must change for a runner, by their path inside it; every line keeps its number.

    Args:
        tree: the requirements file and what it brings in.
        copies: by the path inside the runner of what stands in for an address, the line that names it.
        home: AIRFLOW_HOME of the runner; MWAA's own path is replaced by it.
    """
    found = {}
    for file in tree.files:
        replacements = {place.line.number: path for path, place in copies.items() if place.file is file}
        text = rewrite(file.requirements, replacements, home=home)
        if text != file.decoded.text:
            found[in_runner(file.path, home)] = text.encode(file.decoded.encoding, errors="replace")
    return found
