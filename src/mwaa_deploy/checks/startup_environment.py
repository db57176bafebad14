"""A runner whose commands see what the startup script exported, and other variables of the project."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from mwaa_deploy.ports import Completed, Runner, RunnerFamily

COMPONENT = "scheduler"
"""The component of MWAA that the checks stand for: it parses DAG files, and it has requirements and plugins."""

COMPONENT_VARIABLES = {"MWAA_AIRFLOW_COMPONENT": COMPONENT, "MWAA_COMMAND": COMPONENT}
"""How a startup script or DAG on MWAA learns where it runs (images: mwaa/config/environ.py)."""

PROTECTED = (
    *("AIRFLOW_ENV_ID", "AIRFLOW_ENV_NAME", "AIRFLOW_HOME", "AIRFLOW_TASK_REVISION_ID", "AIRFLOW_VERSION"),
    *("AIRFLOW__AWS_MWAA__REDIRECT_URL", "JWT_PUBLIC_KEY", "AIRFLOW__WEBSERVER__BASE_URL", "AIRFLOW__API__BASE_URL"),
    *("AWS_DEFAULT_REGION", "AWS_REGION", "CUSTOMER_ACCOUNT_ID", "ECS_*", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    *("AWS_EXECUTION_ENV", "PYTHONPATH", "PYTHONUNBUFFERED", "WATCHTOWER_VERSION", "USE_NON_CRITICAL_LOGGING"),
    *("AIRFLOW__CORE__DATABASE_ACCESS_ISOLATION", "MWAA__*", *COMPONENT_VARIABLES),
    # What MWAA sets last of all, whatever the script says (images: mwaa/config/airflow.py, "essential").
    *("AIRFLOW__CORE__EXECUTOR", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__CORE__LOAD_EXAMPLES"),
    *("AIRFLOW__CORE__SQL_ALCHEMY_CONN", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"),
    *("AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND", "AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS"),
    *("AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS", "AIRFLOW__WEBSERVER__CONFIG_FILE"),
)
"""Patterns of the variables that a startup script on MWAA cannot change (images: mwaa/config/setup_environment.py)."""


class RunnerWithEnvironment:
    """Fills the Runner port over another runner.

    Args:
        inner: where everything is really done.
        variables: set for each command, unless the command says otherwise.
        exported: file inside the runner with variables of the user's, {name: value}, applied inside the runner right
            before the command starts, so that none of them reaches a process of ours. None if there is none.
        script: with_environment.py inside the runner; needed where `exported` is given.
    """

    def __init__(
        self,
        inner: Runner,
        *,
        variables: Mapping[str, str],
        exported: PurePosixPath | None = None,
        script: PurePosixPath | None = None,
    ) -> None:
        self._inner = inner
        self._variables = dict(variables)
        self._exported = exported
        self._script = script

    @property
    def description(self) -> str:
        """The inner runner's."""
        return self._inner.description

    @property
    def family(self) -> RunnerFamily:
        """The inner runner's."""
        return self._inner.family

    @property
    def differences(self) -> tuple[str, ...]:
        """The inner runner's."""
        return self._inner.differences

    @property
    def home(self) -> PurePosixPath:
        """The inner runner's."""
        return self._inner.home

    @property
    def python(self) -> str:
        """The inner runner's."""
        return self._inner.python

    @property
    def test_tools(self) -> PurePosixPath | None:
        """The inner runner's."""
        return self._inner.test_tools

    def put(self, destination: PurePosixPath, source: Path | bytes) -> None:
        """Copy into the inner runner."""
        self._inner.put(destination, source)

    def put_all(self, files: Mapping[PurePosixPath, Path | bytes]) -> None:
        """Copy into the inner runner."""
        self._inner.put_all(files)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        cwd: PurePosixPath | None = None,
        network: bool = True,
        results: Sequence[PurePosixPath] = (),
    ) -> Completed:
        """Run a command with the variables; those of the command itself win."""
        env = {**self._variables, **(env or {})}
        if self._exported and self._script:
            before = (self._inner.python, "-I", "-S", str(self._script), str(self._exported), ",".join(env))
            argv = (*before, *argv)
        return self._inner.run(argv, timeout=timeout, env=env, cwd=cwd, network=network, results=results)

    def read(self, path: PurePosixPath) -> bytes | None:
        """The bytes of one file of the inner runner."""
        return self._inner.read(path)

    def close_network(self) -> None:
        """Close the inner runner's."""
        self._inner.close_network()
