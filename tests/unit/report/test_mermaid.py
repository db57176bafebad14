"""Labels of diagrams."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mwaa_deploy.report.mermaid import diagram, label
from tests.unit.report.journals import COMMANDS
from tests.unit.report.samples import HOSTILE


@given(st.text())
@example("\u202eyp.gad")
@pytest.mark.parametrize("keep_end", [True, False])
def test_a_label_is_one_short_line_of_signs_that_mean_nothing(keep_end, text):
    found = label(text, columns=20, keep_end=keep_end)
    assert re.fullmatch(r"[^\n\r\"#%&';:<>\[\\\]`{|}$!?^*\ufb02]{1,20}", found)
    assert not {unicodedata.category(sign) for sign in found} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize("text", [*HOSTILE.values(), *COMMANDS.values()], ids=[*HOSTILE, *COMMANDS])
def test_hostile_text_is_no_syntax(text):
    assert not re.search(r"[\"#%;:<>`{}\[\]$\n]", label(text, columns=1000))
    assert not re.search(r"ﬂ", label(text, columns=1000))


def test_names_stay_readable():
    assert label("upload startup-script", columns=60) == "upload startup-script"
    assert label("dags/team_a/orders.v2 (new).py", columns=60) == "dags/team_a/orders.v2 (new).py"
    assert label("日報/été 🚀.py", columns=60) == "日報/été 🚀.py"
    # Wide forms, which look alike.
    assert label("a:b;c", columns=60) == "a\uff1ab\uff1bc"
    assert label("\u200b\u202e", columns=60) == "(no name)"


def test_a_path_keeps_its_end_and_a_name_its_beginning():
    assert label("dags/of/a/team/orders.py", columns=11, keep_end=True) == "…/orders.py"
    assert label("upload of something", columns=11) == "upload of …"


def test_signs_of_two_columns_count_twice():
    assert label("日" * 30, columns=11) == "日" * 5 + "…"
    # Marks that take no room are limited all the same.
    assert len(label("a" + "\u0301" * 10_000, columns=11)) <= 12


def test_a_diagram_is_a_block_that_github_draws():
    assert diagram(["gantt", "  section run"]) == "```mermaid\ngantt\n  section run\n```"
