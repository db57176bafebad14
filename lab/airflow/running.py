"""Starting an Airflow that is all prepared, and knowing when it is there."""

import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from lab import processes
from lab.airflow import services
from lab.airflow.children import Children
from lab.airflow.errors import LiveAirflowError, StoppedError
from lab.airflow.installation import Installation
from lab.airflow.services import Place
from lab.airflow.specification import Specification

_READY_SECONDS = 240


@dataclass(frozen=True, kw_only=True)
class Build:
    """An Airflow that only needs to be started.

    Attributes:
        specification: what it was made of.
        aside: folder of the attempt that made it, with its virtual environment, its plugins and its logs.
        environments: variables by component.
    """

    specification: Specification
    aside: Path
    installation: Installation
    place: Place
    environments: Mapping[str, Mapping[str, str]]

    @property
    def python(self) -> Path:
        """The Python of its virtual environment."""
        return self.aside / "venv" / "bin" / "python"

    @property
    def plugins(self) -> Path:
        """Its plugins, unpacked."""
        return self.aside / "plugins"


@dataclass(frozen=True, kw_only=True)
class Running:
    """A build that was started."""

    build: Build
    processes: "tuple[subprocess.Popen[bytes], ...]"

    @property
    def alive(self) -> bool:
        """Whether all of its processes run."""
        return all(process.poll() is None for process in self.processes)


def start(build: Build, children: Children) -> Running:
    """Start a build's processes and wait until Airflow says that it is well.

    Raises:
        LiveAirflowError: a process ended, or it took too long; nothing of it runs any more.
        StoppedError: the children were closed meanwhile.
    """
    place, major = build.place, build.installation.major
    if not place.database.exists():
        shutil.copyfile(build.installation.database, place.database)
    plugins = place.home / "plugins"
    plugins.unlink(missing_ok=True)
    plugins.symlink_to(build.plugins)
    started = []
    try:
        for service in services.services(major, build.python, place.port):
            log = build.aside / f"{service.name}.log"
            env = build.environments[service.component]
            started.append((children.start(service.argv, log=log, env=env, cwd=place.home), log))
        _wait(major, place, started, children)
    except LiveAirflowError:
        children.end(*(process for process, _ in started))
        raise
    return Running(build=build, processes=tuple(process for process, _ in started))


def _wait(major: int, place: Place, started: "list[tuple[subprocess.Popen[bytes], Path]]", children: Children) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not _is_well(major, place.webserver):
        if children.closed:
            raise StoppedError("The environment is being deleted")
        for process, log in started:
            if process.poll() is not None:
                msg = f"{log.stem} ended with exit code {process.returncode}:\n{processes.log_end(log)}"
                raise LiveAirflowError(msg)
        if time.monotonic() > deadline:
            ends = "\n".join(f"{log.stem}:\n{processes.log_end(log)}" for _, log in started)
            msg = f"Airflow was not healthy within {_READY_SECONDS} s.\n{ends}"
            raise LiveAirflowError(msg)
        time.sleep(0.1)


def _is_well(major: int, webserver: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(webserver + services.health_path(major), timeout=10)
            return answer.ok and services.is_healthy(major, answer.json())
        except (requests.RequestException, ValueError):
            return False
