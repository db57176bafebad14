"""Running the user's startup script the way MWAA does, for the variables it exports."""

from collections.abc import Mapping
from pathlib import Path

from lab.airflow.children import Children
from lab.airflow.errors import LiveAirflowError

_SECONDS = 5 * 60 - 5
"""What MWAA's image gives the script (amazon-mwaa-docker-images, mwaa/execute_command/setup_environment.py)."""

# The script is sourced, so that an exit in it would end this shell too; it ends the script only.
_SOURCE = """
shopt -s expand_aliases
__script=$1 __dump=$2
set --
__finish() { env -0 >"$__dump"; builtin exit 0; }
alias exit=__finish
source "$__script"
__finish
"""

_PROTECTED = frozenset(
    (
        *("AIRFLOW_ENV_ID", "AIRFLOW_ENV_NAME", "AIRFLOW_HOME", "AIRFLOW_TASK_REVISION_ID", "AIRFLOW_VERSION"),
        *("AIRFLOW__AWS_MWAA__REDIRECT_URL", "JWT_PUBLIC_KEY", "AIRFLOW__WEBSERVER__BASE_URL"),
        *("AIRFLOW__API__BASE_URL", "AWS_DEFAULT_REGION", "AWS_REGION", "CUSTOMER_ACCOUNT_ID"),
        *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_EXECUTION_ENV", "PYTHONPATH", "PYTHONUNBUFFERED"),
        *("WATCHTOWER_VERSION", "USE_NON_CRITICAL_LOGGING", "AIRFLOW__CORE__DATABASE_ACCESS_ISOLATION"),
    )
)
_PROTECTED_PREFIXES = ("MWAA__", "ECS_")
_OF_THE_SHELL = frozenset(("_", "PWD", "OLDPWD", "SHLVL"))


def run_startup_script(
    script: Path, *, component: str, children: Children, env: Mapping[str, str], home: Path, log: Path
) -> dict[str, str]:
    """Run it for one component; its exit status does not count, the variables it leaves do.

    Args:
        component: what the script finds in MWAA_AIRFLOW_COMPONENT.

    Returns:
        The environment for that component.

    Raises:
        LiveAirflowError: it died half-way, or took more than five minutes.
    """
    dump = log.with_suffix(".environment")
    dump.unlink(missing_ok=True)
    given = {**env, "MWAA_AIRFLOW_COMPONENT": component, "MWAA_COMMAND": component}
    argv = ["bash", "-c", _SOURCE, "startup", str(script), str(dump)]
    code = children.run(argv, log=log, env=given, cwd=home, timeout=_SECONDS)
    if code is None:
        msg = "The startup script took more than 5 minutes"
        raise LiveAirflowError(msg)
    if not dump.exists():
        msg = f"The startup script died with exit code {code} before its end; see {log}"
        raise LiveAirflowError(msg)
    pairs = (entry.partition("=") for entry in dump.read_text(errors="surrogateescape").split("\0") if entry)
    left = {name: value for name, _, value in pairs if not _is_protected(name)}
    return {**given, **left}


def _is_protected(name: str) -> bool:
    return name in _PROTECTED or name in _OF_THE_SHELL or name.startswith(_PROTECTED_PREFIXES)
