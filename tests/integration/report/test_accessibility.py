"""The HTML report in a browser: axe-core finds nothing, the keyboard reaches everything, and its policy holds."""

import json
from pathlib import Path

import pytest

from mwaa_deploy.report.html_page import report_html
from tests.fixtures.situations import SITUATIONS, situation
from tests.integration.report.browser import PICTURES, ROOT
from tests.integration.report.devtools import browser_tab
from tests.unit.report.journals import hostile_journal

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
THEMES = ("light", "dark")
PAGES = (*(found.name for found in SITUATIONS), "hostile")

FOCUSABLE = "a[href], summary, input:checked, input[type=checkbox]"
"""Of a group of radio buttons Tab stops at the one that is chosen; arrow keys lead to the others."""

VIOLATIONS = """
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(
  (found) => found.violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 200))])
)
"""


@pytest.fixture(scope="module")
def tab():
    with browser_tab() as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")

    def write(name):
        journal = hostile_journal() if name == "hostile" else situation(name).journal
        file = Path(folder, f"{name}.html")
        file.write_text(report_html(journal), encoding="utf-8")
        return file.as_uri()

    return write


def violations(tab):
    if not AXE.exists():
        pytest.skip("axe-core is not installed; run: npm ci")
    tab.run(AXE.read_text(encoding="utf-8") + "; 0")
    return tab.run(VIOLATIONS)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(tab, address, name, theme):
    tab.open(address(name), theme=theme)
    tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert violations(tab) == []
    tab.picture(PICTURES / f"report-{name}-{theme}.png", height=6_000)


@pytest.mark.parametrize("theme", THEMES)
def test_the_page_is_shown_in_its_theme(tab, address, theme):
    tab.open(address("drift"), theme=theme)
    assert (
        tab.run("getComputedStyle(document.body).backgroundColor")
        == {
            "light": "rgb(255, 255, 255)",
            "dark": "rgb(13, 17, 23)",
        }[theme]
    )


def test_axe_notices_a_fault(tab, address):
    tab.open(address("drift"))
    tab.run("document.querySelector('h1').style.color = '#eee'; document.documentElement.lang = ''")
    assert {"color-contrast", "html-has-lang"} <= {name for name, _ in violations(tab)}


@pytest.mark.parametrize("name", ["check-dag-import", "rolled-back", "pull-request"])
def test_tab_reaches_everything_in_its_order(tab, address, name):
    tab.open(address(name))
    wanted = tab.run(
        f"[...document.querySelectorAll({json.dumps(FOCUSABLE)})].map((one, n) => one.dataset.n = n).length"
    )
    assert wanted > 5
    reached = []
    for _ in range(wanted):
        tab.press("Tab")
        reached.append(tab.run("document.activeElement.dataset.n ?? document.activeElement.outerHTML.slice(0, 100)"))
        assert tab.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert reached == [str(number) for number in range(wanted)]


def test_the_first_stop_leads_past_the_list_of_sections(tab, address):
    tab.open(address("rolled-back"))
    tab.press("Tab")
    assert tab.run("document.activeElement.textContent") == "Skip to the report"
    assert tab.run("document.activeElement.getBoundingClientRect().left >= 0")
    tab.press("Enter")
    tab.wait("document.activeElement.id === 'main'")
    tab.press("Tab")
    assert tab.run("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("key", ["Enter", " "])
def test_what_is_folded_is_opened_and_closed_by_a_key(tab, address, key):
    tab.open(address("check-dag-import"))
    tab.run("document.querySelector('.findings summary').focus()")
    shown = "document.querySelector('.findings pre').checkVisibility()"
    assert not tab.run(shown)
    tab.press(key)
    tab.wait(shown)
    tab.press(key)
    tab.wait(f"!{shown}")


def test_findings_are_filtered_by_arrow_keys_and_without_a_script(tab, address):
    tab.open(address("check-dag-import"))
    found = "[...document.querySelectorAll('.findings li')]"
    shown = f"{found}.filter((one) => one.checkVisibility()).map((one) => one.className)"
    assert tab.run(shown) == ["fail", "warn"]
    tab.run("document.querySelector('#show-all').focus()")
    tab.press("ArrowDown")
    tab.wait("document.activeElement.id === 'show-fail'")
    assert tab.run(shown) == ["fail"]
    tab.press("ArrowDown")
    assert tab.run(shown) == ["warn"]


def test_on_paper_nothing_is_folded_filtered_or_there_to_be_clicked(tab, address):
    tab.open(address("check-dag-import"))
    tab.run("document.querySelector('#show-warn').click()")
    tab.on_paper()
    assert tab.run("[...document.querySelectorAll('pre, .findings li')].every((one) => one.checkVisibility())")
    assert not tab.run("[...document.querySelectorAll('nav, .filter')].some((one) => one.checkVisibility())")


def test_its_policy_lets_in_its_own_style_and_nothing_else(tab, address):
    file = address("drift")
    tab.complaints.clear()
    tab.open(file)
    assert tab.run("document.styleSheets[0].cssRules.length") > 20
    assert tab.complaints == []
    more = "<script>document.title = 'injected'</script><img src='https://example.invalid/x.png' alt=''></main>"
    page = Path(file.removeprefix("file://"))
    bad = page.with_name("bad.html")
    bad.write_text(page.read_text(encoding="utf-8").replace("</main>", more), encoding="utf-8")
    tab.open(bad.as_uri())
    assert tab.run("document.title").startswith("The target has drifted")
    assert len([one for one in tab.complaints if "Content Security Policy" in one]) == 2


@pytest.mark.parametrize("width", [320, 1000])
def test_no_page_is_wider_than_the_window(tab, address, width):
    for name in PAGES:
        tab.open(address(name), width=width)
        assert tab.run("document.documentElement.scrollWidth") <= width, name
