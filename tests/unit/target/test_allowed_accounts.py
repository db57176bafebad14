import pytest

from mwaa_deploy.errors import AccountRefused
from mwaa_deploy.target.allowed_accounts import refuse_other_accounts

IDENTITY = "arn:aws:sts::123456789012:assumed-role/mwaa-deploy/run"


@pytest.mark.parametrize("allowed", [(), ("123456789012",), ("210987654321", "123456789012")])
def test_an_account_that_is_named_is_allowed_and_without_names_any(allowed):
    refuse_other_accounts("123456789012", IDENTITY, allowed)


def test_another_account_is_refused_with_who_it_is_and_who_it_should_be():
    with pytest.raises(AccountRefused, match="in account 123456789012") as caught:
        refuse_other_accounts("123456789012", IDENTITY, ("210987654321",))
    assert IDENTITY in caught.value.what
    assert "arn:aws:iam::210987654321:role/" in caught.value.mend


def test_an_account_that_is_not_known_is_refused():
    with pytest.raises(AccountRefused, match="account unknown"):
        refuse_other_accounts("", "", ("210987654321",))
