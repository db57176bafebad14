"""Fetching the constraint file that a requirements file points to."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import requests

AIRFLOW_ORIGINS = ("https://raw.githubusercontent.com", "https://github.com")
"""Where Airflow publishes its constraint files."""

_MOST_BYTES = 8 * 1024 * 1024
_MOST_REDIRECTS = 5
_TRANSIENT = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """The file arrived."""

    body: bytes


@dataclass(frozen=True, kw_only=True)
class Refused:
    """There is an answer, and it is no: trying again would not help."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Unreachable:
    """No answer, or one that says no more than 'not now'."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class LeftToPip:
    """The address is not one that our own process asks; pip fetches it itself, inside the runner, as on MWAA."""


Fetch = Fetched | Refused | Unreachable | LeftToPip


class ConstraintSource(Protocol):
    """Where constraint files are fetched from."""

    def fetch(self, url: str) -> Fetch:
        """Fetch one file. Whatever happens is in the answer; nothing is raised."""


class HttpConstraints:
    """Airflow's own constraint files over HTTPS, fetched by our own process.

    Only so can the runner's copy stand in for one that cannot be reached. Nobody else's address is asked: the project
    writes it, and our process may reach what the runner must not, such as a cloud's metadata service.

    Args:
        session: the requests session to use; by default one of its own.
        timeout: seconds to wait for a connection, and for the whole answer.
        origins: scheme and host, with the port if it is not the scheme's own, of what may be asked.
    """

    def __init__(
        self,
        session: requests.Session | None = None,
        timeout: float = 20.0,
        origins: Collection[str] = AIRFLOW_ORIGINS,
    ) -> None:
        self._session = session or requests.Session()
        self._timeout = timeout
        self._origins = frozenset(origins)

    def fetch(self, url: str) -> Fetch:
        """Fetch one file of at most 8 MiB. Every redirect must lead to one of the origins again."""
        for _ in range(_MOST_REDIRECTS + 1):
            if not self._may_ask(url):
                return LeftToPip()
            answer = self._ask(url)
            if not isinstance(answer, str):
                return answer
            url = urljoin(url, answer)
        return Refused(reason=f"with more than {_MOST_REDIRECTS} redirects")

    def _may_ask(self, url: str) -> bool:
        # Parsers differ about backslashes, user names and control characters; no address of Airflow's has any.
        if not url.isascii() or not url.isprintable() or any(character in url for character in "\\@ "):
            return False
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return f"{parts.scheme}://{parts.netloc.lower()}" in self._origins

    def _ask(self, url: str) -> Fetch | str:
        """What one address answers; a text is where it redirects to."""
        try:
            with self._session.get(url, timeout=self._timeout, stream=True, allow_redirects=False) as response:
                if response.is_redirect:
                    return response.headers["location"]
                status = f"{response.status_code} {response.reason}"
                if response.status_code in _TRANSIENT or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    return Unreachable(reason=status)
                return self._receive(response) if response.ok else Refused(reason=status)
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            return Refused(reason=f"nothing: it is not a valid address ({error})")
        except requests.RequestException as error:
            return Unreachable(reason=f"{type(error).__name__}: {error}")

    def _receive(self, response: requests.Response) -> Fetch:
        deadline = time.monotonic() + self._timeout
        body = bytearray()
        for piece in response.iter_content(chunk_size=64 * 1024):
            body += piece
            if len(body) > _MOST_BYTES:
                return Refused(reason="with more than 8 MiB, which is no constraint file")
            if time.monotonic() > deadline:
                return Unreachable(reason=f"The answer was still not whole after {self._timeout:.0f} s.")
        return Fetched(body=bytes(body))
