"""What a refused job is told to write."""

import json
from typing import Any

import pytest

from mwaa_deploy.target.trust_advice import (
    CHAIN_REFUSALS,
    REFUSALS,
    chain_advice,
    subject_facts,
    told,
    trust_policy,
    web_identity_advice,
)

ROLE = "arn:aws:iam::123456789012:role/mwaa-deploy"
NEXT = "arn:aws:iam::210987654321:role/deploy"
HOST = "token.actions.githubusercontent.com"
WORKFLOW = "octo/hello/.github/workflows/deploy.yml@refs/heads/main"
CLAIMS: dict[str, Any] = {
    "iss": f"https://{HOST}",
    "sub": "repo:octo/hello:ref:refs/heads/main",
    "aud": "sts.amazonaws.com",
    "repository": "octo/hello",
    "repository_id": "456789",
    "repository_owner_id": "123456",
    "ref": "refs/heads/main",
    "event_name": "push",
    "workflow_ref": WORKFLOW,
    "job_workflow_ref": WORKFLOW,
}


def advice(code: str = "AccessDenied", role: str = ROLE, **claims: str) -> tuple[str, str]:
    found = web_identity_advice(code, role, {**CLAIMS, **claims})
    return found.meaning, found.mend


def policies(text: str) -> list[Any]:
    """Every JSON document in a text."""
    found, at = [], text.find("{")
    while at >= 0:
        document, length = json.JSONDecoder().raw_decode(text[at:])
        found.append(document)
        at = text.find("{", at + length)
    return found


def test_the_trust_policy_accepts_exactly_this_job():
    claims = {**CLAIMS, "sub": "repo:octo/hello:environment:staging"}
    assert trust_policy(ROLE, claims)["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{HOST}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{HOST}:aud": "sts.amazonaws.com",
                    f"{HOST}:sub": "repo:octo/hello:environment:staging",
                }
            },
        }
    ]


def test_the_trust_policy_is_of_the_roles_partition_and_keeps_an_enterprise_issuers_path():
    claims = {"iss": f"https://{HOST}/octo-enterprise", "sub": "s"}
    (statement,) = trust_policy("arn:aws-cn:iam::123456789012:role/x", claims)["Statement"]
    provider = f"{HOST}/octo-enterprise"
    assert statement["Principal"]["Federated"] == f"arn:aws-cn:iam::123456789012:oidc-provider/{provider}"
    assert f"{provider}:sub" in statement["Condition"]["StringEquals"]


def test_without_claims_or_a_whole_arn_the_trust_policy_has_gaps_to_fill():
    (statement,) = trust_policy("mwaa-deploy", {})["Statement"]
    assert "<account>" in statement["Principal"]["Federated"]
    assert "<owner>/<repository>" in str(statement["Condition"])


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_has_a_meaning_and_a_mend(code):
    meaning, mend = advice(code)
    assert meaning.startswith(REFUSALS[code])
    assert mend


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidIdentityToken", "IDPRejectedClaim"])
def test_what_a_policy_can_mend_comes_with_the_policy(code):
    assert policies(advice(code)[1])[0] == trust_policy(ROLE, CLAIMS)


def test_a_plain_subject_needs_no_explanation():
    assert subject_facts(CLAIMS) == []
    assert subject_facts({}) == []


def test_a_subject_with_ids_is_told_apart_from_the_older_form():
    subject = "repo:octo@123456/hello@456789:ref:refs/heads/main"
    meaning, mend = advice(sub=subject)
    assert "A policy with 'repo:octo/hello:ref:refs/heads/main' does not match it." in meaning
    (policy,) = policies(mend)
    assert policy["Statement"][0]["Condition"]["StringEquals"][f"{HOST}:sub"] == subject
    assert "repository_id" not in mend


def test_an_environment_in_the_subject_is_told_apart_from_the_branch():
    (fact,) = subject_facts({**CLAIMS, "sub": "repo:octo/hello:environment:staging", "environment": "staging"})
    assert "A policy with 'ref:refs/heads/main' does not match it." in fact


def test_ids_and_environment_are_both_explained():
    facts = subject_facts({**CLAIMS, "sub": "repo:octo@1/hello@2:environment:staging"})
    assert "'repo:octo/hello:environment:staging'" in facts[0]
    assert len(facts) == 2


def test_a_pull_request_is_advised_to_have_a_role_of_its_own():
    (fact,) = subject_facts({**CLAIMS, "sub": "repo:octo/hello:pull_request"})
    assert "a role of their own" in fact


@pytest.mark.parametrize(
    "subject", ["repository_id:456789:ref:refs/heads/main", "repo:octo/hello-2:ref:refs/heads/main"]
)
def test_a_subject_of_a_form_of_its_own_is_told_by_github(subject):
    (fact,) = subject_facts({**CLAIMS, "sub": subject})
    assert "gh api repos/octo/hello/actions/oidc/customization/sub" in fact


def test_a_subject_of_names_alone_can_be_bound_to_the_repositorys_id():
    assert f'"{HOST}:repository_id": "456789"' in advice()[1]
    assert "repository_id" not in advice(role=ROLE.replace("aws", "aws-cn", 1))[1]


def test_a_reusable_workflow_can_be_asked_for():
    called = "octo/workflows/.github/workflows/mwaa.yml@refs/tags/v1.2.3"
    assert f'"{HOST}:job_workflow_ref": "{called}"' in advice(job_workflow_ref=called)[1]
    assert "job_workflow_ref" not in advice()[1]


def test_claims_are_told_one_a_line():
    assert told({"sub": "s", "aud": "a"}) == "  sub: s\n  aud: a"
    assert told({}) == "  none could be read"


@pytest.mark.parametrize("code", sorted(CHAIN_REFUSALS))
def test_every_refusal_in_a_chain_has_a_meaning_and_a_mend(code):
    found = chain_advice(code, NEXT, before=ROLE, message="no")
    assert found.meaning
    assert found.mend


def test_a_refused_role_of_a_chain_comes_with_both_policies():
    found = chain_advice("AccessDenied", NEXT, before=ROLE, message="no")
    trust, statement = policies(found.mend)
    assert trust["Statement"] == [{"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}]
    assert statement == {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": NEXT}


@pytest.mark.parametrize(
    ("message", "caller"),
    [
        ("User: arn:aws:iam::1:user/ci is not authorized to perform: sts:AssumeRole", "arn:aws:iam::1:user/ci"),
        (
            "User: arn:aws-cn:sts::1:assumed-role/ci/run-1 is not authorized to perform: sts:AssumeRole",
            "arn:aws-cn:iam::1:role/ci",
        ),
        ("no", "<ARN of who assumes it>"),
    ],
)
def test_whoever_was_there_before_the_chain_is_known_from_stss_words(message, caller):
    found = chain_advice("AccessDenied", NEXT, before="", message=message)
    assert policies(found.mend)[0]["Statement"][0]["Principal"] == {"AWS": caller}
