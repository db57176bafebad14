"""Fetching the constraint file that a requirements file points to."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import requests

_MOST_BYTES = 8 * 1024 * 1024
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


Fetch = Fetched | Refused | Unreachable


class ConstraintSource(Protocol):
    """Where constraint files are fetched from."""

    def fetch(self, url: str) -> Fetch:
        """Fetch one file. Whatever happens is in the answer; nothing is raised."""


class HttpConstraints:
    """Constraint files over HTTP, fetched by our own process, so that the runner needs no way to the web for them.

    Args:
        session: the requests session to use; by default one of its own.
        timeout: seconds to wait for a connection, and for the whole answer.
    """

    def __init__(self, session: requests.Session | None = None, timeout: float = 20.0) -> None:
        self._session = session or requests.Session()
        self._timeout = timeout

    def fetch(self, url: str) -> Fetch:
        """Fetch one file of at most 8 MiB."""
        try:
            with self._session.get(url, timeout=self._timeout, stream=True) as response:
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
