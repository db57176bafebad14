"""Credentials from GitHub's OIDC issuer and STS, both in the lab, over HTTP."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from lab.aws.process import RunningAws
from lab.aws.seed import make_oidc_role
from mwaa_deploy import __version__
from mwaa_deploy.errors import AccountRefused, AwsUnavailable, CredentialsMissing, OidcUnavailable, RoleRefused
from mwaa_deploy.target.aws_errors import aws_errors
from mwaa_deploy.target.credentials import AwsClients, aws_session
from mwaa_deploy.target.sign_in import SignIn
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog
from tests.integration.target.scripted_http import Answer, ScriptedHttp, scripted_http

pytestmark = pytest.mark.lab

REPOSITORY = "octo/hello-mwaa"
REGION = "eu-west-1"


@pytest.fixture
def job(oidc_issuer: str) -> dict[str, str]:
    """The environment of a job that may ask for tokens."""
    answer = requests.post(f"{oidc_issuer}/_lab/jobs", json={"repository": REPOSITORY}, timeout=10)
    variables: dict[str, str] = answer.json()
    return variables


@pytest.fixture
def role(clients: AwsClients, oidc_issuer: str) -> str:
    return make_oidc_role(clients.client("iam"), f"role-{uuid.uuid4().hex}", oidc_issuer, REPOSITORY)


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


def sign_in(role_arn: str, env: dict[str, str], log: FakeLog, **more: Any) -> AwsClients:
    return aws_session(
        SignIn(role_arn=role_arn, session_name="mwaa-deploy octo/hello", **more),
        region=REGION,
        env=env,
        clock=FakeClock(datetime.now(UTC)),
        log=log,
    )


def test_a_job_becomes_the_role(aws_env: RunningAws, job, role, log):
    found = sign_in(role, job, log)
    identity = found.client("sts").get_caller_identity()
    assert identity["Arn"].endswith("/mwaa-deploy-octo-hello")
    assert role.rpartition("/")[2] in identity["Arn"]


def test_every_secret_is_masked_and_none_is_shown(aws_env: RunningAws, job, role, log):
    sign_in(role, job, log)
    assert log.masked[0] == job["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    assert log.masked[1].count(".") == 2
    assert len(set(log.masked)) >= 5
    assert log.text == ""


def test_clients_say_who_we_are_and_are_made_once(aws_env: RunningAws, job, role, log):
    found = sign_in(role, job, log)
    s3 = found.client("s3")
    assert found.client("s3") is s3
    assert f"mwaa-deploy/{__version__}" in s3.meta.config.user_agent
    assert s3.meta.region_name == REGION


def test_a_role_for_another_repository_is_refused_with_the_claims_and_the_policy(
    aws_env: RunningAws, clients: AwsClients, oidc_issuer: str, job, log
):
    other = make_oidc_role(clients.client("iam"), f"role-{uuid.uuid4().hex}", oidc_issuer, "octo/other")
    with pytest.raises(RoleRefused, match=f"assume {other}: AccessDenied") as caught:
        sign_in(other, job, log)
    subject = f"repo:{REPOSITORY}:ref:refs/heads/main"
    assert f"sub: {subject}" in caught.value.what
    policy, _ = json.JSONDecoder().raw_decode(caught.value.mend[caught.value.mend.index("{") :])
    host = oidc_issuer.partition("://")[2]
    assert policy["Statement"][0]["Condition"]["StringEquals"][f"{host}:sub"] == subject
    token = log.masked[1]
    assert token not in str(caught.value)
    assert token.split(".")[2] not in str(caught.value)


def test_a_role_that_does_not_exist_is_refused(aws_env: RunningAws, role, job, log):
    with pytest.raises(RoleRefused, match="AccessDenied"):
        sign_in(f"{role}-not", job, log)


def test_a_session_longer_than_the_role_allows_is_refused_with_where_to_look(aws_env: RunningAws, role, job, log):
    with pytest.raises(RoleRefused, match="MaxSessionDuration") as caught:
        sign_in(role, job, log, duration=43_200)
    assert "aws iam get-role" in caught.value.mend


def test_what_is_no_arn_is_refused(aws_env: RunningAws, job, log):
    with pytest.raises(RoleRefused, match="mwaa-deploy"):
        sign_in("mwaa-deploy", job, log)


def test_a_subject_with_ids_is_refused_by_an_older_policy_and_taken_by_the_one_that_is_advised(
    aws_env: RunningAws, clients: AwsClients, oidc_issuer: str, role: str, log
):
    asked = {"repository": REPOSITORY, "environment": "staging", "immutable_subject": "true"}
    job = requests.post(f"{oidc_issuer}/_lab/jobs", json=asked, timeout=10).json()
    with pytest.raises(RoleRefused, match="repository_owner_id: 583231") as caught:
        sign_in(role, job, log)
    assert f"'repo:{REPOSITORY}:environment:staging' does not match it" in caught.value.meaning

    policy, _ = json.JSONDecoder().raw_decode(caught.value.mend[caught.value.mend.index("{") :])
    name = role.rpartition("/")[2]
    clients.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(policy))
    assert name in sign_in(role, job, log).client("sts").get_caller_identity()["Arn"]


@pytest.fixture
def next_role(clients: AwsClients, role: str) -> str:
    """A role that `role` may assume, and nobody else."""
    iam, name = clients.client("iam"), f"next-{uuid.uuid4().hex}"
    trust = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return arn


def test_a_chain_of_roles_ends_at_the_last_one(aws_env: RunningAws, job, role, next_role, log):
    found = sign_in(role, job, log, chain=(next_role,), accounts=("123456789012",))
    assert f"/{next_role.rpartition('/')[2]}/mwaa-deploy-octo-hello" in found.client("sts").get_caller_identity()["Arn"]
    assert len(set(log.masked)) == 2 + 2 * 3


def test_a_role_that_the_one_before_may_not_assume_is_refused_with_both_policies(
    clients: AwsClients, oidc_issuer: str, job, role, log
):
    other = make_oidc_role(clients.client("iam"), f"role-{uuid.uuid4().hex}", oidc_issuer, REPOSITORY)
    with pytest.raises(RoleRefused, match=f"let {role} assume {other}: AccessDenied") as caught:
        sign_in(role, job, log, chain=(other,))
    assert f'"AWS": "{role}"' in caught.value.mend
    assert f'"Resource": "{other}"' in caught.value.mend


def test_credentials_that_are_there_can_begin_a_chain(
    aws_env: RunningAws, clients: AwsClients, monkeypatch: pytest.MonkeyPatch, log
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    iam, name = clients.client("iam"), f"role-{uuid.uuid4().hex}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    assert f"/{name}/" in sign_in("", {}, log, chain=(arn,)).client("sts").get_caller_identity()["Arn"]


def test_a_role_of_another_account_than_those_allowed_is_not_used(aws_env: RunningAws, job, role, log):
    with pytest.raises(AccountRefused, match=r"in account 123456789012\. allowed-account-ids has 210987654321 only"):
        sign_in(role, job, log, accounts=("210987654321",))


def test_the_account_of_credentials_that_are_there_is_asked_for(
    aws_env: RunningAws, monkeypatch: pytest.MonkeyPatch, log
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    sign_in("", {}, log, accounts=("123456789012",))
    with pytest.raises(AccountRefused, match="in account 123456789012"):
        sign_in("", {}, log, accounts=("210987654321",))


def test_without_the_permission_nothing_is_asked_of_aws(aws_env: RunningAws, role, log):
    with pytest.raises(OidcUnavailable):
        sign_in(role, {}, log)


def test_credentials_of_the_environment_serve_without_a_role(aws_env: RunningAws, monkeypatch: pytest.MonkeyPatch, log):
    secret = "s3cr3t" * 6
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    found = sign_in("", {}, log)
    assert found.client("sts").get_caller_identity()["Account"]
    assert log.masked == [secret]


def test_without_a_role_and_without_credentials_the_line_to_add_is_told(aws_env: RunningAws, log):
    with pytest.raises(CredentialsMissing, match="role-to-assume"):
        sign_in("", {}, log)


# ---------------------------------------------------------------------------------------- what the lab's STS never says


@pytest.fixture
def script(aws_env: RunningAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedHttp]:
    """GitHub and STS, scripted."""
    with scripted_http() as script:
        monkeypatch.setenv("AWS_ENDPOINT_URL", script.url)
        script.get = [Answer(body=json.dumps({"value": f"e30.e30.{number}"})) for number in range(9)]
        yield script


def scripted_job(script: ScriptedHttp) -> dict[str, str]:
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{script.url}/?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"}


def assumed(number: int, seconds: float) -> Answer:
    """STS's answer with credentials that end after so many seconds."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    return Answer(
        body=f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult><Credentials>
          <AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>secret-{number}</SecretAccessKey>
          <SessionToken>session-{number}</SessionToken><Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration>
        </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""
    )


