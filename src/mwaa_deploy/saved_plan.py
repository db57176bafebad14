"""A plan that was saved, and whether it is still what a deployment would do.

It is compared and never executed: a deployment makes its own plan from the commit and the target, and goes on only if
that is the saved one. What a saved plan says about reasons, notes and times is of no account.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwaa_deploy.errors import InputsInvalid, PlanOutdated
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import PLAN_SCHEMA, Plan
from mwaa_deploy.plan_settings import PINNED, input_name
from mwaa_deploy.target.fingerprint import ASPECTS

_MEANING = "Something happened between the plan and this run, so that it would do something else than was planned."
_MEND = "Make a new plan, have it approved, and carry that one out:\nwith:\n  mode: plan\n  plan-file: {name}"
_PARTS = frozenset(map(str, Part))
_DECIDED = ("kind", "part", "dags")
"""What an operation does; the rest says why, and what it costs."""


@dataclass(frozen=True, kw_only=True)
class SavedPlan:
    """A plan from a file.

    Attributes:
        name: the file's path as the user wrote it.
        document: the plan's JSON.
    """

    name: str
    document: Mapping[str, Any]


def read_saved(workspace: Path, name: str) -> SavedPlan:
    """Read a plan that an earlier run has written.

    Args:
        workspace: the folder that the name is relative to.
        name: as the user wrote it.

    Raises:
        InputsInvalid: there is no such file, or it holds no plan of this program's version.
    """
    path = plan_path(workspace, name)
    try:
        document = json.loads(path.read_bytes())
    except OSError as e:
        raise InputsInvalid([f"plan-file: {name!r} cannot be read: {e.strerror}"]) from e
    except (ValueError, RecursionError) as e:
        raise InputsInvalid([f"plan-file: {name!r} is no JSON"]) from e
    if not _is_plan(document):
        raise InputsInvalid([f"plan-file: {name!r} is no plan of schema {PLAN_SCHEMA}, which this program writes"])
    return SavedPlan(name=name, document=document)


def plan_path(workspace: Path, name: str) -> Path:
    """Where a plan lies.

    Raises:
        InputsInvalid: a link leads out of the workspace.
    """
    path = workspace / name
    if not path.resolve().is_relative_to(workspace.resolve()):
        raise InputsInvalid([f"plan-file: {name!r} leaves the workspace; it takes a path inside it"])
    return path


def require_same(saved: SavedPlan, fresh: Plan) -> None:
    """Require that a saved plan is what a deployment would do now.

    Args:
        saved: what somebody has approved.
        fresh: made from the commit and the target of now, with its change set.

    Raises:
        PlanOutdated: it is not; everything that differs is named.
    """
    if differing := list(differences(saved.document, json.loads(fresh.to_json()))):
        raise PlanOutdated(
            f"The plan in {saved.name} is not what a deployment would do now:\n"
            + "\n".join(f"- {difference}" for difference in differing),
            meaning=_MEANING + " Nothing has been changed.",
            mend=_MEND.format(name=saved.name),
        )


def differences(saved: Mapping[str, Any], fresh: Mapping[str, Any]) -> Iterator[str]:
    """What tells two plans apart, in words of our own: what a file says is never repeated."""
    if saved["offline"]:
        yield "it was made without looking at the target"
        return
    if saved["commit"] != fresh["commit"]:
        yield f"the commit: it was made for another than {fresh['commit']}"
    if saved["target"] != fresh["target"]:
        yield "the target: it was made for another one"
        return
    yield from (
        words
        for aspect, words in ASPECTS.items()
        if saved["fingerprint"].get(aspect) != fresh["fingerprint"].get(aspect)
    )
    yield from (
        f"the input {name}: it was made with another value"
        for name in map(input_name, PINNED)
        if saved["settings"].get(name) != fresh["settings"].get(name)
    )
    yield from _other_bytes(saved["content"], fresh["content"])
    if _decided(saved) != _decided(fresh):
        yield "the operations: other ones would be carried out"
    if saved["versions"] != fresh["versions"]:
        yield "the object versions that the environment would run"
    if _values(saved) != _values(fresh):
        yield "the values of the stack's parameters"
    if saved["change_set"] is not None and saved["change_set"] != fresh["change_set"]:
        yield "the change set: CloudFormation would change something else"


def _other_bytes(saved: Mapping[str, Any], fresh: Mapping[str, str]) -> Iterator[str]:
    for part in sorted(saved.keys() | fresh.keys()):
        if saved.get(part) != fresh.get(part):
            # a name from a file is repeated only if it is one of ours
            yield f"the content of {part if part in _PARTS else 'a part'}: other bytes would be deployed"


def _decided(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{name: operation.get(name) for name in _DECIDED} for operation in document["operations"]]


def _values(document: Mapping[str, Any]) -> list[tuple[Any, Any, Any]]:
    return [(entry.get("key"), entry.get("before"), entry.get("value")) for entry in document["parameters"]]


def _is_plan(document: object) -> bool:
    """Whether it has all that is compared, in the right shape."""
    if not isinstance(document, dict) or document.get("schema") != PLAN_SCHEMA:
        return False
    kinds: dict[str, type] = {"offline": bool, "commit": str}
    kinds |= dict.fromkeys(("target", "fingerprint", "content", "settings", "versions"), dict)
    if not all(isinstance(document.get(name), kind) for name, kind in kinds.items()):
        return False
    lists = [document.get("operations"), document.get("parameters")]
    if not all(isinstance(found, list) and all(isinstance(entry, dict) for entry in found) for found in lists):
        return False
    return "change_set" in document
