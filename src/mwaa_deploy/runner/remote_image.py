"""What a registry says about an image without giving its layers: its digest and its labels."""

import ipaddress
import json
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from mwaa_deploy.ports import RegistryLogin
from mwaa_deploy.runner.image_reference import DOCKER_HUB, ImageReference
from mwaa_deploy.runner.registry_access import RegistryAccess
from mwaa_deploy.runner.registry_refusal import Refused

CERTIFICATES = Path("/etc/docker/certs.d")
"""Where an engine keeps the authorities it trusts for a registry (Docker documentation, 'Verify repository client')."""

_HUB_HOST = "registry-1.docker.io"
_MANIFESTS = ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json")
_TIMEOUT = (10, 30)
_LARGEST = 4 * 2**20
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class RemoteImage:
    """What is at a registry under a name.

    Attributes:
        digest: of the manifest; empty when there is no such image.
        labels: of the image.
        repository_missing: whether the registry says that not even the repository is there.
    """

    digest: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    repository_missing: bool = False


class RemoteImages:
    """Looks at images by the registry's own API (OCI Distribution Specification, 'Pull').

    Args:
        access: finds the login.
        certificates: authorities of private registries, in a folder for each host and port.
    """

    def __init__(self, access: RegistryAccess, certificates: Path = CERTIFICATES) -> None:
        self._access = access
        self._certificates = certificates

    def look(self, reference: ImageReference) -> RemoteImage:
        """The image that a name stands for now.

        Raises:
            AccessRefused: the registry does not show it, or does not answer.
        """
        return self._access.use(reference, lambda login: self._look(reference, login))

    def _look(self, reference: ImageReference, login: RegistryLogin | None) -> RemoteImage:
        with requests.Session() as http:
            _trust(http, reference.registry, self._certificates)
            registry = _Registry(http, reference, login)
            answer = registry.get(f"manifests/{reference.version}", accept=_MANIFESTS)
            if answer.status_code == requests.codes.not_found:
                return RemoteImage(repository_missing="NAME_UNKNOWN" in _codes(answer))
            manifest = _document(answer)
            digest = answer.headers.get("Docker-Content-Digest", "")
            config = manifest.get("config")
            if not isinstance(config, dict) or not re.fullmatch(r"sha256:[0-9a-f]{64}", str(config.get("digest"))):
                return RemoteImage(digest=digest)  # of several platforms, which ours is not
            document = _document(registry.get(f"blobs/{config['digest']}"))
            labels = (document.get("config") or {}).get("Labels") or {}
            return RemoteImage(digest=digest, labels={str(key): str(value) for key, value in labels.items()})


class _Registry:
    """One conversation with a registry, in which it may ask who is there."""

    def __init__(self, http: requests.Session, reference: ImageReference, login: RegistryLogin | None) -> None:
        host = _HUB_HOST if reference.registry == DOCKER_HUB else reference.registry
        self._http = http
        self._host = host
        self._base = f"{'http' if _is_loopback(host) else 'https'}://{host}/v2/{reference.repository}"
        self._scope = f"repository:{reference.repository}:pull"
        self._login = login
        self._authorization: dict[str, str] = {}
        self._basic: HTTPBasicAuth | None = None

    def get(self, path: str, *, accept: tuple[str, ...] = ()) -> requests.Response:
        """An answer that is 200 or 404. Raises Refused."""
        answer = self._send(path, accept)
        if answer.status_code == requests.codes.unauthorized and not (self._authorization or self._basic):
            self._introduce(answer.headers.get("WWW-Authenticate", ""))
            answer = self._send(path, accept)
        if answer.status_code in {requests.codes.ok, requests.codes.not_found}:
            return answer
        wants = answer.status_code in {requests.codes.unauthorized, requests.codes.forbidden}
        said = ", ".join(_codes(answer)) or answer.reason or "no reason given"
        raise Refused(f"HTTP {answer.status_code}: {said}", wants_login=wants)

    def _send(self, path: str, accept: tuple[str, ...]) -> requests.Response:
        headers = {**self._authorization, **({"Accept": ", ".join(accept)} if accept else {})}
        try:
            # A redirect to another host takes no authorization along: the library sees to that.
            return self._http.get(f"{self._base}/{path}", headers=headers, auth=self._basic, timeout=_TIMEOUT)
        except requests.RequestException as e:
            raise Refused(f"{self._host} does not answer: {e}") from e

    def _introduce(self, challenge: str) -> None:
        scheme, _, rest = challenge.partition(" ")
        login = self._login
        if scheme.lower() == "basic" and login and login.username:
            self._basic = HTTPBasicAuth(login.username.encode(), login.password.encode())
        elif scheme.lower() == "bearer":
            self._authorization = {"Authorization": f"Bearer {self._token(dict(_PARAMETER.findall(rest)))}"}
        else:
            raise Refused("HTTP 401: it wants a login", wants_login=True)

    def _token(self, challenge: Mapping[str, str]) -> str:
        realm, login = challenge.get("realm", ""), self._login
        if urlsplit(realm).scheme != "https" and not _is_loopback(urlsplit(realm).netloc):
            raise Refused("the address it gives for tokens is not https")
        asked = {"service": challenge.get("service", ""), "scope": self._scope}
        try:
            if login and login.identity_token:
                body = {**asked, "grant_type": "refresh_token", "refresh_token": login.identity_token}
                answer = self._http.post(realm, data={**body, "client_id": "mwaa-deploy"}, timeout=_TIMEOUT)
            else:
                basic = HTTPBasicAuth(login.username.encode(), login.password.encode()) if login else None
                answer = self._http.get(realm, params=asked, auth=basic, timeout=_TIMEOUT)
        except requests.RequestException as e:
            raise Refused(f"the address it gives for tokens does not answer: {e}") from e
        if not answer.ok:
            raise Refused(f"HTTP {answer.status_code} instead of a token", wants_login=True)
        document = _document(answer)
        return str(document.get("token") or document.get("access_token") or "")


def _document(answer: requests.Response) -> dict[str, Any]:
    if len(answer.content) > _LARGEST:
        raise Refused("its answer is larger than any manifest")
    try:
        document = answer.json()
    except requests.JSONDecodeError as e:
        raise Refused("its answer is not JSON") from e
    if not isinstance(document, dict):
        raise Refused("its answer is no JSON object")
    return document


def _codes(answer: requests.Response) -> list[str]:
    """The specification's words for what is wrong, such as NAME_UNKNOWN."""
    try:
        found = [str(error["code"]) for error in json.loads(answer.content)["errors"]]
    except (ValueError, KeyError, TypeError):
        return []
    return [code for code in found if re.fullmatch(r"[A-Z_]{1,40}", code)]


def _is_loopback(host: str) -> bool:
    """Whether an engine would speak plain HTTP to it too (Docker documentation, 'insecure registries')."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _trust(http: requests.Session, host: str, certificates: Path) -> None:
    files = sorted((certificates / host).glob("*.crt"))
    if files:
        context = ssl.create_default_context()
        for file in files:
            # One that this user may not read, or that is none, is the engine's own matter.
            with suppress(OSError):
                context.load_verify_locations(file)
        http.mount(f"https://{host}/", _Trusting(context))


class _Trusting(HTTPAdapter):
    """Trusts what a context says, besides what it would trust anyway."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 -- the library's own signature
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
