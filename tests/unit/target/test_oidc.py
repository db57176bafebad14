import base64
import json

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.errors import OidcUnavailable
from mwaa_deploy.target.oidc import IdTokens, told_claims
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog


def token(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"}, "ACTIONS_ID_TOKEN_REQUEST_TOKEN unset"),
        (
            {"ACTIONS_ID_TOKEN_REQUEST_URL": "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t"},
            "ACTIONS_ID_TOKEN_REQUEST_URL unset",
        ),
    ],
)
def test_a_job_without_the_permission_is_told_which_line_to_add(env, named):
    with pytest.raises(OidcUnavailable, match=named) as caught:
        IdTokens(requests.Session(), env, clock=FakeClock(), log=FakeLog()).fetch()
    assert "permissions:\n  id-token: write" in caught.value.mend
    assert "lacks the permission" in caught.value.meaning


def test_a_pull_request_from_a_fork_is_told_that_no_permission_helps():
    with pytest.raises(OidcUnavailable) as caught:
        IdTokens(requests.Session(), {}, clock=FakeClock(), log=FakeLog(), from_fork=True).fetch()
    assert "comes from a fork" in caught.value.meaning
    assert "id-token" not in str(caught.value)
    assert "head.repo.full_name == github.repository" in caught.value.mend


def test_only_claims_that_help_are_told():
    claims = {"sub": "repo:o/r:ref:refs/heads/main", "aud": "sts.amazonaws.com", "jti": "secret", "actor": "somebody"}
    assert told_claims(token(claims)) == {"sub": "repo:o/r:ref:refs/heads/main", "aud": "sts.amazonaws.com"}


@pytest.mark.parametrize("odd", ["", "no-token", "a.b", "a.!!!.c", token([1]), token("text"), "e30.4pyT4py.x"])
def test_what_is_no_token_has_no_claims(odd):
    assert told_claims(odd) == {}


@given(st.text())
def test_no_text_breaks_the_reading_of_claims(text):
    assert isinstance(told_claims(f"a.{text}.c"), dict)
