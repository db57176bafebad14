import json

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
)

from mwaa_deploy.errors import (
    AwsAccessDenied,
    AwsRefused,
    AwsUnavailable,
    BucketMissing,
    CredentialsMissing,
    CredentialsRejected,
    MwaaDeployError,
)
from mwaa_deploy.target.aws_errors import aws_errors, error_for, names_missing_stack

ACTION, RESOURCE = "s3:PutObject", "arn:aws:s3:::bucket/key"


def client_error(code: str, message: str = "said", status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Operation"
    )


def translated(error: Exception) -> MwaaDeployError:
    with pytest.raises(MwaaDeployError) as caught, aws_errors(ACTION, RESOURCE):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (client_error("AccessDenied", status=403), AwsAccessDenied),
        (client_error("AccessDeniedException", status=403), AwsAccessDenied),
        (client_error("UnauthorizedOperation", status=403), AwsAccessDenied),
        (client_error("403", "Forbidden", 403), AwsAccessDenied),
        (client_error("ExpiredToken"), CredentialsRejected),
        (client_error("InvalidAccessKeyId", status=403), CredentialsRejected),
        (client_error("SignatureDoesNotMatch", status=403), CredentialsRejected),
        (client_error("UnrecognizedClientException", status=403), CredentialsRejected),
        (client_error("Throttling"), AwsUnavailable),
        (client_error("SlowDown", status=503), AwsUnavailable),
        (client_error("500", "", 500), AwsUnavailable),
        (client_error("NobodyKnowsException", status=502), AwsUnavailable),
        (client_error("ValidationError"), AwsRefused),
        (EndpointConnectionError(endpoint_url="https://s3"), AwsUnavailable),
        (ConnectTimeoutError(endpoint_url="https://s3"), AwsUnavailable),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), AwsUnavailable),
        (NoCredentialsError(), CredentialsMissing),
        (ParamValidationError(report="a name is too short"), AwsRefused),
        (BotoCoreError(), AwsRefused),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_every_error_of_the_sdk_becomes_one_of_ours(error, expected):
    found = translated(error)
    assert type(found) is expected
    assert found.__cause__ is error


def test_our_own_errors_pass():
    assert type(translated(BucketMissing("gone"))) is BucketMissing


def test_a_denial_gives_the_statement_to_add():
    denied = translated(client_error("AccessDenied", "Access Denied", 403))
    assert ACTION in denied.what
    statement = json.loads(denied.mend[denied.mend.index("{") :])
    assert statement == {"Effect": "Allow", "Action": ACTION, "Resource": RESOURCE}


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_denial_of_something_behind_the_call_names_that(quote):
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    denied = error_for(
        "AccessDenied",
        "User: arn:aws:sts::123456789012:assumed-role/deploy/x is not authorized to perform: kms:GenerateDataKey "
        f"on resource: {quote}{key}{quote} because no identity-based policy allows the kms:GenerateDataKey action",
        action=ACTION,
        resource=RESOURCE,
    )
    statement = json.loads(denied.mend[denied.mend.index("{") :])
    assert statement == {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key}


def test_an_explicit_denial_says_that_allowing_is_not_enough():
    message = "User: u is not authorized to perform: s3:PutObject on resource: r with an explicit deny in a policy"
    denied = error_for("AccessDenied", message, action=ACTION, resource=RESOURCE)
    assert "the Deny must go" in denied.meaning


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ValidationError", "Stack with id mwaa-staging does not exist", True),
        ("ValidationError", "Stack [mwaa-staging] does not exist", True),
        ("ValidationError", "Parameters: [X] do not exist in the template", False),
        ("ValidationError", "Template format error: unresolved resource does not exist in x", False),
        ("ChangeSetNotFound", "ChangeSet [x] does not exist", False),
    ],
)
def test_a_missing_stack_is_told_by_its_words(code, message, expected):
    assert names_missing_stack(client_error(code, message)) is expected
