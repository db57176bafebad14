"""What happens to each versioned part: kept, uploaded, or an earlier upload reused."""

from mwaa_deploy.bundle.artefacts import Artefact, Bundle
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import Operation, OperationKind
from mwaa_deploy.reasons import GitView, sentence, why_kept, why_shipped
from mwaa_deploy.target.state import TargetState


def decide_part(part: Part, bundle: Bundle, state: TargetState, git: GitView) -> tuple[Operation, str | None] | None:
    """Decide what happens to a versioned part.

    Returns:
        The operation, and the object version the environment will run, None for one yet to be uploaded; or None
        altogether if neither project nor target has the part.
    """
    found = state.parts[part]
    artefact = bundle.artefacts.get(part)
    if artefact is None:
        return _decide_missing(part, bundle, state)
    key = state.keys[part]
    if found.live_version and found.live_key == key and found.live_sha256 == artefact.sha256:
        return Operation(kind=OperationKind.KEEP, part=part, reason=why_kept(git, part)), found.live_version
    evidence, expected = _evidence(part, state)
    reason = sentence(evidence) if expected else why_shipped(git, part, evidence)
    named = version_named_by_stack(part, bundle, state)
    for version, origin in _uploaded_before(artefact, state):
        if version != named:
            reason += f" Version {version} has this content already, {origin}."
            return Operation(kind=OperationKind.REUSE, part=part, reason=reason), version
        # CloudFormation compares with its own parameters: given the version it already names, it would do nothing
        reason += f" The stack already names version {version}, so only a new one makes it act."
    return Operation(kind=OperationKind.UPLOAD, part=part, reason=reason, expected_minutes=(0, 1)), None


def _uploaded_before(artefact: Artefact, state: TargetState) -> list[tuple[str, str]]:
    """The object versions at the part's key that have its content, each with where it comes from."""
    part = artefact.part
    found = []
    if artefact.version is not None and artefact.key == state.keys[part]:
        found.append((artefact.version, "which the record names"))
    latest = state.parts[part].latest
    if latest is not None and latest.sha256 == artefact.sha256 and latest.version != artefact.version:
        found.append((latest.version, "from a deployment that did not finish"))
    return found


def _decide_missing(part: Part, bundle: Bundle, state: TargetState) -> tuple[Operation, str | None] | None:
    name = bundle.template.version_parameters.get(part) if bundle.template else None
    live = state.parts[part].live_version
    given = bundle.parameters.values.get(name) if name else None
    if given:
        where = bundle.parameters.where(name or "")
        reason = f"{bundle.whose} has no {part}; {where} names the version."
        return Operation(kind=OperationKind.KEEP, part=part, reason=reason), given
    if not live:
        return None
    if (path := reads_elsewhere(part, state)) and (back := _version_at_its_place(part, bundle, state)):
        reason = f"{bundle.whose} has no {part}; version {back} is live again, instead of that in {path}."
        return Operation(kind=OperationKind.REUSE, part=part, reason=reason), back
    reason = f"{bundle.whose} has no {part}; the environment keeps version {live}, as MWAA cannot do without it again."
    return Operation(kind=OperationKind.KEEP, part=part, reason=reason), live


def _version_at_its_place(part: Part, bundle: Bundle, state: TargetState) -> str | None:
    """What the environment ran before it was led elsewhere: by the record, without one by the stack."""
    recorded = state.record.parts.get(part) if state.record else None
    if recorded is not None:
        return recorded.version if recorded.key == state.keys[part] else None
    return version_named_by_stack(part, bundle, state)


def reads_elsewhere(part: Part, state: TargetState) -> str:
    """From where the environment reads a part that belongs elsewhere; '' if it reads it from there, or not at all."""
    environment = state.environment
    found = state.parts[part].live_key if part in state.parts else environment and environment.paths.get(part)
    return found if found and found.strip("/") != state.keys[part] else ""


def version_named_by_stack(part: Part, bundle: Bundle, state: TargetState) -> str | None:
    """The object version among the stack's parameters, if the template has one for the part."""
    name = bundle.template.version_parameters.get(part) if bundle.template else None
    return state.stack_parameters.get(name) if name else None


def _evidence(part: Part, state: TargetState) -> tuple[str, bool]:
    """What was found at the target, and whether it needs no explanation by git."""
    found, key = state.parts[part], state.keys[part]
    if state.environment is None:
        return "the environment does not exist yet", True
    if found.live_version is None:
        return f"the environment has no {part} yet", True
    if found.live_key != key:
        return f"it moves from {found.live_key} to {key}", True
    if found.live_sha256 is None:
        return f"the content of the live version {found.live_version} is unknown, as others uploaded it", False
    return f"its content differs from the live version {found.live_version}", False
