"""Whether CloudFormation is asked, and what the environment will notice."""

from collections.abc import Mapping
from dataclasses import replace

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.bundle.template import Template
from mwaa_deploy.drift import drift_since
from mwaa_deploy.environment_decisions import changed_parts, environment_update
from mwaa_deploy.part_decisions import version_named_by_stack
from mwaa_deploy.parts import Part
from mwaa_deploy.path_decisions import led_elsewhere
from mwaa_deploy.plan import Disruption, Operation, OperationKind, ParameterPreview
from mwaa_deploy.reasons import GitView, sentence
from mwaa_deploy.stack_options import StackOptions, lacking
from mwaa_deploy.target.environment_status import CREATE_MINUTES, UPDATE_MINUTES
from mwaa_deploy.target.state import TargetState

UNDECIDED = " CloudFormation tells whether the environment has to be updated."
"""Ends the reason of a change set of which nobody can say what it means for the environment but CloudFormation."""


def decide_stack(
    bundle: Bundle,
    state: TargetState,
    git: GitView,
    *,
    versions: Mapping[Part, str | None],
    parameters: tuple[ParameterPreview, ...],
    options: StackOptions,
) -> list[Operation]:
    """The change set and what follows from it; nothing when the stack is known to have it all already.

    Args:
        versions: what the environment will run; None for a version yet to be uploaded.
        parameters: what the change set would set.
        options: what is wanted of the stack itself.
    """
    if bundle.template is None:
        return []
    changed = changed_parts(versions, state)
    lacks = [] if state.stack is None or state.creates_stack else lacking(options, state.stack)
    reasons = _reasons(bundle, bundle.template, state, git, parameters=parameters)
    harmless = not reasons
    reasons += lacks
    if changed:
        reasons.append(f"the object version of {' and '.join(changed)} changes")
    if not reasons:
        return []
    change_set = Operation(
        kind=OperationKind.CHANGE_SET,
        part=Part.TEMPLATE,
        reason=sentence("; ".join(reasons)),
        expected_minutes=(1, 1),
    )
    if state.environment is None and bundle.template.environment is not None:
        created = Operation(
            kind=OperationKind.ENVIRONMENT_CREATE,
            reason="The environment does not exist yet.",
            expected_minutes=CREATE_MINUTES,
            disruption=Disruption.ENVIRONMENT_CREATED,
        )
        return [change_set, created]
    if changed:
        return [change_set, environment_update(changed)]
    if harmless:
        # Tags need no update of the environment, and topics have nothing to do with it.
        return [change_set]
    undecided = replace(
        change_set,
        reason=change_set.reason + UNDECIDED,
        expected_minutes=(1, 1 + UPDATE_MINUTES[1]),
        disruption=Disruption.WORKERS_REPLACED,
    )
    return [undecided]


def _reasons(
    bundle: Bundle, template: Template, state: TargetState, git: GitView, *, parameters: tuple[ParameterPreview, ...]
) -> list[str]:
    if state.creates_stack:
        return [f"the stack {state.stack_name} does not exist yet"]
    reasons = []
    recorded = None if state.record is None else state.record.template_sha256
    if recorded is None:
        reasons.append("there is no record of the template deployed")
    elif recorded != template.sha256:
        changed = git.changed(Part.TEMPLATE)
        reasons.append(f"the template differs from the one deployed{changed and f' ({changed})'}")
    elif state.unfinished.touches_stack:
        reasons.append("a deployment did not come to its end, so the template deployed is unknown")
    elif state.record is not None and state.stack_move is not None:
        reasons.append(f"somebody else has updated the stack since {drift_since(state.record)}")
    names = set(template.version_parameters.values())
    if differing := [p.key for p in parameters if p.changes and p.key not in names]:
        reasons.append(f"the value of {' and '.join(differing)} changes")
    if drifted := [
        part
        for part, version in state.parts.items()
        if version.live_version and version_named_by_stack(part, bundle, state) not in (None, version.live_version)
    ]:
        reasons.append(f"the stack names another version of {' and '.join(drifted)} than the environment runs")
    if elsewhere := led_elsewhere(state):
        reasons.append(f"the environment reads {' and '.join(elsewhere)}")
    if hidden := [p.key for p in parameters if p.changes is None]:
        reasons.append(f"only CloudFormation can compare {' and '.join(hidden)}, which is NoEcho")
    return reasons
