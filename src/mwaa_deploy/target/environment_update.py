"""Whether an update of an environment was begun, and how it ended: decided from what MWAA shows, without asking it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mwaa_deploy.parts import Part
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.environment_status import Course, environment_status


@dataclass(frozen=True, kw_only=True)
class Before:
    """What an environment showed before it was changed, to tell our update from an earlier one.

    Attributes:
        status: one of the 12 statuses.
        last_update_at: by MWAA's clock; None if it had not been updated yet.
    """

    status: str
    last_update_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Awaited:
    """What an environment is waited to become.

    Attributes:
        versions: the S3 object version expected of each part that has one.
        before: None if the environment did not exist.
        updated: whether it must have been updated since then; else its versions alone count.
    """

    versions: Mapping[Part, str]
    before: Before | None = None
    updated: bool = True


class Stand(StrEnum):
    """How far an update has come.

    Attributes:
        LIVE: it has ended well, and the versions are those expected.
        UNDER_WAY: MWAA is at it.
        IDLE: MWAA does nothing, and what it has is not what is expected. It may not have begun.
        FAILED: it has ended, and not well.
    """

    LIVE = "live"
    UNDER_WAY = "under way"
    IDLE = "idle"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How far an update has come, and a text about it."""

    stand: Stand
    text: str


def before(state: EnvironmentState | None) -> Before | None:
    """What is to be kept of an environment before it is changed."""
    return None if state is None else Before(status=state.status, last_update_at=state.last_update_at)


def updated_since(state: EnvironmentState, earlier: Before | None) -> bool:
    """Whether the update that the environment shows was begun after a moment.

    Both times are MWAA's, so that no two clocks are compared. MWAA promises no time at all: without one, a failure
    that was not there before is a new one.
    """
    if earlier is None:
        return True
    if state.last_update_at is None:
        return state.status == "UPDATE_FAILED" and earlier.status != "UPDATE_FAILED"
    return earlier.last_update_at is None or state.last_update_at > earlier.last_update_at


def failed_since(state: EnvironmentState, earlier: Before | None) -> bool:
    """Whether an update begun after a moment has ended, and not well."""
    at_rest = environment_status(state.status).waiting is Course.READY
    failed = state.status == "UPDATE_FAILED" or state.last_update_status == "FAILED"
    return at_rest and failed and updated_since(state, earlier)


def judge(state: EnvironmentState, awaited: Awaited) -> Judgement:
    """How far an environment has come on its way to what is expected of it."""
    status = environment_status(state.status)
    if status.waiting is Course.LOST:
        return Judgement(stand=Stand.FAILED, text=status.meaning)
    if status.waiting is Course.BUSY:
        return Judgement(stand=Stand.UNDER_WAY, text=status.meaning)
    if awaited.updated and (open_question := _not_over(state, awaited.before)):
        return open_question
    others = [
        f"{part}: version {state.versions.get(part, 'none')} instead of {version}"
        for part, version in awaited.versions.items()
        if state.versions.get(part) != version
    ]
    if others:
        text = "It runs on other versions than it was given:\n" + "\n".join(others)
        return Judgement(stand=Stand.IDLE, text=text)
    return Judgement(stand=Stand.LIVE, text=status.meaning)


def _not_over(state: EnvironmentState, earlier: Before | None) -> Judgement | None:
    """Why the update of an environment at rest has not gone well, or not yet; None if it has."""
    if failed_since(state, earlier):
        return Judgement(stand=Stand.FAILED, text=environment_status("UPDATE_FAILED").meaning)
    if not updated_since(state, earlier):
        return Judgement(stand=Stand.IDLE, text="MWAA has not begun the update yet.")
    if state.last_update_status == "PENDING":
        return Judgement(stand=Stand.UNDER_WAY, text="MWAA has taken the update on.")
    if state.last_update_status != "SUCCESS" and earlier is not None:
        return Judgement(stand=Stand.IDLE, text="MWAA does not say whether the update went well.")
    return None
