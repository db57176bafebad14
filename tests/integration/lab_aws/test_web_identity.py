"""Roles are given to tokens that deserve them, and to no others."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
import jwt
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from lab.aws.process import RunningAws, start_aws
from lab.aws.seed import make_oidc_role
from tests.integration.lab_aws.conftest import REGION, client_for
from tests.integration.lab_aws.issuer import AUDIENCE, Issuer

Client = Callable[..., Any]
_numbers = itertools.count(1)


def unsigned_sts(aws: RunningAws) -> Any:
    config = Config(signature_version=UNSIGNED, parameter_validation=False, retries={"total_max_attempts": 1})
    return boto3.client("sts", endpoint_url=aws.url, region_name=REGION, config=config)


@pytest.fixture(scope="module")
def sts(aws: RunningAws) -> Any:
    return unsigned_sts(aws)


@pytest.fixture(scope="module")
def role(client: Client, issuer: Issuer) -> str:
    return make_oidc_role(client("iam"), f"deploy-{next(_numbers)}", issuer.url, "octo/flows")


def assume(sts: Any, role: str, token: str, **more: Any) -> dict[str, Any]:
    answered: dict[str, Any] = sts.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="run-1", WebIdentityToken=token, **more
    )
    return answered


def refusal(sts: Any, role: str, token: str, **more: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        assume(sts, role, token, **more)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def session_client(aws: RunningAws, service: str, assumed: dict[str, Any]) -> Any:
    held = assumed["Credentials"]
    return client_for(
        aws.url,
        service,
        aws_access_key_id=held["AccessKeyId"],
        aws_secret_access_key=held["SecretAccessKey"],
        aws_session_token=held["SessionToken"],
    )


def test_a_token_of_the_repository_is_given_the_role(sts: Any, aws: RunningAws, issuer: Issuer, role: str) -> None:
    assumed = assume(sts, role, issuer.token(), DurationSeconds=900)

    assert assumed["SubjectFromWebIdentityToken"] == "repo:octo/flows:ref:refs/heads/main"
    assert (assumed["Audience"], assumed["Provider"]) == (AUDIENCE, issuer.url)
    identity = session_client(aws, "sts", assumed).get_caller_identity()
    assert identity["Account"] == "123456789012"
    assert identity["Arn"] == f"{role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/run-1"


def test_the_session_works_for_later_calls(sts: Any, aws: RunningAws, issuer: Issuer, role: str, bucket: str) -> None:
    s3 = session_client(aws, "s3", assume(sts, role, issuer.token()))

    assert s3.put_object(Bucket=bucket, Key="dags/a.py", Body=b"")["VersionId"]


def test_the_session_may_do_no_more_than_the_roles_policy_says(
    sts: Any, aws: RunningAws, client: Client, issuer: Issuer, bucket: str
) -> None:
    arn = make_oidc_role(client("iam"), name := f"deploy-{next(_numbers)}", issuer.url, "octo/flows")
    allowed = {"Effect": "Allow", "Action": "airflow:GetEnvironment", "Resource": "*"}
    environment = {**allowed, "Resource": f"arn:aws:airflow:{REGION}:123456789012:environment/one"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [environment]})
    client("iam").put_role_policy(RoleName=name, PolicyName="deploy", PolicyDocument=policy)
    assumed = assume(sts, arn, issuer.token())

    with pytest.raises(ClientError, match="AccessDenied"):
        session_client(aws, "s3", assumed).put_object(Bucket=bucket, Key="dags/a.py", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        session_client(aws, "mwaa", assumed).get_environment(Name="two")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        session_client(aws, "mwaa", assumed).get_environment(Name="one")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"sub": "repo:octo/other:ref:refs/heads/main"}, ("AccessDenied", 403)),
        ({"sub": "repo:octo/flows-fork:pull_request"}, ("AccessDenied", 403)),
        ({"aud": "https://github.com/octo"}, ("InvalidIdentityToken", 400)),
        ({"iss": "https://token.actions.githubusercontent.com"}, ("InvalidIdentityToken", 400)),
        ({"sub": None}, ("InvalidIdentityToken", 400)),
        ({"exp": 1_700_000_000}, ("ExpiredTokenException", 400)),
        ({"nbf": 4_000_000_000}, ("InvalidIdentityToken", 400)),
    ],
)
def test_other_claims_are_refused(
    sts: Any, issuer: Issuer, role: str, claims: dict[str, Any], expected: tuple[str, int]
) -> None:
    assert refusal(sts, role, issuer.token(**claims)) == expected


def test_the_refusal_of_the_trust_policy_says_no_more_than_sts_does(sts: Any, issuer: Issuer, role: str) -> None:
    with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        assume(sts, role, issuer.token(sub="repo:someone/else:ref:refs/heads/main"))


def test_a_role_that_does_not_exist_is_denied_the_same_way(sts: Any, issuer: Issuer, role: str) -> None:
    assert refusal(sts, f"{role}-missing", issuer.token()) == ("AccessDenied", 403)


def test_a_signature_by_another_key_is_refused(sts: Any, issuer: Issuer, role: str) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    assert refusal(sts, role, issuer.token(key=stranger)) == ("InvalidIdentityToken", 400)
    assert refusal(sts, role, issuer.token(kid="two")) == ("InvalidIdentityToken", 400)
    assert refusal(sts, role, "not.a.token") == ("InvalidIdentityToken", 400)


def test_an_unsigned_token_is_refused(sts: Any, issuer: Issuer, role: str) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})

    assert refusal(sts, role, jwt.encode(claims, "", "none", headers={"kid": "one"})) == ("InvalidIdentityToken", 400)


def test_the_policys_own_audience_is_asked_for(sts: Any, client: Client, issuer: Issuer) -> None:
    """The provider takes the audience, the role's condition does not."""
    iam = client("iam")
    arn = make_oidc_role(iam, name := f"deploy-{next(_numbers)}", issuer.url, "octo/flows")
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"]["StringEquals"] = {f"{issuer.host}:aud": "somebody-else"}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))

    assert refusal(sts, arn, issuer.token()) == ("AccessDenied", 403)


