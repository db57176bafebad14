"""Write schema/mwaa-deploy.schema.json, the JSON schema of mwaa-deploy.yml, from the words that the program uses.

What a target's keys mean is what action.yml says of the inputs. `--check` only says whether the file is up to date.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from schema_file import write_or_compare

from mwaa_deploy import input_patterns as pattern
from mwaa_deploy.checks.dag_rules import RULES, ParameterKind, RuleParameter
from mwaa_deploy.checks.settings import DatabaseKind
from mwaa_deploy.config import Network, RuleLevel
from mwaa_deploy.config_targets import KeyKind, TargetKey, target_keys

ROOT = Path(__file__).parents[1]
FILE = ROOT / "schema" / "mwaa-deploy.schema.json"

TEXT: dict[str, Any] = {"type": "string"}
TEXTS: dict[str, Any] = {"type": ["string", "array"], "items": {"type": ["string", "number"]}}
FLAG: dict[str, Any] = {"type": "boolean"}
DIGITS = frozenset({"bucket-owner"})
"""Texts that an editor may take for numbers."""


def schema() -> dict[str, Any]:
    """The JSON schema of mwaa-deploy.yml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of mwaa-deploy",
        **section(
            {
                "airflow-version": {**version(), "description": "The target's exact Airflow version, such as 2.10.3."},
                "checks": {**checks(), "description": "How the checks are done."},
                "targets": {
                    "type": "object",
                    "description": "A section for each target, which the input environment chooses.",
                    "propertyNames": {"pattern": whole(pattern.SECTION.pattern)},
                    "additionalProperties": target(),
                },
            }
        ),
    }


def checks() -> dict[str, Any]:
    """The checks' settings."""
    tests = {
        "arguments": {**TEXTS, "description": "More arguments for pytest."},
        "coverage": {**FLAG, "description": "Whether coverage is measured."},
        "coverage-minimum": {"type": "number", "minimum": 0, "description": "Percent below which the tests fail."},
        "requirements": {**TEXT, "description": "A file with packages that only the tests need."},
    }
    fixtures = {name: {**TEXT, "description": f"A JSON file with {name}."} for name in FIXTURES}
    return section(
        {
            "network": {**words(Network), "description": "Whether DAGs and tests reach the network."},
            "memory": {
                "type": ["string", "integer"],
                "pattern": r"^\d+ ?([KMGT]i?B|B)?$",
                "description": "What the runner may use of this machine, such as 4 GiB.",
            },
            "processes": {
                "type": "integer",
                "minimum": 64,
                "maximum": 65_536,
                "description": "How many processes the runner may have.",
            },
            "slow-dag-file": {"type": "number", "minimum": 0, "description": "Seconds that warn about a DAG file."},
            "database": {**words(DatabaseKind), "description": "Airflow's metadata database in the checks."},
            "fixtures": {**section(fixtures), "description": "What DAGs find in Airflow while they are checked."},
            "custom-rules": {**TEXT, "description": "Folder of rules of your own in Python."},
            "rules": {**section({name: rule(name) for name in RULES}), "description": "Rules about DAGs."},
            "unit-tests": section(tests),
        }
    )


FIXTURES = ("variables", "connections", "pools")


def rule(name: str) -> dict[str, Any]:
    """A rule about DAGs: how much it weighs, or that and its parameters."""
    kind = RULES[name]
    # YAML 1.1, which some editors speak, reads `off` as false.
    level = {"enum": [*map(str, RuleLevel), False]}
    parameters = {key: parameter(found) for key, found in kind.parameters.items()}
    return {"description": kind.question, "oneOf": [level, section({"severity": words(RuleLevel), **parameters})]}


def parameter(found: RuleParameter) -> dict[str, Any]:
    """A parameter of a rule."""
    kind: dict[str, Any] = {"type": "integer", "minimum": 0} if found.kind is ParameterKind.WHOLE else TEXTS
    return {**kind, "description": found.help}


def target() -> dict[str, Any]:
    """One target's section."""
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    keys = target_keys()
    described = {name: {**value(name, key), "description": inputs[name]["description"]} for name, key in keys.items()}
    return section(described)


def value(name: str, key: TargetKey) -> dict[str, Any]:
    """What a key of a target's section takes."""
    if name == "airflow-version":
        return version()
    if name in DIGITS:
        return {"type": ["string", "integer"]}
    kinds: dict[KeyKind, dict[str, Any]] = {
        KeyKind.TEXT: TEXT,
        KeyKind.FLAG: {"enum": [True, False, "true", "false"]},
        KeyKind.WHOLE: {"type": ["integer", "string"], "minimum": 0, "pattern": r"^\d+$"},
        KeyKind.WORD: {"enum": list(key.words)},
        KeyKind.TEXTS: TEXTS,
        KeyKind.PAIRS: {
            "type": ["string", "array", "object"],
            "items": TEXT,
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        },
    }
    return kinds[key.kind]


def version() -> dict[str, Any]:
    """An exact version of Airflow."""
    return {"type": "string", "pattern": whole(pattern.AIRFLOW_VERSION.pattern)}


def words(kind: type[StrEnum]) -> dict[str, Any]:
    """One of a few words."""
    return {"enum": [str(word) for word in kind]}


def whole(text: str) -> str:
    """A pattern for all of a text."""
    return f"^(?:{text})$"


def section(fields: dict[str, Any]) -> dict[str, Any]:
    """An object with any of these names."""
    return {"type": "object", "properties": fields, "additionalProperties": False}


if __name__ == "__main__":
    sys.exit(write_or_compare(FILE, schema()))
