"""The OIDC issuer, asked as GitHub's runners ask it and checked as AWS checks it."""

import time

import jwt
import pytest
import requests

from lab.oidc import Issuer
from lab.web import serving

REPOSITORY = "acme/hello-mwaa"


def register(url, **claims):
    answer = requests.post(f"{url}/_lab/jobs", json={"repository": REPOSITORY, **claims}, timeout=10)
    assert answer.status_code == 201
    return answer.json()


def ask(job, audience="sts.amazonaws.com", bearer=None, scheme="bearer"):
    url = job["ACTIONS_ID_TOKEN_REQUEST_URL"] + (f"&audience={audience}" if audience else "")
    token = bearer or job["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    return requests.get(url, headers={"Authorization": f"{scheme} {token}"}, timeout=10)


def decode(url, token, audience="sts.amazonaws.com"):
    configuration = requests.get(f"{url}/.well-known/openid-configuration", timeout=10).json()
    key = jwt.PyJWKClient(configuration["jwks_uri"]).get_signing_key_from_jwt(token)
    required = ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]
    return jwt.decode(
        token,
        key.key,
        algorithms=configuration["id_token_signing_alg_values_supported"],
        audience=audience,
        issuer=configuration["issuer"],
        options={"require": required},
    )


def test_a_token_is_signed_by_the_published_key_and_good_for_five_minutes(oidc_url):
    answer = ask(register(oidc_url)).json()

    claims = decode(oidc_url, answer["value"])

    assert claims["iss"] == oidc_url
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 5
    assert claims["nbf"] <= claims["iat"]
    assert answer["count"] == len(answer["value"])


def test_the_request_url_already_has_a_query(oidc_url):
    """The toolkit and everybody else append '&audience='."""
    assert register(oidc_url)["ACTIONS_ID_TOKEN_REQUEST_URL"].endswith("?api-version=2.0")


@pytest.mark.parametrize(
    ("job", "subject"),
    [
        ({}, f"repo:{REPOSITORY}:ref:refs/heads/main"),
        ({"ref": "refs/tags/v1"}, f"repo:{REPOSITORY}:ref:refs/tags/v1"),
        ({"event_name": "pull_request", "ref": "refs/pull/7/merge"}, f"repo:{REPOSITORY}:pull_request"),
        ({"environment": "production"}, f"repo:{REPOSITORY}:environment:production"),
        ({"environment": "a:b", "event_name": "pull_request"}, f"repo:{REPOSITORY}:environment:a%3Ab"),
    ],
)
def test_the_subject_has_githubs_forms(oidc_url, job, subject):
    claims = decode(oidc_url, ask(register(oidc_url, **job)).json()["value"])

    assert claims["sub"] == subject
    assert claims.get("environment") == job.get("environment")


def test_all_of_githubs_claims_are_there(oidc_url):
    job = register(oidc_url, ref="refs/tags/v1", sha="f" * 40, run_id=77, actor="monalisa", event_name="push")
    configuration = requests.get(f"{oidc_url}/.well-known/openid-configuration", timeout=10).json()

    claims = decode(oidc_url, ask(job).json()["value"])

    assert set(configuration["claims_supported"]) - {"environment"} == set(claims)
    assert {name: claims[name] for name in ("repository_owner", "ref_type", "sha", "run_id", "actor")} == {
        "repository_owner": "acme",
        "ref_type": "tag",
        "sha": "f" * 40,
        "run_id": "77",
        "actor": "monalisa",
    }
    assert (
        claims["job_workflow_ref"]
        == claims["workflow_ref"]
        == f"{REPOSITORY}/.github/workflows/deploy.yml@refs/tags/v1"
    )


def test_the_audience_is_the_owner_unless_asked_for(oidc_url):
    token = ask(register(oidc_url), audience="").json()["value"]

    assert decode(oidc_url, token, "https://github.com/acme")["aud"] == "https://github.com/acme"
    with pytest.raises(jwt.InvalidAudienceError):
        decode(oidc_url, token)


def test_each_token_is_another(oidc_url):
    job = register(oidc_url)

    first, second = (decode(oidc_url, ask(job).json()["value"])["jti"] for _ in range(2))

    assert first != second


def test_a_token_of_another_issuer_is_not_accepted(oidc_url):
    with serving(Issuer()) as other:
        token = ask(register(other)).json()["value"]
        keys = requests.get(f"{oidc_url}/.well-known/jwks", timeout=10).json()["keys"]
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(token, jwt.PyJWK(keys[0]).key, algorithms=["RS256"], audience="sts.amazonaws.com")


def test_a_wrong_bearer_is_refused(oidc_url):
    job, other = register(oidc_url), register(oidc_url)

    assert ask(job, bearer="guess").status_code == 401
    assert ask(job, bearer=other["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]).status_code == 401
    assert ask(job, scheme="basic").status_code == 401
    assert requests.get(job["ACTIONS_ID_TOKEN_REQUEST_URL"], timeout=10).status_code == 401


def test_a_job_needs_a_repository(oidc_url):
    assert requests.post(f"{oidc_url}/_lab/jobs", json={"ref": "refs/heads/main"}, timeout=10).status_code == 400
