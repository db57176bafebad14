import json
from collections.abc import Iterator

import pytest
import requests

from mwaa_deploy.errors import OidcUnavailable
from mwaa_deploy.target.oidc import ATTEMPTS, IdTokens
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog
from tests.integration.target.scripted_http import Answer, ScriptedHttp, scripted_http

TOKEN = "e30.e30.c2lnbmF0dXJl"
GOOD = Answer(body=json.dumps({"count": 1, "value": TOKEN}))


@pytest.fixture
def github() -> Iterator[ScriptedHttp]:
    with scripted_http() as script:
        yield script


class Job:
    def __init__(self, github: ScriptedHttp) -> None:
        self.clock, self.log = FakeClock(), FakeLog()
        self.env = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}/idtoken?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-bearer",
        }

    def fetch(self) -> str:
        with requests.Session() as http:
            return IdTokens(http, self.env, clock=self.clock, log=self.log).fetch()


def test_a_token_is_asked_for_as_github_wants_it_and_masked(github):
    github.get = [GOOD]
    job = Job(github)
    assert job.fetch() == TOKEN
    assert github.asked == [("/idtoken?api-version=2.0&audience=sts.amazonaws.com", "bearer the-bearer", "")]
    assert job.log.masked == ["the-bearer", TOKEN]
    assert job.log.text == ""


@pytest.mark.parametrize("fault", [Answer(status=500), Answer(status=503), Answer(hang_up=True)])
def test_a_passing_fault_is_outlasted(github, fault):
    github.get = [fault, fault, GOOD]
    job = Job(github)
    assert job.fetch() == TOKEN
    assert job.clock.slept == [1, 2]


def test_a_fault_that_stays_is_given_up(github):
    github.get = [Answer(status=502)]
    with pytest.raises(OidcUnavailable, match=f"{ATTEMPTS} attempts: HTTP 502"):
        Job(github).fetch()
    assert len(github.asked) == ATTEMPTS


def test_a_refusal_is_not_repeated(github):
    github.get = [Answer(status=403, body="Resource not accessible by integration")]
    with pytest.raises(OidcUnavailable, match="HTTP 403: Resource not accessible") as caught:
        Job(github).fetch()
    assert len(github.asked) == 1
    assert "id-token: write" in caught.value.mend


@pytest.mark.parametrize("body", ["<html>proxy</html>", "{}", "[]", '{"value": null}', '{"value": ""}', '{"value": 1}'])
def test_an_answer_without_a_token_is_told(github, body):
    github.get = [Answer(body=body)]
    with pytest.raises(OidcUnavailable, match="no token in it"):
        Job(github).fetch()


def test_no_message_has_the_bearer(github):
    github.get = [Answer(hang_up=True)]
    with pytest.raises(OidcUnavailable) as caught:
        Job(github).fetch()
    assert "the-bearer" not in str(caught.value)
