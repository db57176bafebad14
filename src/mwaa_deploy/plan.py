"""The plan: the ordered operations that bring the target to the head commit. Frozen data; planner.py makes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mwaa_deploy.drift import Drift
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import ResourceChange

PLAN_SCHEMA = 4
"""2: without the content. 3: without the settings."""


class OperationKind(StrEnum):
    """What an operation does."""

    KEEP = "keep"
    UPLOAD = "upload"
    REUSE = "reuse"
    CHANGE_SET = "change-set"
    ENVIRONMENT_CREATE = "environment-create"
    ENVIRONMENT_UPDATE = "environment-update"
    PROTECT = "protect"
    SYNC_DAGS = "sync-dags"
    RECORD = "record"


class Disruption(StrEnum):
    """What running tasks notice."""

    NONE = "none"
    WORKERS_REPLACED = "workers replaced"
    ENVIRONMENT_CREATED = "environment created"
    ENVIRONMENT_REPLACED = "environment replaced"


_WORST_FIRST = (Disruption.ENVIRONMENT_REPLACED, Disruption.ENVIRONMENT_CREATED, Disruption.WORKERS_REPLACED)


@dataclass(frozen=True, kw_only=True)
class DagSync:
    """What happens under the DAG prefix: paths relative to it, sorted.

    Attributes:
        added: not in the bucket yet.
        changed: in the bucket with other, or unknown, content.
        deleted: in the bucket, but not in the project.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the bucket has all of it already."""
        return not (self.added or self.changed or self.deleted)

    @property
    def uploads(self) -> tuple[str, ...]:
        """All that is uploaded."""
        return self.added + self.changed


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One step, with why it is taken and what it costs.

    Attributes:
        part: the part it is about; None for the stack, the environment and the record.
        reason: a sentence for people; no Markdown.
        expected_minutes: at least and at most.
        dags: what is synced, for sync-dags.
    """

    kind: OperationKind
    reason: str
    part: Part | None = None
    expected_minutes: tuple[int, int] = (0, 0)
    disruption: Disruption = Disruption.NONE
    dags: DagSync | None = None


class ParameterSource(StrEnum):
    """Where a parameter of the change set comes from."""

    VERSION = "object version"
    FILE = "parameters file"
    STACK = "stack"
    DEFAULT = "template default"


