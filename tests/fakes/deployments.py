"""Runs against a World through the story of a deployment, a roll-back or a look for drift, as the pipeline has them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from mwaa_deploy.context import GitHubContext
from mwaa_deploy.deployment import deploy, look_first
from mwaa_deploy.drift_watch import watch_drift
from mwaa_deploy.errors import DriftFound, MwaaDeployError
from mwaa_deploy.inputs import Inputs, Mode
from mwaa_deploy.job import Job
from mwaa_deploy.journal import Journal
from mwaa_deploy.ports import EnvironmentState, LiveAirflow, Relation
from mwaa_deploy.rollback import run_rollback
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.record import Record, read_record
from tests.fakes.world import World


class Deployments:
    """Runs, one after another.

    Attributes:
        inputs: of the runs to come.
        journal: of the last run.
        runs: how many there have been.
        relation: how the next commit stands to the record's; None if nobody can tell.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.inputs = Inputs(stack_name=world.stack.name, bucket=world.bucket.name, aws_region="eu-west-1")
        self.journal = Journal()
        self.runs = 0
        self.relation: Relation | None = None

    def target(self) -> Target:
        world = self.world
        return Target(
            bucket=world.bucket,
            stack=world.stack,
            environments=world.environment,
            clock=world.clock,
            log=world.log,
            timeout=world.timeout,
            deletions=world.deletions,
            live=None if world.live is None else self._live,
            logs=lambda: world.logs,
            verification=world.verification,
        )

    def push(self, commit: str) -> Journal:
        """Deploy the world's files of now as a commit, given by its first characters."""
        journal = self._begin(Mode.DEPLOY)
        sha = commit.ljust(40, "0")
        job = Job(
            inputs=self.inputs,
            bundle=self.world.bundle(),
            changes=Changes(base=Base(sha=None, reason="there was no successful run yet"), head=sha),
            target=self.target(),
            author=Author(commit=sha, run_url=journal.run_url),
            found_dags=self.world.found_dags,
            run=f"run-{self.runs}",
            relation=lambda _sha, _ref: self.relation,
        )
        first = look_first(job)
        journal.state, journal.plan = first.state, first.plan
        self._run(lambda: deploy(job, first, self.world.log, journal))
        return journal

    def roll_back(self, to: str = "") -> Journal:
        journal = self._begin(Mode.ROLLBACK)
        inputs = replace(self.inputs, rollback_to=to)
        context = GitHubContext(repository="acme/dags", run_id=self.runs)
        self._run(lambda: run_rollback(inputs, context, self.target(), self.world.log, journal))
        return journal

    def drift(self) -> list[str]:
        """What a look for drift finds, a sentence each."""
        journal = self._begin(Mode.DRIFT)
        with suppress(DriftFound):
            self._run(lambda: watch_drift(self.inputs, self.target(), self.world.log, journal))
        if journal.drift is None:
            assert journal.error is not None
            raise journal.error
        assert isinstance(journal.error, DriftFound) == bool(journal.drift)
        return [found.text for found in journal.drift]

    @property
    def record(self) -> Record:
        found = read_record(self.world.bucket, self.world.stack.name)
        assert found is not None
        return found

    def _live(self, _environment: EnvironmentState) -> LiveAirflow:
        assert self.world.live is not None
        return self.world.live

    def _begin(self, mode: Mode) -> Journal:
        self.runs += 1
        url = f"https://github.test/acme/dags/actions/runs/{self.runs}"
        self.journal = Journal(mode=mode, target=self.world.stack.name, run_url=url)
        self.world.clock.sleep(60)
        return self.journal

    def _run(self, what: Callable[[], None]) -> None:
        try:
            what()
        except MwaaDeployError as e:
            self.journal.error = e
            raise
