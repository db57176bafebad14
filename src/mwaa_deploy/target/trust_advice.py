"""Why STS refuses a role, and the policies to write: from the token's claims and the roles' names alone."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

AUDIENCE = "sts.amazonaws.com"
"""The audience that AWS's own sign-in for GitHub uses, and that trust policies therefore ask for."""

TOLD_CLAIMS = (
    *("sub", "aud", "iss", "repository", "repository_id", "repository_owner_id", "ref", "environment", "event_name"),
    *("workflow_ref", "job_workflow_ref"),
)
"""The claims that help to mend a trust policy; none of them is secret."""

REFUSALS: Mapping[str, str] = {
    "AccessDenied": "The role does not exist, or its trust policy does not accept these claims.",
    "InvalidIdentityToken": "The account knows no OIDC provider with this issuer, or the provider does not list this "
    "audience.",
    "IDPRejectedClaim": "The OIDC provider rejected a claim of the token.",
    "ExpiredTokenException": "The token was too old when it arrived; the clock of this computer may be wrong.",
    "ValidationError": "The ARN is malformed, or the role allows shorter sessions only (MaxSessionDuration).",
    "RegionDisabledException": "STS is switched off in this Region for the account.",
}
"""What each of STS's refusals means, by its code on the wire."""

CHAIN_REFUSALS = frozenset({"AccessDenied", "ValidationError", "RegionDisabledException"})
"""Those that a role can meet which is assumed with other credentials than a token."""

_ISSUER = "https://token.actions.githubusercontent.com"
_IMMUTABLE = re.compile(r"repo:(?P<owner>[^@/:]+)@\d+/(?P<repository>[^@/:]+)@\d+(?P<rest>:.*)")
_CALLER = re.compile(r"^User: (?P<arn>arn:\S+) is not authorized")
_ASSUMED = re.compile(r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d+):assumed-role/(?P<name>[^/]+)/.*")


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What a refusal usually means, and the lines that mend it."""

    meaning: str
    mend: str


def told(claims: Mapping[str, Any]) -> str:
    """The claims for a reader, one a line."""
    return "\n".join(f"  {name}: {value}" for name, value in claims.items()) or "  none could be read"


def web_identity_advice(code: str, role_arn: str, claims: Mapping[str, Any]) -> Advice:
    """For a role that refuses an OIDC token.

    Args:
        code: STS's, one of REFUSALS.
        role_arn: the role that was asked for.
        claims: of the token, TOLD_CLAIMS at most; empty if they could not be read.
    """
    meaning = [REFUSALS[code]]
    if code == "AccessDenied":
        meaning += subject_facts(claims)
    return Advice(meaning="\n".join(meaning), mend=_mend(code, role_arn, claims))


def subject_facts(claims: Mapping[str, Any]) -> list[str]:
    """What makes a subject other than the one in a policy that was copied from a guide, a sentence each.

    Source: GitHub's documentation, "OpenID Connect reference".
    """
    subject, repository = str(claims.get("sub", "")), claims.get("repository", "")
    facts = []
    if immutable := _IMMUTABLE.fullmatch(subject):
        older = f"repo:{immutable['owner']}/{immutable['repository']}{immutable['rest']}"
        facts.append(
            "The subject has the ids of owner and repository in it, as in every repository that was created, renamed "
            f"or transferred after 15 July 2026. A policy with '{older}' does not match it."
        )
    elif subject and not subject.startswith(f"repo:{repository}:"):
        facts.append(
            "The subject has a form that the organisation or the repository has chosen; it is told by\n"
            f"gh api repos/{repository}/actions/oidc/customization/sub"
        )
    if ":environment:" in subject:
        facts.append(
            "The job's environment stands where the branch would. A policy with "
            f"'ref:{claims.get('ref', 'refs/heads/main')}' does not match it."
        )
    if subject.endswith(":pull_request"):
        facts.append(
            "Every pull request of the repository has this subject, whatever its branch: give them a role of their "
            "own, which may look at the target and change nothing."
        )
    return facts


def trust_policy(role_arn: str, claims: Mapping[str, Any]) -> dict[str, Any]:
    """The trust policy of a role that accepts exactly these claims of GitHub's issuer."""
    partition, account = _home(role_arn)
    provider = _provider(claims)
    subject = claims.get("sub") or "repo:<owner>/<repository>:ref:refs/heads/main"
    principal = {"Federated": f"arn:{partition}:iam::{account}:oidc-provider/{provider}"}
    condition = {"StringEquals": {f"{provider}:aud": AUDIENCE, f"{provider}:sub": subject}}
    return _policy(
        {
            "Effect": "Allow",
            "Principal": principal,
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }
    )


