"""The lab's live Airflow as the control plane uses it: a deployment to wait for, and its REST API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from lab.aws.clock import StatusClock
from lab.aws.source_bucket import Artefact, bucket_name

_POLL_SECONDS = 0.25
_REQUEST_SECONDS = 30


class LiveAirflowFailedError(Exception):
    """The Airflow asked for did not come up; its message says why."""


@dataclass(frozen=True, kw_only=True)
class Webserver:
    """Where an Airflow answers and who may ask."""

    url: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    airflow_version: str


@dataclass(frozen=True, kw_only=True)
class InstallLog:
    """What one container said.

    Attributes:
        kind: how the stream's name begins: requirements_install or startup_script_execution.
        component: hybrid or webserver.
    """

    kind: str
    component: str
    lines: tuple[str, ...]


class LiveAirflow:
    """The service that runs one real Airflow for each environment.

    Args:
        url: where it listens.
        aws_endpoint: where the Airflows it starts find the lab's AWS.
    """

    def __init__(self, url: str, *, aws_endpoint: str, clock: StatusClock) -> None:
        self._url = url.rstrip("/")
        self._aws_endpoint = aws_endpoint
        self._clock = clock

    def deploy(self, name: str, fields: Mapping[str, Any], artefacts: Mapping[str, Artefact | None]) -> Webserver:
        """Ask for an Airflow of exactly these fields and wait until it is ready.

        Raises:
            LiveAirflowFailedError: it failed, or the service could not be reached.
            StoppedError: the lab is being shut down.
        """
        version = str(fields["AirflowVersion"])
        wanted = {
            "airflow_version": version,
            "bucket": bucket_name(fields["SourceBucketArn"]),
            "dags_prefix": fields["DagS3Path"],
            "configuration": dict(fields.get("AirflowConfigurationOptions") or {}),
            "aws_endpoint": self._aws_endpoint,
            **{part: found and {"key": found.key, "version": found.version} for part, found in artefacts.items()},
        }
        generation = self._ask("POST", name, json=wanted)["generation"]
        while True:
            state = self._ask("GET", name)
            if state.get("generation") == generation:
                if state["state"] == "failed":
                    raise LiveAirflowFailedError(str(state.get("error") or "Airflow did not start"))
                if state["state"] == "ready":
                    return Webserver(
                        url=state["webserver"].rstrip("/"),
                        username=state["username"],
                        password=state["password"],
                        airflow_version=version,
                    )
            self._clock.pause(_POLL_SECONDS)

    def installation(self, name: str) -> list[InstallLog]:
        """What the latest attempt said while it installed requirements and ran the startup script.

        Raises:
            LiveAirflowFailedError: the service could not be reached.
        """
        logs = self._ask("GET", f"{name}/installation").get("logs", [])
        return [InstallLog(kind=log["kind"], component=log["component"], lines=tuple(log["lines"])) for log in logs]

    def delete(self, name: str) -> None:
        """Stop an environment's Airflow.

        Raises:
            LiveAirflowFailedError: the service could not be reached.
        """
        self._ask("DELETE", name)

    def _ask(self, method: str, name: str, json: object = None) -> dict[str, Any]:
        try:
            answer = requests.request(method, f"{self._url}/environments/{name}", json=json, timeout=_REQUEST_SECONDS)
            answer.raise_for_status()
            document: dict[str, Any] = answer.json() if answer.content else {}
        except (requests.RequestException, ValueError) as error:
            raise LiveAirflowFailedError(f"The live Airflow service at {self._url} failed: {error}") from error
        return document


@dataclass(frozen=True, kw_only=True)
class RestApiAnswer:
    """What Airflow's REST API answered; document is a JSON object."""

    status: int
    document: dict[str, Any]


def call_rest_api(
    webserver: Webserver, *, method: str, path: str, query: Mapping[str, Any] | None, body: object
) -> RestApiAnswer:
    """Call an Airflow's stable REST API as its administrator: /api/v1 on 2.x, /api/v2 on 3.x."""
    major = int(webserver.airflow_version.split(".", 1)[0])
    try:
        answer = requests.request(
            method,
            f"{webserver.url}/api/{'v1' if major < 3 else 'v2'}/{path.lstrip('/')}",  # noqa: PLR2004
            params=query,
            json=body,
            timeout=_REQUEST_SECONDS,
            **_credentials(webserver, major),
        )
    except requests.RequestException as error:
        return RestApiAnswer(status=503, document={"detail": f"The web server does not answer: {error}"})
    try:
        document = answer.json() if answer.content else {}
    except ValueError:
        document = {"detail": answer.text}
    return RestApiAnswer(
        status=answer.status_code, document=document if isinstance(document, dict) else {"response": document}
    )


def _credentials(webserver: Webserver, major: int) -> dict[str, Any]:
    if major < 3:  # noqa: PLR2004
        return {"auth": (webserver.username, webserver.password)}
    login = {"username": webserver.username, "password": webserver.password}
    answer = requests.post(f"{webserver.url}/auth/token", json=login, timeout=_REQUEST_SECONDS)
    answer.raise_for_status()
    return {"headers": {"Authorization": f"Bearer {answer.json()['access_token']}"}}
