"""The one place where botocore's exceptions become our own."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 -- botocore's own base of everything that can go wrong on the wire
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
    TokenRetrievalError,
)

from mwaa_deploy.errors import (
    AwsAccessDenied,
    AwsRefused,
    AwsUnavailable,
    CredentialsMissing,
    CredentialsRejected,
    MwaaDeployError,
)

DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "UnauthorizedAccess",
        "403",
    }
)
"""A HEAD request has no body, so that S3's refusal of one arrives as the bare status."""

REJECTED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)

UNAVAILABLE = frozenset(
    {
        "BandwidthLimitExceeded",
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "InternalServerException",
        "LimitExceeded",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
"""Throttling and AWS's own faults; botocore has retried each of them before it gives up."""

_DENIAL = re.compile(r"is not authorized to perform: (?P<action>[\w*-]+:[\w*-]+)(?: on resource: (?P<resource>\S+))?")

ROLE_MEND = (
    "permissions: {id-token: write, contents: read}\n"
    "    with:\n"
    "      role-to-assume: arn:aws:iam::123456789012:role/mwaa-deploy"
)


def code_of(error: ClientError) -> str:
    """The error code on the wire, such as 'NoSuchBucket'; for an answer without a body its HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """What the service said, without botocore's frame around it."""
    return str(error.response.get("Error", {}).get("Message", ""))


def names_missing_stack(error: ClientError) -> bool:
    """Whether CloudFormation says that there is no such stack; its API has no code for it, only the words."""
    return code_of(error) == "ValidationError" and message_of(error).rstrip(".").endswith("does not exist")


def error_for(code: str, message: str, *, action: str, resource: str, status: int = 0) -> MwaaDeployError:
    """Our error for a code on the wire.

    Args:
        code: error code, such as 'AccessDenied'.
        message: what the service said.
        action: the IAM action of the call, such as 's3:PutObject'.
        resource: ARN of what it was called on, as an IAM policy would name it.
        status: HTTP status, when known.
    """
    said = f"{action} on {resource}: {code}: {message}".removesuffix(": ")
    if code in DENIED:
        return _denied(code, message, action, resource)
    if code in REJECTED:
        return CredentialsRejected(
            f"AWS does not accept the credentials ({said}).",
            meaning="They have expired, are switched off or mistyped, or the clock of this computer is wrong. "
            "Credentials from a role are renewed while the run lasts; those from the environment cannot be.",
            mend=ROLE_MEND,
        )
    if code in UNAVAILABLE or status >= 500:  # noqa: PLR2004 -- HTTP's class of server faults
        return AwsUnavailable(
            f"AWS kept failing or throttling ({said}).",
            meaning="Every retry was used up. Nothing is wrong with the project; run the job again later.",
        )
    return AwsRefused(f"AWS refused {said}.")


@contextmanager
def aws_errors(action: str, resource: str) -> Iterator[None]:
    """Turn what botocore raises inside into our own errors.

    Args:
        action: the IAM action of the call, such as 's3:PutObject'.
        resource: ARN of what it is called on, as an IAM policy would name it.

    Raises:
        AwsAccessDenied: the credentials may not do it.
        CredentialsMissing: there are none.
        CredentialsRejected: they are not, or no longer, valid.
        AwsUnavailable: no answer, a fault of AWS's own, or throttling, after all retries.
        AwsRefused: any other refusal.
    """
    try:
        yield
    except ClientError as e:
        status = int(e.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        raise error_for(code_of(e), message_of(e), action=action, resource=resource, status=status) from e
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, TokenRetrievalError) as e:
        raise CredentialsMissing(
            f"There are no AWS credentials for {action}: {e}",
            meaning="Neither a role to assume was given nor are there credentials in the environment.",
            mend=ROLE_MEND,
        ) from e
    except (HTTPClientError, ConnectionError, IncompleteReadError, ResponseStreamingError) as e:
        raise AwsUnavailable(
            f"AWS did not answer {action} on {resource}: {e}",
            meaning="The network, a proxy or AWS itself is down, or aws-region names a Region that does not exist.",
        ) from e
    except BotoCoreError as e:
        raise AwsRefused(f"{action} on {resource} could not be asked for: {e}") from e


def _denied(code: str, message: str, action: str, resource: str) -> AwsAccessDenied:
    named = _DENIAL.search(message)
    if named is not None:
        action = named["action"]
        resource = (named["resource"] or resource).strip("\"'.,")
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    meaning = "The credentials work, but their policies do not allow this."
    if "explicit deny" in message:
        meaning = "A policy denies this explicitly, so that allowing it is not enough: the Deny must go."
    if code == "403":
        meaning += " S3 also answers so about an object that does not exist when s3:ListBucket is not allowed."
    return AwsAccessDenied(
        f"AWS denied {action} on {resource}{message and f': {message}'}",
        meaning=meaning,
        mend="A statement for the role's policy:\n" + json.dumps(statement, indent=2),
    )
