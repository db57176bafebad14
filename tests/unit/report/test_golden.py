"""What people read in each of the situations is what somebody has read and found good."""

import re

import pytest

from tests.fixtures.situations import SITUATIONS
from tests.unit.report.golden_files import FOLDER, RENEW, golden_texts

TEXTS = dict(golden_texts())
FIRST_SCREEN = 1_500
"""Characters that are read without scrolling, tables of links not counted."""


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_is_the_one_that_was_read(name):
    file = FOLDER / name
    golden = file.read_text(encoding="utf-8") if file.exists() else ""
    assert TEXTS[name] == golden, f"if that is meant, run: {RENEW}, and read what git shows as changed"


def test_no_file_is_left_of_a_situation_that_is_gone():
    assert len(TEXTS) > len(SITUATIONS)
    assert {file.name for file in FOLDER.iterdir()} == TEXTS.keys(), f"run: {RENEW}"


def test_the_situations_are_those_that_people_meet():
    assert len(SITUATIONS) >= 12
    assert len({situation.title for situation in SITUATIONS}) == len(SITUATIONS)
    assert {journal.result for journal in (situation.journal for situation in SITUATIONS)} == {
        "deployed",
        "unchanged",
        "planned",
        "rolled-back",
        "failed",
    }


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".summary.md")])
def test_the_first_screen_tells_what_happened_and_what_to_do(name):
    first = TEXTS[name].partition("\n### ")[0]
    assert re.match(r"## (?:✅|🚀|⏪|❌) ", first)
    assert len(re.sub(r' href="[^"]*"', "", first)) < FIRST_SCREEN
    assert "<details>" not in first.partition("Took")[0] or "### " not in TEXTS[name]
    if "❌" in first:
        assert "**To mend it:**" in first
