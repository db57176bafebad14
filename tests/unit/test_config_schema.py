"""The published schema of mwaa-deploy.yml knows the keys and the words that the program takes, and no others."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.config import parse_config
from mwaa_deploy.errors import ConfigInvalid
from tests.unit.test_config import EVERYTHING
from tests.unit.test_targets import TARGETS

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schema" / "mwaa-deploy.schema.json").read_text(encoding="utf-8"))
EXAMPLES = sorted((ROOT / "examples").glob("*/mwaa-deploy.yml"))
VALIDATOR = Draft202012Validator(SCHEMA)
DOCS = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("checks.md", "targets.md")]
SHOWN = [
    block
    for text in DOCS
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    if re.match(r"(#.*\n)*(airflow-version|checks|targets):", block)
]


def test_the_schema_is_up_to_date_and_a_schema():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "config_schema.py", "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/config_schema.py"
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_examples_are_taken_by_the_schema_and_by_the_program(path):
    text = path.read_text(encoding="utf-8")
    VALIDATOR.validate(yaml.safe_load(text))
    assert parse_config(load_document(text), root=path.parent, workspace=path.parent).targets


def test_there_is_an_example():
    assert EXAMPLES


@pytest.mark.parametrize("text", [EVERYTHING, TARGETS, *SHOWN])
def test_what_the_program_takes_is_taken(text):
    VALIDATOR.validate(yaml.safe_load(text))


def keys_of_the_program(*way: str) -> set[str]:
    """The keys that the reader knows in a section, as it lists them when it is given another one."""
    document: dict[str, Any] = {"zzz": "1"}
    for name in reversed(way):
        document = {name: document}
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(load_document(json.dumps(document)), root=ROOT, workspace=ROOT)
    (listed,) = [text for _, text in caught.value.problems if "zzz is not known here" in text]
    return set(listed.partition("there are ")[2].split(", "))


def keys_of_the_schema(*way: str) -> set[str]:
    found = SCHEMA
    for name in way:
        found = found.get("properties", {}).get(name) or found["additionalProperties"]
        found = found.get("oneOf", [found])[-1]
    assert found["additionalProperties"] is False
    return set(found["properties"])


@pytest.mark.parametrize(
    "way",
    [
        (),
        ("checks",),
        ("checks", "fixtures"),
        ("checks", "unit-tests"),
        ("checks", "rules"),
        ("checks", "rules", "owner"),
        ("checks", "rules", "schedule"),
        ("targets", "staging"),
    ],
)
def test_the_keys_are_those_of_the_program(way):
    assert keys_of_the_schema(*way) == keys_of_the_program(*way)


@pytest.mark.parametrize(
    "text",
    [
        "- a",
        "airflow-version: '2.10'",
        "checks: {network: open}",
        "checks: {processes: 3}",
        "checks: {memory: 4 GB ram}",
        "checks: {rules: {owner: maybe}}",
        "checks: {rules: {owner: {severity: loud}}}",
        "checks: {rules: {task-count: {maximum: many}}}",
        "checks: {unit-tests: {coverage: some}}",
        "targets: {a b: {}}",
        "targets: {a: {verify: loud}}",
        "targets: {a: {max-deletions: many}}",
        "targets: {a: {bucket: [b]}}",
        "targets: {a: {nested-stacks: sometimes}}",
        "targets: {a: {smoke-dags: {b: c}}}",
        "targets: {a: {stack-tags: {b: [c]}}}",
    ],
)
def test_what_the_program_refuses_is_refused(text):
    with pytest.raises(ConfigInvalid):
        parse_config(load_document(text), root=ROOT, workspace=ROOT)
    assert not VALIDATOR.is_valid(yaml.safe_load(text))