@dataclass(frozen=True, kw_only=True)
class ParameterPreview:
    """A parameter as the change set will set it; NoEcho values are '****'.

    Attributes:
        value: None for a version that only the upload will tell.
        before: the stack's present value; None when it has none.
        changes: None when it cannot be told, because the parameter is NoEcho.
    """

    key: str
    value: str | None
    source: ParameterSource
    before: str | None = None
    changes: bool | None = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a deployment would do, in order.

    Attributes:
        base: SHA that git compared with; None if there was none.
        base_reason: why that one, or why none.
        operations: in the order they are carried out, those that change nothing included.
        versions: what the environment will run: object versions by part; None for a part yet to be uploaded.
        parameters: every parameter of the template.
        notes: what is worth knowing besides, a sentence each.
        offline: the target was not looked at, so that the plan says only what git knows.
        drift: what somebody else has changed at the target since the last deployment.
        drift_since: which deployment that was; '' where there is no drift.
        commit: SHA of what would be deployed; '' where nobody has said.
        target: name, bucket and region of where it would go; empty if none was named.
        promoted_from: where the artefacts are taken from, a sentence; '' if they are made of the checkout.
        change_set: what CloudFormation itself says it would change; None where it was not asked.
        obstacles: what would keep a deployment waiting, or refuse it, a sentence each.
        fingerprint: by aspect of the target, a digest of what the plan was made from; empty if offline.
        content: by part, a digest of what would be deployed.
        settings: inputs that decide what is done and are told by nothing else, by name; empty if offline.
    """

    base: str | None
    base_reason: str
    operations: tuple[Operation, ...] = ()
    versions: Mapping[Part, str | None] = field(default_factory=dict)
    parameters: tuple[ParameterPreview, ...] = ()
    notes: tuple[str, ...] = ()
    offline: bool = False
    drift: tuple[Drift, ...] = ()
    drift_since: str = ""
    commit: str = ""
    target: Mapping[str, str] = field(default_factory=dict)
    promoted_from: str = ""
    change_set: tuple[ResourceChange, ...] | None = None
    obstacles: tuple[str, ...] = ()
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[Part, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to deploy."""
        return all(operation.kind is OperationKind.KEEP for operation in self.operations)

    @property
    def dags(self) -> DagSync:
        """What happens under the DAG prefix."""
        return next((operation.dags for operation in self.operations if operation.dags is not None), DagSync())

    @property
    def expected_minutes(self) -> tuple[int, int]:
        """All operations together, at least and at most."""
        least = sum(operation.expected_minutes[0] for operation in self.operations)
        return least, sum(operation.expected_minutes[1] for operation in self.operations)

    @property
    def disruption(self) -> Disruption:
        """The worst that running tasks notice."""
        found = {operation.disruption for operation in self.operations}
        return next((disruption for disruption in _WORST_FIRST if disruption in found), Disruption.NONE)

    def of_kind(self, kind: OperationKind) -> tuple[Operation, ...]:
        """The operations of one kind."""
        return tuple(operation for operation in self.operations if operation.kind is kind)

    def to_json(self) -> str:
        """The whole plan as JSON: the same text for the same plan; secrets are not in it."""
        plain = {
            "schema": PLAN_SCHEMA,
            "commit": self.commit,
            "target": dict(self.target),
            "promoted_from": self.promoted_from,
            "fingerprint": dict(self.fingerprint),
            "content": {str(part): digest for part, digest in self.content.items()},
            "settings": dict(self.settings),
            "empty": self.empty,
            "offline": self.offline,
            "base": self.base,
            "base_reason": self.base_reason,
            "operations": [_plain_operation(operation) for operation in self.operations],
            "versions": {str(part): version for part, version in self.versions.items()},
            "parameters": [
                {"key": p.key, "value": p.value, "before": p.before, "source": str(p.source), "changes": p.changes}
                for p in self.parameters
            ],
            "expected_minutes": list(self.expected_minutes),
            "disruption": str(self.disruption),
            "change_set": None if self.change_set is None else [_plain_change(change) for change in self.change_set],
            "obstacles": list(self.obstacles),
            "notes": list(self.notes),
            "drift": [plain_drift(found) for found in self.drift],
            "drift_since": self.drift_since,
        }
        return json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def plain_drift(found: Drift) -> dict[str, Any]:
    """One drift as plain data."""
    return {
        "subject": str(found.subject),
        "kind": str(found.kind),
        "recorded": found.recorded,
        "found": found.found,
        "text": found.text,
    }


def _plain_change(change: ResourceChange) -> dict[str, Any]:
    return {
        "action": change.action,
        "logical_id": change.logical_id,
        "resource_type": change.resource_type,
        "replacement": change.replacement,
        "details": sorted(change.details),
        "properties": [
            {"path": p.path, "before": p.before, "after": p.after, "recreation": p.recreation}
            for p in sorted(change.properties, key=lambda found: found.path)
        ],
        "policy_action": change.policy_action,
        "nested": [_plain_change(inner) for inner in sorted(change.nested, key=lambda found: found.logical_id)],
    }


def _plain_operation(operation: Operation) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "kind": str(operation.kind),
        "part": operation.part and str(operation.part),
        "reason": operation.reason,
        "expected_minutes": list(operation.expected_minutes),
        "disruption": str(operation.disruption),
    }
    if operation.dags is not None:
        plain["dags"] = {
            name: {"count": len(found), "files": list(found)}
            for name in ("added", "changed", "deleted")
            if (found := getattr(operation.dags, name)) is not None
        }
    return plain
