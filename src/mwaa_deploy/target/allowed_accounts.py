"""The accounts that a run may touch."""

from mwaa_deploy.errors import AccountRefused


def refuse_other_accounts(account: str, identity: str, allowed: tuple[str, ...]) -> None:
    """Refuse credentials of another account than those that are allowed.

    Args:
        account: 12 digits, as STS says; '' if it did not say it, which is refused too.
        identity: ARN of whom the credentials belong to.
        allowed: 12 digits each; empty allows any account.

    Raises:
        AccountRefused: it is another one.
    """
    if not allowed or account in allowed:
        return
    raise AccountRefused(
        f"The credentials are those of {identity or 'nobody that STS names'}, in account {account or 'unknown'}. "
        f"allowed-account-ids has {', '.join(allowed)} only.",
        meaning="Role or secrets of another stage are in use. Nothing at the target has been read or changed.",
        mend=f"role-to-assume: arn:aws:iam::{allowed[0]}:role/<name of the role there>",
    )
