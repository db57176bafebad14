"""Starts and stops the lab's AWS as a process of its own."""

import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import requests

from lab.aws.registry_token import Registry

_READY = "listening on "
_START_SECONDS = 60
_STOP_SECONDS = 20
_REQUEST_SECONDS = 30
_ROOT = Path(__file__).resolve().parents[2]


class AwsNotStartedError(RuntimeError):
    """The process ended, or said nothing in time; the message has what it wrote."""


@dataclass(frozen=True, kw_only=True)
class RunningAws:
    """The lab's AWS, running; leaving it as a context manager stops it.

    Attributes:
        url: its endpoint, for every service.
    """

    url: str
    process: subprocess.Popen[str]

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """GET /_lab/<path>."""
        return self._ask("GET", path, query=query)

    def post(self, path: str, **document: object) -> dict[str, Any]:
        """POST a JSON document to /_lab/<path>."""
        return self._ask("POST", path, document=document)

    def delete(self, path: str) -> dict[str, Any]:
        """DELETE /_lab/<path>."""
        return self._ask("DELETE", path)

    def stop(self) -> int:
        """End the process, by force if need be; its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        url = f"{self.url}/_lab/{path}"
        answer = requests.request(method, url, params=query, json=document, timeout=_REQUEST_SECONDS)
        answer.raise_for_status()
        answered: dict[str, Any] = answer.json()
        return answered


def start_aws(
    *,
    oidc_issuer: str,
    port: int = 0,
    oidc_jwks: str | None = None,
    live_airflow: str | None = None,
    registry: Registry | None = None,
    seconds_per_status: float = 0.3,
    log: Path | None = None,
) -> RunningAws:
    """Start the lab's AWS and wait until it answers. Stop it with `.stop()` or a `with` statement.

    Args:
        port: on 127.0.0.1; 0 picks a free one.
        log: where its stderr goes; ours by default.

    Raises:
        AwsNotStartedError: it did not come up.
    """
    argv = [sys.executable, "-m", "lab.aws", "--port", str(port), "--oidc-issuer", oidc_issuer]
    argv += ["--seconds-per-status", str(seconds_per_status)]
    argv += ["--oidc-jwks", oidc_jwks] if oidc_jwks else []
    argv += ["--live-airflow", live_airflow] if live_airflow else []
    if registry:
        argv += ["--registry", registry.url, "--registry-user", registry.user]
        argv += ["--registry-password-file", str(registry.password_file)]
    errors = log.open("w") if log else None
    try:
        process = subprocess.Popen(argv, cwd=_ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
    finally:
        if errors:
            errors.close()
    running = RunningAws(url=_address(process), process=process)
    # What it says later would fill the pipe.
    threading.Thread(target=_drain, args=(process,), daemon=True).start()
    return running


def _address(process: subprocess.Popen[str]) -> str:
    timer = threading.Timer(_START_SECONDS, process.kill)
    timer.start()
    said = []
    try:
        for line in process.stdout or ():
            said.append(line)
            if line.startswith(_READY):
                return line.removeprefix(_READY).strip()
    finally:
        timer.cancel()
    process.wait()
    if process.stdout:
        process.stdout.close()
    message = f"The lab's AWS did not start (exit status {process.returncode}): {''.join(said)}"
    raise AwsNotStartedError(message)


def _drain(process: subprocess.Popen[str]) -> None:
    if process.stdout:
        with process.stdout as output:
            for _ in output:
                pass
