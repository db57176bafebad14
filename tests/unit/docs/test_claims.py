"""What the documentation says in numbers and examples is what the program does."""

import re
from pathlib import Path

import pytest

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.config import parse_config
from mwaa_deploy.source.workflow_runs import LOOKED_INTO
from mwaa_deploy.target.record_history import LIMIT, VERSIONS_LIMIT
from tests.unit.docs.documents import DOCUMENTS, ROOT, blocks, code_spans

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


TESTS = [
    (file.name, code)
    for file in DOCUMENTS
    for _, code in code_spans(file.read_text(encoding="utf-8"))
    if re.match(r"tests/\S+\.py::", code)
]


@pytest.mark.parametrize(("name", "test"), TESTS)
def test_a_test_that_is_named_as_proof_is_there(name, test):
    path, _, function = test.partition("::")
    assert name
    assert re.search(rf"^ *def {function}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_way_of_attack_names_its_proof():
    text = read("threat-model.md")
    ways = text[text.index("## Ways of attack") : text.index("## What is left")]
    rows = [row for row in ways.splitlines() if row.startswith("| ") and not row.startswith(("| way", "| ---"))]
    assert len(rows) > 30
    assert [row for row in rows if "`tests/" not in row.split("|")[3]] == []


PATH = re.compile(r"(?:docs|entrypoint|examples|images|infra|lab|scripts|src|tests|\.github)/[\w./-]*\w")


OF_ANOTHER = "migration.md"
"""Names the paths of the sample that is left."""


@pytest.mark.parametrize(
    "file", [file for file in DOCUMENTS if file.name != OF_ANOTHER], ids=lambda file: str(file.relative_to(ROOT))
)
def test_a_path_of_this_repository_that_is_named_is_there(file):
    spans = code_spans(file.read_text(encoding="utf-8"))
    example = ROOT / "examples" / "hello-mwaa"
    missing = [
        (line, code)
        for line, code in spans
        if PATH.fullmatch(code)
        and not any((place / code).exists() for place in (ROOT, example, ROOT / "src/mwaa_deploy"))
    ]
    assert missing == []
