"""Write schema/plan.schema.json, the JSON schema of a plan, from the words that the program uses.

`--check` only says whether it is up to date.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from schema_file import write_or_compare

from mwaa_deploy.drift import DriftKind
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import PLAN_SCHEMA, Disruption, OperationKind, ParameterSource
from mwaa_deploy.plan_settings import PINNED, input_name
from mwaa_deploy.target.fingerprint import ASPECTS

FILE = Path(__file__).parents[1] / "schema" / "plan.schema.json"

TEXT: dict[str, Any] = {"type": "string"}
CHANGE = {"$ref": "#/$defs/change"}
TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
FLAG: dict[str, Any] = {"type": "boolean"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
SHA: dict[str, Any] = {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})?$"}


def schema() -> dict[str, Any]:
    """The JSON schema of a plan."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plan of mwaa-deploy",
        **record(
            {
                "schema": {"const": PLAN_SCHEMA},
                "commit": {**SHA, "description": "What would be deployed."},
                "target": {
                    **map_of(("name", "bucket", "region"), TEXT),
                    "description": "Where it would go; empty if no target was named.",
                },
                "promoted_from": {
                    **TEXT,
                    "description": "Where the artefacts are taken from; empty if they are made of the checkout.",
                },
                "fingerprint": {
                    **map_of(ASPECTS, {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
                    "description": "SHA-256 of each aspect of the target that it was made from; empty if offline.",
                },
                "content": {
                    **map_of(part_names(), {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
                    "description": "SHA-256 of what would be deployed: of each artefact and the template, and of the "
                    "names and digests of the DAG files.",
                },
                "settings": {
                    **map_of(map(input_name, PINNED), TEXT),
                    "description": "Inputs that decide what is done and are told by nothing else; empty if offline.",
                },
                "empty": {**FLAG, "description": "Whether there is nothing to deploy."},
                "offline": {**FLAG, "description": "Whether the target was not looked at."},
                "base": {**TEXT_OR_NULL, "description": "The commit that git compared with."},
                "base_reason": TEXT,
                "operations": list_of(operation()),
                "versions": {
                    **map_of(part_names(), TEXT_OR_NULL),
                    "description": "Object versions the environment would run; null for one yet to be uploaded.",
                },
                "parameters": list_of(
                    record(
                        {
                            "key": TEXT,
                            "value": {**TEXT_OR_NULL, "description": "Null where only the upload will tell."},
                            "before": TEXT_OR_NULL,
                            "source": {"enum": [str(source) for source in ParameterSource]},
                            "changes": {"type": ["boolean", "null"], "description": "Null where it cannot be told."},
                        }
                    )
                ),
                "expected_minutes": minutes(),
                "disruption": {"enum": [str(disruption) for disruption in Disruption]},
                "change_set": {
                    "description": "What CloudFormation says it would change; null where it was not asked.",
                    "oneOf": [{"type": "null"}, list_of(CHANGE)],
                },
                "obstacles": {**list_of(TEXT), "description": "What would delay or refuse a deployment."},
                "notes": list_of(TEXT),
                "drift": {
                    **list_of(
                        record(
                            {
                                "subject": TEXT,
                                "kind": {"enum": [str(kind) for kind in DriftKind]},
                                "recorded": TEXT_OR_NULL,
                                "found": TEXT_OR_NULL,
                                "text": TEXT,
                            }
                        )
                    ),
                    "description": "What somebody else has changed at the target since the last deployment.",
                },
                "drift_since": {**TEXT, "description": "Which deployment that was; empty where there is no drift."},
            }
        ),
        "$defs": {"change": resource_change()},
    }


def operation() -> dict[str, Any]:
    """One step."""
    files = record({"count": COUNT, "files": list_of(TEXT)})
    return record(
        {
            "kind": {"enum": [str(kind) for kind in OperationKind]},
            "part": {"enum": [*part_names(), None]},
            "reason": TEXT,
            "expected_minutes": minutes(),
            "disruption": {"enum": [str(disruption) for disruption in Disruption]},
            "dags": record(dict.fromkeys(("added", "changed", "deleted"), files)),
        },
        optional=("dags",),
    )


def resource_change() -> dict[str, Any]:
    """One line of a change set."""
    value = record({"path": TEXT, "before": TEXT_OR_NULL, "after": TEXT_OR_NULL, "recreation": TEXT})
    names = ("action", "logical_id", "resource_type", "replacement", "policy_action")
    nested = {**list_of(CHANGE), "description": "For a nested stack, where CloudFormation tells it."}
    return record(
        {**dict.fromkeys(names, TEXT), "details": list_of(TEXT), "properties": list_of(value), "nested": nested}
    )


def part_names() -> list[str]:
    """The parts of a project."""
    return [str(part) for part in Part]


def minutes() -> dict[str, Any]:
    """At least and at most."""
    return {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}


def list_of(items: dict[str, Any]) -> dict[str, Any]:
    """An array."""
    return {"type": "array", "items": items}


def map_of(names: Iterable[str], value: dict[str, Any]) -> dict[str, Any]:
    """An object with any of some names."""
    return {"type": "object", "properties": dict.fromkeys(names, value), "additionalProperties": False}


def record(fields: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with exactly these names."""
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


if __name__ == "__main__":
    sys.exit(write_or_compare(FILE, schema()))
