"""The Ecr port: what the fake does, ECR's API in the lab does too."""

import uuid

import pytest

from mwaa_deploy.ports import Ecr
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.ecr import EcrApi
from tests.fakes.ecr import FakeEcr
from tests.fakes.log import FakeLog

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture(params=["fake", pytest.param("lab", marks=pytest.mark.lab)])
def ecr(request) -> Ecr:
    if request.param == "fake":
        return FakeEcr(HOST)
    clients: AwsClients = request.getfixturevalue("clients")
    return EcrApi(clients.client("ecr"), FakeLog())


@pytest.fixture
def name() -> str:
    return f"team/runner-{uuid.uuid4().hex}"


def test_a_login_names_the_registry_it_is_for(ecr):
    login = ecr.login()
    assert (login.registry, login.username) == (HOST, "AWS")
    assert login.password
    assert login.password not in repr(login)


def test_a_repository_is_there_once_it_is_made(ecr, name):
    assert not ecr.has_repository(name)
    ecr.create_repository(name, {"created-by": "mwaa-deploy"})
    assert ecr.has_repository(name)


def test_making_a_repository_again_leaves_it_as_it_is(ecr, name):
    ecr.create_repository(name, {})
    ecr.create_repository(name, {})
    assert ecr.has_repository(name)
