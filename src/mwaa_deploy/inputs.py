"""The action's inputs, parsed once into frozen data. Nobody else reads them from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from mwaa_deploy import input_patterns as pattern
from mwaa_deploy.deletion_limits import DEFAULT_SHARE
from mwaa_deploy.errors import InputsInvalid
from mwaa_deploy.input_contradictions import contradictions
from mwaa_deploy.input_words import (
    MODES_OF_PROPOSALS,
    WITHOUT_PROJECT,
    ChecksKind,
    CommentKind,
    DeployWith,
    EngineKind,
    Mode,
    RunnerKind,
    VerifyKind,
    WorkerReplacement,
    effective_mode,
)
from mwaa_deploy.inputs_reader import DEFAULT_CAPABILITIES, InputsReader, variable

__all__ = [
    "MODES_OF_PROPOSALS",
    "WITHOUT_PROJECT",
    "ChecksKind",
    "CommentKind",
    "ConfigLocation",
    "DeployWith",
    "EngineKind",
    "Inputs",
    "Mode",
    "RunnerKind",
    "VerifyKind",
    "WorkerReplacement",
    "config_location",
    "effective_mode",
    "parse_inputs",
    "read_section",
]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What the user asked for. Paths are relative, in POSIX form; empty strings mean 'not given'."""

    airflow_version: str = ""
    mode: Mode = Mode.AUTO
    checks: ChecksKind = ChecksKind.CHANGED
    project_dir: str = "."
    config_file: str = ""
    dags_dir: str = ""
    exclude: tuple[str, ...] = ()
    plugins_dir: str = ""
    requirements_file: str = ""
    startup_script: str = ""
    tests_dir: str = ""
    template: str = ""
    parameters: str = ""
    parameter_values: tuple[tuple[str, str], ...] = ()
    stack_name: str = ""
    environment: str = ""
    promote_from: str = ""
    environment_name: str = ""
    deploy_with: DeployWith = DeployWith.CLOUDFORMATION
    plan_file: str = ""
    worker_replacement: WorkerReplacement = WorkerReplacement.UNSAID
    allow_running_tasks: bool = False
    bucket: str = ""
    bucket_owner: str = ""
    kms_key: str = ""
    max_deletions: int | None = None
    max_deletion_share: int = DEFAULT_SHARE
    protected_prefixes: tuple[str, ...] = ()
    aws_region: str = ""
    role_to_assume: str = ""
    role_chain: tuple[str, ...] = ()
    allowed_account_ids: tuple[str, ...] = ()
    role_session_name: str = ""
    role_duration_seconds: int = 3600
    capabilities: tuple[str, ...] = DEFAULT_CAPABILITIES
    stack_role_arn: str = ""
    stack_tags: tuple[tuple[str, str], ...] = ()
    notification_arns: tuple[str, ...] = ()
    termination_protection: bool = False
    nested_stacks: bool = False
    revert_drift: bool = False
    allow_replacement: bool = False
    recreate_failed_stack: bool = False
    stack_timeout_minutes: int = 180
    rollback_to: str = ""
    rollback_on_failure: bool = False
    verify: VerifyKind = VerifyKind.AUTO
    smoke_dags: tuple[str, ...] = ()
    verify_timeout_minutes: int = 10
    lock_timeout_minutes: int = 120
    force: bool = False
    check_timeout_minutes: int = 30
    runner: RunnerKind = RunnerKind.AUTO
    runner_image: str = ""
    create_repository: bool = False
    docker_engine: EngineKind = EngineKind.HOST
    base: str = ""
    comment: CommentKind = CommentKind.AUTO
    report: str = ""
    github_token: str = ""

    @property
    def names_target(self) -> bool:
        """Whether enough is given to look at the target."""
        return not self.missing_for_target

    @property
    def missing_for_target(self) -> tuple[str, ...]:
        """The inputs without which the target cannot be looked at, and that are not given."""
        owner = ("environment-name",) if self.without_stack else ("stack-name", "template")
        return tuple(name for name in (*owner, "bucket", "aws-region") if not getattr(self, name.replace("-", "_")))

    @property
    def without_stack(self) -> bool:
        """Whether the environment is updated directly, as another tool or a person owns it."""
        return self.deploy_with is DeployWith.ENVIRONMENT_API

    @property
    def target_name(self) -> str:
        """What the target is called in the bucket and in reports: the stack's name, without one the environment's."""
        return self.environment_name if self.without_stack else self.stack_name


@dataclass(frozen=True, kw_only=True)
class ConfigLocation:
    """Where the configuration file is looked for, in the words of the inputs."""

    project_dir: str = "."
    config_file: str = ""


def config_location(env: Mapping[str, str]) -> ConfigLocation:
    """Read the two INPUT_* variables that say where the configuration file is. parse_inputs judges them."""
    reader = InputsReader(env)
    return ConfigLocation(project_dir=reader.path("project-dir") or ".", config_file=reader.path("config-file"))


def parse_inputs(env: Mapping[str, str], *, event: str, airflow_version: str = "") -> Inputs:
    """Read the INPUT_* variables.

    Args:
        env: where they are.
        event: name of the event that started the run.
        airflow_version: what the configuration file says, for where the input is not given.

    Raises:
        InputsInvalid: with every problem there is, each beginning with the input's name.
    """
    reader = InputsReader(env)
    inputs = _read(reader, airflow_version)
    if not inputs.airflow_version and inputs.mode not in {*WITHOUT_PROJECT, Mode.COMMENT}:
        reader.problems.insert(0, f"airflow-version: needed, but not given; it takes {pattern.VERSION_WANTED}")
    if inputs.mode is Mode.IMAGE and event and not inputs.runner_image:
        reader.problems.append("runner-image: needed with 'mode: image', as the name to push to, but not given")
    problems = [*reader.problems, *contradictions(inputs, effective_mode(inputs.mode, event))]
    if problems:
        raise InputsInvalid(problems)
    return inputs


