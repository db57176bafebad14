"""Objects on their way out of a bucket."""

from collections.abc import Mapping, Sequence

from botocore.exceptions import ClientError

from mwaa_deploy.errors import ObjectChanged
from mwaa_deploy.target.aws_errors import aws_errors, error_for
from mwaa_deploy.target.bucket_access import BucketAccess

BATCH = 1000
"""Keys in one DeleteObjects call, S3's limit."""

_CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})

_GONE = frozenset({"NoSuchKey", "NotFound"})
"""What S3 says of a condition on an object that is not there."""


def delete_objects(access: BucketAccess, keys: Sequence[str], *, seen: Mapping[str, str]) -> None:
    """Put a delete marker on each key; where its ETag is given, only on the object that has it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html

    Raises:
        ObjectChanged: another object lies at a key by now; all other keys are deleted.
        AwsAccessDenied, AwsUnavailable, AwsRefused: for the first key that S3 reports; those before and after it
            in its batch of a thousand may be gone.
    """
    changed: list[str] = []
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        named = [{"Key": key, "ETag": f'"{seen[key]}"'} if key in seen else {"Key": key} for key in batch]
        with aws_errors("s3:DeleteObject", f"{access.arn}/*"):
            try:
                answer = access.client.delete_objects(**access.named, Delete={"Objects": named, "Quiet": True})
            except ClientError as e:
                access.raise_if_missing(e)
                raise
        # The call answers 200 even if no key could be deleted. What is gone already need not be deleted.
        errors = [
            error
            for error in answer.get("Errors", ())
            if error.get("Code") not in _GONE or error.get("Key") not in seen
        ]
        changed += [error["Key"] for error in errors if error.get("Code") in _CHANGED]
        if errors := [error for error in errors if error.get("Code") not in _CHANGED]:
            first = errors[0]
            more = f" (and {len(errors) - 1} more keys)" if len(errors) > 1 else ""
            raise error_for(
                first.get("Code", ""),
                first.get("Message", "") + more,
                action="s3:DeleteObject",
                resource=f"{access.arn}/{first.get('Key', '*')}",
            )
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ObjectChanged(
            f"s3://{access.name}/{changed[0]}{more} was written to after it was looked at, and is not deleted.",
            meaning="Another deployment, or somebody by hand, has written to it at the same time.",
            mend="Run the job again.",
        )
