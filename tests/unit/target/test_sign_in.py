import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.context import GitHubContext
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.target.sign_in import SignIn, default_session_name, fitting_session_name, sign_in_of

FIRST, SECOND = (f"arn:aws:iam::{number * 12}:role/mwaa-deploy" for number in "12")
FORK = {"pull_request": {"head": {"repo": {"full_name": "stranger/flows"}}}}


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


def test_a_session_is_named_after_run_and_repository():
    context = GitHubContext(repository="octo/flows", run_id=123, run_attempt=2)
    assert default_session_name(context) == "mwaa-deploy-123-2-octo-flows"
    assert default_session_name(GitHubContext()) == "mwaa-deploy-local"


def test_the_run_is_named_whole_however_long_the_repositorys_name_is():
    name = default_session_name(GitHubContext(repository="o" * 39 + "/" + "r" * 100, run_id=12345678901, run_attempt=3))
    assert name.startswith("mwaa-deploy-12345678901-3-ooo")
    assert len(name) == 64


def test_the_inputs_say_who_the_run_becomes():
    inputs = Inputs(
        role_to_assume=FIRST,
        role_chain=(SECOND,),
        allowed_account_ids=("222222222222",),
        role_session_name="flows",
        role_duration_seconds=900,
    )
    assert sign_in_of(inputs, GitHubContext(repository="octo/flows", event=FORK)) == SignIn(
        role_arn=FIRST,
        chain=(SECOND,),
        session_name="flows",
        duration=900,
        accounts=("222222222222",),
        from_fork=True,
    )


def test_the_last_role_is_the_one_that_deploys():
    assert SignIn().last_role == ""
    assert SignIn(role_arn=FIRST).last_role == FIRST
    assert SignIn(role_arn=FIRST, chain=(SECOND,)).last_role == SECOND
    assert SignIn(chain=(FIRST, SECOND)).last_role == SECOND
