"""The inputs that a saved plan pins, and why it need not pin the others. A test sees that no input is forgotten."""

from collections.abc import Mapping

from mwaa_deploy.inputs import Inputs

PINNED = (
    "allow_replacement",
    "allow_running_tasks",
    "capabilities",
    "deploy_with",
    "force",
    "kms_key",
    "nested_stacks",
    "notification_arns",
    "promote_from",
    "revert_drift",
    "rollback_on_failure",
    "smoke_dags",
    "stack_role_arn",
    "stack_tags",
    "termination_protection",
    "worker_replacement",
)
"""They decide what a deployment does, or may do, and nothing else in a plan tells their values."""

COMPARED: Mapping[str, str] = {
    "bucket": "target",
    "aws_region": "target",
    "stack_name": "target",
    "environment_name": "target; with a stack the fingerprint of the environment",
    "dags_dir": "content",
    "exclude": "content",
    "plugins_dir": "content",
    "requirements_file": "content",
    "startup_script": "content",
    "template": "content",
    "parameters": "parameters",
    "parameter_values": "parameters",
    "protected_prefixes": "operations: what would be deleted",
    "verify": "operations: the record; else it only asks",
}
"""What they come to is among what is compared, by where it is."""

HARMLESS: Mapping[str, str] = {
    "mode": "a plan is made with one and carried out with another",
    "plan_file": "where the plan is",
    "project_dir": "where files are looked for; their content is compared",
    "config_file": "where inputs and checks are looked for",
    "environment": "a section stands for inputs, which are all in these lists",
    "base": "tells why, and which checks are run",
    "airflow_version": "of the checks",
    "checks": "which checks are run",
    "tests_dir": "of the checks",
    "check_timeout_minutes": "of the checks",
    "runner": "of the checks",
    "runner_image": "of the checks",
    "docker_engine": "of the checks",
    "create_repository": "of mode image",
    "rollback_to": "of mode rollback",
    "report": "of mode comment",
    "comment": "what is told of a run",
    "github_token": "a plan may be made with fewer rights",
    "role_to_assume": "a plan may be made with fewer rights; the account is in the stack's id and in the bucket",
    "role_chain": "as role_to_assume",
    "role_session_name": "as role_to_assume",
    "role_duration_seconds": "as role_to_assume",
    "allowed_account_ids": "can only refuse",
    "bucket_owner": "can only refuse",
    "max_deletions": "can only refuse: what would be deleted is among the operations",
    "max_deletion_share": "as max_deletions",
    "recreate_failed_stack": "never done by a saved plan",
    "stack_timeout_minutes": "how long is waited",
    "verify_timeout_minutes": "how long is waited",
    "lock_timeout_minutes": "how long is waited",
}
"""Why they change nothing of what a plan says is done."""


def input_name(field: str) -> str:
    """What the user calls an input."""
    return field.replace("_", "-")


def pinned_settings(inputs: Inputs) -> dict[str, str]:
    """The value of each pinned input, by the name that the user knows."""
    return {input_name(field): _text(getattr(inputs, field)) for field in PINNED}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "\n".join("=".join(entry) if isinstance(entry, tuple) else str(entry) for entry in value)
    return str(value)
