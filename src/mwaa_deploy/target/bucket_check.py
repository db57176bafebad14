"""Whether MWAA could use a bucket, asked of S3 before anything is done."""

from botocore.exceptions import ClientError

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.errors import AwsAccessDenied, BucketElsewhere, BucketPublic
from mwaa_deploy.ports import Annotation, Log
from mwaa_deploy.target.aws_errors import DENIED, aws_errors, code_of
from mwaa_deploy.target.bucket_access import BucketAccess

PUBLIC_ACCESS_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


class BucketCheck:
    """One bucket being looked at.

    Args:
        access: the bucket.
        log: hears of what could not be looked at.
    """

    def __init__(self, access: BucketAccess, log: Log) -> None:
        self._access = access
        self._client, self._log = access.client, log

    def run(self) -> None:
        """Raise at the first thing that is wrong.

        Existence and owner first, then Region, versioning and public access: MWAA User Guide, 'Create an Amazon S3
        bucket for Amazon MWAA'.

        Raises:
            BucketMissing: there is no such bucket.
            BucketElsewhere: another account owns it, or it lies in another Region.
            BucketUnversioned: versioning is off or suspended.
            BucketPublic: not all four public access blocks are on.
            AwsAccessDenied: the bucket may not be seen. Not being allowed to see its public access block is a warning.
        """
        self._require_region(self._region())
        self._require_versioning()
        self._require_private()

    def _region(self) -> str:
        """Where the bucket lies; '' if S3 does not say."""
        access = self._access
        with aws_errors("s3:ListBucket", access.arn):
            try:
                # botocore follows a bucket into its Region
                return str(self._client.head_bucket(**access.named).get("BucketRegion", ""))
            except ClientError as e:
                if code_of(e) == "404":
                    raise access.missing() from e
                if code_of(e) in DENIED and access.owner and self._may_be_seen():
                    raise BucketElsewhere(
                        f"Bucket {access.name} does not belong to account {access.owner}.",
                        meaning="The bucket's name is mistyped, or the bucket is another account's on purpose.",
                        mend="with:\n  bucket-owner: '<the account that owns the bucket>'",
                    ) from e
                raise

    def _may_be_seen(self) -> bool:
        """Whether it is only the owner that is wrong: without it, S3 answers."""
        try:
            self._client.head_bucket(Bucket=self._access.name)
        except ClientError:
            return False
        return True

    def _require_region(self, found: str) -> None:
        wanted = self._client.meta.region_name
        if found and found != wanted:
            raise BucketElsewhere(
                f"Bucket {self._access.name} lies in {found}, not in {wanted}.",
                meaning="MWAA reads from a bucket in its own Region only.",
                mend=f"with:\n  aws-region: {found}\nor name a bucket in {wanted}.",
            )

    def _require_versioning(self) -> None:
        access = self._access
        with aws_errors("s3:GetBucketVersioning", access.arn):
            versioning = self._client.get_bucket_versioning(**access.named).get("Status", "never enabled")
        if versioning != "Enabled":
            raise access.unversioned(f"Versioning of bucket {access.name} is {versioning.lower()}.")

    def _require_private(self) -> None:
        name = self._access.name
        try:
            blocks = self._public_access_blocks()
        except AwsAccessDenied as e:
            self._log.annotate(
                Annotation(
                    severity=Severity.WARN,
                    title="Public access to the bucket was not checked",
                    message=f"{e.what}\nMWAA refuses a bucket whose public access is not blocked.\n{e.mend}",
                )
            )
            return
        if missing := [block for block in PUBLIC_ACCESS_BLOCKS if not blocks.get(block)]:
            raise BucketPublic(
                f"Public access to bucket {name} is not blocked: {', '.join(missing)} are off.",
                meaning="MWAA refuses a bucket that could be public.",
                mend=f"aws s3api put-public-access-block --bucket {name} --public-access-block-configuration "
                + ",".join(f"{block}=true" for block in PUBLIC_ACCESS_BLOCKS),
            )

    def _public_access_blocks(self) -> dict[str, bool]:
        with aws_errors("s3:GetBucketPublicAccessBlock", self._access.arn):
            try:
                answer = self._client.get_public_access_block(**self._access.named)
            except ClientError as e:
                if code_of(e) == "NoSuchPublicAccessBlockConfiguration":
                    return {}
                raise
        blocks: dict[str, bool] = answer["PublicAccessBlockConfiguration"]
        return blocks
