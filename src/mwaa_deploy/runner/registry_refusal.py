"""The words for a registry that lets nobody in: what was tried, what it said, and the line that mends it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from mwaa_deploy.runner.image_reference import DOCKER_HUB, EcrRegistry, ImageReference, ecr_registry

HOST = "the host's docker login"
ECR = "a token of Amazon ECR"
ANONYMOUS = "no login"

PULL_ACTIONS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSH_ACTIONS = (
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload"),
    *("ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"),
)
"""What a pull and a push ask of a repository (ECR User Guide, 'IAM permissions for pushing an image')."""

FORK = (
    "This is a pull request from a fork: GitHub gives it neither secrets nor an OIDC token, so that it has no login. "
    "Leave runner-image out for such pull requests, and the action builds its own image."
)


CERTIFICATES = "/etc/docker/certs.d/<host:port>/ca.crt"


class Refused(Exception):
    """What the engine or the registry said.

    Args:
        text: its words.
        wants_login: whether another login may be taken where this one was not.
        missing: whether the registry knows no such image or repository.
    """

    def __init__(self, text: str, *, wants_login: bool = False, missing: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.wants_login = wants_login
        self.missing = missing


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One way to a registry, and what came of it.

    Attributes:
        how: HOST, ECR or ANONYMOUS.
        outcome: in words.
        refused: whether the registry was asked, and refused.
        problem: whether a login should have been there and could not be had.
    """

    how: str
    outcome: str
    refused: bool = False
    problem: bool = False


def tried_lines(tried: Iterable[Tried]) -> str:
    """What was tried, a line each."""
    return "\n".join(f"- with {one.how}: {' '.join(one.outcome.split())}" for one in tried)


def refusal_meaning(tried: Iterable[Tried], last: Refused | None, from_fork: bool) -> str:
    """What it usually means, after what was tried."""
    parts = ["Tried in this order:", tried_lines(tried)]
    text = last.text.lower() if last else ""
    if last is None:
        parts.append("There is no login for this registry, which shows nothing to strangers.")
    elif last.wants_login:
        parts.append("The registry wants a login, or this login may not do it, or it has expired.")
    elif last.missing:
        parts.append("The registry knows no such image, or does not show it without another login.")
    elif "x509" in text or "certificate" in text:
        parts.append(
            f"The engine does not trust the registry's certificate: {CERTIFICATES} is where its authority goes."
        )
    else:
        parts.append("The engine does not reach the registry.")
    if from_fork:
        parts.append(FORK)
    return "\n".join(parts)


def login_mend(reference: ImageReference, *, actions: Iterable[str], endpoint: bool) -> str:
    """The lines that open a registry: for ECR the IAM statements, for any other a docker login.

    Args:
        reference: of the image.
        actions: what the role has to be allowed on the repository.
        endpoint: whether AWS_ENDPOINT_URL may stand for the registry.
    """
    registry, host = ecr_registry(reference.registry), reference.registry
    if registry is not None or endpoint:
        mend = (
            f"{iam_statements(reference, actions)}\nor a login before this action:\n  {ecr_login_line(registry, host)}"
        )
        return f"allow the role (or the credentials in the environment) this:\n{mend}"
    server = "" if host == DOCKER_HUB else f" {host}"
    return (
        "log in to its registry before this action:\n"
        "  - env:\n      PASSWORD: ${{ secrets.REGISTRY_PASSWORD }}\n"
        f'    run: echo "$PASSWORD" | docker login --username NAME --password-stdin{server}'
    )


def iam_statements(reference: ImageReference, actions: Iterable[str]) -> str:
    """The statements of a policy, as JSON, that let a role at an image in ECR."""
    registry = ecr_registry(reference.registry)
    if registry is not None and registry.public:
        allowed = ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"]
        return json.dumps({"Effect": "Allow", "Action": allowed, "Resource": "*"})
    account, region = (registry.account, registry.region) if registry else ("*", "*")
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    statements = [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": f"arn:{partition}:ecr:{region}:{account}:repository/{reference.repository}",
        },
    ]
    return ",\n".join(json.dumps(statement) for statement in statements)


def ecr_login_line(registry: EcrRegistry | None, host: str) -> str:
    """The shell line that logs Docker in to ECR."""
    command = "ecr-public" if registry is not None and registry.public else "ecr"
    region = f" --region {registry.region}" if registry is not None else ""
    return f"aws {command} get-login-password{region} | docker login --username AWS --password-stdin {host}"
