"""Asking the package index that pip is set up with which names it knows (PEP 503 and 691)."""

import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol
from urllib.parse import unquote, urlsplit

import requests
from packaging.utils import canonicalize_name

from mwaa_deploy.checks.index_settings import IndexSettings

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_THREADS = 16


class PackageIndex(Protocol):
    """Where packages come from."""

    def unknown(self, names: Sequence[str]) -> frozenset[str]:
        """Those of the normalised names that surely no package has; nothing is raised, whatever happens."""


class SimpleIndexes:
    """Every index that pip would ask, in parallel and within a time for all of them together.

    The addresses are those of our own environment, never of the user's files. An index that does not answer in time, or
    says anything but 404, says nothing about a name.

    Args:
        settings: how pip is set up.
        budget: seconds for all names together.
    """

    def __init__(self, settings: IndexSettings, *, budget: float = 2.5) -> None:
        self._settings = settings
        self._budget = budget

    def unknown(self, names: Sequence[str]) -> frozenset[str]:
        """Those that every index answers 404 to, and that no folder of find-links holds."""
        if not names or not self._settings.can_tell:
            return frozenset()
        deadline = time.monotonic() + self._budget
        waiting: SimpleQueue[str] = SimpleQueue()
        answers: SimpleQueue[tuple[str, bool]] = SimpleQueue()
        for name in names:
            waiting.put(name)
        for _ in range(min(_THREADS, len(names))):
            # Daemons, so that an index that answers slowly cannot keep the program from ending.
            threading.Thread(target=self._work, args=(waiting, answers, deadline), daemon=True).start()
        found = set()
        for _ in names:
            try:
                name, known = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                break
            if not known:
                found.add(name)
        return frozenset(found)

    def _work(self, waiting: SimpleQueue[str], answers: SimpleQueue[tuple[str, bool]], deadline: float) -> None:
        with requests.Session() as session:
            session.headers["Accept"] = _ACCEPT
            session.verify = self._settings.certificates or True
            session.cert = self._settings.client_certificate
            if self._settings.proxy:
                session.trust_env = False  # else the environment's proxies would go first
                session.proxies = dict.fromkeys(("http", "https"), self._settings.proxy)
            while (left := deadline - time.monotonic()) > 0:
                try:
                    name = waiting.get_nowait()
                except Empty:
                    return
                answers.put((name, self._may_be_known(name, session, left)))

    def _may_be_known(self, name: str, session: requests.Session, left: float) -> bool:
        if any(_in_folder(folder, name) for folder in self._settings.folders):
            return True
        return any(_may_have(f"{url.rstrip('/')}/{name}/", session, left) for url in self._settings.urls)


def _may_have(url: str, session: requests.Session, left: float) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        return folder.exists() or not folder.parent.is_dir()
    try:
        with session.get(url, timeout=left, stream=True) as response:
            return response.status_code != HTTPStatus.NOT_FOUND
    except (requests.RequestException, OSError, ValueError):
        return True


def _in_folder(folder: Path, name: str) -> bool:
    """Whether a file in it may be of that package: names of archives begin with the package's."""
    try:
        return any(canonicalize_name(entry.name).startswith(name) for entry in folder.iterdir())
    except OSError:
        return False
