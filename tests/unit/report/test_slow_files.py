"""The slowest DAG files in the step summary."""

import re

import pytest

from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.mermaid import MAX_CHARACTERS
from mwaa_deploy.report.slow_files import slow_files_section
from mwaa_deploy.report.summary import render_summary
from tests.unit.report.journals import COMMANDS, dag_file, timed_report
from tests.unit.report.samples import HOSTILE


def names(text):
    return re.findall(r'"([^"]*)"', "".join(re.findall(r"^  x-axis \[(.*)\]$", text, re.MULTILINE)))


def bars(text):
    return [
        float(number) for found in re.findall(r"^  bar \[(.*)\]$", text, re.MULTILINE) for number in found.split(", ")
    ]


def test_the_slowest_ten_in_order_and_the_same_in_a_table():
    files = [dag_file(f"dags/{n}.py", n / 10) for n in range(14)]
    text = slow_files_section(files)
    assert names(text)[:2] == ["1: dags/13.py", "2: dags/12.py"]
    assert bars(text) == [1.3, 1.2, 1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    assert "The 10 slowest of 14 files" in text
    assert "| 1 | <code>dags/13.py</code> | 1.3 s |" in text
    assert "| 10 | <code>dags/4.py</code> | 0.40 s |" in text


@pytest.mark.parametrize(
    "seconds",
    [(), (5,), (0.1, 0.05), (float("nan"), 5), (float("inf"), 5), (1e300, 5), (-1, 5)],
)
def test_nothing_is_shown_where_there_is_nothing_to_see(seconds):
    assert slow_files_section(dag_file(f"dags/{n}.py", s) for n, s in enumerate(seconds)) == ""


def test_two_files_of_which_one_is_slow_are_enough():
    assert bars(slow_files_section([dag_file("dags/a.py", 0.0), dag_file("dags/b.py", 0.101)])) == [0.101, 0]


def test_names_that_are_alike_once_they_are_cut_stay_apart():
    folder = "a_very_long_folder_of_which_the_end_is_alike/orders.py"
    found = names(slow_files_section([dag_file(f"dags/{n}/{folder}", 1) for n in range(3)]))
    assert len(set(found)) == 3
    assert found[0] == "1: …hich_the_end_is_alike/orders.py"


@pytest.mark.parametrize("hostile", [*HOSTILE.values(), *COMMANDS.values()], ids=[*HOSTILE, *COMMANDS])
def test_hostile_names_stay_names(hostile):
    text = slow_files_section(dag_file(hostile, 1) for _ in range(10))
    picture, _, outside = text.partition("\n```\n")
    assert len(names(picture)) == 10
    assert len(picture.splitlines()) == 18
    # Counted as the browser does, in UTF-16.
    assert len(picture.encode("utf-16-le")) / 2 < MAX_CHARACTERS / 10
    assert set(re.findall(r"<(/?[^ >]*)", outside)) == {"details", "/details", "summary", "/summary", "code", "/code"}
    assert len([line for line in outside.splitlines() if line.startswith("| ")]) == 12


def test_the_summary_has_it_unfolded():
    text = render_summary(Journal(mode=Mode.CHECK, checks=timed_report()))
    before = text[: text.index("xychart-beta")]
    assert before.count("<details>") == before.count("</details>")
