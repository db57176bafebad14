"""What a deployment sets and leaves: the change set's parameters and the next record, from bundle and state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.bundle.completion import CompletedParameters, complete_parameters
from mwaa_deploy.bundle.manifest import Manifest
from mwaa_deploy.errors import TemplateLacksVersions
from mwaa_deploy.part_decisions import reads_elsewhere
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import ParameterPreview, ParameterSource
from mwaa_deploy.ports import StackState
from mwaa_deploy.target.dag_objects import DagObject
from mwaa_deploy.target.record import ObjectToken, PartRecord, PromotedFrom, Record
from mwaa_deploy.target.state import TargetState

NEW_VERSION = "new-version"
"""Stands for an object version that only an upload will tell, where CloudFormation is asked before it."""
HIDDEN = "****"
"""What CloudFormation shows for a NoEcho value (DescribeStacks)."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class PlannedParameters:
    """The change set's parameters as far as they are known before the uploads.

    Attributes:
        previews: every parameter of the template, in its order.
        notes: what differs from the parameters file.
    """

    previews: tuple[ParameterPreview, ...] = ()
    notes: tuple[str, ...] = ()


def change_set_parameters(
    bundle: Bundle, state: TargetState, versions: Mapping[Part, str | None]
) -> CompletedParameters:
    """The parameters of the change set; a version of None is given as NEW_VERSION.

    Raises:
        ParametersUnknown: the parameters file and the template disagree.
        TemplateLacksVersions: there is no template to take a version.
    """
    if bundle.template is None:
        raise TemplateLacksVersions(
            f"Without a template the stack {state.stack_name} cannot be given object versions.",
            mend="with:\n  template: infra/template.yaml",
        )
    filled_in = {part: version or NEW_VERSION for part, version in versions.items()}
    return complete_parameters(bundle.template, bundle.parameters, state.stack_parameters, filled_in)


def plan_parameters(bundle: Bundle, state: TargetState, versions: Mapping[Part, str | None]) -> PlannedParameters:
    """Every parameter of the template with its present and its next value, NoEcho values hidden.

    Raises:
        ParametersUnknown: the parameters file and the template disagree.
        TemplateLacksVersions: a part has to be uploaded and there is no template to take its version.
    """
    if bundle.template is None and (state.without_stack or None not in versions.values()):
        return PlannedParameters()
    completed = change_set_parameters(bundle, state, versions)
    template = bundle.template
    assert template is not None  # noqa: S101 -- change_set_parameters has raised otherwise
    by_parameter = {template.version_parameters[part]: part for part in versions if part in template.version_parameters}
    given = {parameter.key: parameter.value for parameter in completed.parameters}
    previews = []
    for key, declared in template.parameters.items():
        before = state.stack_parameters.get(key)
        value = before if key in given and given[key] is None else given.get(key, declared.default)
        changes: bool | None = value != before
        if key in by_parameter:
            source = ParameterSource.VERSION
            value = versions[by_parameter[key]]
        elif key not in given:
            source = ParameterSource.DEFAULT
        elif given[key] is None:
            source = ParameterSource.STACK
        else:
            source = ParameterSource.FILE
            changes = None if declared.no_echo and before is not None else changes
        if declared.no_echo:
            value, before = HIDDEN, before and HIDDEN
        previews.append(ParameterPreview(key=key, value=value, source=source, before=before, changes=changes))
    return PlannedParameters(previews=tuple(previews), notes=completed.notes)


def record_after(
    bundle: Bundle,
    state: TargetState,
    versions: Mapping[Part, str],
    *,
    environment: str | None,
    uploaded: Mapping[str, ObjectToken] | None = None,
    found_dags: Mapping[str, tuple[str, ...]] | None = None,
    commit: str = "",
    run_url: str = "",
    at: datetime = _NEVER,
    restores: str | None = None,
    restored_version: str = "",
    promoted_from: PromotedFrom | None = None,
    ref: str = "",
    stack_changed_at: datetime | None = None,
) -> Record:
    """The record of a deployment that has brought the target to the bundle's content.

    Args:
        bundle: what was shipped.
        state: the target before.
        versions: object versions that the environment runs.
        environment: the environment's name.
        uploaded: the DAG files that are new since the state was read; the others are as they were.
        found_dags: by file, the DAGs that this run found in it; None if it parsed none, so that what an earlier one
            found in the same content is all that is known.
        commit, run_url, at: who did it; of no account for comparisons.
        restores, restored_version: the commit that is rolled back to, if it is, and the object version of its record.
        promoted_from: where the artefacts were taken from, if they were promoted.
        ref: the branch or tag that the commit comes from.
        stack_changed_at: when the deployment has updated the stack; None if it has not, so that it is as it was.
    """
    parts = {}
    for part, version in versions.items():
        if artefact := bundle.artefacts.get(part):
            parts[part] = PartRecord(key=state.keys[part], version=version, sha256=artefact.sha256)
        else:
            parts[part] = _kept(part, version, state)
    dags = bundle.dags.without(state.reserved)
    kept = {
        name: _token(state.dags[name], state.stack_name)
        for name, file in dags.files.items()
        if name in state.dags and state.dags[name].sha256 == file.sha256
    }
    return Record(
        commit=commit,
        run_url=run_url,
        at=at,
        parts=parts,
        dags=dags,
        objects=kept | dict(uploaded or {}),
        dag_prefix=state.keys[Part.DAGS],
        template_sha256=None if bundle.template is None else bundle.template.sha256,
        stack=state.stack_name,
        environment=environment,
        dag_ids=_dag_ids(dags, found_dags, state.dag_record),
        restores=restores,
        restored_version=restored_version,
        promoted_from=promoted_from,
        ref=ref,
        stack_changed_at=None if bundle.template is None else stack_changed_at or _last_update(state.stack),
    )


def _last_update(stack: StackState | None) -> datetime | None:
    return None if stack is None else stack.changed_at


def _kept(part: Part, version: str, state: TargetState) -> PartRecord:
    """The record of a part that is not shipped; what is live tells more of it than the record of before."""
    found, before = state.parts[part], state.record.parts.get(part) if state.record else None
    if version == found.live_version and not reads_elsewhere(part, state):
        return PartRecord(key=found.live_key or state.keys[part], version=version, sha256=found.live_sha256)
    if before is not None and (before.key, before.version) == (state.keys[part], version):
        return before
    return PartRecord(key=state.keys[part], version=version, sha256=None)


def _token(found: DagObject, ours: str) -> ObjectToken:
    token = found.token
    return replace(token, target=None) if token.target == ours else token


def _dag_ids(
    dags: Manifest, found: Mapping[str, tuple[str, ...]] | None, record: Record | None
) -> Mapping[str, tuple[str, ...]]:
    """The DAGs of each file, as far as they are known; a file without any is told too."""
    if found is not None:
        return {name: found.get(name, ()) for name in dags.files}
    if record is None:
        return {}
    return {name: ids for name, ids in record.dag_ids.items() if dags.files.get(name) == record.dags.files.get(name)}
