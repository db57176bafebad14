import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.target.role import fitting_session_name, trust_policy

ROLE = "arn:aws:iam::123456789012:role/mwaa-deploy"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mwaa-deploy-octo/hello world-42", "mwaa-deploy-octo-hello-world-42"),
        ("a=b,c.d@e+f_g-h", "a=b,c.d@e+f_g-h"),
        ("é", "--"),
        ("", "--"),
        ("x" * 70, "x" * 64),
    ],
)
def test_a_session_name_is_made_to_fit(text, name):
    assert fitting_session_name(text) == name


@given(st.text())
def test_any_text_makes_a_session_name(text):
    assert re.fullmatch(r"[a-zA-Z0-9_+=,.@-]{2,64}", fitting_session_name(text))


def test_the_trust_policy_accepts_exactly_this_job():
    claims: dict[str, Any] = {
        "iss": "https://token.actions.githubusercontent.com",
        "sub": "repo:octo/hello:environment:staging",
        "aud": "sts.amazonaws.com",
    }
    assert trust_policy(ROLE, claims)["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                    "token.actions.githubusercontent.com:sub": "repo:octo/hello:environment:staging",
                }
            },
        }
    ]


def test_the_trust_policy_is_of_the_roles_partition_and_keeps_an_enterprise_issuers_path():
    claims = {"iss": "https://token.actions.githubusercontent.com/octo-enterprise", "sub": "s"}
    (statement,) = trust_policy("arn:aws-cn:iam::123456789012:role/x", claims)["Statement"]
    provider = "token.actions.githubusercontent.com/octo-enterprise"
    assert statement["Principal"]["Federated"] == f"arn:aws-cn:iam::123456789012:oidc-provider/{provider}"
    assert f"{provider}:sub" in statement["Condition"]["StringEquals"]


def test_without_claims_or_a_whole_arn_the_trust_policy_has_gaps_to_fill():
    (statement,) = trust_policy("mwaa-deploy", {})["Statement"]
    assert "<account>" in statement["Principal"]["Federated"]
    assert "<owner>/<repository>" in str(statement["Condition"])
