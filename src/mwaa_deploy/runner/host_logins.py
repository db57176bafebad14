"""What `docker login` has left on the host: the login for a registry, by Docker's own configuration file or helpers.

Run as a module it is one half of how a login reaches the action's container: entrypoint/launch.sh pipes the host's
configuration file in, and gets a line for each registry that the run's images are at, and for no other. Helpers are
programs of the host, so launch.sh runs those itself.
"""

import base64
import binascii
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwaa_deploy.ports import Log, RegistryLogin
from mwaa_deploy.runner.image_reference import login_key, names_registry, parse_reference

LOGINS = "MWAA_DEPLOY_REGISTRY_LOGINS"
"""Set by launch.sh for the action's container: lines of 'login|problem REGISTRY TEXT'."""

_HELPER_SECONDS = 60
_TOKEN_USER = "<token>"  # noqa: S105 -- what a helper says for a user when the secret is an identity token
_NOT_FOUND = "credentials not found"
"""How a helper says that it has nothing (docker/docker-credential-helpers, credentials/error.go)."""


class HostLoginUnusable(Exception):
    """There is a login for the registry, but it cannot be had; the message is for the user and holds no secret."""


@dataclass(frozen=True, kw_only=True)
class Helper:
    """A program that keeps logins: `docker-credential-NAME get`, told the server on its input."""

    name: str
    server: str

    @property
    def program(self) -> str:
        """The command's name."""
        return f"docker-credential-{self.name}"


class HostLogins:
    """Finds logins where `docker login` keeps them.

    Args:
        env: our own environment: what launch.sh handed over, else DOCKER_CONFIG and HOME, and PATH for the helpers.
        log: hears which values to mask.
    """

    def __init__(self, env: Mapping[str, str], log: Log) -> None:
        self._env = env
        self._log = log

    def find(self, registry: str) -> RegistryLogin | None:
        """The login for a registry, masked already, or None when the host has none.

        Raises:
            HostLoginUnusable: the configuration file cannot be read, or its helper is missing or fails.
        """
        handed = self._env.get(LOGINS)
        login = self._from_file(registry) if handed is None else _from_lines(handed, registry)
        if login is not None:
            for secret in filter(None, (login.password, login.identity_token)):
                self._log.mask(secret)
        return login

    def _from_file(self, registry: str) -> RegistryLogin | None:
        path = config_file(self._env)
        if path is None:
            return None
        try:
            found = look_up(path.read_text(encoding="utf-8"), registry)
        except (OSError, ValueError) as e:
            raise HostLoginUnusable(f"{path} cannot be read: {e}") from e
        if isinstance(found, Helper):
            return self._ask(found, registry, path)
        return found

    def _ask(self, helper: Helper, registry: str, path: Path) -> RegistryLogin | None:
        try:
            done = subprocess.run(
                [helper.program, "get"],
                input=helper.server.encode(),
                capture_output=True,
                check=False,
                env=dict(self._env),
                timeout=_HELPER_SECONDS,
            )
        except FileNotFoundError as e:
            raise HostLoginUnusable(missing_helper(helper, registry, str(path))) from e
        except (OSError, subprocess.TimeoutExpired) as e:
            raise HostLoginUnusable(f"{helper.program} does not answer: {type(e).__name__}") from e
        said = done.stdout.decode(errors="replace").strip()
        if done.returncode:
            if said.startswith(_NOT_FOUND):
                return None
            raise HostLoginUnusable(f"{helper.program} failed: {_first_line(said)}")
        return _answered(said, registry, helper.program)


def config_file(env: Mapping[str, str]) -> Path | None:
    """Docker's configuration file, if there is one: in DOCKER_CONFIG, else in ~/.docker."""
    folder = Path(env["DOCKER_CONFIG"]) if env.get("DOCKER_CONFIG") else Path(env.get("HOME") or "/", ".docker")
    path = folder / "config.json"
    return path if path.is_file() else None


def look_up(text: str, registry: str) -> RegistryLogin | Helper | None:
    """What a configuration file says about a registry. A helper wins over what is written down, as in Docker's own.

    Raises:
        ValueError: it is not a Docker configuration file.
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("it holds no JSON object")  # noqa: TRY004 -- the file is at fault, not the type
    helpers = _table(document, "credHelpers")
    name = next((value for key, value in helpers.items() if names_registry(key, registry)), document.get("credsStore"))
    if name:
        if not isinstance(name, str) or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise ValueError(f"{name!r} is not the name of a credential helper")
        return Helper(name=name, server=login_key(registry))
    for key, entry in _table(document, "auths").items():
        if names_registry(key, registry) and isinstance(entry, dict):
            return _written_down(entry, registry)
    return None


def missing_helper(helper: Helper, registry: str, path: str) -> str:
    """The message for a helper that is not installed."""
    return f"{path} leaves {registry} to {helper.program}, and there is no such program on PATH"


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name) or {}
    if not isinstance(found, dict):
        raise ValueError(f"{name} is no JSON object")  # noqa: TRY004
    return found


def _written_down(entry: Mapping[str, Any], registry: str) -> RegistryLogin | None:
    if token := entry.get("identitytoken"):
        return RegistryLogin(registry=registry, identity_token=str(token))
    if not (auth := entry.get("auth")):
        return None
    try:
        user, colon, password = base64.b64decode(str(auth)).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise ValueError(f"the entry for {registry} is not base64 of user:password")
    return RegistryLogin(registry=registry, username=user, password=password.rstrip("\0"))


def _answered(said: str, registry: str, program: str) -> RegistryLogin:
    try:
        answer = json.loads(said)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as e:
        raise HostLoginUnusable(f"{program} answers with something else than a login") from e
    if user == _TOKEN_USER:
        return RegistryLogin(registry=registry, identity_token=secret)
    return RegistryLogin(registry=registry, username=user, password=secret)


def _from_lines(handed: str, registry: str) -> RegistryLogin | None:
    for line in handed.splitlines():
        kind, _, rest = line.partition(" ")
        host, _, text = rest.partition(" ")
        if host != registry:
            continue
        if kind == "problem":
            if text.partition(": ")[2].startswith(_NOT_FOUND):
                return None
            raise HostLoginUnusable(_first_line(text))
        return _answered(text, registry, "docker login")
    return None


def _first_line(text: str) -> str:
    return (text.splitlines() or ["it says nothing"])[0][:300]


# ------------------------------------------------------------------------------------------ for entrypoint/launch.sh


def hand_over(text: str, env: Mapping[str, str]) -> Iterator[str]:
    """What launch.sh has to know: 'login REGISTRY JSON', 'helper REGISTRY NAME SERVER' or 'problem REGISTRY TEXT'."""
    registries = set()
    for name in ("INPUT_RUNNER_IMAGE", "MWAA_DEPLOY_BASE_IMAGE"):
        try:
            registries.add(parse_reference(env.get(name, "").strip()).registry)
        except ValueError:
            continue  # said when the image is asked for
    for registry in sorted(registries):
        try:
            found = look_up(text, registry)
        except ValueError as e:
            yield f"problem {registry} Docker's configuration file of this host cannot be read: {_first_line(str(e))}"
            continue
        if isinstance(found, Helper):
            yield f"helper {registry} {found.name} {found.server}"
        elif found is not None:
            user = _TOKEN_USER if found.identity_token else found.username
            secret = found.identity_token or found.password
            yield f"login {registry} {json.dumps({'Username': user, 'Secret': secret})}"


if __name__ == "__main__":
    for handed in hand_over(sys.stdin.read(), os.environ):
        sys.stdout.write(f"{handed}\n")
