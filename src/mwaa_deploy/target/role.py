"""Exchanging an OIDC token for credentials of a role."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ParamValidationError

from mwaa_deploy.errors import RoleRefused
from mwaa_deploy.ports import Log
from mwaa_deploy.target.aws_errors import aws_errors, code_of, message_of
from mwaa_deploy.target.oidc import IdTokens, told_claims
from mwaa_deploy.target.role_credentials import RoleCredentials, read_role_credentials
from mwaa_deploy.target.trust_advice import REFUSALS, told, web_identity_advice

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second


class WebIdentityRole:
    """A role that this job may assume.

    Args:
        sts: a boto3 client of STS, unsigned.
        tokens: where each fresh token comes from.
        arn: ARN of the role.
        session_name: a RoleSessionName, shown in CloudTrail.
        duration: seconds that credentials live, 900 to the role's maximum.
        log: hears which values to mask.
    """

    def __init__(
        self, sts: "BaseClient", tokens: IdTokens, *, arn: str, session_name: str, duration: int, log: Log
    ) -> None:
        self._sts = sts
        self._tokens = tokens
        self._arn = arn
        self._session_name = session_name
        self._duration = duration
        self._log = log

    def assume(self) -> RoleCredentials:
        """Fresh credentials, masked already.

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
                if code_of(e) in REFUSALS:
                    raise self._refused(code_of(e), message_of(e), token) from e
                raise
            except ParamValidationError as e:
                raise self._refused("ValidationError", str(e), token) from e
        return read_role_credentials(answer, self._log)

    def _refused(self, code: str, message: str, token: str) -> RoleRefused:
        claims = told_claims(token)
        advice = web_identity_advice(code, self._arn, claims)
        # STS may quote the token it was given.
        message = message.replace(token, "***")
        return RoleRefused(
            f"STS refused to let this job assume {self._arn}: {code}: {message}\n"
            f"The token's claims (for finding the cause only):\n{told(claims)}",
            meaning=advice.meaning,
            mend=advice.mend,
        )
