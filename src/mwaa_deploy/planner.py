"""Makes the plan: content decides what is shipped, git explains why."""

from collections.abc import Mapping

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.drift import DriftKind, drift_since, find_drift, template_doubt
from mwaa_deploy.environment_decisions import decide_environment
from mwaa_deploy.part_decisions import decide_part
from mwaa_deploy.parts import VERSIONED_PARTS, Part
from mwaa_deploy.path_decisions import force_update
from mwaa_deploy.plan import DagSync, Operation, OperationKind, Plan
from mwaa_deploy.ports import ChangedFile
from mwaa_deploy.reasons import GitView, why_kept, why_shipped
from mwaa_deploy.release import plan_parameters, record_after
from mwaa_deploy.stack_decisions import decide_stack
from mwaa_deploy.stack_options import StackOptions, decide_protection
from mwaa_deploy.target.state import TargetState


def make_plan(
    bundle: Bundle,
    state: TargetState,
    *,
    base: str | None,
    base_reason: str,
    files: Mapping[Part, tuple[ChangedFile, ...]],
    options: StackOptions | None = None,
) -> Plan:
    """Decide what brings the target to the bundle's content.

    Args:
        bundle: what the commit ships.
        state: the target as it is.
        base: SHA that git compared with; None if there was none, which counts as everything changed.
        base_reason: why that one, or why none, without a full stop.
        files: what git says differs, by part.
        options: what is wanted of the stack itself; None for nothing.

    Raises:
        ParametersUnknown: the parameters file and the template disagree.
    """
    git = GitView(base=base, base_reason=base_reason, files=files)
    decided = {part: decision for part in VERSIONED_PARTS if (decision := decide_part(part, bundle, state, git))}
    decided = dict(force_update(decided, bundle, state))
    versions = {part: version for part, (_, version) in decided.items()}
    parameters = plan_parameters(bundle, state, versions)
    operations = [operation for operation, _ in decided.values()]
    if state.without_stack:
        operations += decide_environment(versions, state)
    else:
        wanted = options or StackOptions()
        operations += decide_stack(
            bundle, state, git, versions=versions, parameters=parameters.previews, options=wanted
        )
        operations += decide_protection(wanted, state.stack, creates=bundle.template is not None)
    operations.append(_dag_operation(bundle, state, git))
    operations += _record_operation(bundle, state, versions, operations)
    # An earlier deployment of our own has its note.
    drift = tuple(d for d in find_drift(state, bundle.template) if d.kind is not DriftKind.UNFINISHED)
    return Plan(
        base=base,
        base_reason=base_reason,
        operations=tuple(operations),
        versions=versions,
        parameters=parameters.previews,
        notes=(*parameters.notes, *_notes(bundle, state)),
        content=bundle.content(state.reserved),
        drift=drift,
        drift_since=drift_since(state.record) if drift and state.record else "",
    )


def _dag_operation(bundle: Bundle, state: TargetState, git: GitView) -> Operation:
    sync = _dag_sync(bundle, state)
    if sync.empty:
        return Operation(kind=OperationKind.KEEP, part=Part.DAGS, reason=why_kept(git, Part.DAGS))
    counts = ((len(sync.added), "new"), (len(sync.changed), "changed or unknown"), (len(sync.deleted), "to delete"))
    evidence = "against the bucket: " + ", ".join(f"{count} {word}" for count, word in counts if count)
    reason = why_shipped(git, Part.DAGS, evidence) if state.dags else "There are no DAGs in the bucket yet."
    return Operation(
        kind=OperationKind.SYNC_DAGS,
        part=Part.DAGS,
        reason=reason,
        expected_minutes=(1, 1),
        dags=sync,
    )


def _dag_sync(bundle: Bundle, state: TargetState) -> DagSync:
    wanted = bundle.dags.without(state.reserved).files
    return DagSync(
        added=tuple(sorted(wanted.keys() - state.dags.keys())),
        changed=tuple(
            sorted(
                name
                for name, file in wanted.items()
                if name in state.dags and (state.dags[name].sha256 != file.sha256 or state.unfinished.touches_dag(name))
            )
        ),
        deleted=tuple(sorted(name for name in state.dags.keys() - wanted.keys() if not state.spares(name))),
    )


def _record_operation(
    bundle: Bundle, state: TargetState, versions: Mapping[Part, str | None], operations: list[Operation]
) -> list[Operation]:
    if any(operation.kind is not OperationKind.KEEP for operation in operations):
        return [Operation(kind=OperationKind.RECORD, reason="What is live is written down last.")]
    known = {part: version for part, version in versions.items() if version is not None}
    after = record_after(bundle, state, known, environment=state.environment.name if state.environment else None)
    if after.same_content(state.record) and state.unfinished.none:
        return []
    return [Operation(kind=OperationKind.RECORD, reason="The target is as it should be, but its record is behind.")]


def _notes(bundle: Bundle, state: TargetState) -> list[str]:
    notes = []
    if not state.unfinished.none:
        notes.append("An earlier deployment did not come to its end; what it may have changed is deployed again.")
    recorded = state.record.dag_prefix if state.record else None
    if recorded not in (None, state.keys[Part.DAGS]):
        notes.append(f"The DAG prefix moves from {recorded} to {state.keys[Part.DAGS]}; the old files stay.")
    notes += template_doubt(state)
    if state.bucket_doubt:
        notes.append(state.bucket_doubt)
    if kept := _protected(bundle, state):
        notes.append(f"{kept} file(s) under protected-prefixes are not in the project and stay.")
    if state.environment is not None and state.environment.status != "AVAILABLE":
        notes.append(f"The environment {state.environment.name} is {state.environment.status} now.")
    if state.environment is not None and state.creates_stack and bundle.template and bundle.template.environment:
        notes.append(
            f"The environment {state.environment.name} exists, but not in stack {state.stack_name}; "
            "CloudFormation cannot create it a second time."
        )
    return notes


def _protected(bundle: Bundle, state: TargetState) -> int:
    strange = state.dags.keys() - bundle.dags.files.keys() - state.reserved
    return sum(1 for name in strange if state.spares(name))
