# mypy: allow-untyped-calls
# boto3 and botocore carry no types.
"""AWS credentials for the run: those of a role, renewed while it lasts, or those already present."""

from collections.abc import Mapping

import botocore.session
import requests
from boto3.session import Session
from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials, RefreshableCredentials

from mwaa_deploy import __version__
from mwaa_deploy.errors import CredentialsMissing
from mwaa_deploy.ports import Clock, Log
from mwaa_deploy.target.aws_errors import ROLE_MEND, aws_errors
from mwaa_deploy.target.oidc import IdTokens
from mwaa_deploy.target.role import WebIdentityRole

RETRIES = {"mode": "standard", "total_max_attempts": 8}
"""Botocore's own default, three attempts, gives up within seconds; eight bridge about half a minute without network."""

CONNECTIONS = 32
"""Uploads run side by side on one client; botocore would make the eleventh wait."""

RENEW_EARLY = 600
"""Seconds before their end from which credentials are renewed; a failure to is tried again until RENEW_LATEST."""

RENEW_LATEST = 180
"""Seconds before their end from which a failure to renew credentials is an error."""

SHORTEST_SECRET = 16
"""Characters in the shortest part of AWS's credentials, the access key's id (IAM API Reference, AccessKey)."""


class AwsClients:
    """Makes the clients of the run, all with the same credentials and Region.

    Args:
        session: knows the credentials.
        region: the Region, such as eu-west-1.
    """

    def __init__(self, session: Session, region: str) -> None:
        self.region = region
        self._session = session
        self._made: dict[str, BaseClient] = {}

    @property
    def credentials(self) -> Credentials:
        """What every client signs with; it renews itself where it must."""
        found: Credentials = self._session.get_credentials()
        return found

    def client(self, service: str) -> BaseClient:
        """The client of a service by boto3's name: 's3', 'cloudformation', 'mwaa'. Made once.

        A client may be used by several threads, but must be made by one.
        """
        if service not in self._made:
            self._made[service] = self._session.client(service, region_name=self.region, config=client_config())
        return self._made[service]


def client_config(*, signed: bool = True) -> Config:
    """How every client talks to AWS: persistently, and under our name."""
    return Config(
        signature_version=None if signed else UNSIGNED,
        retries=dict(RETRIES),
        user_agent_extra=f"mwaa-deploy/{__version__}",
        max_pool_connections=CONNECTIONS,
        connect_timeout=10,
        read_timeout=60,
    )


def aws_session(
    *,
    role_arn: str,
    region: str,
    session_name: str,
    env: Mapping[str, str],
    clock: Clock,
    log: Log,
    duration: int = 3600,
) -> AwsClients:
    """Clients with the credentials of a role, or with those boto3 finds.

    boto3 itself reads its variables, such as AWS_ENDPOINT_URL, from the process; `env` is for GitHub's.

    Args:
        role_arn: ARN of the role to assume with an OIDC token; empty to take what is there.
        region: the Region, such as eu-west-1.
        session_name: shown in CloudTrail, made to fit.
        env: the environment, for ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN.
        clock: for the pauses between attempts.
        log: hears which values to mask.
        duration: seconds that credentials of the role live before they are renewed; at least 900.

    Raises:
        OidcUnavailable: a role is given, but the job gets no token.
        RoleRefused: STS does not let this job assume the role.
        CredentialsMissing: no role is given, and boto3 finds no credentials.
        CredentialsRejected: those it finds are not valid.
        AwsUnavailable: STS did not answer.
    """
    if role_arn:
        core = _role_session(
            WebIdentityRole(
                _unsigned_sts(region),
                IdTokens(requests.Session(), env, clock=clock, log=log),
                arn=role_arn,
                session_name=session_name,
                duration=duration,
                log=log,
            )
        )
    else:
        core = botocore.session.get_session()
    with aws_errors("sts:GetCallerIdentity", "*"):
        credentials = core.get_credentials()
        if credentials is None:
            raise CredentialsMissing(
                "There are no AWS credentials.",
                meaning="No role to assume was given, and boto3 finds none in the environment.",
                mend=ROLE_MEND,
            )
        for value in credentials.get_frozen_credentials()[:3]:
            # Emulators take words such as 'test', which would be masked wherever they are said.
            if value and len(value) >= SHORTEST_SECRET:
                log.mask(value)
    return AwsClients(Session(botocore_session=core), region)


class _RoleCredentials(CredentialProvider):
    """Hands botocore the credentials of a role, which it renews by itself when they near their end."""

    def __init__(self, role: WebIdentityRole) -> None:
        super().__init__()
        self._role = role

    def load(self) -> RefreshableCredentials:
        """The first credentials."""
        credentials: RefreshableCredentials = RefreshableCredentials.create_from_metadata(
            metadata=self._role.assume(),
            refresh_using=self._role.assume,
            method="mwaa-deploy-oidc",
            advisory_timeout=RENEW_EARLY,
            mandatory_timeout=RENEW_LATEST,
        )
        return credentials


def _role_session(role: WebIdentityRole) -> botocore.session.Session:
    session: botocore.session.Session = botocore.session.get_session()
    session.register_component("credential_provider", CredentialResolver([_RoleCredentials(role)]))
    return session


def _unsigned_sts(region: str) -> BaseClient:
    # For a signed client, botocore would search for credentials everywhere, up to the instance's metadata service.
    sts: BaseClient = Session(region_name=region).client("sts", config=client_config(signed=False))
    return sts
