# mypy: allow-untyped-calls
# boto3 and botocore carry no types.
"""Amazon ECR: a login for its registries, and their repositories."""

import base64
import binascii
from collections.abc import Mapping

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mwaa_deploy.errors import AwsRefused
from mwaa_deploy.ports import Clock, Ecr, Log, RegistryLogin
from mwaa_deploy.runner.image_reference import EcrRegistry
from mwaa_deploy.target.aws_errors import aws_errors, code_of
from mwaa_deploy.target.credentials import aws_session
from mwaa_deploy.target.sign_in import SignIn

PUBLIC_REGISTRY = "public.ecr.aws"
"""The one host of ECR Public (ECR Public User Guide, 'Public registries')."""

_MISSING = "RepositoryNotFoundException"
_THERE = "RepositoryAlreadyExistsException"


class EcrApi:
    """Fills the Ecr port.

    Args:
        client: a boto3 client of 'ecr', or of 'ecr-public'.
        log: hears which values to mask.
    """

    def __init__(self, client: BaseClient, log: Log) -> None:
        self._client = client
        self._log = log
        self._public = client.meta.service_model.service_name == "ecr-public"
        self._prefix = "ecr-public" if self._public else "ecr"

    def login(self) -> RegistryLogin:
        """A login that holds for twelve hours (ECR API Reference, GetAuthorizationToken).

        ECR Public wants sts:GetServiceBearerToken beside it. Raises as `aws_errors` does; AwsRefused also for an
        answer without a login in it.
        """
        with aws_errors(f"{self._prefix}:GetAuthorizationToken", "*"):
            answer = self._client.get_authorization_token()
        try:
            data = answer["authorizationData"]
            data = data if self._public else data[0]
            token = str(data["authorizationToken"])
            self._log.mask(token)
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
            host = PUBLIC_REGISTRY if self._public else _host_of(str(data["proxyEndpoint"]))
        except (KeyError, IndexError, TypeError, binascii.Error, UnicodeDecodeError) as e:
            raise AwsRefused(f"The answer to {self._prefix}:GetAuthorizationToken holds no login.") from e
        self._log.mask(password)
        return RegistryLogin(registry=host, username=user, password=password)

    def has_repository(self, name: str) -> bool:
        """Whether the account's registry has a repository of this name."""
        with aws_errors(f"{self._prefix}:DescribeRepositories", self._arn(name)):
            try:
                self._client.describe_repositories(repositoryNames=[name])
            except ClientError as e:
                if code_of(e) == _MISSING:
                    return False
                raise
        return True

    def create_repository(self, name: str, tags: Mapping[str, str]) -> None:
        """Make a repository whose images are scanned as they arrive and whose tags can move."""
        wanted: dict[str, object] = {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        if not self._public:
            wanted |= {"imageScanningConfiguration": {"scanOnPush": True}, "imageTagMutability": "MUTABLE"}
        with aws_errors(f"{self._prefix}:CreateRepository", self._arn(name)):
            try:
                self._client.create_repository(repositoryName=name, **wanted)
            except ClientError as e:
                # Another run was quicker.
                if code_of(e) != _THERE:
                    raise

    def _arn(self, name: str) -> str:
        return f"arn:aws:{self._prefix}:{'' if self._public else self._client.meta.region_name}:*:repository/{name}"


def connect_ecr(registry: EcrRegistry, sign_in: SignIn, *, env: Mapping[str, str], clock: Clock, log: Log) -> Ecr:
    """ECR's API for a registry, with credentials fetched now.

    Args:
        registry: which Region is asked, and whether it is ECR Public.
        sign_in: who the run is to become.

    Raises:
        OidcUnavailable: a role is given, but the job gets no token.
        RoleRefused: STS does not let this job assume the role.
        CredentialsMissing: no role is given, and boto3 finds no credentials.
        CredentialsRejected: those it finds are not valid.
        AccountRefused: they belong to an account that is not allowed.
        AwsUnavailable: STS did not answer.
    """
    session = aws_session(sign_in, region=registry.region, env=env, clock=clock, log=log)
    return EcrApi(session.client("ecr-public" if registry.public else "ecr"), log)


def _host_of(endpoint: str) -> str:
    return endpoint.partition("://")[2].rstrip("/") or endpoint
