# ruff: noqa: PLC0415 -- boto3, PyGithub and GitPython take a second and more to import, and a check needs none of them
"""The only module that makes clients: every edge with its real adapter, imported when its turn comes."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.checks.constraint_source import HttpConstraints
from mwaa_deploy.checks.index_settings import read_index_settings
from mwaa_deploy.checks.package_index import SimpleIndexes
from mwaa_deploy.checks.pins import Pins, parse_pins
from mwaa_deploy.checks.postgresql import fetch_postgresql
from mwaa_deploy.checks.request import CheckRequest
from mwaa_deploy.checks.selection import Selection, select_checks
from mwaa_deploy.checks.settings import DatabaseKind
from mwaa_deploy.checks.suite import run_checks
from mwaa_deploy.checks.verdicts import CheckReport
from mwaa_deploy.clock import SystemClock
from mwaa_deploy.config import Config
from mwaa_deploy.context import GitHubContext, workspace_of
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.early_runner import EarlyRunner, check_limits, runner_limits
from mwaa_deploy.errors import AirflowVersionUnknown
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.package_data import lock_of_postgresql
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Clock, Ecr, Log, PullRequests, Repository, Runner, WorkflowRuns
from mwaa_deploy.promotion import Source
from mwaa_deploy.runner.choose import open_runner
from mwaa_deploy.runner.engine import connect
from mwaa_deploy.runner.host_logins import HostLogins
from mwaa_deploy.runner.image_publishing import PublishedImage, publish_image
from mwaa_deploy.runner.image_reference import EcrRegistry
from mwaa_deploy.runner.images import RunnerImages
from mwaa_deploy.runner.packages import find_packages, images_folder
from mwaa_deploy.runner.registry_access import RegistryAccess, aws_surroundings
from mwaa_deploy.runner.remote_image import RemoteImages
from mwaa_deploy.runner.unit_test_tools import provide_test_tools
from mwaa_deploy.source.base_files import find_base_source
from mwaa_deploy.source.changes import Changes
from mwaa_deploy.source.project import Project
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.bucket_access import account_of_credentials
from mwaa_deploy.target.dag_sync import UPLOADS_AT_ONCE
from mwaa_deploy.target.direct_put import DirectPut
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.install_logs import CloudWatchLogs
from mwaa_deploy.target.live_airflow import MwaaLiveAirflow
from mwaa_deploy.target.live_check import LiveCheck
from mwaa_deploy.target.no_stack import NoStack
from mwaa_deploy.target.ports_of_target import Target
from mwaa_deploy.target.sign_in import sign_in_of
from mwaa_deploy.target.stack_inputs import open_stack
from mwaa_deploy.targets import source_of


class RealEdges:
    """The outside as it is. Closing it closes what was opened.

    Args:
        inputs: what the run is told.
        config: the configuration file.
        context: the workflow run.
        env: our own environment.
        log: told what is done.
        early: a runner that is being opened already, if there is one.
    """

    def __init__(
        self,
        inputs: Inputs,
        config: Config,
        context: GitHubContext,
        env: Mapping[str, str],
        log: Log,
        *,
        early: EarlyRunner | None = None,
    ) -> None:
        self._inputs = inputs
        self._config = config
        self._context = context
        self._env = env
        self._log = log
        self._early = early
        self._open = ExitStack()
        self.clock: Clock = SystemClock()
        self.workspace = workspace_of(env)
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
        from mwaa_deploy.source.repository import GitRepository

        return GitRepository(project.repository, server_url=self._context.server_url, token=self._inputs.github_token)

    def workflow_runs(self) -> WorkflowRuns | None:
        """GitHub's memory of the workflow's runs; None outside of a workflow."""
        context = self._context
        if not (context.repository and context.run_id):
            return None
        from mwaa_deploy.source.github_api import github_client
        from mwaa_deploy.source.workflow_runs import GitHubWorkflowRuns

        client = github_client(context.api_url, self._inputs.github_token)
        self._open.callback(client.close)
        return GitHubWorkflowRuns(
            client,
            context.repository,
            run_id=context.run_id,
            workflow=context.workflow,
            runner=context.runner,
            job=context.job,
        )

    def pull_requests(self) -> PullRequests:
        """The repository's pull requests."""
        from mwaa_deploy.source.github_api import github_client
        from mwaa_deploy.source.pull_requests import GitHubPullRequests

        client = github_client(self._context.api_url, self._inputs.github_token)
        self._open.callback(client.close)
        return GitHubPullRequests(client, self._context.repository)

    def check(self, project: Project, bundle: Bundle, changes: Changes) -> CheckReport:
        """Run the checks that the changes call for, in a runner that is gone afterwards."""
        settings, event = self._config.checks, self._context.event_name
        selection = select_checks(
            changes,
            project,
            kind=self._inputs.checks,
            event=event,
            settings=settings,
            config_file=self._config.file,
        )
        return run_checks(
            project,
            self._open_runner,
            self._log,
            replace(
                self._request(selection, project, bundle),
                base=find_base_source(project, changes, partial(self.repository, project)),
            ),
            constraint_source=HttpConstraints(),
            warm=lambda: self._early.warm if self._early else None,
            index=SimpleIndexes(read_index_settings(self._env)),
        )

    def publish_image(self) -> PublishedImage:
        """Build the runner image, and push it to the registry that the inputs name, if they name one."""
        inputs, env, log = self._inputs, self._env, self._log
        packages, access = find_packages(images_folder(env), inputs.airflow_version), self._access()
        base = env.get("MWAA_DEPLOY_BASE_IMAGE", "")
        with connect(env, env.get("MWAA_DEPLOY_RUN_LABEL") or "local") as engine:
            images = RunnerImages(engine, access, log)
            if not inputs.runner_image:
                return PublishedImage(reference=images.own(packages, base=base), digest="", pushed=False)
            return publish_image(
                inputs.runner_image,
                packages,
                base=base,
                images=images,
                access=access,
                remote=RemoteImages(access),
                create_repository=inputs.create_repository,
                log=log,
            )

    def target(self) -> Target:
        """Bucket, stack and environments of the target, with credentials fetched now."""
        from mwaa_deploy.target.credentials import aws_session

        inputs = self._inputs
        sign_in = sign_in_of(inputs, self._context)
        session = aws_session(sign_in, region=inputs.aws_region, env=self._env, clock=self.clock, log=self._log)
        bucket = S3Bucket(
            session.client("s3"),
            inputs.bucket,
            self._log,
            owner=inputs.bucket_owner or account_of_credentials(sign_in.last_role, lambda: session.client("sts")),
            kms_key=inputs.kms_key,
            target=inputs.target_name,
            direct=DirectPut(session.client("s3"), inputs.bucket, session.credentials, connections=UPLOADS_AT_ONCE),
        )
        return Target(
            bucket=bucket,
            stack=NoStack(inputs.target_name)
            if inputs.without_stack
            else open_stack(session.client("cloudformation"), inputs, bucket, self.clock),
            environments=MwaaEnvironments(session.client("mwaa")),
            clock=self.clock,
            log=self._log,
            timeout=inputs.stack_timeout_minutes * 60,
            deletions=DeletionLimits(count=inputs.max_deletions, share=inputs.max_deletion_share),
            live=lambda environment: MwaaLiveAirflow(
                session.client("mwaa"), environment.name, environment.airflow_version or inputs.airflow_version
            ),
            logs=lambda: CloudWatchLogs(session.client("logs")),
            verification=LiveCheck(
                kind=inputs.verify, timeout=inputs.verify_timeout_minutes * 60, smoke=inputs.smoke_dags
            ),
            worker_replacement=inputs.worker_replacement.value,
            allow_running_tasks=inputs.allow_running_tasks,
            allow_replacement=inputs.allow_replacement,
            takes_over_dags=inputs.take_over_dags,
        )

    def promotion_source(self) -> Source:
        """The target that artefacts are promoted from, with the credentials of its own section."""
        source = source_of(self._inputs, self._config)
        target = RealEdges(source, self._config, self._context, self._env, self._log).target()
        return Source(section=self._inputs.promote_from, target=source.target_name, bucket=target.bucket)

    def _open_runner(self) -> AbstractContextManager[Runner]:
        if self._early and (taken := self._early.take()):
            return taken
        return open_runner(self._inputs, self._env, self._log, self._access(), runner_limits(self._config))

    def _request(self, selection: Selection, project: Project, bundle: Bundle) -> CheckRequest:
        env, inputs, settings = self._env, self._inputs, self._config.checks
        plugins = bundle.artefacts.get(Part.PLUGINS)
        try:
            packages = find_packages(images_folder(env), inputs.airflow_version)
        except AirflowVersionUnknown:
            # An image of the user's may hold any version; without one, opening the runner says the same again.
            python, pins = "", Pins()
        else:
            python = packages.python_minor
            pins = parse_pins(packages.constraints(), packages.essential_constraints())
        postgresql = None
        if settings.database is DatabaseKind.POSTGRESQL and not selection.empty:
            postgresql = fetch_postgresql(lock_of_postgresql(), env, self._log)
        return CheckRequest(
            airflow_version=inputs.airflow_version,
            python=python,
            selection=selection,
            pins=pins,
            settings=settings,
            limits=check_limits(inputs),
            plugins_zip=plugins.body if plugins and isinstance(plugins.body, Path) else None,
            test_tools=partial(provide_test_tools, env, self._log) if project.tests else None,
            postgresql=postgresql,
        )

    def _access(self) -> RegistryAccess:
        """Logins for registries: the host's, then Amazon ECR's with this run's own credentials, fetched for that."""
        inputs, context, env, log = self._inputs, self._context, self._env, self._log

        def connect_registry(registry: EcrRegistry) -> Ecr:
            from mwaa_deploy.target.ecr import connect_ecr

            return connect_ecr(registry, sign_in_of(inputs, context), env=env, clock=self.clock, log=log)

        aws = aws_surroundings(env, region=inputs.aws_region, from_fork=context.from_fork)
        return RegistryAccess(HostLogins(env, log), connect_registry, aws, log)