def refused(code: str, status: int = 400, message: str = "no") -> Answer:
    return Answer(
        status=status,
        body=f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>",
    )


ROLE = "arn:aws:iam::123456789012:role/mwaa-deploy"
IDENTITY = Answer(
    body='<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def test_credentials_are_renewed_from_a_fresh_token_before_they_end(script, log):
    script.post = [assumed(1, 500), assumed(2, 3600), IDENTITY]
    sts = sign_in(ROLE, scripted_job(script), log).client("sts")
    sts.get_caller_identity()
    sts.get_caller_identity()
    posts = [(authorization, body) for path, authorization, body in script.asked if path == "/"]
    assert [body.split("&")[0].removeprefix("Action=") for _, body in posts] == [
        "AssumeRoleWithWebIdentity",
        "AssumeRoleWithWebIdentity",
        "GetCallerIdentity",
        "GetCallerIdentity",
    ]
    assert [authorization for authorization, _ in posts[:2]] == ["", ""]
    assert "WebIdentityToken=e30.e30.0" in posts[0][1]
    assert "WebIdentityToken=e30.e30.1" in posts[1][1]
    assert all("Credential=ASIA2/" in authorization for authorization, _ in posts[2:])
    assert {"secret-1", "session-1", "secret-2", "session-2"} <= set(log.masked)


def test_with_a_role_no_other_credentials_are_looked_for(script, log, monkeypatch):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{script.url}/container")
    script.post = [assumed(1, 3600)]
    sign_in(ROLE, scripted_job(script), log)
    assert [path for path, _, _ in script.asked] == ["/?v=2&audience=sts.amazonaws.com", "/"]


def test_a_renewal_that_fails_in_good_time_is_tried_again_later(script, log):
    script.post = [assumed(1, 500), refused("AccessDenied", 403), IDENTITY]
    sts = sign_in(ROLE, scripted_job(script), log).client("sts")
    sts.get_caller_identity()
    assert "Credential=ASIA1/" in script.asked[-1][1]


def test_a_renewal_that_fails_at_the_end_is_our_own_error(script, log):
    script.post = [assumed(1, 100), refused("AccessDenied", 403)]
    with pytest.raises(RoleRefused), aws_errors("sts:GetCallerIdentity", "*"):
        sign_in(ROLE, scripted_job(script), log).client("sts").get_caller_identity()


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("InvalidIdentityToken", 400, "aws iam create-open-id-connect-provider --url"),
        ("IDPRejectedClaim", 403, "sts:AssumeRoleWithWebIdentity"),
        ("ExpiredTokenException", 400, "timedatectl"),
    ],
)
def test_each_refusal_has_its_mend(script, log, code, status, told):
    script.post = [refused(code, status, "Token e30.e30.0 is not good")]
    with pytest.raises(RoleRefused, match=code) as caught:
        sign_in(ROLE, scripted_job(script), log)
    assert told in caught.value.mend
    assert "e30.e30.0" not in str(caught.value)


