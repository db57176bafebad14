# mypy: allow-untyped-calls
# boto3 and botocore carry no types.
"""AWS credentials for the run: those of a role, renewed while it lasts, or those already present."""

from collections.abc import Callable, Mapping

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
from mwaa_deploy.target.allowed_accounts import refuse_other_accounts
from mwaa_deploy.target.aws_errors import ROLE_MEND, aws_errors
from mwaa_deploy.target.oidc import IdTokens
from mwaa_deploy.target.role import WebIdentityRole
from mwaa_deploy.target.role_chain import SHORTEST_SESSION, RoleChain
from mwaa_deploy.target.role_credentials import RoleCredentials
from mwaa_deploy.target.sign_in import SignIn, fitting_session_name

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


def aws_session(sign_in: SignIn, *, region: str, env: Mapping[str, str], clock: Clock, log: Log) -> AwsClients:
    """Clients with the credentials of a role, or with those boto3 finds.

    boto3 itself reads its variables, such as AWS_ENDPOINT_URL and HTTPS_PROXY, from the process; `env` is for GitHub's.

    Args:
        sign_in: who the run is to become.
        region: the Region, such as eu-west-1; its own STS is asked.
        env: the environment, for ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN.
        clock: for the pauses between attempts, and for when credentials end.
        log: hears which values to mask.

    Raises:
        OidcUnavailable: a role is given, but the job gets no token.
        RoleRefused: STS does not let this job assume the role.
        CredentialsMissing: no role is given, and boto3 finds no credentials.
        CredentialsRejected: those it finds are not valid.
        AccountRefused: they belong to an account that is not allowed.
        AwsUnavailable: STS did not answer.
    """
    source = _role_source(sign_in, region, env, clock=clock, log=log)
    if source is None:
        core = _present_session(log)
        clients = AwsClients(Session(botocore_session=core), region)
        if sign_in.accounts:
            with aws_errors("sts:GetCallerIdentity", "*"):
                caller = clients.client("sts").get_caller_identity()
            refuse_other_accounts(caller["Account"], caller["Arn"], sign_in.accounts)
        return clients

    def assume() -> RoleCredentials:
        found = source()
        refuse_other_accounts(found.account, found.identity, sign_in.accounts)
        return found

    core = botocore.session.get_session()
    core.register_component("credential_provider", CredentialResolver([_RoleProvider(renewing(assume, clock))]))
    return AwsClients(Session(botocore_session=core), region)


def renewing(assume: Callable[[], RoleCredentials], clock: Clock) -> RefreshableCredentials:
    """Credentials that are fetched now, and again whenever they near their end.

    Args:
        assume: fetches fresh ones; what it raises while the present ones are good for RENEW_LATEST more is not heard.
        clock: says when they near it.
    """
    first = assume()
    return RefreshableCredentials(
        access_key=first.access_key,
        secret_key=first.secret_key,
        token=first.token,
        expiry_time=first.expires,
        refresh_using=lambda: assume().metadata,
        method="mwaa-deploy-role",
        time_fetcher=clock.now,
        advisory_timeout=RENEW_EARLY,
        mandatory_timeout=RENEW_LATEST,
    )


class _RoleProvider(CredentialProvider):
    """Hands botocore credentials that exist already."""

    def __init__(self, credentials: RefreshableCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> RefreshableCredentials:
        """Those credentials."""
        return self._credentials


def _role_source(
    sign_in: SignIn, region: str, env: Mapping[str, str], *, clock: Clock, log: Log
) -> Callable[[], RoleCredentials] | None:
    """What fetches credentials of the last role, from the first one on; None without a role."""
    first = None
    name = fitting_session_name(sign_in.session_name)
    if sign_in.role_arn:
        first = WebIdentityRole(
            _unsigned_sts(region),
            IdTokens(requests.Session(), env, clock=clock, log=log, from_fork=sign_in.from_fork),
            arn=sign_in.role_arn,
            session_name=name,
            duration=SHORTEST_SESSION if sign_in.chain else sign_in.duration,
            log=log,
        ).assume
    if not sign_in.chain:
        return first
    session = Session(region_name=region) if first else Session(botocore_session=_present_session(log))

    def sts(held: RoleCredentials | None) -> BaseClient:
        keys = held.of_client if held else {}
        made: BaseClient = session.client("sts", region_name=region, config=client_config(), **keys)
        return made

    return RoleChain(
        first,
        sts,
        first_arn=sign_in.role_arn,
        arns=sign_in.chain,
        session_name=name,
        duration=sign_in.duration,
        log=log,
    ).assume


def _present_session(log: Log) -> botocore.session.Session:
    """A session with the credentials that boto3 finds, masked already."""
    core: botocore.session.Session = botocore.session.get_session()
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
    return core


def _unsigned_sts(region: str) -> BaseClient:
    # For a signed client, botocore would search for credentials everywhere, up to the instance's metadata service.
    sts: BaseClient = Session(region_name=region).client("sts", config=client_config(signed=False))
    return sts
