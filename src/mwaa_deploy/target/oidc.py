"""GitHub's OIDC tokens: who this job is, signed by GitHub."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import requests

from mwaa_deploy.errors import OidcUnavailable
from mwaa_deploy.ports import Clock, Log

AUDIENCE = "sts.amazonaws.com"
"""The audience that AWS's own sign-in for GitHub uses, and that trust policies therefore ask for."""

TIMEOUT = 30
ATTEMPTS = 5
SERVER_FAULT = 500

TOLD_CLAIMS = ("sub", "aud", "iss", "repository", "ref", "environment", "event_name", "job_workflow_ref")
"""The claims that help to mend a trust policy; none of them is secret."""

_PERMISSIONS = "permissions:\n  id-token: write\n  contents: read"
_FORKS = (
    "Either the job lacks the permission, or this is a pull request from a fork: GitHub never gives those a token, so "
    "that they get the checks and the local plan, and nothing from AWS."
)


class IdTokens:
    """Asks the runner for tokens of this job.

    Args:
        http: a session of requests.
        env: the environment, for ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN.
        clock: for the pauses between attempts.
        log: hears which values to mask.
    """

    def __init__(self, http: requests.Session, env: Mapping[str, str], *, clock: Clock, log: Log) -> None:
        self._http = http
        self._url = env.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        self._bearer = env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        self._clock = clock
        self._log = log

    def fetch(self, audience: str = AUDIENCE) -> str:
        """A fresh token, masked already. It lives for about five minutes: ask just before use.

        Raises:
            OidcUnavailable: the job may not ask, or the issuer did not answer as it should.
        """
        unset = [
            name
            for name, value in (
                ("ACTIONS_ID_TOKEN_REQUEST_URL", self._url),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", self._bearer),
            )
            if not value
        ]
        if unset:
            raise OidcUnavailable(
                f"GitHub gives this job no OIDC token: {' and '.join(unset)} unset.", meaning=_FORKS, mend=_PERMISSIONS
            )
        self._log.mask(self._bearer)
        response = self._get(audience)
        if response.status_code != requests.codes.ok:
            raise OidcUnavailable(
                f"GitHub refused an OIDC token with HTTP {response.status_code}: {response.text[:300]}",
                meaning=_FORKS,
                mend=_PERMISSIONS,
            )
        token = _value(response)
        if token is None:
            raise OidcUnavailable(
                "The answer to the request for an OIDC token has no token in it.",
                meaning="Something between the runner and GitHub answers in its place, such as a proxy.",
            )
        self._log.mask(token)
        return token

    def _get(self, audience: str) -> requests.Response:
        problem = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._clock.sleep(2.0 ** (attempt - 1))
            try:
                response = self._http.get(
                    self._url,
                    params={"audience": audience},
                    headers={"Authorization": f"bearer {self._bearer}", "Accept": "application/json"},
                    timeout=TIMEOUT,
                )
            except (requests.ConnectionError, requests.Timeout) as e:
                problem = str(e)
                continue
            if response.status_code < SERVER_FAULT:
                return response
            problem = f"HTTP {response.status_code}"
        raise OidcUnavailable(
            f"GitHub's issuer of OIDC tokens did not answer in {ATTEMPTS} attempts: {problem}",
            meaning="GitHub or the way to it is down. Run the job again later.",
        )


def told_claims(token: str) -> dict[str, Any]:
    """The claims of a token that may be shown, for messages only: nothing is verified. Empty if it is not a JWT."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return {name: claims[name] for name in TOLD_CLAIMS if name in claims} if isinstance(claims, dict) else {}


def _value(response: requests.Response) -> str | None:
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        return None
    value = answer.get("value") if isinstance(answer, dict) else None
    return value if isinstance(value, str) and value else None
