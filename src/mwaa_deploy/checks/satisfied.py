"""Telling that pip would have nothing to do, so that it need not run and nothing need be reached.

pip takes what is installed for every plain requirement that it meets, its own requirements included, and asks no index
then (pip, resolution/resolvelib/factory.py). Wherever that is in doubt, the answer here is that pip must run.
"""

from collections import deque
from collections.abc import Sequence

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from mwaa_deploy.checks.installed import Installed, parse_need, satisfies
from mwaa_deploy.checks.requirement_files import Arrival, RequirementsTree
from mwaa_deploy.checks.requirement_lines import LineKind, RequirementLine, RequirementsFile

_HARMLESS = frozenset({"index-url", "extra-index-url", "find-links", "no-index", "trusted-host"})
"""Options that say only where packages come from."""

_HARMLESS_VARIABLES = frozenset(
    {f"PIP_{name.upper().replace('-', '_')}" for name in _HARMLESS}
    | {"PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_NO_COLOR"}
    | {"PIP_NO_INPUT", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_PROGRESS_BAR", "PIP_CACHE_DIR", "PIP_NO_CACHE_DIR"}
    | {"PIP_ROOT_USER_ACTION", "PIP_QUIET", "PIP_VERBOSE", "PIP_NO_WARN_SCRIPT_LOCATION"}
)


def nothing_to_install(tree: RequirementsTree, installed: Installed, constraints: Sequence[RequirementsFile]) -> bool:
    """Whether everything that is asked for is surely there already, as all constraints want it.

    Args:
        tree: the requirements file and what it brings in.
        installed: what there is.
        constraints: every constraint file that pip would be given, besides those in the tree; all text is at hand.
    """
    if not _HARMLESS_VARIABLES.issuperset(installed.pip_variables):
        return False
    if any(reference.arrival is not Arrival.READ for reference in tree.references):
        return False
    if any(file.decoded.fault for file in tree.files) or not all(_plain(line) for _, line in tree.lines):
        return False
    held = _held([*(file.requirements for file in tree.files if file.only_constrains), *constraints], installed)
    return held is not None and _all_there(tree, installed, held)


def _plain(line: RequirementLine) -> bool:
    """Whether a line is of a kind that this module understands in full."""
    if line.fault or "${" in line.text:
        return False
    if line.kind is LineKind.REQUIREMENT:
        return line.requirement is not None and not line.requirement.url and not line.options
    if line.kind is LineKind.OPTION:
        return all(option.name in _HARMLESS for option in line.options)
    return line.kind is LineKind.NOTHING or len(line.options) == 1


def _held(files: Sequence[RequirementsFile], installed: Installed) -> dict[NormalizedName, list[Requirement]] | None:
    """What the constraints demand, by name; None if they hold anything unusual."""
    found: dict[NormalizedName, list[Requirement]] = {}
    for line in (line for file in files for line in file.lines):
        requirement = line.requirement
        if line.kind is LineKind.NOTHING:
            continue
        if not _plain(line) or requirement is None or requirement.extras or line.name is None:
            return None
        if line.applies(installed.environment):
            found.setdefault(line.name, []).append(requirement)
    return found


def _all_there(tree: RequirementsTree, installed: Installed, held: dict[NormalizedName, list[Requirement]]) -> bool:
    seen: set[tuple[NormalizedName, frozenset[str]]] = set()
    waiting = deque(
        line.requirement for _, line in tree.asking if line.requirement and line.applies(installed.environment)
    )
    while waiting:
        requirement = waiting.popleft()
        name = canonicalize_name(requirement.name)
        package = installed.packages.get(name)
        if package is None or requirement.url:
            return False
        if not all(satisfies(package.version, demand) for demand in (requirement, *held.get(name, ()))):
            return False
        node = (name, frozenset(requirement.extras))
        if node not in seen:
            if not all(parse_need(text) for text in package.requires):
                return False
            seen.add(node)
            waiting.extend(installed.needs_of(package, requirement.extras))
    return True
