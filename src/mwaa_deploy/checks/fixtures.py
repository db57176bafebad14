"""Fixture files: variables, connections and pools in the forms that Airflow imports. Their values are secrets.

Airflow itself imports them, inside the runner. Here they are read to say where a file is broken, and which values must
not be shown (fixture_secrets.py). No message of ours, and none of an exception's, holds a value.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from mwaa_deploy.checks.settings import Fixtures

_ENV_COMMENT = "#"


class FixtureUnreadable(ValueError):
    """A fixture file is not of a form that Airflow imports; `line` is counted from 1, None if there is none."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True, kw_only=True)
class FixtureFile:
    """One readable file.

    Attributes:
        kind: variables, connections or pools, as in Airflow's commands.
        path: of the file on this host.
        entries: what it holds, by name.
    """

    kind: str
    path: Path
    entries: Mapping[str, object]


def kinds(fixtures: Fixtures) -> Mapping[str, Path]:
    """The files that there are, by kind."""
    every = {"variables": fixtures.variables, "connections": fixtures.connections, "pools": fixtures.pools}
    return {kind: path for kind, path in every.items() if path}


def read_fixture(kind: str, path: Path) -> FixtureFile:
    """Read one file by the suffix of its name, as Airflow does (airflow/secrets/local_filesystem.py).

    Raises:
        FixtureUnreadable: it is none of Airflow's forms.
    """
    parse = _PARSERS.get(path.suffix)
    if parse is None:
        raise FixtureUnreadable(f"its name ends in none of {', '.join(sorted(_PARSERS))}")
    try:
        entries = parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FixtureUnreadable(f"it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise FixtureUnreadable("it is not UTF-8") from error
    if not isinstance(entries, Mapping) or not all(isinstance(name, str) for name in entries):
        raise FixtureUnreadable("it must be an object whose keys are the names")
    return FixtureFile(kind=kind, path=path, entries=dict(entries))


# Causes are dropped on purpose: the parsers' own messages quote the file.
def _json(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FixtureUnreadable(f"it is no JSON ({error.msg})", error.lineno) from None
    except RecursionError:
        raise FixtureUnreadable("it is nested too deeply") from None


def _yaml(text: str) -> object:
    try:
        return yaml.safe_load(text) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise FixtureUnreadable("it is no YAML", line) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise FixtureUnreadable("it is no YAML") from None


def _env(text: str) -> object:
    found: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(_ENV_COMMENT):
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.strip():
            raise FixtureUnreadable("a line is not of the form NAME=value", number)
        found.setdefault(name.strip(), []).append(value.strip())
    return found


_PARSERS: Mapping[str, Callable[[str], object]] = {".json": _json, ".yaml": _yaml, ".yml": _yaml, ".env": _env}
