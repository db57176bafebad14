"""A bucket as every call to S3 names it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mwaa_deploy.errors import BucketMissing, BucketUnversioned
from mwaa_deploy.target.aws_errors import code_of

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

_ROLE_ACCOUNT = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/")


@dataclass(frozen=True, kw_only=True)
class BucketAccess:
    """A bucket, and who must own it.

    Attributes:
        client: a boto3 client of S3; several threads may use it.
        name: the bucket's name.
        owner: the account that S3 compares the bucket's owner with; '' to compare with none.
    """

    client: "BaseClient"
    name: str
    owner: str = ""

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:{self.client.meta.partition}:s3:::{self.name}"

    @property
    def named(self) -> dict[str, str]:
        """The parameters that every call begins with."""
        return {"Bucket": self.name} | ({"ExpectedBucketOwner": self.owner} if self.owner else {})

    def raise_if_missing(self, error: ClientError) -> None:
        """Raise BucketMissing if that is what S3 says."""
        if code_of(error) == "NoSuchBucket":
            raise self.missing() from error

    def missing(self) -> BucketMissing:
        """The error for a bucket that does not exist."""
        return BucketMissing(
            f"Bucket {self.name} does not exist.",
            meaning="The name is mistyped, or the bucket has not been created yet.",
            mend=f"aws s3api create-bucket --bucket {self.name} --create-bucket-configuration "
            "LocationConstraint=<region>",
        )

    def unversioned(self, what: str) -> BucketUnversioned:
        """The error for a bucket without versioning."""
        return BucketUnversioned(
            what,
            meaning="MWAA reads plugins, requirements and the startup script by object version.",
            mend=f"aws s3api put-bucket-versioning --bucket {self.name} --versioning-configuration Status=Enabled",
        )


def account_of_credentials(role_arn: str, sts: Callable[[], "BaseClient"]) -> str:
    """The account that our calls are made from; '' if it cannot be told.

    Args:
        role_arn: the role that was assumed; its ARN names the account. '' for credentials that were there already.
        sts: makes a boto3 client of STS, which is asked otherwise. No policy can deny that call.
    """
    if found := _ROLE_ACCOUNT.match(role_arn):
        return found.group(1)
    try:
        return str(sts().get_caller_identity()["Account"])
    except (ClientError, BotoCoreError):
        return ""
