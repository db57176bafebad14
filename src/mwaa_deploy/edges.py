"""The only module that makes clients: every edge with its real adapter."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from mwaa_deploy.checks.constraint_source import HttpConstraints
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.suite import run_checks
from mwaa_deploy.checks.verdicts import CheckReport
from mwaa_deploy.clock import SystemClock
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.ports import Clock, Log, Repository, WorkflowRuns
from mwaa_deploy.runner.choose import open_runner
from mwaa_deploy.source.project import Project
from mwaa_deploy.source.repository import GitRepository
from mwaa_deploy.source.workflow_runs import GitHubWorkflowRuns, github_client
from mwaa_deploy.target.apply import Target
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.change_sets import ChangeSetOptions
from mwaa_deploy.target.credentials import aws_session
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.stack import CloudFormationStack


class RealEdges:
    """The outside as it is. Closing it closes what was opened."""

    def __init__(self, inputs: Inputs, context: GitHubContext, env: Mapping[str, str], log: Log) -> None:
        self._inputs = inputs
        self._context = context
        self._env = env
        self._log = log
        self._open = ExitStack()
        self.clock: Clock = SystemClock()
        self.workspace = Path(env.get("GITHUB_WORKSPACE") or Path.cwd())
        if inputs.github_token:
            log.mask(inputs.github_token)

    def __enter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Close in reverse order."""
        self._open.close()

    def repository(self, project: Project) -> AbstractContextManager[Repository]:
        """The git checkout of the project."""
        return GitRepository(project.repository, server_url=self._context.server_url, token=self._inputs.github_token)

    def workflow_runs(self) -> WorkflowRuns | None:
        """GitHub's memory of the workflow's runs; None outside of a workflow."""
        context = self._context
        if not (context.repository and context.run_id):
            return None
        client = github_client(context.api_url, self._inputs.github_token)
        self._open.callback(client.close)
        return GitHubWorkflowRuns(client, context.repository, run_id=context.run_id, workflow=context.workflow)

    def check(self, project: Project) -> CheckReport:
        """Run the checks in a runner that is gone afterwards."""
        tools = self._env.get("MWAA_DEPLOY_TEST_TOOLS")
        with open_runner(self._inputs, self._env, self._log) as runner:
            return run_checks(
                project,
                runner,
                self._log,
                airflow_version=self._inputs.airflow_version,
                constraint_source=HttpConstraints(),
                test_tools=Path(tools) if tools else None,
                limits=CheckLimits(unit_tests=self._inputs.check_timeout_minutes * 60),
            )

    def target(self) -> Target:
        """Bucket, stack and environments of the target, with credentials fetched now."""
        inputs = self._inputs
        session = aws_session(
            role_arn=inputs.role_to_assume,
            region=inputs.aws_region,
            session_name=f"mwaa-deploy-{self._context.run_id or 'local'}-{self._context.run_attempt}",
            env=self._env,
            clock=self.clock,
            log=self._log,
        )
        options = ChangeSetOptions(
            capabilities=inputs.capabilities, role_arn=inputs.stack_role_arn, tags=dict(inputs.stack_tags)
        )
        return Target(
            bucket=S3Bucket(session.client("s3"), inputs.bucket, self._log),
            stack=CloudFormationStack(
                session.client("cloudformation"), inputs.stack_name, clock=self.clock, options=options
            ),
            environments=MwaaEnvironments(session.client("mwaa")),
            clock=self.clock,
            log=self._log,
            timeout=inputs.stack_timeout_minutes * 60,
        )
