"""Bundles and target states, made by hand, for tests of the plan."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from mwaa_deploy.bundle.artefacts import Bundle, artefact
from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.bundle.parameters import parse_parameters
from mwaa_deploy.bundle.template import parse_template
from mwaa_deploy.parts import VERSIONED_PARTS, Part
from mwaa_deploy.plan import Operation, OperationKind, Plan
from mwaa_deploy.planner import make_plan
from mwaa_deploy.ports import ChangedFile, EnvironmentState, StackState
from mwaa_deploy.release import record_after
from mwaa_deploy.target.dag_objects import DagObject
from mwaa_deploy.target.state import PartState, TargetState

TEMPLATE = """\
Parameters:
  Name: {Type: String}
  Class: {Type: String, Default: mw1.small}
  Secret: {Type: String, Default: x, NoEcho: true}
  PluginsVersion: {Type: String, Default: ""}
  RequirementsVersion: {Type: String, Default: ""}
Resources:
  Mwaa:
    Type: AWS::MWAA::Environment
    Properties:
      DagS3Path: dags
      PluginsS3Path: plugins.zip
      PluginsS3ObjectVersion: !Ref PluginsVersion
      RequirementsS3Path: requirements.txt
      RequirementsS3ObjectVersion: !Ref RequirementsVersion
"""
BASE = "1a2b3c4" + "0" * 33


def bundle(*, plugins: bytes | None = b"p1", requirements: bytes | None = b"r1", given: str = "Name: n") -> Bundle:
    bodies = {Part.PLUGINS: plugins, Part.REQUIREMENTS: requirements}
    keys = {Part.PLUGINS: "plugins.zip", Part.REQUIREMENTS: "requirements.txt"}
    return Bundle(
        artefacts={part: artefact(part, keys[part], body) for part, body in bodies.items() if body is not None},
        dags=Manifest({name: FileDigest(sha256=f"{name}1", size=1) for name in ("a.py", "b.py")}),
        dag_folder=Path("/nowhere"),
        template=parse_template(TEMPLATE),
        parameters=parse_parameters(given, name="p.yml"),
    )


def deployed(shipped: Bundle) -> TargetState:
    """The target after a good deployment of a bundle."""
    versions = {part: f"v-{part}" for part in shipped.artefacts}
    parameters = {"Name": "n", "Class": "mw1.small", "Secret": "****"}
    parameters |= {
        "PluginsVersion": versions.get(Part.PLUGINS, ""),
        "RequirementsVersion": versions.get(Part.REQUIREMENTS, ""),
    }
    keys = {Part.DAGS: "dags", Part.PLUGINS: "plugins.zip", Part.REQUIREMENTS: "requirements.txt"}
    keys[Part.STARTUP_SCRIPT] = "startup.sh"
    parts = dict.fromkeys(VERSIONED_PARTS, PartState()) | {
        part: PartState(live_key=keys[part], live_version=versions[part], live_sha256=found.sha256)
        for part, found in shipped.artefacts.items()
    }
    state = TargetState(
        stack_name="s",
        stack=StackState(id="i", name="s", status="UPDATE_COMPLETE", parameters=parameters, environment_name="n"),
        environment=EnvironmentState(name="n", status="AVAILABLE", versions=versions),
        record=None,
        keys=keys,
        parts=parts,
        dags={name: dag_object(file) for name, file in shipped.dags.files.items()},
    )
    return replace(state, record=record_after(shipped, state, versions, environment="n"))


def dag_object(file: FileDigest) -> DagObject:
    """A DAG file in the bucket that is known to be our upload."""
    return DagObject(size=file.size, etag=f"etag of {file.sha256}", sha256=file.sha256, version="v")


def fresh() -> TargetState:
    return replace(
        deployed(bundle()),
        stack=None,
        environment=None,
        record=None,
        parts=dict.fromkeys(VERSIONED_PARTS, PartState()),
        dags={},
    )


def part_state(state: TargetState, part: Part, **changes: Any) -> TargetState:
    return replace(state, parts={**state.parts, part: replace(state.parts[part], **changes)})


def plan(shipped: Bundle, state: TargetState, **files: tuple[str, ...]) -> Plan:
    changed = {Part(p): tuple(ChangedFile(path=n, status="M") for n in names) for p, names in files.items()}
    return make_plan(shipped, state, base=BASE, base_reason="the last successful run", files=changed)


def kinds(found: Plan) -> list[tuple[str, str | None]]:
    return [(str(op.kind), op.part and str(op.part)) for op in found.operations]


def only(found: Plan, kind: OperationKind) -> Operation:
    (operation,) = found.of_kind(kind)
    return operation
