"""A summary is below GitHub's limit whatever a run has found, and whole Markdown wherever it had to be cut."""

import re
from dataclasses import replace

import pytest

from mwaa_deploy.errors import ChecksFailed
from mwaa_deploy.report.log import SUMMARY_LIMIT
from mwaa_deploy.report.size import SUMMARY_BYTES, cut_markdown, fit
from mwaa_deploy.report.summary import render_summary
from tests.unit.report.huge import huge_journal
from tests.unit.report.test_golden import TEXTS

GITHUB = 1_048_576
JOURNAL = huge_journal()
SUMMARY = render_summary(JOURNAL)


def open_at_the_end(markdown):
    """Names of what is opened and not closed, by CommonMark's rules for fences; a small model of GitHub's."""
    fence, stack = "", []
    for line in markdown.splitlines():
        if fence:
            fence = "" if re.fullmatch(rf" {{0,3}}`{{{len(fence)},}}\s*", line) else fence
            continue
        if found := re.match(r" {0,3}(`{3,})[^`]*$", line):
            fence = found[1]
            continue
        for closes, tag in re.findall(r"<(/?)(details|summary|b|code|a|sub)\b[^>]*>", line):
            if not closes:
                stack.append(tag)
            elif stack[-1:] == [tag]:
                stack.pop()
            else:
                stack.append(f"/{tag}")
    return [*stack, *([fence] if fence else [])]


def test_the_model_notices_what_is_open():
    assert open_at_the_end("<details><summary>a</summary>\n\n```text\n</details>\n") == ["details", "```"]
    assert open_at_the_end("<details><summary>a</summary>\n\n````text\n```\n````\n\n</details>\n") == []


def test_a_run_in_which_all_is_too_much_has_a_summary_within_the_limit():
    assert len(SUMMARY.encode("utf-8")) <= SUMMARY_BYTES < SUMMARY_LIMIT < GITHUB


def test_it_keeps_the_first_screen_and_what_was_found():
    first, _, rest = SUMMARY.partition("\n### ")
    assert first.startswith("## ❌ The stack update failed; rolled back — Traceback")
    assert "**What it usually means.**" in first
    assert "**To mend it:**" in first
    assert "### What was done" in SUMMARY
    assert "❌ <b>" in rest


def test_its_markdown_is_whole():
    assert open_at_the_end(SUMMARY) == []


def test_so_is_that_of_failed_checks():
    journal = replace(JOURNAL, outcome=None, rollback=None, plan=None, error=ChecksFailed("Checks failed."))
    text = render_summary(journal)
    assert len(text.encode("utf-8")) <= SUMMARY_BYTES
    assert "**What failed:** unit-tests." in text
    assert open_at_the_end(text) == []


def test_what_has_no_room_is_left_out_whole_and_counted():
    text = fit(["## head", "a" * 500, "### small", "b" * 500], 1_000)
    rest = "… and 1 part(s) more, for which there is no room here; the report file has them."
    assert text == f"## head\n\n{'a' * 500}\n\n### small\n\n{rest}\n"


@pytest.mark.parametrize("text", [SUMMARY, TEXTS["stack-failed.summary.md"]], ids=["huge", "stack-failed"])
def test_wherever_it_is_cut_all_is_closed(text):
    whole = len(text.encode())
    for limit in range(1_000, whole, max(whole // 60, 61)):
        cut = cut_markdown(text, limit)
        assert len(cut.encode()) <= limit
        assert open_at_the_end(cut) == []
        assert cut.startswith(text[:20])
    assert cut_markdown(text, whole) == text
