"""Answers of ECR, scripted by botocore's own stubber."""

import base64
import datetime as dt

import boto3
import pytest
from botocore.stub import Stubber

from mwaa_deploy.errors import AwsAccessDenied, AwsRefused
from mwaa_deploy.target.ecr import EcrApi
from tests.fakes.log import FakeLog

TOKEN = base64.b64encode(b"AWS:the-password").decode()
EXPIRES = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def log():
    return FakeLog()


def stubbed(service, method, answer=None, *, expected=None, error=None):
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stubber = Stubber(client)
    if error:
        stubber.add_client_error(method, service_error_code=error, service_message="said so", http_status_code=400)
    else:
        stubber.add_response(method, answer, expected)
    stubber.activate()
    return client


def private(**data):
    return {"authorizationData": [{"authorizationToken": TOKEN, "expiresAt": EXPIRES, **data}]}


def test_a_private_login_is_for_the_registry_that_ecr_names(log):
    answer = private(proxyEndpoint="https://123456789012.dkr.ecr.us-east-1.amazonaws.com")
    login = EcrApi(stubbed("ecr", "get_authorization_token", answer), log).login()
    assert login.registry == "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    assert (login.username, login.password) == ("AWS", "the-password")
    assert log.masked == [TOKEN, "the-password"]


def test_a_public_login_is_for_the_public_registry(log):
    answer = {"authorizationData": {"authorizationToken": TOKEN, "expiresAt": EXPIRES}}
    login = EcrApi(stubbed("ecr-public", "get_authorization_token", answer), log).login()
    assert (login.registry, login.password) == ("public.ecr.aws", "the-password")


@pytest.mark.parametrize("answer", [{"authorizationData": []}, {}, private(authorizationToken="#", proxyEndpoint="x")])
def test_an_answer_without_a_login_is_refused(log, answer):
    with pytest.raises(AwsRefused, match="holds no login"):
        EcrApi(stubbed("ecr", "get_authorization_token", answer), log).login()


def test_a_denial_names_the_action(log):
    with pytest.raises(AwsAccessDenied, match="ecr:GetAuthorizationToken"):
        EcrApi(stubbed("ecr", "get_authorization_token", error="AccessDeniedException"), log).login()


def test_a_repository_is_made_with_scans_and_tags_that_can_move(log):
    expected = {
        "repositoryName": "team/runner",
        "imageScanningConfiguration": {"scanOnPush": True},
        "imageTagMutability": "MUTABLE",
        "tags": [{"Key": "created-by", "Value": "mwaa-deploy"}],
    }
    client = stubbed("ecr", "create_repository", {}, expected=expected)
    EcrApi(client, log).create_repository("team/runner", {"created-by": "mwaa-deploy"})


def test_a_public_repository_has_no_such_settings(log):
    client = stubbed("ecr-public", "create_repository", {}, expected={"repositoryName": "runner", "tags": []})
    EcrApi(client, log).create_repository("runner", {})


def test_a_denied_creation_is_no_repository_that_is_there(log):
    client = stubbed("ecr", "create_repository", error="AccessDeniedException")
    with pytest.raises(AwsAccessDenied, match="ecr:CreateRepository"):
        EcrApi(client, log).create_repository("team/runner", {})
