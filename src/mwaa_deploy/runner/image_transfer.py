"""Pulls and pushes: the engine does the work, with the login that the registry takes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from docker.errors import APIError

from mwaa_deploy.ports import Log, RegistryLogin
from mwaa_deploy.runner.engine import ENGINE_FAILURES, Engine
from mwaa_deploy.runner.image_reference import ImageReference, login_key
from mwaa_deploy.runner.registry_access import RegistryAccess
from mwaa_deploy.runner.registry_refusal import Refused
from mwaa_deploy.runner.transfer_progress import TransferProgress

_WANTS_LOGIN = ("denied", "unauthorized", "no basic auth", "authentication required", "401", "403", "forbidden")
_MISSING = ("not found", "manifest unknown", "name unknown", "does not exist", "repository name not known")


class ImageTransfer:
    """Moves images between an engine and registries.

    Args:
        engine: pulls and pushes, and trusts what its own certs.d says.
        access: finds the login.
        log: told how far it is.
    """

    def __init__(self, engine: Engine, access: RegistryAccess, log: Log) -> None:
        self._api: Any = engine.client.api
        self._log = log
        self.access = access

    def pull(self, reference: ImageReference) -> None:
        """Have the engine pull an image.

        Raises:
            AccessRefused: the registry does not give it, or does not answer.
        """

        def stream(login: RegistryLogin | None) -> Iterator[dict[str, Any]]:
            # Not the SDK's pull(): it does not look at what the engine says on the way.
            # A login is always given, an empty one too, or the SDK would look for one by itself.
            name, version = _split(reference)
            found: Iterator[dict[str, Any]] = self._api.pull(
                name, tag=version, stream=True, decode=True, auth_config=_header(login)
            )
            return found

        with self._log.group(f"Pull image {reference.text}"):
            self.access.use(reference, lambda login: self._follow("Pulling", "Pulled", lambda: stream(login)))

    def push(self, reference: ImageReference) -> str:
        """Have the engine push an image that carries this name there, and return the digest of its manifest.

        Raises:
            AccessRefused: the registry does not take it, or does not answer.
        """

        def stream(login: RegistryLogin | None) -> Iterator[dict[str, Any]]:
            name, version = _split(reference)
            found: Iterator[dict[str, Any]] = self._api.push(
                name, tag=version, stream=True, decode=True, auth_config=_header(login)
            )
            return found

        with self._log.group(f"Push image {reference.text}"):
            return self.access.use(reference, lambda login: self._follow("Pushing", "Pushed", lambda: stream(login)))

    def digest(self, reference: ImageReference) -> str:
        """The digest that the registry has for an image now; nothing is pulled.

        Raises:
            AccessRefused: the registry does not say, or does not answer.
        """

        def ask(login: RegistryLogin | None) -> str:
            with _refusals():
                found = self._api.inspect_distribution(reference.text, auth_config=_header(login))
            return str(found["Descriptor"]["digest"])

        return self.access.use(reference, ask)

    def _follow(self, doing: str, done: str, stream: Callable[[], Iterator[dict[str, Any]]]) -> str:
        progress, errors = TransferProgress(doing, self._log.info), []
        with _refusals():
            # Read to its end whatever it says, or the SDK leaves the connection open.
            for event in stream():
                if "error" in event:
                    errors.append(str(event["error"]))
                progress.take(event)
        if errors:
            raise refusal(errors[0])
        progress.finish(done)
        return progress.digest


def refusal(text: str) -> Refused:
    """What the engine says of a registry, sorted by its words: it gives no codes."""
    lower = text.lower()
    return Refused(
        text,
        wants_login=any(word in lower for word in _WANTS_LOGIN),
        missing=any(word in lower for word in _MISSING),
    )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except APIError as e:
        raise refusal(str(e.explanation or e)) from e
    except ENGINE_FAILURES as e:
        raise Refused(str(e)) from e


def _split(reference: ImageReference) -> tuple[str, str]:
    """Name and version as the engine's API takes them; a digest wins over a tag."""
    name = reference.text.partition("@")[0]
    head, colon, tail = name.rpartition(":")
    return (head if colon and "/" not in tail else name), reference.version


def _header(login: RegistryLogin | None) -> dict[str, str]:
    """X-Registry-Auth (Engine API, 'Authentication')."""
    if login is None:
        return {}
    server = login_key(login.registry)
    if login.identity_token:
        return {"identitytoken": login.identity_token, "serveraddress": server}
    return {"username": login.username, "password": login.password, "serveraddress": server}
