"""Whether a change set would cost the environment its metadata database, and how a change is told."""

from mwaa_deploy.bundle.template import ENVIRONMENT_TYPE
from mwaa_deploy.errors import ReplacementRefused
from mwaa_deploy.ports import ResourceChange

_REPLACING = frozenset({"True", "Conditional"})


def replaces_environment(change: ResourceChange) -> bool:
    """Whether a change would cost the environment its metadata database: its replacement or removal."""
    return change.resource_type == ENVIRONMENT_TYPE and (change.action == "Remove" or change.replacement in _REPLACING)


def describe_change(change: ResourceChange) -> str:
    """A line for the log: 'Modify Environment AWS::MWAA::Environment: PluginsS3ObjectVersion'."""
    details = f": {', '.join(change.details)}" if change.details else ""
    replacement = f", replacement {change.replacement}" if change.replacement in _REPLACING else ""
    return f"{change.action} {change.logical_id} {change.resource_type}{details}{replacement}"


def replacement_refused(change: ResourceChange) -> ReplacementRefused:
    """The error for a change that is not carried out."""
    what = "remove" if change.action == "Remove" else "replace"
    because = f" because of {', '.join(change.details)}" if change.details else ""
    return ReplacementRefused(
        f"The change set would {what} the environment {change.logical_id}{because}. It was deleted again.",
        meaning="The metadata database goes with the environment: run history, variables, connections. "
        "Name, KmsKey, subnets and EndpointManagement cannot be changed in place.",
        mend="Leave these properties as they are, or deploy a second environment beside this one from a stack of "
        "its own:\nwith:\n  stack-name: another-stack",
    )
