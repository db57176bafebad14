"""The Docker Engine: found, asked for its version, and cleaned of what a run made."""

import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import docker
import urllib3
from docker.errors import DockerException, NotFound
from requests import RequestException

from mwaa_deploy.errors import EngineUnavailable

ENGINE_FAILURES = (DockerException, RequestException, urllib3.exceptions.HTTPError, OSError)
"""What the SDK lets through when the engine refuses, dies or hangs up."""

LABEL = "mwaa-deploy.run"
"""Everything that a run makes in the engine carries this label, with the run's own value."""

OLDEST_API = "1.40"
"""Docker Engine 19.03; older ones are out of everybody's support."""

_SOCKET = "unix:///var/run/docker.sock"
_TIMEOUT = 60

_MEND = """\
on GitHub, a runner that has Docker:
  runs-on: ubuntu-latest
elsewhere, start it (sudo systemctl start docker), name it (export DOCKER_HOST=unix:///run/user/1000/docker.sock),
or do without one:
  with:
    runner: venv"""


class Engine:
    """A Docker Engine that answers.

    Args:
        client: the SDK's client, connected.
        run_label: value of the label on everything made here.
    """

    def __init__(self, client: docker.DockerClient, run_label: str) -> None:
        self.client = client
        self.labels = {LABEL: run_label}

    def __enter__(self) -> Self:
        """Nothing to do: it is connected."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Hang up."""
        self.client.close()

    def memory(self) -> int:
        """Bytes of memory the engine's host has."""
        return int(self.client.info()["MemTotal"])

    def remove_leftovers(self) -> None:
        """Remove every container, network and volume with the run's label."""
        chosen: dict[str, str | list[str] | bool] = {"label": f"{LABEL}={self.labels[LABEL]}"}
        for container in self.client.containers.list(all=True, filters=chosen, ignore_removed=True):
            try:
                container.remove(force=True, v=True)
            except NotFound:
                continue
        for network in self.client.networks.list(filters=chosen):
            network.remove()
        for volume in self.client.volumes.list(filters=chosen):
            volume.remove(force=True)


def connect(env: Mapping[str, str], run_label: str) -> Engine:
    """Connect to the engine that DOCKER_HOST (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH) names, else to the socket.

    Raises:
        EngineUnavailable: none answers, or it is too old.
    """
    named = env.get("DOCKER_HOST") or _SOCKET
    client = None
    try:
        _knock(named)
        variables = {**env, "DOCKER_HOST": named}
        client = docker.from_env(environment=variables, version="auto", timeout=_TIMEOUT, use_context=False)
        version = client.api.api_version  # asked for already, as the newest that the engine knows
    except PermissionError as e:
        what = f"This user may not use the Docker Engine at {named}: {e.strerror}."
        raise EngineUnavailable(what, mend="sudo usermod --append --groups docker $USER") from e
    except ENGINE_FAILURES as e:
        if client is not None:
            client.close()
        what = f"No Docker Engine answers at {named}: {e}"
        raise EngineUnavailable(what, meaning="Docker is not installed or not running here.", mend=_MEND) from e
    if _numbers(version) < _numbers(OLDEST_API):
        client.close()
        what = f"The Docker Engine at {named} has API {version}."
        raise EngineUnavailable(what, meaning=f"API {OLDEST_API} (Engine 19.03) or later is needed.", mend=_MEND)
    return Engine(client, run_label)


def _knock(address: str) -> None:
    """Fail as the system does when nobody listens on a local socket; the SDK would hide why, and leave its end open."""
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(address.removeprefix("unix://"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
