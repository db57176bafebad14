"""Which values of fixture files are secrets, and keeping them out of everything that is shown: pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from mwaa_deploy.checks.fixtures import FixtureFile
from mwaa_deploy.checks.verdicts import CheckResult, Verdict

_SENSITIVE = frozenset(
    {"access_token", "api_key", "apikey", "authorization", "passphrase", "passwd", "password", "private_key"}
) | frozenset({"proxy", "proxies", "secret", "token", "keyfile_dict", "service_account"})
"""Airflow's own list (airflow/_shared/secrets_masker, DEFAULT_SENSITIVE_FIELDS): a name that contains one of them."""

_SHORTEST = 6
_TRIVIAL = frozenset({"airflow", "default", "example", "localhost", "secret", "password", "changeme", "production"})
_SHOWN = "***"


@dataclass(frozen=True, kw_only=True)
class Redactor:
    """Takes secrets out of texts.

    Attributes:
        values: the secrets, the longest first, in each way that they may be written; also for Log.mask.
    """

    values: tuple[str, ...] = ()

    def text(self, text: str) -> str:
        """The text with each secret replaced by three asterisks."""
        if not self.values:
            return text
        return re.sub("|".join(map(re.escape, self.values)), _SHOWN, text)

    def verdict(self, verdict: Verdict) -> Verdict:
        """The verdict without secrets; its location stays."""
        return replace(
            verdict,
            subject=self.text(verdict.subject),
            message=self.text(verdict.message),
            evidence=self.text(verdict.evidence),
        )

    def result(self, result: CheckResult) -> CheckResult:
        """The result without secrets."""
        verdicts = tuple(self.verdict(verdict) for verdict in result.verdicts)
        return replace(result, verdicts=verdicts, log=self.text(result.log))


def redactor_for(files: Iterable[FixtureFile]) -> Redactor:
    """What must not be shown of these files."""
    found: set[str] = set()
    for file in files:
        if file.kind == "connections":
            found.update(secret for value in file.entries.values() for secret in _of_connection(value))
        elif file.kind == "variables":
            found.update(secret for name, value in file.entries.items() for secret in _of_variable(name, value))
    written = {form for secret in found if not _is_trivial(secret) for form in _forms(secret)}
    return Redactor(values=tuple(sorted(written, key=lambda form: (-len(form), form))))


def _of_connection(value: object) -> Iterator[str]:
    """Passwords and all that is in `extra`; of a URI its password and query."""
    if isinstance(value, list):
        for each in value:
            yield from _of_connection(each)
    elif isinstance(value, Mapping):
        yield from _leaves(value.get("password"))
        for name in ("extra", "extra_dejson"):
            yield from _leaves(_unpacked(value.get(name)))
    elif isinstance(value, str):
        unpacked = _unpacked(value)
        if isinstance(unpacked, Mapping):
            yield from _of_connection(unpacked)
        else:
            yield from _of_uri(value)


def _of_uri(uri: str) -> Iterator[str]:
    try:
        parts = urlsplit(uri)
        password = parts.password
    except ValueError:
        yield uri
        return
    if password:
        yield from (password, unquote(password))
    for _, text in parse_qsl(parts.query):
        yield from _leaves(_unpacked(text))


def _of_variable(name: str, value: object) -> Iterator[str]:
    """The value of a variable whose name, or the name of a field inside of it, is sensitive."""
    unpacked = _unpacked(value)
    if _is_sensitive(name):
        yield from _leaves(value)
        yield from _leaves(unpacked)
    elif isinstance(unpacked, Mapping):
        for inner, each in unpacked.items():
            yield from _of_variable(str(inner), each)
    elif isinstance(unpacked, list):
        for each in unpacked:
            yield from _of_variable("", each)


def _unpacked(value: object) -> object:
    """JSON in a string, as far as it holds more than one value."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, str):
        yield value
        lines = value.splitlines()
        if len(lines) > 1:
            # A log may hold one line of a key by itself.
            yield from (line for line in lines if not line.startswith("-----"))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _is_sensitive(name: str) -> bool:
    return any(word in name.strip().lower() for word in _SENSITIVE)


def _is_trivial(secret: str) -> bool:
    return len(secret.strip()) < _SHORTEST or secret.strip().lower() in _TRIVIAL


def _forms(secret: str) -> Iterator[str]:
    """As it is, and as Python, JSON and URLs write it."""
    yield from (secret, secret.strip(), repr(secret)[1:-1], ascii(secret)[1:-1], json.dumps(secret)[1:-1])
    yield from (json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe=""), quote(secret))