def test_an_sts_that_keeps_failing_is_unavailable(script, log, monkeypatch):
    monkeypatch.setattr("mwaa_deploy.target.credentials.RETRIES", {"mode": "standard", "total_max_attempts": 2})
    script.post = [refused("ServiceUnavailable", 503)]
    with pytest.raises(AwsUnavailable):
        sign_in(ROLE, scripted_job(script), log)
    assert len([path for path, _, _ in script.asked if path == "/"]) == 2


def test_keys_of_github_that_sts_cannot_fetch_are_an_outage(script, log, monkeypatch):
    monkeypatch.setattr("mwaa_deploy.target.credentials.RETRIES", {"mode": "standard", "total_max_attempts": 2})
    script.post = [refused("IDPCommunicationError")]
    with pytest.raises(AwsUnavailable, match="IDPCommunicationError"):
        sign_in(ROLE, scripted_job(script), log)
    assert len([path for path, _, _ in script.asked if path == "/"]) == 2


def test_an_aws_that_nobody_answers_for_is_unavailable(script, log, monkeypatch):
    monkeypatch.setattr("mwaa_deploy.target.credentials.RETRIES", {"mode": "standard", "total_max_attempts": 1})
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(AwsUnavailable, match="did not answer"):
        sign_in(ROLE, scripted_job(script), log)
