"""The program's edges in the model: all that a run sees of the outside."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity, Verdict
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.journal import Journal
from mwaa_deploy.pipeline import run
from mwaa_deploy.ports import Clock, PullRequests, Repository, WorkflowRuns
from mwaa_deploy.promotion import Source
from mwaa_deploy.runner.image_publishing import PublishedImage
from mwaa_deploy.source.changes import Changes
from mwaa_deploy.source.project import Project
from mwaa_deploy.target.no_stack import NoStack
from mwaa_deploy.target.ports_of_target import Target
from proofs.contents import is_dag
from proofs.live_model import LiveModel, dag_of
from proofs.runs import ENVIRONMENT, JOB, RunPlan
from tests.fakes.dag_files import dag_file
from tests.fakes.log import FakeLog
from tests.fakes.repository import FakeRepository

if TYPE_CHECKING:
    from proofs.universe import Universe


class PreparedRun:
    """A run with its own edges."""

    def __init__(self, universe: "Universe", plan: RunPlan) -> None:
        self.number = universe.next_number()
        self.name = f"run {self.number}"
        self.plan = plan
        self.journal = Journal()
        self._edges = ModelEdges(universe, plan, self.number)

    def go(self) -> None:
        """The whole program but for its command line."""
        context = GitHubContext(
            event_name="push",
            repository="acme/dags",
            ref="refs/heads/main",
            ref_name="main",
            run_id=self.number,
            sha=self.plan.sha,
            job=JOB,
        )
        run(self.plan.inputs, context, self._edges, self._edges.log, self.journal)


class ModelEdges:
    """The model behind the ports."""

    def __init__(self, universe: "Universe", plan: RunPlan, number: int) -> None:
        self.clock: Clock = universe.time
        self.workspace = universe.checkout(plan.sha)
        self.log = FakeLog()
        self._universe = universe
        self._plan = plan
        self._number = number

    def repository(self, project: Project) -> AbstractContextManager[Repository]:
        """A checkout of one commit."""
        return nullcontext(FakeRepository(self._universe.commits, self._plan.sha))

    def workflow_runs(self) -> WorkflowRuns | None:
        """GitHub's memory."""
        return self._universe.github(self._number, down=self._plan.github_down)

    def pull_requests(self) -> PullRequests:
        """No run of the model comments."""
        raise NotImplementedError

    def check(self, project: Project, bundle: Bundle, changes: Changes) -> CheckReport:
        """What the checks find."""
        files = self._universe.commits.commits[self._plan.sha].files
        severity = Severity.FAIL if self._plan.checks_fail else Severity.PASS
        verdict = Verdict(subject="dags", severity=severity, message="as told")
        return CheckReport(
            runner="a model",
            differences=(),
            results=(CheckResult(check="dag-import", verdicts=(verdict,), seconds=1),),
            dag_files=tuple(dag_file(path, dag_of(path.removeprefix("dags/"))) for path in files if is_dag(path)),
        )

    def publish_image(self) -> PublishedImage:
        """No run of the model asks for it."""
        raise NotImplementedError

    def promotion_source(self) -> Source:
        """No run of the model promotes."""
        raise NotImplementedError

    def target(self) -> Target:
        """The target."""
        universe, inputs = self._universe, self._plan.inputs
        return Target(
            bucket=universe.bucket,
            stack=universe.stack if universe.with_stack else NoStack(ENVIRONMENT),
            environments=universe.environment,
            clock=universe.time,
            log=self.log,
            timeout=inputs.stack_timeout_minutes * 60,
            live=lambda _environment: LiveModel(universe.live_dags, universe.time, universe.wire),
            deletions=DeletionLimits(count=inputs.max_deletions, share=inputs.max_deletion_share),
        )
