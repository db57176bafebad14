"""Waiting until an environment runs what it was given."""

from datetime import datetime

from mwaa_deploy.errors import EnvironmentMissing, EnvironmentUpdateFailed, EnvironmentWaitTimedOut
from mwaa_deploy.ports import Clock, Environment, EnvironmentState, Log
from mwaa_deploy.target.environment_status import Course, environment_status
from mwaa_deploy.target.environment_update import Awaited, Stand, judge
from mwaa_deploy.target.heartbeat import GO_ON, Heartbeat, elapsed, expected_text

SETTLE = 900
"""Seconds for which an environment may stay as it was before its update counts as one that MWAA never began."""


def wait_until_live(
    environments: Environment,
    name: str,
    awaited: Awaited,
    *,
    timeout: float,
    clock: Clock,
    log: Log,
    since: datetime | None = None,
    expected: tuple[int, int] | None = None,
    interval: float = 30,
    settle: float = SETTLE,
) -> EnvironmentState:
    """Wait until MWAA has updated an environment and it runs what is expected.

    A stack can be done before its environment has begun to update: CloudFormation's handler first looks 60 seconds
    after it asked, so that AVAILABLE alone proves nothing.

    Args:
        environments: MWAA's control plane.
        name: the environment's name.
        awaited: what it is to become.
        timeout: seconds to wait in all.
        clock: for the wait.
        log: told how it stands.
        since: when the change began, for what is said; None for now.
        expected: minutes, at least and at most, that the change takes; None where nobody can say.
        interval: seconds between two looks.
        settle: seconds for which an idle environment may be other than expected before that counts as failed.

    Raises:
        EnvironmentMissing: there is no such environment.
        EnvironmentUpdateFailed: its update failed, was never begun, or cannot come any more.
        EnvironmentWaitTimedOut: it is still on its way.
    """
    started = clock.now()
    heartbeat = Heartbeat(log, clock, since=since)
    idle_since = None
    while True:
        state = environments.get(name)
        if state is None:
            raise EnvironmentMissing(f"There is no MWAA environment {name}.", meaning="It was deleted while we waited.")
        now = clock.now()
        judgement = judge(state, awaited)
        if judgement.stand is Stand.LIVE:
            return state
        if judgement.stand is Stand.FAILED:
            raise update_failed(state, judgement.text)
        idle_since = (idle_since or now) if judgement.stand is Stand.IDLE else None
        if idle_since is not None and (now - idle_since).total_seconds() >= settle:
            raise update_failed(state, judgement.text)
        if (now - started).total_seconds() >= timeout:
            raise _timed_out(state, waited=elapsed(started, now), expected=expected)
        heartbeat.beat(
            f"{name} is {state.status}",
            judgement.text.splitlines()[0],
            expected=expected or environment_status(state.status).minutes,
        )
        clock.sleep(interval)


def update_failed(state: EnvironmentState, meaning: str, *, mend: str = "") -> EnvironmentUpdateFailed:
    """The error for an update that failed, with MWAA's own reason; by default it is mended by looking further."""
    said = f": {state.last_update_error}" if state.last_update_error else "."
    return EnvironmentUpdateFailed(
        f"MWAA environment {state.name} is {state.status}{said}",
        meaning=meaning,
        mend=mend or f"aws mwaa get-environment --name {state.name} --query Environment.LastUpdate",
    )


def require_alive(state: EnvironmentState) -> None:
    """Refuse an environment that runs nothing, and that no deployment brings back.

    Raises:
        EnvironmentUpdateFailed: it is broken, deleted, or was never made.
    """
    status = environment_status(state.status)
    if status.starting is Course.LOST:
        raise update_failed(state, status.meaning)


def _timed_out(state: EnvironmentState, *, waited: str, expected: tuple[int, int] | None) -> EnvironmentWaitTimedOut:
    """The error for an update that goes on after our time is over."""
    return EnvironmentWaitTimedOut(
        f"MWAA environment {state.name} is still {state.status} after {waited}{expected_text(expected)}.",
        meaning="MWAA goes on by itself; nothing is lost. DAGs and the record have not been touched.",
        mend=GO_ON,
    )
