"""The processes one Airflow consists of, and the settings they share."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.airflow.installation import USERNAME, Installation, passed_on
from lab.airflow.specification import Specification
from lab.clients import REGION
from lab.web import LOOPBACK

AIRFLOW_2 = 2

COMPONENTS = ("hybrid", "webserver")
"""What MWAA calls the containers that the processes here stand for; hybrid is a scheduler that also runs tasks."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """One process.

    Attributes:
        component: one of COMPONENTS, as startup scripts see it.
    """

    name: str
    component: str
    argv: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one environment's Airflow lies and listens."""

    name: str
    home: Path
    database: Path
    port: int

    @property
    def webserver(self) -> str:
        """Its URL."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def passwords(self) -> Path:
        """Airflow 3's simple authentication manager keeps passwords there."""
        return self.home / "passwords.json"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What an environment's processes share and nobody else knows."""

    fernet: str
    web: str
    token: str

    @classmethod
    def fresh(cls) -> "Keys":
        """New keys."""
        fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        return cls(fernet=fernet, web=secrets.token_hex(16), token=secrets.token_hex(32))


def services(major: int, python: Path, port: int) -> tuple[Service, ...]:
    """The processes of an Airflow 2 or 3."""
    interpreter = str(python)
    airflow = (interpreter, "-m", "airflow")
    # Without its log server, which would listen on all addresses; with a sequential executor nobody asks it.
    scheduler = Service(name="scheduler", component="hybrid", argv=(*airflow, "scheduler", "--skip-serve-logs"))
    address = f"{LOOPBACK}:{port}"
    if major == AIRFLOW_2:
        # What `airflow webserver` starts, without a second Airflow that only watches over it.
        gunicorn = (interpreter, "-m", "gunicorn", "--workers", "1", "--worker-class", "sync", "--timeout", "120")
        serve = ("--bind", address, "--config", "python:airflow.www.gunicorn_config", "airflow.www.app:cached_app()")
        return (scheduler, Service(name="webserver", component="webserver", argv=(*gunicorn, *serve)))
    api = ("api-server", "--host", LOOPBACK, "--port", str(port), "--workers", "1")
    return (
        scheduler,
        Service(name="api-server", component="webserver", argv=(*airflow, *api)),
        Service(name="dag-processor", component="hybrid", argv=(*airflow, "dag-processor")),
    )


def basic_environment(specification: Specification, place: Place, python: Path) -> dict[str, str]:
    """Variables that the user's configuration and startup script may override."""
    options = {
        f"AIRFLOW__{section.upper()}__{option.upper().replace('.', '__')}": value
        for section, _, option in (key.partition(".") for key in specification.configuration)
        for value in (specification.configuration[f"{section}.{option}"],)
    }
    quick = {"SCHEDULER": ("DAG_DIR_LIST_INTERVAL", "MIN_FILE_PROCESS_INTERVAL")}
    if specification.major > AIRFLOW_2:
        quick = {"DAG_PROCESSOR": ("REFRESH_INTERVAL", "MIN_FILE_PROCESS_INTERVAL")}
    seconds = ("2", "1")
    return {
        **passed_on(),
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(place.home),
        "PYTHONUNBUFFERED": "1",
        **{
            f"AIRFLOW__{section}__{name}": value
            for section, names in quick.items()
            for name, value in zip(names, seconds, strict=True)
        },
        **options,
    }


def settings(specification: Specification, place: Place, keys: Keys, installation: Installation) -> dict[str, str]:
    """Variables that nobody overrides: what MWAA protects, and what makes this Airflow small and private."""
    common = {
        "AIRFLOW_HOME": str(place.home),
        "AIRFLOW_ENV_NAME": place.name,
        "AIRFLOW_VERSION": specification.airflow_version,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # The execution role of the lab.
        "AWS_ENDPOINT_URL": specification.aws_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "AIRFLOW__CORE__DAGS_FOLDER": str(place.home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(place.home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": keys.fernet,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{place.database}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(place.home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    if specification.major == AIRFLOW_2:
        backends = "airflow.api.auth.backend.basic_auth,airflow.api.auth.backend.session"
        return {
            **common,
            "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor",
            "AIRFLOW__API__AUTH_BACKENDS": backends,
            "AIRFLOW__WEBSERVER__SECRET_KEY": keys.web,
            "AIRFLOW__WEBSERVER__BASE_URL": place.webserver,
            # The database already has all roles.
            "AIRFLOW__FAB__UPDATE_FAB_PERMS": "False",
        }
    place.home.mkdir(parents=True, exist_ok=True)
    place.passwords.write_text(json.dumps({USERNAME: installation.password}), encoding="utf-8")
    return {
        **common,
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USERNAME}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(place.passwords),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{place.webserver}/execution/",
        "AIRFLOW__API__BASE_URL": place.webserver,
        "AIRFLOW__API__SECRET_KEY": keys.web,
        "AIRFLOW__API_AUTH__JWT_SECRET": keys.token,
    }


def health_path(major: int) -> str:
    """Where an Airflow says how it is."""
    return "/api/v1/health" if major == AIRFLOW_2 else "/api/v2/monitor/health"


def is_healthy(major: int, health: Mapping[str, Mapping[str, str | None]]) -> bool:
    """Whether everything that must run does, by Airflow's own word."""
    needed = ["metadatabase", "scheduler"] + (["dag_processor"] if major > AIRFLOW_2 else [])
    return all((health.get(part) or {}).get("status") == "healthy" for part in needed)
