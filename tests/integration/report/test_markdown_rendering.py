"""Summaries under a real Markdown renderer: nothing from users' files becomes markup, wherever it stands."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from mwaa_deploy.errors import DriftFound, StackUpdateFailed
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.dag_difference import OPEN_CHARTS
from mwaa_deploy.report.summary import render_summary
from mwaa_deploy.source.changes import Base, Changes
from tests.fixtures.situations import SITUATIONS, situation
from tests.integration.report.browser import ROOT
from tests.integration.report.devtools import browser_tab
from tests.unit.report.huge import huge_journal
from tests.unit.report.journals import COMMANDS, hostile_journal
from tests.unit.report.samples import HOSTILE

MARKED = ROOT / "node_modules" / "marked" / "lib" / "marked.umd.js"
ALLOWED = set(
    "P H2 H3 STRONG EM CODE PRE TABLE THEAD TBODY TR TH TD DETAILS SUMMARY B SUB A UL LI BLOCKQUOTE".split()  # noqa: SIM905
)
HEADINGS = {
    "Changes",
    "Checks",
    "DAGs that differ",
    "Drift",
    "Live Airflow",
    "Packages of the environment",
    "Plan",
    "Slowest DAG files",
    "Time line",
    "What was done",
    "What was rolled back",
}
LOOK = """
(() => {
  const page = new DOMParser().parseFromString(marked.parse(MARKDOWN, {gfm: true}), "text/html");
  const all = [...page.body.querySelectorAll("*")], unfolded = [...page.querySelectorAll("details[open]")];
  return {
    tags: [...new Set(all.map((one) => one.tagName))],
    attributes: [...new Set(all.filter((one) => !unfolded.includes(one)).flatMap((one) => one.getAttributeNames()))],
    unfolded: unfolded.map((one) => one.getAttributeNames().join()),
    links: all.filter((one) => one.href).map((one) => one.getAttribute("href")),
    headings: [...page.querySelectorAll("h3")].map((one) => one.textContent),
    titles: page.querySelectorAll("h2").length,
    inFolded: page.querySelectorAll("details h3").length,
    code: [...page.querySelectorAll("pre > code")].map((one) => one.className),
    text: page.body.textContent,
  };
})()
"""


@pytest.fixture(scope="module")
def tab():
    if not MARKED.exists():
        pytest.skip("marked is not installed; run: npm ci")
    with browser_tab() as found:
        found.run(MARKED.read_text(encoding="utf-8") + "; 0")
        yield found


def look(tab, journal):
    return tab.run(LOOK.replace("MARKDOWN", json.dumps(render_summary(journal))))


def told(text):
    """A text wherever an error and a note can have it."""
    error = StackUpdateFailed(f"{text}\n- {text}\n{text}", meaning=text, mend=f"A sentence with {text} in it.\n{text}")
    changes = Changes(base=Base(sha="b" * 40, reason=text), head="a" * 40)
    return replace(situation("stack-failed").journal, error=error, notes=[text], target=text, changes=changes)


def _journal(found):
    return found.journal


JOURNALS: dict[str, Callable[[], Journal]] = {
    **{found.name: partial(_journal, found) for found in SITUATIONS},
    "hostile": hostile_journal,
    "huge": huge_journal,
    "hostile drift": lambda: replace(
        situation("drift").journal, error=DriftFound("\n".join(f"- {text}" for text in HOSTILE.values()))
    ),
    **{f"{name} told": partial(told, text) for name, text in {**HOSTILE, **COMMANDS}.items()},
    **{
        f"line that begins with {sign!r}": partial(told, f"{sign} x")
        for sign in (
            "#",
            "##",
            "1.",
            "1)",
            "-",
            "+",
            "=",
            "---",
            "===",
            ">",
            "    x",
            "\tx",
            "|",
            "[x]:",
            "&lt;",
            "<b>",
        )
    },
}


@pytest.mark.parametrize("name", JOURNALS)
def test_only_our_own_markup_comes_out(tab, name):
    page = look(tab, JOURNALS[name]())
    assert set(page["tags"]) - ALLOWED == set()
    assert set(page["attributes"]) - {"href", "class", "align"} == set()
    # The first charts of DAGs, which we do not fold.
    assert set(page["unfolded"]) <= {"open"}
    assert len(page["unfolded"]) <= OPEN_CHARTS
    assert set(page["headings"]) - HEADINGS == set()
    assert (page["titles"], page["inFolded"]) == (1, 0)
    assert set(page["code"]) <= {"language-text", "language-mermaid"}
    ours = ("https://github.com/acme/dags/", "https://example.airflow.eu-west-1.on.aws")
    assert [link for link in page["links"] if not link.startswith(ours)] == []


def test_what_users_wrote_is_read_as_they_wrote_it(tab):
    text = "a|b `c` *d* _e_ <f> [g](h) #1 @team https://evil.example &amp; $x$ ~y~ :smile:"
    page = look(tab, told(text))
    assert page["text"].count(text) >= 5
