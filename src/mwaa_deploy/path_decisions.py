"""Whether the environment reads from where files are deployed to, and what has CloudFormation put that right.

CloudFormation compares templates and parameters and not what is. But once it updates the environment, for whatever
reason, it hands over all of the template's values, paths and bucket among them (UpdateHandler and UpdateTranslator in
aws-cloudformation/aws-cloudformation-resource-providers-mwaa).
"""

from collections.abc import Mapping

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.part_decisions import reads_elsewhere, version_named_by_stack
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import Operation, OperationKind
from mwaa_deploy.target.state import TargetState

Decisions = Mapping[Part, tuple[Operation, str | None]]
"""By part what happens to it, and the version that the environment will run, None for one yet to be uploaded."""


def led_elsewhere(state: TargetState) -> list[str]:
    """From where the environment reads instead, as in 'dags from theirs instead of dags', without its stack's doing.

    A path that differs from the recorded one as well is about to be moved by template or parameters.
    """
    if state.environment is None:
        return []
    found = {part: path for part in state.keys if (path := reads_elsewhere(part, state)) and not _moves(part, state)}
    lines = [f"{part} from {path} instead of {state.keys[part]}" for part, path in found.items()]
    return lines + ([f"from bucket {state.moves_from} instead of {state.bucket}"] if state.moves_from else [])


def _moves(part: Part, state: TargetState) -> bool:
    record = state.record
    if record is None or state.unfinished.touches_stack:
        return False
    recorded = record.dag_prefix if part is Part.DAGS else record.parts[part].key if part in record.parts else None
    return recorded is not None and recorded != state.keys[part]


def force_update(decided: Decisions, bundle: Bundle, state: TargetState) -> Decisions:
    """The same decisions, but with a new version of one part where only that has the environment updated.

    The smallest part is taken. Where there is none to take, see needs_revert().
    """
    versions = {part: version for part, (_, version) in decided.items()}
    if not needs_revert(bundle, state, versions):
        return decided
    able = [part for part in decided if part in bundle.artefacts and _has_parameter(part, bundle)]
    if not able:
        return decided
    part = min(able, key=lambda candidate: bundle.artefacts[candidate].size)
    reason = (
        f"The environment reads {'; '.join(led_elsewhere(state))}. The stack does not know of that, so only a new "
        f"version of {part} makes it act."
    )
    upload = Operation(kind=OperationKind.UPLOAD, part=part, reason=reason, expected_minutes=(0, 1))
    return {**decided, part: (upload, None)}


def needs_revert(bundle: Bundle, state: TargetState, versions: Mapping[Part, str | None]) -> bool:
    """Whether only a drift-aware change set has the environment's paths put right, as no version changes.

    Args:
        versions: what the environment is to run; None for a version yet to be uploaded.
    """
    if state.without_stack or state.creates_stack or not led_elsewhere(state):
        return False
    return not any(
        version is None or version != version_named_by_stack(part, bundle, state)
        for part, version in versions.items()
        if _has_parameter(part, bundle)
    )


def _has_parameter(part: Part, bundle: Bundle) -> bool:
    return bundle.template is not None and part in bundle.template.version_parameters
