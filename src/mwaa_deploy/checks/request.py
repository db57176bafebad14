"""What is asked of the checks in one run, as frozen data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.pins import Pins
from mwaa_deploy.checks.selection import Selection
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.source.base_files import BaseSource


@dataclass(frozen=True, kw_only=True)
class CheckRequest:
    """One run of the checks.

    Attributes:
        airflow_version: of the target environment, as in '2.10.3'.
        python: MWAA's Python for that Airflow, as in '3.11'; empty where it is not known.
        selection: which checks run, and why.
        pins: the versions in MWAA's image of that Airflow; empty where we hold no locked packages.
        plugins_zip: the built plugins.zip; None if there is none, or to have it built.
        test_tools: gives a folder with pytest and what it needs, pure Python, for a runner without tools of its own;
            None if the runner's own Python has pytest.
        base: what to compare the DAGs and packages with; None to compare nothing.
        postgresql: a folder with PostgreSQL's programs, where the settings ask for that database.
    """

    airflow_version: str
    selection: Selection
    python: str = ""
    pins: Pins = field(default_factory=Pins)
    settings: CheckSettings = field(default_factory=CheckSettings)
    limits: CheckLimits = field(default_factory=CheckLimits)
    plugins_zip: Path | None = None
    test_tools: Callable[[], Path] | None = None
    base: BaseSource | None = None
    postgresql: Path | None = None
