"""Waiting until nothing runs at the target any more, whoever began it, before a deployment is planned.

This is also how a deployment that ran out of time is resumed: its note tells what it had begun, this waits for that,
and what the target then is decides what is left to do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mwaa_deploy.errors import EnvironmentBusy, MwaaDeployError, StackBusy
from mwaa_deploy.ports import EnvironmentState, StackState
from mwaa_deploy.target.environment_status import Course, environment_status
from mwaa_deploy.target.environment_update import updated_since
from mwaa_deploy.target.environment_wait import SETTLE
from mwaa_deploy.target.heartbeat import GO_ON, Heartbeat, elapsed
from mwaa_deploy.target.ports_of_target import Target
from mwaa_deploy.target.stack_status import stack_status
from mwaa_deploy.target.state import TargetState
from mwaa_deploy.target.unfinished import Unfinished

_FOREIGN = "Another run, another person, or AWS itself is changing it."


class Runs(StrEnum):
    """What something runs on."""

    STACK = "stack"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, kw_only=True)
class Running:
    """Something that has to end before a deployment can begin.

    Attributes:
        state: as in 'Stack mwaa-staging is UPDATE_IN_PROGRESS'.
        meaning: a sentence or two about it.
        since: when it began; None where nobody can say.
        expected: minutes, at least and at most, that it usually takes; None where nobody can say.
    """

    on: Runs
    state: str
    meaning: str
    since: datetime | None = None
    expected: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The target when nothing runs there.

    Attributes:
        note: what was waited for, a sentence; '' if nothing was.
    """

    state: TargetState
    note: str = ""


def what_runs(
    stack: StackState | None, environment: EnvironmentState | None, unfinished: Unfinished, *, now: datetime
) -> Running | None:
    """What a deployment has to wait for; None if it can begin.

    Args:
        stack: None if it does not exist.
        environment: None if it does not exist.
        unfinished: the note of an earlier deployment.
        now: by the clock that the note was written by.
    """
    change = unfinished.change
    who = f"An earlier deployment began it{f', {change.run_url}' if change.run_url else ''}." if change else ""
    if stack is not None and stack_status(stack.status).busy:
        return Running(
            on=Runs.STACK,
            state=f"Stack {stack.name} is {stack.status}",
            meaning=who or _FOREIGN,
            since=change.since if change else None,
            expected=change.expected if change else None,
        )
    if environment is None:
        return None
    status = environment_status(environment.status)
    if status.starting is Course.BUSY:
        since = environment.last_update_at if environment.last_update_status == "PENDING" else None
        return Running(
            on=Runs.ENVIRONMENT,
            state=f"{environment.name} is {environment.status}",
            meaning=f"{status.meaning} {who}".rstrip(),
            since=change.since if change else since,
            expected=change.expected if change else status.minutes,
        )
    if change is None or change.stack_done_at is None or updated_since(environment, change.before):
        return None
    if (now - change.stack_done_at).total_seconds() >= SETTLE:
        return None  # MWAA will not begin it any more; what it runs is what counts
    return Running(
        on=Runs.ENVIRONMENT,
        state=f"{environment.name} is {environment.status}",
        meaning=f"MWAA has not begun the update yet. {who}",
        since=change.since,
        expected=change.expected,
    )


def settle(
    state: TargetState,
    *,
    target: Target,
    read: Callable[[], TargetState],
    environment_name: str = "",
    interval: float = 30,
) -> Settled:
    """Wait until nothing runs at the target, and look at it anew if that took any time.

    Args:
        state: the target as it is.
        target: where to look, and for how long to wait in all.
        read: looks at the whole target.
        environment_name: what the user calls the environment; '' to take the stack's.
        interval: seconds between two looks.

    Raises:
        StackBusy, EnvironmentBusy: it goes on for longer; nothing was changed.
        MwaaDeployError: whatever looking raises.
    """
    clock, timeout = target.clock, target.timeout
    started, heartbeat = clock.now(), Heartbeat(target.log, clock)
    seen: list[str] = []

    def look(found: StackState | None, environment: EnvironmentState | None) -> Running | None:
        name = (found.environment_name if found else None) or environment_name
        if environment is None and name:
            environment = target.environments.get(name)
        return what_runs(found, environment, state.unfinished, now=clock.now())

    running = look(state.stack, state.environment)
    while running is not None:
        if running.state not in seen:
            seen.append(running.state)
        if (clock.now() - started).total_seconds() >= timeout:
            raise _timed_out(running, elapsed(started, clock.now()))
        heartbeat.beat(running.state, running.meaning, expected=running.expected, since=running.since)
        clock.sleep(interval)
        running = look(target.stack.state(), None)
        if running is None:
            state = read()
            running = look(state.stack, state.environment)
    note = f"Waited {elapsed(started, clock.now())} before anything was changed: {'; '.join(seen)}." if seen else ""
    return Settled(state=state, note=note)


def _timed_out(running: Running, waited: str) -> MwaaDeployError:
    cause = StackBusy if running.on is Runs.STACK else EnvironmentBusy
    return cause(
        f"{running.state} after this run has waited for {waited}.",
        meaning=f"{running.meaning} This run has changed nothing.",
        mend=GO_ON,
    )
