import re

from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.report.markdown import block, code, escape, seconds, table


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


def test_durations_read_well():
    assert [seconds(s) for s in (0.42, 12.3, 185)] == ["0.4 s", "12 s", "3 min 5 s"]
