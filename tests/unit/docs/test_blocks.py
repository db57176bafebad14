"""Every block, command and input that the documentation shows is one that is taken."""

import pytest

from tests.unit.docs.action_steps import span_problems as input_problems
from tests.unit.docs.commands import span_problems
from tests.unit.docs.documents import DOCUMENTS, ROOT, blocks, code_spans
from tests.unit.docs.linters import problems_of

TEXTS = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in DOCUMENTS}
BLOCKS = {block.name: block for name, text in TEXTS.items() for block in blocks(ROOT / name, text)}


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    return problems_of(list(BLOCKS.values()), tmp_path_factory.mktemp("blocks"))


@pytest.mark.parametrize("name", BLOCKS)
def test_what_a_block_shows_is_taken(problems, name):
    assert problems[name] == []


@pytest.mark.parametrize("name", TEXTS)
def test_commands_and_inputs_in_a_text_are_taken(name):
    wrong = {(line, code): [*span_problems(code), *input_problems(code)] for line, code in code_spans(TEXTS[name])}
    assert {where: what for where, what in wrong.items() if what} == {}


def test_the_documents_are_found():
    assert {"README.md", "CONTRIBUTING.md", "docs/checks.md", "examples/hello-mwaa/README.md"} <= TEXTS.keys()
    assert len([block for block in BLOCKS.values() if block.language == "yaml"]) > 10
