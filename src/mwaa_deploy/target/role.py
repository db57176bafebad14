"""Exchanging an OIDC token for credentials of a role."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from mwaa_deploy.errors import RoleRefused
from mwaa_deploy.ports import Log
from mwaa_deploy.target.aws_errors import aws_errors, code_of, message_of
from mwaa_deploy.target.oidc import AUDIENCE, IdTokens, told_claims

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

SESSION_NAME_LENGTH = (2, 64)
"""Bounds of RoleSessionName (STS API Reference, AssumeRoleWithWebIdentity)."""

_UNUSABLE_IN_SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)

_REFUSALS = {
    "AccessDenied": "The role does not exist, or its trust policy does not accept these claims.",
    "InvalidIdentityToken": "The account knows no OIDC provider with this issuer, or the provider does not list this "
    "audience.",
    "IDPRejectedClaim": "The OIDC provider rejected a claim of the token.",
    "ExpiredTokenException": "The token was too old when it arrived; the clock of this computer may be wrong.",
    "ValidationError": "The ARN is malformed, or the role allows shorter sessions only (MaxSessionDuration).",
    "RegionDisabledException": "STS is switched off in this Region for the account.",
}


class WebIdentityRole:
    """A role that this job may assume.

    Args:
        sts: a boto3 client of STS, unsigned.
        tokens: where each fresh token comes from.
        arn: ARN of the role.
        session_name: shown in CloudTrail; made to fit.
        duration: seconds that credentials live, 900 to the role's maximum.
        log: hears which values to mask.
    """

    def __init__(
        self, sts: "BaseClient", tokens: IdTokens, *, arn: str, session_name: str, duration: int, log: Log
    ) -> None:
        self._sts = sts
        self._tokens = tokens
        self._arn = arn
        self._session_name = fitting_session_name(session_name)
        self._duration = duration
        self._log = log

    def assume(self) -> dict[str, str]:
        """Fresh credentials, masked already, with the keys that botocore's RefreshableCredentials takes.

        Raises:
            OidcUnavailable: there is no token to show.
            RoleRefused: STS refuses the token, with what the trust policy would have to say.
            AwsUnavailable: STS, or GitHub's keys behind it, did not answer.
        """
        token = self._tokens.fetch()
        with aws_errors("sts:AssumeRoleWithWebIdentity", self._arn):
            try:
                answer = self._sts.assume_role_with_web_identity(
                    RoleArn=self._arn,
                    RoleSessionName=self._session_name,
                    WebIdentityToken=token,
                    DurationSeconds=self._duration,
                )
            except ClientError as e:
                if code_of(e) in _REFUSALS:
                    raise self._refused(code_of(e), message_of(e), token) from e
                raise
            except ParamValidationError as e:
                raise self._refused("ValidationError", str(e), token) from e
        credentials = answer["Credentials"]
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
            self._log.mask(credentials[name])
        return {
            "access_key": credentials["AccessKeyId"],
            "secret_key": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
            "expiry_time": credentials["Expiration"].isoformat(),
        }

    def _refused(self, code: str, message: str, token: str) -> RoleRefused:
        claims = told_claims(token)
        # STS may quote the token it was given.
        message = message.replace(token, "***")
        told = "\n".join(f"  {name}: {value}" for name, value in claims.items())
        return RoleRefused(
            f"STS refused to let this job assume {self._arn}: {code}: {message}\n"
            f"The token's claims (for finding the cause only):\n{told or '  none could be read'}",
            meaning=_REFUSALS[code],
            mend=_mend(code, self._arn, claims),
        )


def fitting_session_name(text: str) -> str:
    """A RoleSessionName: what it may not contain becomes '-', and its length is kept within bounds."""
    shortest, longest = SESSION_NAME_LENGTH
    return _UNUSABLE_IN_SESSION_NAME.sub("-", text)[:longest].ljust(shortest, "-")


def trust_policy(role_arn: str, claims: Mapping[str, Any]) -> dict[str, Any]:
    """The trust policy of a role that accepts exactly these claims of GitHub's issuer."""
    partition, account = (role_arn.split(":") + [""] * 5)[1:5:3]
    issuer = str(claims.get("iss") or "https://token.actions.githubusercontent.com")
    provider = issuer.partition("://")[2] or issuer
    subject = claims.get("sub") or "repo:<owner>/<repository>:ref:refs/heads/main"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "Federated": f"arn:{partition or 'aws'}:iam::{account or '<account>'}:oidc-provider/{provider}"
                },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{provider}:aud": AUDIENCE, f"{provider}:sub": subject}},
            }
        ],
    }


def _mend(code: str, role_arn: str, claims: Mapping[str, Any]) -> str:
    if code == "ValidationError":
        return "aws iam get-role --query Role.[Arn,MaxSessionDuration] --role-name " + role_arn.rpartition("/")[2]
    policy = "The role's trust policy:\n" + json.dumps(trust_policy(role_arn, claims), indent=2)
    if code != "InvalidIdentityToken":
        return policy
    issuer = claims.get("iss") or "https://token.actions.githubusercontent.com"
    return f"aws iam create-open-id-connect-provider --url {issuer} --client-id-list {AUDIENCE}\n{policy}"
