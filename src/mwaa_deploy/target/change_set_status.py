"""What each status of a change set means for a deployment: a table, not code.

A change set has two: how far it is worked out, and whether it can be executed. Sources: the enumerations
ChangeSetStatus and ExecutionStatus of the CloudFormation API, and the User Guide, 'Change set statuses'.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Course(StrEnum):
    """What to do about a change set.

    Attributes:
        WAIT: CloudFormation is at it.
        READY: it can be shown and executed.
        FAILED: it could not be made, or has nothing in it; its reason says which.
        GONE: somebody has deleted it or executed it.
        OBSOLETE: the stack has changed since it was made.
    """

    WAIT = "wait"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"
    OBSOLETE = "obsolete"


@dataclass(frozen=True, kw_only=True)
class ChangeSetStatus:
    """One row of the table.

    Attributes:
        meaning: for one that will not do, how it came to this.
        mend: for one that will not do, what leads on.
    """

    course: Course
    meaning: str = ""
    mend: str = ""


_AGAIN = "Run the job again: it makes a new change set."
_WAIT = ChangeSetStatus(course=Course.WAIT)
_READY = ChangeSetStatus(course=Course.READY)
_FAILED = ChangeSetStatus(
    course=Course.FAILED, meaning="The template or a parameter does not fit. Nothing was changed."
)
_EXECUTED = ChangeSetStatus(
    course=Course.GONE, meaning="Somebody else has executed it: another run, or a person in the console.", mend=_AGAIN
)
_DELETED = ChangeSetStatus(
    course=Course.GONE,
    meaning="Somebody else has deleted it, or executed another change set, which deletes the rest.",
    mend=_AGAIN,
)
_UNDELETABLE = ChangeSetStatus(
    course=Course.GONE,
    meaning="Somebody tried to delete it, and a part of it would not go.",
    mend="Delete the change set in the console, and then run the job again.",
)
_OBSOLETE = ChangeSetStatus(
    course=Course.OBSOLETE, meaning="Somebody has changed the stack since it was made.", mend=_AGAIN
)

_EXECUTION_STATUSES = (
    "UNAVAILABLE",
    "AVAILABLE",
    "EXECUTE_IN_PROGRESS",
    "EXECUTE_COMPLETE",
    "EXECUTE_FAILED",
    "OBSOLETE",
)


def _whatever(row: ChangeSetStatus) -> Mapping[str, ChangeSetStatus]:
    """The same, whether it can be executed or not."""
    return dict.fromkeys(_EXECUTION_STATUSES, row)


CHANGE_SET_STATUSES: Mapping[str, Mapping[str, ChangeSetStatus]] = {
    "CREATE_PENDING": _whatever(_WAIT),
    "CREATE_IN_PROGRESS": _whatever(_WAIT),
    "CREATE_COMPLETE": {
        # It becomes available a moment later: what CreateChangeSet still has to do comes first.
        "UNAVAILABLE": _WAIT,
        "AVAILABLE": _READY,
        "EXECUTE_IN_PROGRESS": _EXECUTED,
        "EXECUTE_COMPLETE": _EXECUTED,
        "EXECUTE_FAILED": _EXECUTED,
        "OBSOLETE": _OBSOLETE,
    },
    "DELETE_PENDING": _whatever(_DELETED),
    "DELETE_IN_PROGRESS": _whatever(_DELETED),
    "DELETE_COMPLETE": _whatever(_DELETED),
    "DELETE_FAILED": _whatever(_UNDELETABLE),
    "FAILED": _whatever(_FAILED),
}
"""By Status and ExecutionStatus."""


def change_set_status(status: str, execution: str) -> ChangeSetStatus:
    """The row for a change set; a status that AWS has added since is waited for."""
    return CHANGE_SET_STATUSES.get(status, {}).get(execution, _WAIT)
