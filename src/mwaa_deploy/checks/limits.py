"""How long each check may take."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CheckLimits:
    """Time limits of the checks, all in seconds.

    Attributes:
        startup_script: for the startup script. MWAA gives it five minutes less the five seconds that it grants a
            script to end by itself (amazon-mwaa-docker-images, mwaa/config/setup_environment.py).
        install: for pip. MWAA itself stops an installation after nine minutes (amazon-mwaa-docker-images,
            mwaa/utils/user_requirements.py), so more would only hide the failure until the environment update.
        dag_file: for one DAG file to be parsed; Airflow's core.dagbag_import_timeout is 30 by default.
        dags: for all DAG files together.
        unit_tests: for the whole test run.
    """

    startup_script: float = 295.0
    install: float = 540.0
    dag_file: float = 30.0
    dags: float = 1800.0
    unit_tests: float = 1800.0
