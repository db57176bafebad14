"""CloudFormation's own view of a plan, for a pull request: the change set is made, and deleted again."""

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.path_decisions import needs_revert
from mwaa_deploy.plan import OperationKind, Plan
from mwaa_deploy.ports import ChangeSet, Stack
from mwaa_deploy.release import change_set_parameters
from mwaa_deploy.target.state import TargetState


def preview_change_set(
    plan: Plan, *, bundle: Bundle, state: TargetState, stack: Stack, commit: str
) -> ChangeSet | None:
    """Create the plan's change set, with a placeholder for versions not uploaded yet, and delete it.

    Returns:
        What CloudFormation would change; None if the plan needs no change set.

    Raises:
        StackBusy, StackUnusable, ChangeSetFailed: as the stack says.
    """
    if bundle.template is None or not plan.of_kind(OperationKind.CHANGE_SET):
        return None
    change_set = stack.create_change_set(
        template=bundle.template.body,
        parameters=change_set_parameters(bundle, state, plan.versions).parameters,
        create=state.creates_stack,
        description=f"mwaa-deploy plan of {commit}",
        revert_drift=needs_revert(bundle, state, plan.versions),
    )
    if not change_set.empty:
        stack.delete_change_set(change_set)
    return change_set
