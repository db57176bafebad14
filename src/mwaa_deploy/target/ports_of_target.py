"""One target: its ports, and one deployment to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.outcome import Progress
from mwaa_deploy.plan import Plan
from mwaa_deploy.ports import Bucket, Clock, Environment, EnvironmentState, InstallLogs, LiveAirflow, Log, Stack
from mwaa_deploy.target.live_check import LiveCheck
from mwaa_deploy.target.record import PromotedFrom
from mwaa_deploy.target.state import TargetState


@dataclass(frozen=True, kw_only=True)
class Target:
    """The ports of one target.

    Attributes:
        timeout: seconds that the stack and then the environment may take, each.
        deletions: how many DAG files a deployment may delete.
        live: the live Airflow of an environment, as GetEnvironment tells it; None where it is not to be asked.
        logs: what the environment's containers say; None where that is not to be read.
        verification: how thoroughly the live Airflow is asked after a deployment.
        worker_replacement: GRACEFUL or FORCED; '' leaves the choice to MWAA.
        allow_running_tasks: whether a forced replacement may stop tasks.
        allow_replacement: whether a change set may replace or remove the environment or its bucket.
        takes_over_dags: whether DAG files that another target's deployment wrote may be given other content.
        still_ours: raises LockLost if the target's lock is ours no longer; it is not asked for where nobody holds one.
        running_tasks: asks the live Airflow how many tasks run; None from it means that it cannot be asked.
    """

    bucket: Bucket
    stack: Stack
    environments: Environment
    clock: Clock
    log: Log
    timeout: float = 4 * 3600
    deletions: DeletionLimits = field(default_factory=DeletionLimits)
    live: Callable[[EnvironmentState], LiveAirflow] | None = None
    logs: Callable[[], InstallLogs] | None = None
    verification: LiveCheck = field(default_factory=LiveCheck)
    worker_replacement: str = ""
    allow_running_tasks: bool = False
    allow_replacement: bool = False
    takes_over_dags: bool = False
    still_ours: Callable[[], None] = lambda: None
    running_tasks: Callable[[], int | None] | None = None


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who deploys: written into the record and onto each object.

    Attributes:
        commit: full SHA of what is deployed.
        run_url: address of the workflow run; '' on a laptop.
        restores: the same commit, if it is rolled back to.
        restored_version: of the record that is rolled back to, its object version; '' if that is not known.
        promoted_from: where the artefacts were taken from; None if they were made of the checkout.
        ref: the branch or tag that the run is of; '' on a laptop.
    """

    commit: str
    run_url: str = ""
    restores: str | None = None
    restored_version: str = ""
    promoted_from: PromotedFrom | None = None
    ref: str = ""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One plan that is carried out, and all that it takes.

    Attributes:
        plan: made from this very bundle and state.
        bundle: what the commit ships.
        state: the target as it was.
        progress: keeps account of what is done.
        found_dags: by file, the DAGs that this run's checks found in it; None if they parsed none.
    """

    plan: Plan
    bundle: Bundle
    state: TargetState
    target: Target
    author: Author
    progress: Progress
    found_dags: Mapping[str, tuple[str, ...]] | None = None
