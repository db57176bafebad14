"""The name of an image taken apart, and what its registry's host name says."""

import re
from dataclasses import dataclass

DOCKER_HUB = "docker.io"
_HUB_KEYS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_PUBLIC_ECR = "public.ecr.aws"

_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?:(?P<host>{_HOST})/)?(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
"""The grammar of distribution/reference, with the one digest algorithm that registries use."""

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)"
    r"\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)"
)
"""Private registries of ECR (ECR User Guide, 'Private registry'; awslabs/amazon-ecr-credential-helper has the same)."""


@dataclass(frozen=True, kw_only=True)
class ImageReference:
    """An image as the engine names it.

    Attributes:
        text: as the user wrote it.
        registry: host and port; 'docker.io' when none is named.
        repository: path at the registry, such as 'library/python' or 'team/mwaa-runner'.
        tag: 'latest' when there is neither tag nor digest; empty when there is only a digest.
        digest: 'sha256:…' or empty; where there is one, it decides.
    """

    text: str
    registry: str
    repository: str
    tag: str
    digest: str = ""

    @property
    def version(self) -> str:
        """What names the manifest at the registry: the digest, else the tag."""
        return self.digest or self.tag

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"


@dataclass(frozen=True, kw_only=True)
class EcrRegistry:
    """A registry of Amazon ECR.

    Attributes:
        host: its name.
        region: where its API is asked.
        account: of a private registry; empty for ECR Public.
    """

    host: str
    region: str
    account: str = ""

    @property
    def public(self) -> bool:
        """Whether it is ECR Public, which also serves those without a login."""
        return not self.account


def parse_reference(text: str) -> ImageReference:
    """Take the name of an image apart as Docker does.

    Raises:
        ValueError: it is none.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not the name of an image, such as registry.example/team/mwaa-runner:2.10.3")
    host, path = found["host"], found["path"]
    # A first part without dot or port is a name at Docker Hub: 'team/image'.
    if host and not (set(host) & set(".:") or host == "localhost" or host != host.lower()):
        host, path = None, f"{host}/{path}"
    registry = DOCKER_HUB if not host or host in _HUB_KEYS else host
    if registry == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    digest = found["digest"] or ""
    tag = found["tag"] or ("" if digest else "latest")
    return ImageReference(text=text, registry=registry, repository=path, tag=tag, digest=digest)


def ecr_registry(host: str) -> EcrRegistry | None:
    """The ECR registry behind a host name, if the name is one of AWS's own for it.

    ECR Public has its API in us-east-1 (ECR Public API Reference, GetAuthorizationToken).
    """
    if host == _PUBLIC_ECR:
        return EcrRegistry(host=host, region="us-east-1")
    found = _ECR.fullmatch(host)
    return EcrRegistry(host=host, region=found["region"], account=found["account"]) if found else None


def login_key(registry: str) -> str:
    """The name under which `docker login` keeps what it knows of a registry; Docker Hub's is an address."""
    return "https://index.docker.io/v1/" if registry == DOCKER_HUB else registry


def names_registry(key: str, registry: str) -> bool:
    """Whether a key of a Docker configuration file stands for this registry: schemes and paths do not count."""
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return host == registry or (registry == DOCKER_HUB and host in _HUB_KEYS)
