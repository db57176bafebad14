"""GitHub's issuer, STS and MWAA on a clock that tests move, behind the HTTP layers of requests and botocore."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.fakes.clock import FakeClock

TOKEN_SECONDS = 300
ISSUER = "https://issuer.example/idtoken?api-version=2.0"
JOB = {"ACTIONS_ID_TOKEN_REQUEST_URL": ISSUER, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-bearer"}
"""The environment of a job that may ask for tokens."""

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_KEY = re.compile(r"Credential=(\w+)/")


@dataclass(frozen=True)
class Call:
    """A call of AWS.

    Attributes:
        at: when it was made.
        action: such as 'AssumeRole', or method and path.
        host: where it was made.
        key: id of the access key that signed it; '' for an unsigned one.
        left: seconds that this key was still good for; 0 for an unsigned one.
    """

    at: datetime
    action: str
    host: str
    key: str
    left: float


@dataclass
class VirtualAws:
    """Keeps to the times: a token is good for five minutes and once, a key until its end. Anything else is refused.

    Attributes:
        environment: what GetEnvironment tells, but for its status.
        available_from: when UPDATING becomes AVAILABLE; never for None.
        calls: of AWS, in order.
        tokens: when each was asked for and given.
        outage: from when to when GitHub gives no token.
    """

    clock: FakeClock
    environment: dict[str, Any] = field(default_factory=dict)
    available_from: datetime | None = None
    calls: list[Call] = field(default_factory=list)
    tokens: list[datetime] = field(default_factory=list)
    outage: tuple[datetime, datetime] | None = None
    _fresh: dict[str, datetime] = field(default_factory=dict)
    _ends: dict[str, datetime] = field(default_factory=dict)

    def issue(self, request: requests.PreparedRequest) -> requests.Response:
        """Answer in place of requests.adapters.HTTPAdapter.send: GitHub's issuer."""
        answer = requests.Response()
        answer.request, answer.url = request, str(request.url)
        now = self.clock.now()
        if self.outage and self.outage[0] <= now < self.outage[1]:
            answer.status_code = 503
            return answer
        assert request.headers["Authorization"] == "bearer the-bearer"
        self.tokens.append(now)
        claims = json.dumps({"sub": "repo:octo/flows:ref:refs/heads/main", "jti": len(self.tokens)}).encode()
        token = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"
        self._fresh[token] = now
        answer.status_code = 200
        answer._content = json.dumps({"value": token}).encode()
        return answer

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer in place of botocore.httpsession.URLLib3Session.send: AWS."""
        url = urlsplit(request.url)
        authorization = request.headers.get("Authorization", "")
        signed = _KEY.search(authorization.decode() if isinstance(authorization, bytes) else authorization)
        key = signed.group(1) if signed else ""
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        fields = dict(parse_qsl(body)) if url.hostname and url.hostname.startswith("sts.") else {}
        left = (self._ends[key] - self.clock.now()).total_seconds() if key else 0.0
        action = fields.get("Action") or f"{request.method} {url.path}"
        self.calls.append(Call(at=self.clock.now(), action=action, host=url.hostname or "", key=key, left=left))
        if key and left <= 0:
            return _answer(request, 403, json.dumps({"message": "expired"}), error="ExpiredTokenException")
        if fields:
            return self._assume(request, fields, key)
        return _answer(request, 200, json.dumps({"Environment": self._environment_now()}))

    def _assume(self, request: AWSPreparedRequest, fields: Mapping[str, str], key: str) -> AWSResponse:
        action, now = fields["Action"], self.clock.now()
        if action == "AssumeRoleWithWebIdentity":
            issued = self._fresh.pop(fields["WebIdentityToken"], None)
            assert not key
            assert issued is not None, "a token is used once"
            assert (now - issued).total_seconds() < TOKEN_SECONDS, "the token has expired"
        else:
            assert key, "AssumeRole is signed"
        ends = now + timedelta(seconds=int(fields["DurationSeconds"]))
        made = f"ASIA{len(self._ends)}"
        self._ends[made] = ends
        _, _, account_and_role = fields["RoleArn"].partition("iam::")
        account, role = account_and_role.split(":role/")
        return _answer(
            request,
            200,
            f"""<{action}Response xmlns="{_NAMESPACE}"><{action}Result>
            <Credentials><AccessKeyId>{made}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
            <SessionToken>session</SessionToken><Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>
            <AssumedRoleUser><Arn>arn:aws:sts::{account}:assumed-role/{role}/{fields["RoleSessionName"]}</Arn>
            <AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser></{action}Result></{action}Response>""",
        )

    def _environment_now(self) -> dict[str, Any]:
        over = self.available_from is not None and self.clock.now() >= self.available_from
        return {**self.environment, "Status": "AVAILABLE" if over else "UPDATING"}


def _answer(request: AWSPreparedRequest, status: int, body: str, *, error: str = "") -> AWSResponse:
    headers = {"x-amzn-errortype": error} if error else {}
    made = AWSResponse(request.url, status, headers, None)
    made._content = body.encode()
    return made
