"""Whether the environment has to be updated, and what that costs."""

from collections.abc import Mapping, Sequence

from mwaa_deploy.part_decisions import reads_elsewhere
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import Disruption, Operation, OperationKind
from mwaa_deploy.target.environment_status import UPDATE_MINUTES
from mwaa_deploy.target.state import TargetState


def changed_parts(versions: Mapping[Part, str | None], state: TargetState) -> list[Part]:
    """The parts whose version the environment does not run yet, or not from where it belongs.

    Args:
        versions: what it is to run; None for a version yet to be uploaded.
    """
    return [
        part
        for part, version in versions.items()
        if version is None or version != state.parts[part].live_version or reads_elsewhere(part, state)
    ]


def environment_update(changed: Sequence[Part]) -> Operation:
    """The update that parts call for."""
    return Operation(
        kind=OperationKind.ENVIRONMENT_UPDATE,
        reason=f"MWAA takes a new version of {' and '.join(changed)} only by an update.",
        expected_minutes=UPDATE_MINUTES,
        disruption=Disruption.WORKERS_REPLACED,
    )


def decide_environment(versions: Mapping[Part, str | None], state: TargetState) -> list[Operation]:
    """The update of an environment that no stack of ours owns; nothing when it runs these versions.

    Args:
        versions: what it is to run, by part; None for a version yet to be uploaded.
    """
    changed = changed_parts(versions, state)
    return [environment_update(changed)] if changed else []