@pytest.mark.parametrize(("seconds", "expected"), [(899, 900), (7201, None), (43_201, 43_200)])
def test_durations_outside_the_limits_are_refused(
    sts: Any, issuer: Issuer, role: str, seconds: int, expected: int | None
) -> None:
    assert refusal(sts, role, issuer.token(), DurationSeconds=seconds) == ("ValidationError", 400)
    words = f"equal to {expected}" if expected else "exceeds the MaxSessionDuration"
    with pytest.raises(ClientError, match=words):
        assume(sts, role, issuer.token(), DurationSeconds=seconds)


def test_an_issuer_that_cannot_be_reached_is_told_as_such(issuer: Issuer) -> None:
    with start_aws(oidc_issuer=issuer.url, oidc_jwks="http://127.0.0.1:9/jwks") as running:
        arn = make_oidc_role(client_for(running.url, "iam"), "deploy", issuer.url, "octo/flows")

        assert refusal(unsigned_sts(running), arn, issuer.token()) == ("IDPCommunicationError", 400)


def test_an_account_without_the_provider_knows_no_issuer(issuer: Issuer) -> None:
    no_provider = pytest.raises(ClientError, match="No OpenIDConnect provider found in your account")
    with start_aws(oidc_issuer=issuer.url) as running, no_provider:
        assume(unsigned_sts(running), "arn:aws:iam::123456789012:role/deploy", issuer.token())


def test_a_session_key_with_another_secret_is_refused(sts: Any, aws: RunningAws, issuer: Issuer, role: str) -> None:
    assumed = assume(sts, role, issuer.token())
    assumed["Credentials"]["SecretAccessKey"] = "x" * 40

    with pytest.raises(ClientError, match="signature we calculated does not match"):
        session_client(aws, "ssm", assumed).get_parameters(Names=["/a"])


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/environments", {}),
        ("POST", "/", {"data": {"Action": "DescribeStacks", "Version": "2010-05-15"}}),
        ("POST", "/", {"headers": {"X-Amz-Target": "AmazonSSM.GetParameter"}, "json": {"Name": "/a"}}),
    ],
)
def test_a_request_without_credentials_is_refused(aws: RunningAws, method: str, path: str, options: Any) -> None:
    answer = requests.request(method, aws.url + path, timeout=10, **options)

    assert answer.status_code == 403


def test_a_bucket_is_closed_to_strangers(aws: RunningAws, bucket: str) -> None:
    assert requests.get(f"{aws.url}/{bucket}/requirements.txt", timeout=10).status_code == 403
    assert requests.put(f"{aws.url}/{bucket}/dags/a.py", data=b"", timeout=10).status_code == 403
