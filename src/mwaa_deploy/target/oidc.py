"""GitHub's OIDC tokens: who this job is, signed by GitHub."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import requests

from mwaa_deploy.errors import OidcUnavailable
from mwaa_deploy.ports import Clock, Log
from mwaa_deploy.target.trust_advice import AUDIENCE, TOLD_CLAIMS

TIMEOUT = 30
ATTEMPTS = 5
SERVER_FAULT = 500

_PERMISSIONS = "permissions:\n  id-token: write\n  contents: read"
_NO_PERMISSION = "The job lacks the permission to ask for one, or a workflow that calls this one does not pass it on."
_FORK = (
    "This pull request comes from a fork, whose code anybody may have written: GitHub gives its jobs no token, "
    "whatever their permissions say. It gets the checks and the local plan, and nothing from AWS. Do not reach for "
    "pull_request_target: it would run the fork's code with this repository's rights."
)
_AFTER_THE_FORK = (
    "Nothing, if checks are all that it is to get. A step that needs AWS is left out for forks by\n"
    "if: github.event.pull_request.head.repo.full_name == github.repository"
)


class IdTokens:
    """Asks the runner for tokens of this job.

    Args:
        http: a session of requests.
        env: the environment, for ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN.
        clock: for the pauses between attempts.
        log: hears which values to mask.
        from_fork: whether this is a pull request from a fork, for what is said when there is no token.
    """

    def __init__(
        self, http: requests.Session, env: Mapping[str, str], *, clock: Clock, log: Log, from_fork: bool = False
    ) -> None:
        self._http = http
        self._url = env.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        self._bearer = env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        self._clock = clock
        self._log = log
        self._meaning, self._mend = (_FORK, _AFTER_THE_FORK) if from_fork else (_NO_PERMISSION, _PERMISSIONS)

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
                f"GitHub gives this job no OIDC token: {' and '.join(unset)} unset.",
                meaning=self._meaning,
                mend=self._mend,
            )
        self._log.mask(self._bearer)
        response = self._get(audience)
        if response.status_code != requests.codes.ok:
            raise OidcUnavailable(
                f"GitHub refused an OIDC token with HTTP {response.status_code}: {response.text[:300]}",
                meaning=self._meaning,
                mend=self._mend,
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
