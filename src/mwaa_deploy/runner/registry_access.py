"""With which login a registry is asked: the host's, one from ECR, or none, in this order until one is taken."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mwaa_deploy.errors import MwaaDeployError
from mwaa_deploy.ports import Ecr, Log, RegistryLogin
from mwaa_deploy.runner.host_logins import HostLogins, HostLoginUnusable
from mwaa_deploy.runner.image_reference import DOCKER_HUB, EcrRegistry, ImageReference, ecr_registry
from mwaa_deploy.runner.registry_refusal import ANONYMOUS, ECR, HOST, Refused, Tried

T = TypeVar("T")

EcrConnector = Callable[[EcrRegistry], Ecr]
"""Asks for credentials and makes a client. Called only when a registry is about to be asked."""

_LOCAL_REGION = "us-east-1"


class Logins(Protocol):
    """Where `docker login` keeps what it knows."""

    def find(self, registry: str) -> RegistryLogin | None:
        """The login for a registry, or None. Raises HostLoginUnusable."""


class AccessRefused(Exception):
    """Every way was tried.

    Args:
        tried: what, in order, and what came of it.
        last: the registry's last word, or None when it was not even asked.
    """

    def __init__(self, tried: tuple[Tried, ...], last: Refused | None) -> None:
        super().__init__("; ".join(f"{one.how}: {one.outcome}" for one in tried))
        self.tried = tried
        self.last = last


@dataclass(frozen=True, kw_only=True)
class AwsSurroundings:
    """What is known of AWS before any credentials are asked for.

    Attributes:
        endpoint: whether AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_ECR names another address for ECR: a VPC endpoint or an
            emulator, whose registry may have any name.
        region: of the run, for a registry whose name says none.
        from_fork: whether this is a pull request from a fork, which GitHub gives no token.
    """

    endpoint: bool = False
    region: str = ""
    from_fork: bool = False


def aws_surroundings(env: Mapping[str, str], *, region: str, from_fork: bool) -> AwsSurroundings:
    """Read what decides whether a registry may be ECR's."""
    return AwsSurroundings(
        endpoint=bool(env.get("AWS_ENDPOINT_URL_ECR") or env.get("AWS_ENDPOINT_URL")),
        region=region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or _LOCAL_REGION,
        from_fork=from_fork,
    )


def access_without_aws(env: Mapping[str, str], log: Log) -> "RegistryAccess":
    """With what `docker login` has left alone."""
    return RegistryAccess(HostLogins(env, log), None, AwsSurroundings(), log)


class RegistryAccess:
    """Finds the login that a registry takes.

    Args:
        logins: the host's.
        connect_ecr: how ECR is asked; None where it is not to be.
        aws: what is known of AWS.
        log: told when a public image is pulled without the login that was wanted.
    """

    def __init__(self, logins: Logins, connect_ecr: EcrConnector | None, aws: AwsSurroundings, log: Log) -> None:
        self._logins = logins
        self._connect = connect_ecr
        self._log = log
        self._connected: dict[EcrRegistry, Ecr] = {}
        self._tokens: dict[EcrRegistry, RegistryLogin] = {}
        self.aws = aws

    def use(self, reference: ImageReference, work: Callable[[RegistryLogin | None], T]) -> T:
        """Do something at the registry of an image with the first login that it takes.

        Args:
            reference: of the image.
            work: given a login for exactly that registry, or None for none; raises Refused.

        Raises:
            AccessRefused: none is taken, or another login would make no difference.
        """
        tried: list[Tried] = []
        last: Refused | None = None
        for how, login in self._ways(reference, tried):
            try:
                done = work(login)
            except Refused as e:
                last = e
                tried.append(Tried(how=how, outcome=e.text, refused=True))
                if not e.wants_login:
                    break
            else:
                if login is None and any(not one.refused and one.problem for one in tried):
                    said = "; ".join(f"{one.how}: {one.outcome}" for one in tried if one.problem)
                    self._log.info(f"{reference.registry} was asked without a login. ({said})")
                return done
        raise AccessRefused(tuple(tried), last)

    def ecr(self, reference: ImageReference) -> Ecr | None:
        """ECR's API, if the image's registry is one of its. Raises what fetching credentials does."""
        registry = self._ecr_registry(reference)
        if registry is None:
            return None
        if ecr_registry(reference.registry) is None and self._token(registry).registry != reference.registry:
            return None
        return self._api(registry)

    def _ways(self, reference: ImageReference, tried: list[Tried]) -> Iterator[tuple[str, RegistryLogin | None]]:
        try:
            login = self._logins.find(reference.registry)
        except HostLoginUnusable as e:
            login = None
            tried.append(Tried(how=HOST, outcome=str(e), problem=True))
        else:
            if login is None:
                tried.append(Tried(how=HOST, outcome="there is none for this registry"))
        if login is not None:
            yield HOST, login
        known = ecr_registry(reference.registry)
        token = self._ecr_login(reference, tried)
        if token is not None:
            yield ECR, token
        # A private registry of ECR shows nothing to strangers.
        if known is None or known.public:
            yield ANONYMOUS, None

    def _ecr_registry(self, reference: ImageReference) -> EcrRegistry | None:
        if self._connect is None:
            return None
        known = ecr_registry(reference.registry)
        if known is None and self.aws.endpoint and reference.registry != DOCKER_HUB:
            return EcrRegistry(host=reference.registry, region=self.aws.region, account="unknown")
        return known

    def _api(self, registry: EcrRegistry) -> Ecr:
        """Connected once: each time is a role assumed anew."""
        if registry not in self._connected:
            assert self._connect is not None  # noqa: S101 -- there is no EcrRegistry without
            self._connected[registry] = self._connect(registry)
        return self._connected[registry]

    def _token(self, registry: EcrRegistry) -> RegistryLogin:
        """Asked for once: it holds for twelve hours."""
        if registry not in self._tokens:
            self._tokens[registry] = self._api(registry).login()
        return self._tokens[registry]

    def _ecr_login(self, reference: ImageReference, tried: list[Tried]) -> RegistryLogin | None:
        registry = self._ecr_registry(reference)
        if registry is None:
            return None
        try:
            login = self._token(registry)
        except MwaaDeployError as e:
            outcome = f"{e.what} {e.meaning}".strip() if not registry.public else e.what
            tried.append(Tried(how=ECR, outcome=outcome, problem=True))
            return None
        if ecr_registry(reference.registry) is not None:
            # The token is good for every registry that the credentials may read, in other accounts too, so that the
            # registry it names need not be this one (ECR User Guide, 'Private registry authentication').
            return RegistryLogin(registry=reference.registry, username=login.username, password=login.password)
        if login.registry != reference.registry:
            tried.append(Tried(how=ECR, outcome=f"ECR's token is for {login.registry}, so this registry never saw it"))
            return None
        return login