def chain_advice(code: str, role_arn: str, *, before: str, message: str) -> Advice:
    """For a role of a chain that refuses the credentials of the one before.

    Args:
        code: STS's, one of CHAIN_REFUSALS.
        role_arn: the role that was asked for.
        before: ARN of the role whose credentials were shown; '' for those that were there already.
        message: what STS said, which names the latter.
    """
    if code != "AccessDenied":
        return Advice(meaning=REFUSALS[code], mend=_mend(code, role_arn, {}))
    caller = before or _caller(message) or "<ARN of who assumes it>"
    trust = _policy({"Effect": "Allow", "Principal": {"AWS": caller}, "Action": "sts:AssumeRole"})
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role_arn}
    return Advice(
        meaning=f"The role does not exist, its trust policy does not name {caller}, or that one's own policy does not "
        "allow sts:AssumeRole on it.",
        mend=f"The trust policy of {role_arn}:\n{json.dumps(trust, indent=2)}\n"
        f"A statement for the policy of {caller}:\n{json.dumps(statement, indent=2)}",
    )


def _mend(code: str, role_arn: str, claims: Mapping[str, Any]) -> str:
    if code == "ValidationError":
        return "aws iam get-role --query Role.[Arn,MaxSessionDuration] --role-name " + role_arn.rpartition("/")[2]
    if code == "ExpiredTokenException":
        return "timedatectl status  # on the runner: 'System clock synchronized' has to be 'yes'"
    if code == "RegionDisabledException":
        return "IAM console, Account settings, Security Token Service (STS): activate the Region of aws-region."
    policy = "The role's trust policy:\n" + json.dumps(trust_policy(role_arn, claims), indent=2)
    if code == "InvalidIdentityToken":
        issuer = claims.get("iss") or _ISSUER
        return f"aws iam create-open-id-connect-provider --url {issuer} --client-id-list {AUDIENCE}\n{policy}"
    return "\n".join([policy, *_narrower(role_arn, claims)])


def _narrower(role_arn: str, claims: Mapping[str, Any]) -> list[str]:
    """Conditions that may be added, where AWS compares more than the subject.

    Source: IAM User Guide, "IAM and AWS STS condition context keys", keys for OIDC federation; the Regions of China and
    GovCloud are not known to have them.
    """
    if _home(role_arn)[0] != "aws":
        return []
    provider, lines = _provider(claims), []
    repository_id, called = claims.get("repository_id"), claims.get("job_workflow_ref")
    if repository_id and not _IMMUTABLE.fullmatch(str(claims.get("sub", ""))):
        lines.append(
            "To accept this very repository, and none that gets its name later, add to StringEquals:\n"
            f'  "{provider}:repository_id": "{repository_id}"'
        )
    if called and called != claims.get("workflow_ref", called):
        lines.append(
            "The job is that of a reusable workflow. To accept no other, add to StringEquals:\n"
            f'  "{provider}:job_workflow_ref": "{called}"'
        )
    return lines


def _policy(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _home(role_arn: str) -> tuple[str, str]:
    """Partition and account of a role."""
    partition, account = (role_arn.split(":") + [""] * 5)[1:5:3]
    return partition or "aws", account or "<account>"


def _provider(claims: Mapping[str, Any]) -> str:
    issuer = str(claims.get("iss") or _ISSUER)
    return issuer.partition("://")[2] or issuer


def _caller(message: str) -> str:
    """ARN of whom STS names in its refusal, a session's role instead of the session; '' if it names none."""
    named = _CALLER.match(message)
    if named is None:
        return ""
    if session := _ASSUMED.fullmatch(named["arn"]):
        return f"arn:{session['partition']}:iam::{session['account']}:role/{session['name']}"
    return named["arn"]