def read_section(texts: Mapping[str, str]) -> tuple[Inputs, tuple[str, ...]]:
    """What a section of the configuration file says about a target, each input judged by itself.

    Args:
        texts: what would be given, by the input's name.

    Returns:
        The inputs, and every problem there is, each beginning with the input's name.
    """
    reader = InputsReader({variable(name): text for name, text in texts.items()})
    return _read(reader, ""), tuple(reader.problems)


def _read(reader: InputsReader, airflow_version: str) -> Inputs:
    return Inputs(
        mode=reader.choice("mode", Mode, Mode.AUTO),
        project_dir=reader.path("project-dir") or ".",
        airflow_version=reader.matching("airflow-version", pattern.AIRFLOW_VERSION, pattern.VERSION_WANTED)
        or airflow_version,
        config_file=reader.path("config-file"),
        checks=reader.choice("checks", ChecksKind, ChecksKind.CHANGED),
        dags_dir=reader.path("dags-dir"),
        exclude=reader.lines("exclude"),
        plugins_dir=reader.path("plugins-dir"),
        requirements_file=reader.path("requirements-file"),
        startup_script=reader.path("startup-script"),
        tests_dir=reader.path("tests-dir"),
        template=reader.path("template"),
        parameters=reader.path("parameters"),
        parameter_values=reader.tags("parameter-values"),
        stack_name=reader.matching("stack-name", pattern.STACK, "letters, digits and hyphens, beginning with a letter"),
        environment=reader.matching("environment", pattern.SECTION, pattern.SECTION_WANTED),
        promote_from=reader.matching("promote-from", pattern.SECTION, pattern.SECTION_WANTED),
        environment_name=reader.matching("environment-name", pattern.ENVIRONMENT, "the name of an MWAA environment"),
        deploy_with=reader.choice("deploy-with", DeployWith, DeployWith.CLOUDFORMATION),
        plan_file=reader.path("plan-file"),
        worker_replacement=reader.choice("worker-replacement", WorkerReplacement, WorkerReplacement.UNSAID),
        allow_running_tasks=reader.flag("allow-running-tasks"),
        bucket=reader.matching("bucket", pattern.BUCKET, "a bucket's name, without s3:// and without a prefix"),
        bucket_owner=reader.matching("bucket-owner", pattern.ACCOUNT, pattern.ACCOUNT_WANTED),
        kms_key=reader.matching("kms-key", pattern.KMS_KEY, "a KMS key's ARN or id, or alias/ and its alias"),
        max_deletions=reader.number("max-deletions", 999_999_999),
        max_deletion_share=DEFAULT_SHARE if (share := reader.number("max-deletion-share", 100)) is None else share,
        protected_prefixes=reader.paths("protected-prefixes"),
        aws_region=reader.matching("aws-region", pattern.REGION, "a Region such as eu-west-1"),
        role_to_assume=reader.matching("role-to-assume", pattern.ROLE_ARN, pattern.ROLE_WANTED),
        role_chain=reader.all_matching("role-chain", pattern.ROLE_ARN, pattern.ROLE_WANTED),
        allowed_account_ids=reader.all_matching(
            "allowed-account-ids", pattern.ACCOUNT, pattern.ACCOUNT_WANTED, apart=pattern.WORDS_APART
        ),
        role_session_name=reader.matching("role-session-name", pattern.SESSION_NAME, pattern.SESSION_NAME_WANTED),
        role_duration_seconds=reader.session_seconds("role-duration-seconds", 3600),
        capabilities=reader.capabilities(),
        stack_role_arn=reader.matching(
            "stack-role-arn", pattern.ROLE_ARN, "a role's ARN such as arn:aws:iam::123456789012:role/cloudformation"
        ),
        stack_tags=reader.tags("stack-tags"),
        notification_arns=reader.all_matching("notification-arns", pattern.TOPIC_ARN, "the ARN of an SNS topic"),
        termination_protection=reader.flag("termination-protection"),
        nested_stacks=reader.flag("nested-stacks"),
        revert_drift=reader.flag("revert-drift"),
        allow_replacement=reader.flag("allow-replacement"),
        recreate_failed_stack=reader.flag("recreate-failed-stack"),
        stack_timeout_minutes=reader.minutes("stack-timeout-minutes", 180),
        rollback_to=reader.matching(
            "rollback-to", pattern.RECORD, "a commit, a workflow run or a record's object version"
        ),
        rollback_on_failure=reader.flag("rollback-on-failure"),
        verify=reader.choice("verify", VerifyKind, VerifyKind.AUTO),
        smoke_dags=reader.lines("smoke-dags"),
        verify_timeout_minutes=reader.minutes("verify-timeout-minutes", 10),
        lock_timeout_minutes=reader.minutes("lock-timeout-minutes", 120),
        force=reader.flag("force"),
        check_timeout_minutes=reader.minutes("check-timeout-minutes", 30),
        runner=reader.choice("runner", RunnerKind, RunnerKind.AUTO),
        runner_image=reader.text("runner-image"),
        create_repository=reader.flag("create-repository"),
        docker_engine=reader.choice("docker-engine", EngineKind, EngineKind.HOST),
        base=reader.matching("base", pattern.REVISION, "a full SHA, a tag or a branch"),
        comment=reader.choice("comment", CommentKind, CommentKind.AUTO),
        report=reader.path("report"),
        github_token=reader.text("github-token"),
    )
