"""Whether demands for one package can all be met, and whether a marker holds on MWAA."""

from collections.abc import Iterable, Iterator

from packaging.markers import Marker
from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

_SURE = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "extra": "",
}
"""PEP 508's variables that are the same in all of MWAA's containers."""


def holds(marker: Marker | None, python: str) -> bool | None:
    """Whether a marker holds in MWAA's containers; None where only they can tell.

    Args:
        marker: of a requirement, or None for no marker.
        python: major and minor, as in '3.11'; empty if it is not known.
    """
    if marker is None:
        return True
    known = {**_SURE, "python_version": python} if python else _SURE
    words = str(marker).replace("(", " ").replace(")", " ").split()
    named = {word for word in words if word[0].isalpha()} - {"and", "or", "in", "not"}
    return marker.evaluate(known) if named <= set(known) else None


def contradictory(demands: Iterable[SpecifierSet]) -> bool:
    """Whether no version can meet all the demands. False also where that cannot be told."""
    together = SpecifierSet()
    for demand in demands:
        together &= demand
    exact = [spec.version for spec in together if spec.operator in {"==", "==="} and not spec.version.endswith(".*")]
    if exact:
        return not any(_contains(together, version) for version in exact)
    lowest = max(_lower_bounds(together), default=None)
    highest = min(_upper_bounds(together), default=None)
    if lowest is None or highest is None:
        return False
    # The second figure is 0 for a bound that is itself allowed.
    return lowest[0] > highest[0] or (lowest[0] == highest[0] and (lowest[1], highest[1]) != (0, 0))


def _contains(demand: SpecifierSet, version: str) -> bool:
    try:
        return demand.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True  # only === takes such a version, and pip alone knows what comes of it


def _lower_bounds(demand: SpecifierSet) -> Iterator[tuple[Version, int]]:
    for spec in demand:
        if spec.operator in {">=", "~="}:
            yield Version(spec.version), 0
        elif spec.operator == ">":
            yield Version(spec.version), 1
        elif _is_series(spec):
            yield Version(f"{spec.version[:-2]}.dev0"), 0


def _upper_bounds(demand: SpecifierSet) -> Iterator[tuple[Version, int]]:
    for spec in demand:
        if spec.operator == "<=":
            yield Version(spec.version), 0
        elif spec.operator == "<":
            yield Version(spec.version), -1
        elif _is_series(spec):
            yield _after_series(spec.version[:-2]), -1
        elif spec.operator == "~=":
            version = Version(spec.version)
            yield _after_series(f"{version.epoch}!{'.'.join(map(str, version.release[:-1]))}"), -1


def _is_series(spec: Specifier) -> bool:
    return spec.operator == "==" and spec.version.endswith(".*")


def _after_series(series: str) -> Version:
    """The first version that is no longer of a series, so that 1.2 gives 1.3."""
    parsed = Version(series)
    release = (*parsed.release[:-1], parsed.release[-1] + 1)
    return Version(f"{parsed.epoch}!{'.'.join(map(str, release))}.dev0")
