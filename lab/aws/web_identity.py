"""AssumeRoleWithWebIdentity as STS does it: the token is verified before the role's trust policy is asked."""

import asyncio
import json
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import jwt
import requests

from lab.aws.emulator import Emulator, EmulatorRefusedError, Reply
from lab.aws.operations import Request, form

_ACTION = "AssumeRoleWithWebIdentity"
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_JWKS_SECONDS = 5
_SESSION_NAME = r"[\w+=,.@-]{2,64}"
#: Limits of DurationSeconds, and of a role's session where it sets none (SDK model of STS and IAM).
_SHORTEST, _LONGEST, _ROLE_DEFAULT = 900, 43_200, 3_600


class RefusedError(Exception):
    """STS refuses.

    Attributes:
        code: the error code on the wire.
        status: the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


class WebIdentity:
    """Stands before ministack's STS, which evaluates trust policies but believes any token.

    Args:
        issuer: the `iss` that tokens must carry, exactly.
        jwks: where the issuer's keys are.
    """

    def __init__(self, emulator: Emulator, *, issuer: str, jwks: str) -> None:
        self._emulator = emulator
        self._issuer = issuer
        self._jwks = jwks
        self._next = emulator.handler("sts")

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, list[str]]
    ) -> Reply:
        """Answer one request to STS."""
        request = Request(method=method, path=path, query=query_params, headers=headers, body=body)
        fields = form(request) or {name: values[0] for name, values in query_params.items()}
        if fields.get("Action") != _ACTION:
            return await self._next(method, path, headers, body, query_params)
        try:
            claims = await asyncio.to_thread(self._verify, fields)
        except RefusedError as refused:
            return _refusal(refused)
        status, answered, content = await self._next(method, path, headers, body, query_params)
        return status, answered, _name_subject(content, claims) if status == 200 else content  # noqa: PLR2004

    def _verify(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """The token's claims, once everything but the trust policy holds."""
        _check_request(fields)
        token = fields.get("WebIdentityToken", "")
        claims = self._claims(token)
        audiences = self._provider_audiences()
        self._check_signature(token)
        _check_times(claims)
        given = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if not set(given) & audiences:
            message = "Incorrect token audience"
            raise RefusedError("InvalidIdentityToken", message)
        self._check_duration(fields)
        return claims

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            message = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
            raise RefusedError("InvalidIdentityToken", message) from error
        missing = [name for name in ("iss", "sub", "aud", "exp", "iat") if name not in claims]
        if missing:
            raise RefusedError("InvalidIdentityToken", f"Missing a required claim: {', '.join(missing)}")
        if claims["iss"] != self._issuer:
            raise RefusedError(
                "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {claims['iss']}"
            )
        return claims

    def _provider_audiences(self) -> set[str]:
        """The client ids of the account's OIDC provider for the issuer."""
        scope = self._emulator.scope()
        host = self._issuer.partition("://")[2].rstrip("/")
        arn = f"arn:aws:iam::{scope.account}:oidc-provider/{host}"
        try:
            found = self._emulator.query("iam", "GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
        except EmulatorRefusedError as error:
            message = f"No OpenIDConnect provider found in your account for {self._issuer}"
            raise RefusedError("InvalidIdentityToken", message) from error
        return {member.text or "" for member in found.findall(".//ClientIDList/member")}

    def _check_signature(self, token: str) -> None:
        try:
            answer = requests.get(self._jwks, timeout=_JWKS_SECONDS)
            answer.raise_for_status()
            keys = jwt.PyJWKSet.from_dict(answer.json())
        except (requests.RequestException, ValueError, jwt.PyJWTError) as error:
            message = "Couldn't retrieve verification key from your identity provider"
            raise RefusedError("IDPCommunicationError", message) from error
        try:
            key = keys[jwt.get_unverified_header(token)["kid"]]
            jwt.decode(token, key.key, algorithms=["RS256"], options=_SIGNATURE_ONLY)
        except (KeyError, jwt.PyJWTError) as error:
            message = "The token's signature cannot be verified with the keys of your identity provider"
            raise RefusedError("InvalidIdentityToken", message) from error

    def _check_duration(self, fields: Mapping[str, str]) -> None:
        """Hold the session's length to the role's limit. A missing role is left for the trust policy to refuse."""
        try:
            role = self._emulator.query("iam", "GetRole", RoleName=fields.get("RoleArn", "").rsplit("/", 1)[-1])
        except EmulatorRefusedError:
            return
        longest = int(role.findtext(".//MaxSessionDuration") or _ROLE_DEFAULT)
        if int(fields.get("DurationSeconds") or _ROLE_DEFAULT) > longest:
            message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            raise RefusedError("ValidationError", message)


_SIGNATURE_ONLY: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}


def _check_request(fields: Mapping[str, str]) -> None:
    duration = fields.get("DurationSeconds") or str(_ROLE_DEFAULT)
    constraint = ""
    if not duration.isdigit() or int(duration) < _SHORTEST:
        constraint = f"Member must have value greater than or equal to {_SHORTEST}"
    elif int(duration) > _LONGEST:
        constraint = f"Member must have value less than or equal to {_LONGEST}"
    if constraint:
        message = f"Value '{duration}' at 'durationSeconds' failed to satisfy constraint: {constraint}"
        raise RefusedError("ValidationError", f"1 validation error detected: {message}")
    session = fields.get("RoleSessionName", "")
    if not re.fullmatch(_SESSION_NAME, session, re.ASCII):
        constraint = f"Member must satisfy regular expression pattern: {_SESSION_NAME}"
        message = f"Value '{session}' at 'roleSessionName' failed to satisfy constraint: {constraint}"
        raise RefusedError("ValidationError", f"1 validation error detected: {message}")


def _check_times(claims: Mapping[str, Any]) -> None:
    current = int(time.time())
    if current >= int(claims["exp"]):
        message = f"Token expired: current date/time {current} must be before the expiration date/time {claims['exp']}"
        raise RefusedError("ExpiredTokenException", message)
    if current < int(claims.get("nbf", 0)):
        raise RefusedError("InvalidIdentityToken", f"The token is not valid before {claims['nbf']}, it is {current}")


def _refusal(refused: RefusedError) -> Reply:
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{refused.code}</Code>'
        f"<Message>{escape(str(refused))}</Message></Error><RequestId>lab</RequestId></ErrorResponse>"
    )
    return refused.status, {"Content-Type": "text/xml"}, body.encode()


def _name_subject(content: bytes, claims: Mapping[str, Any]) -> bytes:
    """The answer with the token's own subject, audience and provider."""
    ET.register_namespace("", _NAMESPACE)
    root = ET.fromstring(content)  # noqa: S314 (the emulator's own answer)
    audience = claims["aud"] if isinstance(claims["aud"], str) else json.dumps(claims["aud"])
    values = {"SubjectFromWebIdentityToken": claims["sub"], "Audience": audience, "Provider": claims["iss"]}
    for element in root.iter():
        name = element.tag.rsplit("}", 1)[-1]
        element.text = str(values.get(name, element.text or "")) or None
    return ET.tostring(root)
