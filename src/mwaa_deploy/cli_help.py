"""What the command line's help says beside the options: examples, exit codes, environment, and the options' groups."""

import textwrap

GROUPS = {
    "the project": (
        *("airflow_version", "project_dir", "config_file", "dags_dir", "exclude", "plugins_dir", "requirements_file"),
        *("startup_script", "tests_dir"),
    ),
    "the checks": ("checks", "runner", "runner_image", "check_timeout_minutes", "base"),
    "the target": (
        *("environment", "stack_name", "template", "parameters", "parameter_values", "bucket", "bucket_owner"),
        *("aws_region", "environment_name", "deploy_with", "promote_from", "plan_file", "rollback_to"),
    ),
    "access to AWS": (
        *("role_to_assume", "role_chain", "allowed_account_ids", "role_session_name", "role_duration_seconds"),
        *("stack_role_arn", "kms_key"),
    ),
    "the stack": (
        *("capabilities", "stack_tags", "notification_arns", "termination_protection", "nested_stacks"),
        *("revert_drift", "stack_timeout_minutes"),
    ),
    "what is guarded": (
        *("max_deletions", "max_deletion_share", "protected_prefixes", "allow_replacement", "recreate_failed_stack"),
        *("worker_replacement", "allow_running_tasks", "lock_timeout_minutes", "force"),
        "take_over_dags",
    ),
    "after a deployment": ("verify", "smoke_dags", "verify_timeout_minutes", "rollback_on_failure"),
    "the registry": ("create_repository",),
}
"""Where the help lists each option."""

_EXAMPLES = {
    "": (
        "mwaa-deploy check --airflow-version 2.10.3",
        "mwaa-deploy plan --environment staging",
        "mwaa-deploy deploy --environment staging",
        "mwaa-deploy completion bash >~/.local/share/bash-completion/completions/mwaa-deploy",
    ),
    "run": ("INPUT_MODE=check INPUT_AIRFLOW_VERSION=2.10.3 mwaa-deploy run",),
    "check": (
        "mwaa-deploy check --airflow-version 2.10.3",
        "mwaa-deploy check --checks all --runner venv --output-dir report",
        "mwaa-deploy check --json | jq .checks",
    ),
    "plan": (
        "mwaa-deploy plan --environment staging",
        "mwaa-deploy plan --stack-name mwaa --template infra/template.yaml --bucket my-mwaa-bucket",
        "mwaa-deploy plan --environment staging --plan-file plan.json",
    ),
    "deploy": (
        "mwaa-deploy deploy --environment staging",
        "mwaa-deploy deploy --environment staging --plan-file plan.json",
        "mwaa-deploy deploy --environment production --promote-from staging",
    ),
    "rollback": (
        "mwaa-deploy rollback --environment staging",
        "mwaa-deploy rollback --environment staging --rollback-to 1a2b3c4",
    ),
    "drift": ("mwaa-deploy drift --environment staging",),
    "image": (
        "mwaa-deploy image build --airflow-version 2.10.3",
        "mwaa-deploy image push --airflow-version 2.10.3 --runner-image ghcr.io/me/mwaa-runner:2.10.3",
    ),
    "completion": (
        "mwaa-deploy completion bash >~/.local/share/bash-completion/completions/mwaa-deploy",
        "mwaa-deploy completion zsh >~/.zfunc/_mwaa-deploy    # a folder of $fpath",
        "mwaa-deploy completion fish >~/.config/fish/completions/mwaa-deploy.fish",
    ),
}

_EXIT_CODES = (
    ("0", "all went well"),
    ("1", "a fault of mwaa-deploy itself; its message can be pasted into an issue"),
    ("2", "the command line has words that it does not know"),
    ("30", "a check failed"),
    ("130", "interrupted; what was started is removed"),
    ("others", "one for each cause that can be mended, 10 to 86: docs/troubleshooting.md lists them"),
)
_ENVIRONMENT = (
    ("INPUT_<NAME>", "what the option --<name> says, with underscores; options come before variables"),
    ("AWS_*", "credentials, profile and Region, as the AWS CLI reads them, where no role is to be assumed"),
    ("DOCKER_HOST", "the Docker Engine that the checks run on"),
    ("MWAA_DEPLOY_BASE_IMAGE", "what the runner image is built on, such as one of your own registry"),
    ("MWAA_DEPLOY_OUTPUT_DIR", "the same as --output-dir"),
    ("PIP_*, UV_*", "where packages come from, as pip and uv read them"),
    ("NO_COLOR", "a value switches colours off"),
)


def epilog(command: str) -> str:
    """What comes after the options; '' is the program itself."""
    parts = ["examples:", *(f"  {line}" for line in _EXAMPLES.get(command, _EXAMPLES[""]))]
    if command != "completion":
        parts += ["", "exit codes:", *_table(_EXIT_CODES, 8), "", "environment:", *_table(_ENVIRONMENT, 24)]
    return "\n".join(parts)


def _table(rows: tuple[tuple[str, str], ...], width: int) -> list[str]:
    indent = " " * (width + 4)
    return [
        textwrap.fill(text, 100, initial_indent=f"  {name:<{width}}  ", subsequent_indent=indent) for name, text in rows
    ]
