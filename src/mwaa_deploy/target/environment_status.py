"""What each status of an MWAA environment means for a deployment: a table, not code.

Source: the MWAA API Reference, Environment, and the User Guide, 'Updating an Amazon MWAA environment'.
"""

from dataclasses import dataclass
from enum import StrEnum

CREATE_MINUTES = (25, 35)
UPDATE_MINUTES = (15, 35)
"""Minutes, at least and at most, that MWAA usually takes; graceful replacement of workers takes up to 12 hours."""


class Course(StrEnum):
    """What an environment in a status is good for.

    Attributes:
        READY: it is at rest and runs.
        BUSY: something is under way; wait.
        LOST: waiting does not help, somebody has to act.
    """

    READY = "ready"
    BUSY = "busy"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class EnvironmentStatus:
    """One row of the table.

    Attributes:
        waiting: for who waits until an update is live. READY says only that MWAA is at rest: whether the update was
            begun, and how it ended, LastUpdate tells.
        starting: for who wants to begin an update.
        minutes: at least and at most how long it usually lasts; None where nobody can say.
    """

    name: str
    waiting: Course
    starting: Course
    meaning: str
    minutes: tuple[int, int] | None = None


_READY, _BUSY, _LOST = Course.READY, Course.BUSY, Course.LOST

_ROWS = (
    EnvironmentStatus(
        name="CREATING", waiting=_BUSY, starting=_BUSY, meaning="It is being made.", minutes=CREATE_MINUTES
    ),
    EnvironmentStatus(
        name="CREATE_FAILED",
        waiting=_LOST,
        starting=_LOST,
        meaning="It could not be made. Usually the network gives it no way to the services it needs, or its execution "
        "role lacks a right.",
    ),
    EnvironmentStatus(name="AVAILABLE", waiting=_READY, starting=_READY, meaning="It runs."),
    EnvironmentStatus(
        name="UPDATING", waiting=_BUSY, starting=_BUSY, meaning="It is being updated.", minutes=UPDATE_MINUTES
    ),
    # What is being deleted never takes our update; what is to be made in its place can wait until it is gone.
    EnvironmentStatus(name="DELETING", waiting=_LOST, starting=_BUSY, meaning="Somebody is deleting it."),
    EnvironmentStatus(name="DELETED", waiting=_LOST, starting=_LOST, meaning="Somebody has deleted it."),
    EnvironmentStatus(
        name="UNAVAILABLE",
        waiting=_LOST,
        starting=_LOST,
        meaning="It is broken, and MWAA could not bring it back. Only AWS Support or a new environment helps.",
    ),
    # The end of an update that failed, ours or an earlier one, and the next may begin.
    EnvironmentStatus(
        name="UPDATE_FAILED",
        waiting=_READY,
        starting=_READY,
        meaning="MWAA has rolled the update back; the environment runs on its old versions. Usually a requirement "
        "could not be installed, or the startup script failed: see its scheduler and worker logs in CloudWatch.",
    ),
    EnvironmentStatus(
        name="ROLLING_BACK",
        waiting=_BUSY,
        starting=_BUSY,
        meaning="The update failed, and MWAA is restoring a snapshot.",
    ),
    EnvironmentStatus(
        name="CREATING_SNAPSHOT",
        waiting=_BUSY,
        starting=_BUSY,
        meaning="MWAA backs its database up before the update.",
        minutes=UPDATE_MINUTES,
    ),
    EnvironmentStatus(
        name="PENDING",
        waiting=_BUSY,
        starting=_BUSY,
        meaning="It waits for its VPC endpoints, which are yours to make (EndpointManagement: CUSTOMER).",
    ),
    EnvironmentStatus(name="MAINTENANCE", waiting=_BUSY, starting=_BUSY, meaning="AWS is maintaining it."),
)

ENVIRONMENT_STATUSES = {row.name: row for row in _ROWS}
"""The 12 statuses of the API by name."""


def environment_status(name: str) -> EnvironmentStatus:
    """The row for a status; one that AWS has added since is waited for, and nothing is begun."""
    return ENVIRONMENT_STATUSES.get(name) or EnvironmentStatus(
        name=name, waiting=Course.BUSY, starting=Course.BUSY, meaning="This status is new to this program."
    )
