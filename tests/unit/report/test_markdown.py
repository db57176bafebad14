import re

from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.report.markdown import block, code, count, escape, prose, seconds, table, with_runs


def test_names_stay_names():
    assert escape("a|b `c` <img src=x> @team #1 [x](y)") == (
        "a&#124;b &#96;c&#96; &#60;img src=x&#62; &#64;team &#35;1 &#91;x&#93;(y)"
    )


@given(st.text())
def test_escaped_text_is_one_line_without_markup(text):
    escaped = escape(text)
    assert not re.search(r"[<>|`\n*_\[\]@]", escaped)
    assert "<" not in code(text).removeprefix("<code>").removesuffix("</code>")


@given(st.text(alphabet="`a\n", max_size=60))
def test_a_fence_cannot_be_closed_from_inside(text):
    lines = block(text).splitlines()
    fence = lines[-1]
    assert lines[0] == f"{fence}text"
    assert all(not line.strip().startswith(fence) for line in lines[1:-1])


def test_long_text_loses_its_middle():
    text = block("a" * 5000 + "b" * 5000, limit=1000)
    assert "9000 characters left out" in text
    assert len(text) < 1200


def test_a_table_keeps_a_row_on_its_line():
    assert table(["A"], [["x\ny"]]).splitlines()[-1] == "| x y |"


def test_rows_for_which_there_is_no_room_are_counted():
    text = table(["A", "B"], [["x" * 40, "y"]] * 10, room=100)
    assert text.splitlines()[2:] == [f"| {'x' * 40} | y |"] * 2 + ["| … and 8 more rows |  |"]


def test_sentences_and_lists_stay_such():
    assert prose("One.\nTwo_a.\n- a\n- b\nThree.") == "One.\n\nTwo&#95;a.\n\n- a\n- b\n\nThree."


def test_indented_text_is_shown_as_it_is():
    assert prose("with:\n  a: b") == "```text\nwith:\n  a: b\n```"


def test_no_line_of_prose_begins_anything():
    assert prose("# a\n1. b\n---\n- # c") == "&#35; a\n\n&#49;. b\n\n&#45;--\n\n- &#35; c"


REPOSITORY = "https://github.com/acme/dags"


def test_runs_of_the_repository_are_links_and_others_are_not():
    theirs = "https://github.com/evil/dags/actions/runs/1"
    text = with_runs(f"The last <run>, {REPOSITORY}/actions/runs/42, and {theirs}.", REPOSITORY)
    assert text == (f'The last &#60;run&#62;, <a href="{REPOSITORY}/actions/runs/42">run 42</a>, and {escape(theirs)}.')
    assert "<a" not in with_runs(f"{REPOSITORY}/actions/runs/42", "")


def test_a_run_that_was_cut_in_the_middle_is_no_link():
    text = f"{REPOSITORY}/actions/runs/4242"
    assert "<a" not in with_runs(f"{text} and more", REPOSITORY, limit=len(text) - 1)


def test_one_is_one():
    assert (count(1, "file"), count(0, "file"), count(2, "DAG file")) == ("1 file", "0 files", "2 DAG files")


def test_durations_read_well():
    assert [seconds(s) for s in (0.42, 12.3, 185)] == ["0.4 s", "12 s", "3 min 5 s"]
