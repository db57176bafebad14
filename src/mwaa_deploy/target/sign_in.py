"""How a run comes by its credentials, as its inputs and its context say."""

import re
from dataclasses import dataclass

from mwaa_deploy.context import GitHubContext
from mwaa_deploy.inputs import Inputs

SESSION_NAME_LENGTH = (2, 64)
"""Bounds of RoleSessionName (STS API Reference, AssumeRole)."""

_UNUSABLE_IN_SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Who the run is to become.

    Attributes:
        role_arn: ARN of the role to assume with an OIDC token; '' to begin with the credentials that are there.
        chain: ARNs of further roles, each assumed with the credentials of the one before.
        session_name: shown in CloudTrail; made to fit.
        duration: seconds that credentials of the last role live before they are renewed.
        accounts: 12 digits each, the only ones that the credentials may belong to; empty for any.
        from_fork: whether this is a pull request from a fork, which GitHub gives no token.
    """

    role_arn: str = ""
    chain: tuple[str, ...] = ()
    session_name: str = "mwaa-deploy"
    duration: int = 3600
    accounts: tuple[str, ...] = ()
    from_fork: bool = False

    @property
    def last_role(self) -> str:
        """ARN of the role that the run ends up with; '' if it assumes none."""
        return (self.role_arn, *self.chain)[-1]


def sign_in_of(inputs: Inputs, context: GitHubContext) -> SignIn:
    """What the inputs ask for."""
    return SignIn(
        role_arn=inputs.role_to_assume,
        chain=inputs.role_chain,
        session_name=inputs.role_session_name or default_session_name(context),
        duration=inputs.role_duration_seconds,
        accounts=inputs.allowed_account_ids,
        from_fork=context.from_fork,
    )


def default_session_name(context: GitHubContext) -> str:
    """Run, attempt and repository, in this order: a long repository's name is cut, the run's number never is."""
    if not context.run_id:
        return "mwaa-deploy-local"
    return fitting_session_name(f"mwaa-deploy-{context.run_id}-{context.run_attempt}-{context.repository}")


def fitting_session_name(text: str) -> str:
    """A RoleSessionName: what it may not contain becomes '-', and its length is kept within bounds."""
    shortest, longest = SESSION_NAME_LENGTH
    return _UNUSABLE_IN_SESSION_NAME.sub("-", text)[:longest].ljust(shortest, "-")
