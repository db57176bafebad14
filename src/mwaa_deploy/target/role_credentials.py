"""Credentials of a role, as STS answers with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mwaa_deploy.ports import Log


@dataclass(frozen=True, kw_only=True)
class RoleCredentials:
    """Credentials that end.

    Attributes:
        expires: when they end.
        identity: ARN of the session they belong to, arn:aws:sts::123456789012:assumed-role/<role>/<session>.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    expires: datetime
    identity: str = ""

    @property
    def account(self) -> str:
        """The account they belong to; '' if STS did not say it."""
        return (self.identity.split(":") + [""] * 5)[4]

    @property
    def of_client(self) -> dict[str, str]:
        """What a boto3 client takes to sign with them."""
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_session_token": self.token,
        }

    @property
    def metadata(self) -> dict[str, str]:
        """What botocore's RefreshableCredentials takes from its source."""
        return {
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            "token": self.token,
            "expiry_time": self.expires.isoformat(),
        }


def read_role_credentials(answer: Mapping[str, Any], log: Log) -> RoleCredentials:
    """Read STS's answer; what is secret in it is masked from now on."""
    credentials = answer["Credentials"]
    for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
        log.mask(credentials[name])
    return RoleCredentials(
        access_key=credentials["AccessKeyId"],
        secret_key=credentials["SecretAccessKey"],
        token=credentials["SessionToken"],
        expires=credentials["Expiration"],
        identity=answer.get("AssumedRoleUser", {}).get("Arn", ""),
    )
