"""Whether the workers may be replaced by force: not while tasks run on them, unless that is allowed."""

from collections.abc import Callable
from functools import partial

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.errors import AwsUnavailable, LiveAirflowUnreachable, TasksRunning
from mwaa_deploy.plan import Disruption, Plan
from mwaa_deploy.ports import Annotation, EnvironmentState
from mwaa_deploy.target.ports_of_target import Target

FORCED = "FORCED"


def require_idle(plan: Plan, target: Target, environment: EnvironmentState | None) -> None:
    """Refuse to stop running tasks; where the live Airflow cannot be asked, warn that nobody knows.

    Args:
        plan: what is about to be carried out.
        target: what the user wants of the workers, and whom to ask.
        environment: whose workers they are.

    Raises:
        TasksRunning: there are some.
    """
    if plan.disruption is not Disruption.WORKERS_REPLACED or target.worker_replacement != FORCED:
        return
    if target.allow_running_tasks:
        return
    running = count_tasks(target.running_tasks or partial(_ask_live, target, environment))
    if running is None:
        target.log.annotate(
            Annotation(
                severity=Severity.WARN,
                title="Worker replacement",
                message="The live Airflow could not be asked whether tasks are running; a forced replacement stops "
                "those that are.",
            )
        )
    elif running:
        raise TasksRunning(
            f"{running} task(s) are running on the workers, and 'worker-replacement: FORCED' would stop them.",
            meaning="Nothing has been changed. A stopped task fails, and is tried again only if its DAG says so.",
            mend="with:\n  worker-replacement: GRACEFUL    # lets them end, for up to 12 hours\nor\nwith:\n"
            "  worker-replacement: FORCED\n  allow-running-tasks: true",
        )


def count_tasks(ask: Callable[[], int | None] | None) -> int | None:
    """How many tasks run; None if nobody can tell."""
    return None if ask is None else ask()


def _ask_live(target: Target, environment: EnvironmentState | None) -> int | None:
    if target.live is None or environment is None:
        return None
    try:
        return target.live(environment).running_tasks()
    except (LiveAirflowUnreachable, AwsUnavailable):
        return None
