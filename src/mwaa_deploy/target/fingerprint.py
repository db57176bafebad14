"""What a plan was made from, as digests: equal ones mean that the target has not moved since."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mwaa_deploy.ports import EnvironmentState, StackState
from mwaa_deploy.target.record import encode_record
from mwaa_deploy.target.state import TargetState

ASPECTS: Mapping[str, str] = {
    "record": "the record of the last deployment",
    "unfinished": "the note of a deployment that did not come to its end",
    "environment": "the environment: its Airflow version, or the object versions or paths it runs with",
    "stack": "the stack: its status, its parameters or the time of its last update",
    "dags": "the files in the DAG folder of the bucket",
}
"""The aspects of a target, and what it means when one of them differs."""


def fingerprint(state: TargetState) -> dict[str, str]:
    """A SHA-256 of each aspect of a target, in hex."""
    found = {
        "record": "" if state.record is None else encode_record(state.record).decode("utf-8", "surrogatepass"),
        "unfinished": _unfinished(state),
        "environment": _environment(state.environment),
        "stack": _stack(state.stack),
        "dags": sorted((name, dag.size, dag.etag) for name, dag in state.dags.items()),
    }
    return {aspect: _digest(content) for aspect, content in found.items()}


def _unfinished(state: TargetState) -> dict[str, Any]:
    note = asdict(state.unfinished)
    return note | {"dags": sorted(note["dags"])}


def _environment(found: EnvironmentState | None) -> dict[str, Any] | None:
    """Without the status: maintenance comes and goes, and a deployment waits for its end."""
    if found is None:
        return None
    return {
        "name": found.name,
        "airflow_version": found.airflow_version,
        "versions": dict(found.versions),
        "paths": dict(found.paths),
    }


def _stack(found: StackState | None) -> dict[str, Any] | None:
    """CloudFormation tells no digest of the template, but every update of the stack moves the time of the last one."""
    if found is None:
        return None
    return {
        "id": found.id,
        "status": found.status.removesuffix("_CLEANUP_IN_PROGRESS"),
        "parameters": dict(found.parameters),
        "changed_at": found.changed_at,
    }


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
