"""The lines of a change set, from what DescribeChangeSet answers, without the values of NoEcho parameters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mwaa_deploy.ports import PropertyChange, ResourceChange, StackParameter

MASK = "****"
"""What CloudFormation shows for the value of a NoEcho parameter ('Parameters'), and we for what is made from one."""

_WORST_LAST = ("", "Never", "Conditionally", "Always")


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What a change set must not tell.

    Attributes:
        names: the NoEcho parameters.
        values: theirs, as far as they were given.
    """

    names: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()


def secrets_of(
    answer: Mapping[str, Any], given: Sequence[StackParameter] = (), outer: Secrets | None = None
) -> Secrets:
    """The NoEcho parameters of a change set, which its description masks.

    Args:
        answer: DescribeChangeSet's.
        given: the parameters it was made with.
        outer: of the stack that it is nested in, which may hand on its own.
    """
    names = {p["ParameterKey"] for p in answer.get("Parameters", ()) if _masked(p.get("ParameterValue", ""))}
    values = {parameter.value for parameter in given if parameter.key in names and parameter.value}
    return Secrets(names=frozenset(names), values=frozenset(values) | (outer.values if outer else frozenset()))


def _masked(value: str) -> bool:
    return bool(value) and not value.strip("*")


def resource_changes(
    pages: Iterable[Mapping[str, Any]], secrets: Secrets, nested: Callable[[str], tuple[ResourceChange, ...]]
) -> tuple[ResourceChange, ...]:
    """All lines of a change set.

    Args:
        pages: DescribeChangeSet's answers, with IncludePropertyValues.
        secrets: what must not be told.
        nested: the lines of a nested stack's own change set, by its ARN.
    """
    entries = (entry for page in pages for entry in page.get("Changes", ()))
    found = [entry["ResourceChange"] for entry in entries if "ResourceChange" in entry]
    return tuple(
        resource_change(raw, secrets, nested(raw["ChangeSetId"]) if raw.get("ChangeSetId") else ()) for raw in found
    )


def resource_change(
    raw: Mapping[str, Any], secrets: Secrets | None = None, nested: tuple[ResourceChange, ...] = ()
) -> ResourceChange:
    """One line of a change set, from the API's ResourceChange."""
    details = raw.get("Details", ())
    return ResourceChange(
        action=raw["Action"],
        logical_id=raw["LogicalResourceId"],
        resource_type=raw["ResourceType"],
        replacement=raw.get("Replacement", ""),
        details=_names(details),
        properties=_properties(details, secrets or Secrets()),
        policy_action=raw.get("PolicyAction", ""),
        physical_id=raw.get("PhysicalResourceId", ""),
        nested=nested,
    )


def _names(details: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    # The same property appears once for each thing that changes it, such as a parameter and the template.
    targets = (detail.get("Target", {}) for detail in details)
    names = (target.get("Name") or target.get("Attribute", "") for target in targets)
    return tuple(dict.fromkeys(name for name in names if name))


def _properties(details: Iterable[Mapping[str, Any]], secrets: Secrets) -> tuple[PropertyChange, ...]:
    by_path: dict[str, list[Mapping[str, Any]]] = {}
    for detail in details:
        target = detail.get("Target", {})
        if target.get("Path") or "BeforeValue" in target or "AfterValue" in target:
            by_path.setdefault(target.get("Path") or f"/Properties/{target.get('Name', '')}", []).append(detail)
    return tuple(_property(path, found, secrets) for path, found in by_path.items())


def _property(path: str, details: Sequence[Mapping[str, Any]], secrets: Secrets) -> PropertyChange:
    targets = [detail["Target"] for detail in details]
    secret = any(detail.get("CausingEntity") in secrets.names for detail in details)

    def value(name: str) -> str | None:
        found = next((target[name] for target in targets if name in target), None)
        if found is None or not (secret or any(hidden in found for hidden in secrets.values)):
            return found
        return MASK

    return PropertyChange(
        path=path,
        before=value("BeforeValue"),
        after=value("AfterValue"),
        recreation=max((target.get("RequiresRecreation", "") for target in targets), key=_weight),
    )


def _weight(recreation: str) -> int:
    return _WORST_LAST.index(recreation) if recreation in _WORST_LAST else len(_WORST_LAST)
