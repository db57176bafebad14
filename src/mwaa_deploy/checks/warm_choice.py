"""Which projects can start from an interpreter that has imported Airflow already, and see no difference."""

import re
from collections.abc import Iterable
from pathlib import Path

from mwaa_deploy.checks.checkout import Checkout
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.running_probe import has_local_settings
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.source.project import Project

_AIRFLOW_3 = "3."
_IN_TESTS = re.compile(rb"environ|putenv|setenv|dotenv|AIRFLOW_|warnings|addopts|sys\.|pythonpath")
"""What tests, and what lies beside them, say that has a say in how Airflow is imported, or in what is seen of it."""

_TELLING = frozenset({".py", ".ini", ".toml", ".cfg"})

_IN_CODE = re.compile(rb"putenv|dotenv|AIRFLOW_")
"""The same of DAG files and plugins, which read their environment all the time, and seldom change it."""


def suits(project: Project) -> bool:
    """Whether a project's DAGs and tests can start from an interpreter that knew nothing of it when it began.

    Not if its startup script sets variables, or if importing Airflow would run code of the project's.
    """
    packed = project.plugins is not None and project.plugins.is_file()
    return project.startup_script is None and not packed and not has_local_settings(project)


def needs_fresh_interpreter(
    layout: Layout, checkout: Checkout, settings: CheckSettings, limits: CheckLimits, airflow_version: str
) -> bool:
    """Whether unit tests could tell if Airflow was imported before them.

    A project's tests may set Airflow's variables before they import it; pytest shows what importing it warns of.
    Airflow 3 decides at its import whether it is a server, as the probe needs it, or a client, as tests are.

    Args:
        layout: whose DAGs and plugins are searched.
        checkout: whose files are, those of the tests for more than others.
        settings: of these, those of the tests.
        limits: of these, that of one DAG file, which Airflow reads when it is imported.
        airflow_version: as in '2.10.3'.
    """
    if airflow_version.startswith(_AIRFLOW_3) or settings.tests.coverage:
        return True
    if settings.tests.arguments or settings.tests.requirements or limits.dag_file != CheckLimits().dag_file:
        return True
    if any(_says(path, _IN_TESTS if name in checkout.tests else _IN_CODE) for name, path in checkout.files.items()):
        return True
    return any(_says(path, _IN_CODE) for placed in layout.placed for path in _files(placed.source))


def _says(path: Path, telling: re.Pattern[bytes]) -> bool:
    return path.suffix in _TELLING and telling.search(path.read_bytes()) is not None


def _files(source: Path) -> Iterable[Path]:
    """The source itself, or all files in it."""
    return [source] if source.is_file() else (path for path in source.rglob("*") if path.is_file())
