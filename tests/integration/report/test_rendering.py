"""Every diagram that we show is drawn, in GitHub's two themes, by Mermaid itself in a browser."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from mwaa_deploy.report.dag_difference import dag_difference_section
from mwaa_deploy.report.slow_files import MOST, slow_files_section
from mwaa_deploy.report.summary import render_summary
from mwaa_deploy.report.timeline import gantt, time_line
from tests.integration.report.browser import ROOT, draw, mermaid_blocks
from tests.unit.docs.documents import DOCUMENTS
from tests.unit.report.differences import hostile_difference, large_difference, usual_difference
from tests.unit.report.journals import (
    COMMANDS,
    dag_file,
    deployed_journal,
    hostile_journal,
    quick_journal,
    rolled_back_journal,
)
from tests.unit.report.samples import HOSTILE

THEMES = ("light", "dark")
JOURNALS = {
    "deployed": deployed_journal(),
    "quick": quick_journal(),
    "rolled back": rolled_back_journal(),
    "hostile": hostile_journal(),
}
DIFFERENCES = {
    "usual": usual_difference(),
    "large": large_difference(),
    "nested": large_difference(groups=100, nested=True),
    "without groups": large_difference(groups=0),
    "hostile": hostile_difference(),
    "commands": hostile_difference(tuple(COMMANDS.values())),
}
BROKEN = "a diagram that is broken"
HOSTILE_NAMES = HOSTILE | COMMANDS
ALLOWED = {"title", "desc", "style", "g", "path", "line", "text", "tspan", "rect"}
ALLOWED |= {"defs", "marker", "circle", "polygon", "filter", "feDropShadow", "linearGradient", "stop"}
"""SVG's elements that our own charts are made of; no link, script, image or HTML."""


def batched(values, size):
    values = list(values)
    return [values[at : at + size] for at in range(0, len(values), size)]


def _of(source, text):
    return {f"{source}, {number}": block for number, block in enumerate(mermaid_blocks(text), 1)}


def summaries():
    """The pictures of real summaries."""
    found: dict[str, str] = {}
    for name, journal in JOURNALS.items():
        found |= _of(name, render_summary(journal))
    for names in batched(HOSTILE_NAMES.values(), MOST):
        found |= _of(f"files {len(found)}", slow_files_section([dag_file(name, 1) for name in names]))
    for name, difference in DIFFERENCES.items():
        first, *_ = _of(f"DAGs, {name}", dag_difference_section(difference)).items()
        found |= [first]
    return found


def pages():
    """Those of the documentation."""
    found: dict[str, str] = {}
    for file in DOCUMENTS:
        found |= _of(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def drawn():
    """By theme, what came of each diagram; both browsers at once."""
    diagrams = {**summaries(), **pages(), BROKEN: "gantt\n  section a\n  b:: c\n  section"}
    with ThreadPoolExecutor() as threads:
        begun = {theme: threads.submit(draw, diagrams, theme=theme, picture=theme) for theme in THEMES}
        return {theme: future.result() for theme, future in begun.items()}


@pytest.fixture(params=THEMES)
def of_theme(drawn, request):
    return drawn[request.param]


def test_what_is_broken_is_noticed(of_theme):
    assert "Parse error" in of_theme[BROKEN].error


def test_every_diagram_is_drawn(of_theme):
    assert len(of_theme) == len(summaries()) + len(pages()) + 1
    assert {name: one.error for name, one in of_theme.items() if one.error and name != BROKEN} == {}
    assert [name for name, one in of_theme.items() if not one.error and _is_too_small(name, one)] == []


def _is_too_small(name, drawn):
    # A flowchart is as large as what is in it, and one folded group is small.
    width, height = (150, 60) if name.startswith("DAGs") else (300, 80)
    return drawn.width < width or drawn.height < height


def test_names_bring_neither_markup_nor_links_nor_scripts(of_theme):
    ours = {name: of_theme[name] for name in summaries()}
    assert {name: set(one.elements) - ALLOWED for name, one in ours.items() if set(one.elements) - ALLOWED} == {}
    assert [name for name, one in ours.items() if one.handlers] == []


def test_the_documentation_is_among_them():
    assert len(_of("", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))) == 3


@pytest.mark.parametrize("name", JOURNALS)
def test_each_step_has_its_bar_at_its_place(of_theme, name):
    bars = time_line(JOURNALS[name])
    found = next(one for title, one in of_theme.items() if title.startswith(f"{name}, ") and one.bars)
    end = max(bar.start + bar.step.seconds for bar in bars)
    shown = sorted(found.bars, key=lambda bar: bar["y"])
    assert len(shown) == len(bars)
    left = min(bar["x"] for bar in shown)
    whole = max(bar["x"] + bar["width"] for bar in shown) - left
    for bar, rectangle in zip(bars, shown, strict=True):
        share = max(bar.step.seconds / end, 1 / 300)
        # The last bar may reach over the end by what makes it thick enough to be seen.
        assert (rectangle["x"] - left) / whole == pytest.approx(bar.start / end, abs=0.01)
        assert rectangle["width"] / whole == pytest.approx(share, abs=0.01)
        assert ("crit" in rectangle["class"]) is bar.step.failed


def test_the_labels_are_read_as_they_were_meant(of_theme):
    texts = of_theme["deployed, 1"].texts
    assert {"run", "deploy", "0.1 s · read the project", "40 min 0 s · stack"} <= {text.strip() for text in texts}
    assert texts[:9] == [f"{minutes:02}:00" for minutes in range(0, 45, 5)]
    assert of_theme["DAGs, usual, 1"].texts == ["extract", "+ load.check", "~ load.store", "- mail"]
    texts = of_theme["quick, 1"].texts
    assert texts[:3] == ["1: dags/orders.py", "2: …all_the_teams_in_the_company.py", "3: dags/x.py"]


@pytest.mark.parametrize("text", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_a_hostile_step_is_one_line_of_the_picture(text):
    journal = deployed_journal()
    journal.steps[0] = type(journal.steps[0])(name=text, seconds=1)
    assert len(gantt(time_line(journal)).splitlines()) == 16
