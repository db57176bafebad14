"""What the documentation says in numbers and examples is what the program does."""

import re
from pathlib import Path

import pytest

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.config import parse_config
from mwaa_deploy.source.workflow_runs import LOOKED_INTO
from mwaa_deploy.target.record_history import LIMIT, VERSIONS_LIMIT
from tests.unit.docs.documents import ROOT, blocks

DOCS = ROOT / "docs"


def read(name):
    return Path(DOCS / name).read_text(encoding="utf-8")


def test_the_configuration_is_one_that_is_taken(tmp_path):
    every = [block.text for block in blocks(DOCS / "checks.md", read("checks.md"))]
    shown = next(text for text in every if text.startswith("airflow-version"))
    for name in re.findall(r"tests/fixtures/\w+\.json", shown):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "rules").mkdir()
    (tmp_path / "requirements-dev.txt").touch()

    config = parse_config(load_document(shown), root=tmp_path, workspace=tmp_path)

    assert config.airflow_version == "2.10.3"
    assert [rule.name for rule in config.checks.rules] == ["owner", "tags", "catchup-off"]
    assert len(config.checks.fixtures.paths) == 3


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("rollback.md", f"The last {LIMIT} records are looked into"),
        ("rollback.md", f"no more than {VERSIONS_LIMIT} versions"),
        ("base.md", f"At most {LOOKED_INTO} runs are looked into"),
    ],
)
def test_a_number_is_the_programs(name, claim):
    assert claim in " ".join(read(name).split())
