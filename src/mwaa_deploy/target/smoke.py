"""Running named DAGs once, to try a deployment."""

from collections.abc import Sequence

from mwaa_deploy.errors import AwsUnavailable, SmokeRunFailed
from mwaa_deploy.live_report import SmokeRun
from mwaa_deploy.ports import Clock, LiveAirflow, Log
from mwaa_deploy.target.heartbeat import Heartbeat

_ENDED = frozenset({"success", "failed"})
"""The states in which a run stays (Airflow's DagRunState)."""


def run_smoke(
    live: LiveAirflow, names: Sequence[str], *, clock: Clock, log: Log, timeout: float, interval: float
) -> tuple[SmokeRun, ...]:
    """Run DAGs side by side and wait for them; one for each name, in their order.

    Args:
        live: the live Airflow.
        names: ids of the DAGs.
        clock: for the wait.
        log: told how it stands.
        timeout: seconds that the runs may take.
        interval: seconds between two looks.

    Raises:
        SmokeRunFailed: one is paused, cannot be run, does not end well or not in time.
        LiveAirflowUnreachable: it may not be asked for.
        AwsUnavailable: the live Airflow does not answer when it is to start one.
    """
    _refuse_paused(live, names)
    runs = [SmokeRun(dag=name, run=live.trigger(name), state="queued") for name in names]
    started, heartbeat = clock.now(), Heartbeat(log, clock)
    while True:
        runs = [run if run.state in _ENDED else _look(live, run) for run in runs]
        if all(run.state in _ENDED for run in runs):
            break
        if (clock.now() - started).total_seconds() >= timeout:
            raise _failed(runs, f"not at their end after {timeout / 60:.0f} min")
        heartbeat.beat(f"Smoke runs: {', '.join(f'{run.dag} {run.state}' for run in runs)}")
        clock.sleep(interval)
    if any(run.state != "success" for run in runs):
        raise _failed(runs, "failed")
    return tuple(runs)


def _refuse_paused(live: LiveAirflow, names: Sequence[str]) -> None:
    paused = sorted({dag.id for dag in live.dags() if dag.paused}.intersection(names))
    if paused:
        raise SmokeRunFailed(
            f"Paused, so that it would never run: {', '.join(paused)}.",
            meaning="A new DAG is paused as long as core.dags_are_paused_at_creation says so, or until somebody "
            "switches it on.",
            mend="AirflowConfigurationOptions:\n  core.dags_are_paused_at_creation: 'False'",
        )


def _look(live: LiveAirflow, run: SmokeRun) -> SmokeRun:
    try:
        state = live.run_state(run.dag, run.run)
    except AwsUnavailable:
        return run  # it is asked again
    return SmokeRun(dag=run.dag, run=run.run, state=state or run.state)


def _failed(runs: Sequence[SmokeRun], how: str) -> SmokeRunFailed:
    bad = [run for run in runs if run.state != "success"]
    lines = "\n".join(f"- {run.dag}: {run.state}, run {run.run}" for run in bad)
    return SmokeRunFailed(
        f"{len(bad)} of {len(runs)} smoke run(s) {how}:\n{lines}",
        meaning="The DAGs are live and their files can be imported, but they do not run well there. The logs of their "
        "tasks say why.",
    )
