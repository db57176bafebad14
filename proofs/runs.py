"""Runs of the program as plain data: what they are told, and what came of them."""

from dataclasses import dataclass
from datetime import datetime

from mwaa_deploy.inputs import Inputs
from mwaa_deploy.journal import Journal
from proofs.tripwire import Happening, Trip

ENVIRONMENT = "staging"
JOB = "deploy"


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """A run that is to come.

    Attributes:
        sha: the commit that it deploys.
        inputs: what it is told.
        checks_fail: whether its checks find fault.
        github_down: whether GitHub's API answers nothing.
        trips: what happens to it on its way.
    """

    sha: str
    inputs: Inputs
    checks_fail: bool = False
    github_down: bool = False
    trips: tuple[Trip, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A run that has ended.

    Attributes:
        error: None for a green run.
        calls: how many calls to the outside it made.
        ended: when.
    """

    number: int
    plan: RunPlan
    journal: Journal
    error: BaseException | None
    calls: int
    ended: datetime

    @property
    def green(self) -> bool:
        """Whether the run went well."""
        return self.error is None

    @property
    def name(self) -> str:
        """As its writes are marked."""
        return f"run {self.number}"

    @property
    def stalled(self) -> bool:
        """Whether its machine was to be frozen in the middle of a request."""
        return any(trip.happening is Happening.STALL for trip in self.plan.trips)


@dataclass(frozen=True, kw_only=True)
class Write:
    """A DAG file that a run has written.

    Attributes:
        run: its name.
        key: its path in the project.
        body: None for a deletion.
        early: why it was too early for that; '' if it was not.
        over_anothers: whether it took the place of other content of another target's.
    """

    run: str
    key: str
    body: bytes | None
    early: str
    over_anothers: bool = False
