"""What an installation did, compared with what was asked for and what the image ships."""

from collections.abc import Collection, Iterator
from contextlib import suppress

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from mwaa_deploy.checks.chains import Chain, Chains
from mwaa_deploy.checks.installed import Broken, Installed, Package, satisfies
from mwaa_deploy.checks.redaction import hide
from mwaa_deploy.checks.requirement_files import RequirementsTree
from mwaa_deploy.checks.requirement_lines import RequirementLine
from mwaa_deploy.checks.verdicts import Location, Severity, Verdict

_AIRFLOW = canonicalize_name("apache-airflow")

_ADVISED_BYTES = 1_000_000_000
"""Up to here MWAA advises installed dependencies to go (user guide, working-dags-dependencies)."""

_LONG = 0.6
"""The part of the time limit from which on an installation is warned about: MWAA's machines may be slower."""


def judge_installation(tree: RequirementsTree, before: Installed, after: Installed) -> tuple[Verdict, ...]:
    """Compare what was asked for, what the runner shipped and what is installed now.

    Args:
        tree: the requirements file and what it brings in.
        before: what the runner ships, as MWAA does.
        after: what is there once pip has ended.
    """
    chains = Chains(tree, after)
    return (
        *_judge_asked(tree, after),
        *_judge_shipped(tree, before, after, chains),
        *_judge_broken(tree, before, after, chains),
    )


def judge_effort(*, seconds: float, limit: float, added: int, file: str) -> Iterator[Verdict]:
    """Warn of an installation that takes long or much room.

    Args:
        seconds: that pip took.
        limit: seconds after which MWAA stops it.
        added: bytes that it installed.
        file: the requirements file's path in the repository.
    """
    place = Location(file=file)
    if seconds >= _LONG * limit:
        message = (
            f"The installation took {seconds / 60:.1f} minutes, and MWAA stops it after {limit / 60:.0f}. Pin exact "
            "versions, and prefer packages that come as wheels."
        )
        yield Verdict(subject=file, severity=Severity.WARN, message=message, location=place)
    if added > _ADVISED_BYTES:
        message = f"The installation adds {added / 1e9:.1f} GB; MWAA advises to stay below 1 GB."
        yield Verdict(subject=file, severity=Severity.WARN, message=message, location=place)


def _judge_asked(tree: RequirementsTree, after: Installed) -> Iterator[Verdict]:
    for file, line in tree.asking:
        severity, message = _asked(line, after)
        yield Verdict(subject=hide(line.text), severity=severity, message=message, location=file.at(line.number))


def _asked(line: RequirementLine, after: Installed) -> tuple[Severity, str]:
    package = after.packages.get(line.name) if line.name else None
    if not line.applies(after.environment):
        return Severity.PASS, f"Not wanted here: its marker does not hold on Python {after.python}."
    if line.name and package is None:
        return Severity.FAIL, f"{line.name} was asked for, but is not installed."
    if line.requirement and package and not satisfies(package.version, line.requirement):
        asked = f"{line.requirement.name}{line.requirement.specifier}"
        return Severity.FAIL, f"{asked} was asked for, but {package.version} is installed."
    if package:
        lack = _lack_of_extras(package, line, after)
        if lack:
            return Severity.FAIL, f"{package.name} {package.version} is installed, but not all of its extras: {lack}."
        return Severity.PASS, f"{package.name} {package.version} is installed."
    return Severity.PASS, "pip accepted it; its name is only known to pip."


def _lack_of_extras(package: Package, line: RequirementLine, after: Installed) -> str:
    """What an extra that is asked for needs and is not there; '' if all is."""
    return next(_lacking(package, line.requirement.extras, after, frozenset()), "") if line.requirement else ""


def _lacking(
    package: Package, extras: Collection[str], after: Installed, seen: frozenset[tuple[str, str]]
) -> Iterator[str]:
    """Also what the extras need that they ask of other packages. `seen` are those that led here."""
    without = set(map(str, after.needs_of(package)))
    for extra in sorted(extras):
        if (package.name, extra) in seen:
            continue
        for needed in after.needs_of(package, [extra]):
            if str(needed) in without and not needed.extras:
                continue  # what the package needs anyway is judged with it
            name = canonicalize_name(needed.name)
            there = after.packages.get(name)
            if there is None:
                yield f"[{extra}] needs {needed.name}{needed.specifier}, which is not installed"
            elif not satisfies(there.version, needed):
                yield f"[{extra}] needs {needed.name}{needed.specifier}, and {there.version} is installed"
            else:
                yield from _lacking(there, needed.extras, after, seen | {(package.name, extra)})


def _judge_shipped(tree: RequirementsTree, before: Installed, after: Installed, chains: Chains) -> Iterator[Verdict]:
    for name, shipped in before.packages.items():
        now = after.packages.get(name)
        if now and now.version == shipped.version:
            continue
        chain = chains.to(name, kept=shipped.version)
        because = f": {chain}; {name} was {shipped.version}" if chain else ""
        yield Verdict(
            subject=name,
            severity=Severity.FAIL if name == _AIRFLOW else Severity.WARN,
            message=f"{shipped.name}, which the MWAA image brings along, {_change(shipped, now)} by this "
            f"installation{because}.",
            location=_place(tree, chain),
        )


def _change(shipped: Package, now: Package | None) -> str:
    if now is None:
        return f"{shipped.version} was removed"
    how = "changed"
    with suppress(InvalidVersion):
        how = "downgraded" if Version(now.version) < Version(shipped.version) else "upgraded"
    return f"was {how} from {shipped.version} to {now.version}"


def _judge_broken(tree: RequirementsTree, before: Installed, after: Installed, chains: Chains) -> Iterator[Verdict]:
    if after is before:
        return  # nothing can be new, and to read every package's requirements takes a while
    for broken in sorted(after.broken - before.broken, key=str):
        chain = _cause(broken, before, after, chains)
        because = f": {chain}" if chain else ""
        yield Verdict(
            subject=broken.package,
            severity=Severity.FAIL,
            message=f"{broken}{because}.",
            location=_place(tree, chain),
        )


def _cause(broken: Broken, before: Installed, after: Installed, chains: Chains) -> Chain | None:
    """What was new of the two that do not fit together, rather than what was there all along."""

    def is_new(name: NormalizedName) -> bool:
        versions = [there.packages[name].version if name in there.packages else None for there in (before, after)]
        return versions[0] != versions[1]

    shipped = before.packages.get(broken.needs)
    to_needed = chains.to(broken.needs, kept=shipped.version if shipped else None)
    to_package = chains.to(broken.package)
    first = to_needed if is_new(broken.needs) else to_package
    return first or to_package or to_needed


def _place(tree: RequirementsTree, chain: Chain | None) -> Location:
    return chain.location if chain else tree.root.at(None)
