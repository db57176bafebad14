"""What each status of a CloudFormation stack means for a deployment: a table, not code.

Sources: the StackStatus enumeration of the CloudFormation API, and the AWS CloudFormation User Guide, 'Stack status
codes' and 'Troubleshooting CloudFormation'.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Readiness(StrEnum):
    """What can be done with a stack in a status.

    Attributes:
        BUSY: an operation runs; wait or stop.
        UPDATE: a change set of type UPDATE can be made.
        CREATE: a change set of type CREATE can be made.
        UNUSABLE: somebody has to act first.
    """

    BUSY = "busy"
    UPDATE = "update"
    CREATE = "create"
    UNUSABLE = "unusable"


@dataclass(frozen=True, kw_only=True)
class StackStatus:
    """One row of the table.

    Attributes:
        outcome: what it says about an operation of ours: it went well, it did not, or it is not over.
        meaning: for an unusable stack, how it came to this.
        mend: for an unusable stack, the command to run; {stack} stands for the stack's name.
    """

    name: str
    readiness: Readiness
    outcome: Literal["good", "bad", "open"] = "open"
    meaning: str = ""
    mend: str = ""

    @property
    def busy(self) -> bool:
        """Whether an operation is running."""
        return self.readiness is Readiness.BUSY


_DELETE = (
    "aws cloudformation delete-stack --stack-name {stack}\n"
    "aws cloudformation wait stack-delete-complete --stack-name {stack}"
)
_ROLL_BACK = "aws cloudformation rollback-stack --stack-name {stack}"
_CONTINUE = (
    "aws cloudformation continue-update-rollback --stack-name {stack}\n"
    "aws cloudformation wait stack-rollback-complete --stack-name {stack}"
)

_BUSY, _UPDATE, _CREATE, _UNUSABLE = Readiness.BUSY, Readiness.UPDATE, Readiness.CREATE, Readiness.UNUSABLE

_ROWS = (
    StackStatus(name="CREATE_IN_PROGRESS", readiness=_BUSY),
    StackStatus(name="CREATE_COMPLETE", readiness=_UPDATE, outcome="good"),
    StackStatus(
        name="CREATE_FAILED",
        readiness=_UNUSABLE,
        outcome="bad",
        meaning="Its creation failed with rollback switched off. Rolling back deletes what was made.",
        mend=_ROLL_BACK,
    ),
    StackStatus(name="ROLLBACK_IN_PROGRESS", readiness=_BUSY, outcome="bad"),
    StackStatus(
        name="ROLLBACK_COMPLETE",
        readiness=_UNUSABLE,
        outcome="bad",
        meaning="Its creation failed and was rolled back. Such a stack can only be deleted; it holds nothing any more.",
        mend=_DELETE,
    ),
    StackStatus(
        name="ROLLBACK_FAILED",
        readiness=_UNUSABLE,
        outcome="bad",
        meaning="Its creation failed and could not be rolled back. Its events name the resources that would not go.",
        mend=_DELETE,
    ),
    StackStatus(name="DELETE_IN_PROGRESS", readiness=_BUSY, outcome="bad"),
    StackStatus(name="DELETE_COMPLETE", readiness=_CREATE, outcome="bad"),
    StackStatus(
        name="DELETE_FAILED",
        readiness=_UNUSABLE,
        outcome="bad",
        meaning="Somebody tried to delete it, and a resource would not go. Its events name the resource.",
        mend=_DELETE,
    ),
    StackStatus(name="UPDATE_IN_PROGRESS", readiness=_BUSY),
    # The update itself has succeeded; only what it replaced is still being deleted.
    StackStatus(name="UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", readiness=_BUSY, outcome="good"),
    StackStatus(name="UPDATE_COMPLETE", readiness=_UPDATE, outcome="good"),
    StackStatus(
        name="UPDATE_FAILED",
        readiness=_UNUSABLE,
        outcome="bad",
        meaning="An update failed with rollback switched off.",
        mend=_ROLL_BACK,
    ),
    StackStatus(name="UPDATE_ROLLBACK_IN_PROGRESS", readiness=_BUSY, outcome="bad"),
    StackStatus(
        name="UPDATE_ROLLBACK_FAILED",
        readiness=_UNUSABLE,
        outcome="bad",
        meaning="An update failed, and so did rolling it back. Its events name the resources that would not roll back; "
        "mend those, or add --resources-to-skip with their logical ids.",
        mend=_CONTINUE,
    ),
    StackStatus(name="UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", readiness=_BUSY, outcome="bad"),
    StackStatus(name="UPDATE_ROLLBACK_COMPLETE", readiness=_UPDATE, outcome="bad"),
    # The shell of a change set of type CREATE that nobody has executed; despite its name nothing runs.
    StackStatus(name="REVIEW_IN_PROGRESS", readiness=_CREATE),
    StackStatus(name="IMPORT_IN_PROGRESS", readiness=_BUSY),
    StackStatus(name="IMPORT_COMPLETE", readiness=_UPDATE, outcome="good"),
    StackStatus(name="IMPORT_ROLLBACK_IN_PROGRESS", readiness=_BUSY, outcome="bad"),
    StackStatus(
        name="IMPORT_ROLLBACK_FAILED",
        readiness=_UNUSABLE,
        outcome="bad",
        meaning="Importing resources failed, and so did rolling it back.",
        mend="aws cloudformation describe-stack-events --stack-name {stack}",
    ),
    StackStatus(name="IMPORT_ROLLBACK_COMPLETE", readiness=_UPDATE, outcome="bad"),
)

STACK_STATUSES = {row.name: row for row in _ROWS}
"""The 23 statuses by name."""


NEVER_CREATED = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""Both end a creation that failed, and only that: an update that fails ends as UPDATE_ROLLBACK_... ('Stack status
codes')."""


def stack_status(name: str) -> StackStatus:
    """The row for a status; one that AWS has added since counts as busy, so that we wait and touch nothing."""
    return STACK_STATUSES.get(name) or StackStatus(name=name, readiness=Readiness.BUSY)
