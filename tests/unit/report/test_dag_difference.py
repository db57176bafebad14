"""The summary's part about DAGs that differ."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from mwaa_deploy.checks.dag_difference import Change, DagDifference, Differences
from mwaa_deploy.report.dag_chart import MOST_EDGES, MOST_NODES, chart
from mwaa_deploy.report.dag_difference import MAX_CHARTS, MAX_DAGS, OPEN_CHARTS, dag_difference_section
from mwaa_deploy.report.mermaid import MAX_CHARACTERS
from tests.unit.report.differences import (
    BASE,
    CHANGED,
    NEW,
    REMOVED,
    SAME,
    edge,
    hostile_difference,
    large_difference,
    task,
    usual_difference,
    value,
)
from tests.unit.report.journals import COMMANDS
from tests.unit.report.samples import HOSTILE


def nodes(mermaid):
    return re.findall(r'^  n\d+\[+"(.*)"\]+$', mermaid, re.MULTILINE)


def links(mermaid):
    return re.findall(r"^  n\d+ -\.?->? n\d+$|^  n\d+ -\.-> n\d+$", mermaid, re.MULTILINE)


def changed(*tasks, edges=()):
    return DagDifference(id="a", change=CHANGED, file="dags/a.py", tasks=tasks, edges=edges)


def test_nothing_is_said_where_nothing_was_compared():
    assert dag_difference_section(None) == ""


def test_that_no_dag_differs_is_said():
    text = dag_difference_section(Differences(base=BASE, files=3))

    assert text.endswith("No DAG differs from <code>bbbbbbbbbbbb</code>, in 3 compared file(s).")


def test_each_dag_is_a_row_and_each_changed_one_is_told_in_detail():
    text = dag_difference_section(usual_difference())

    assert "1 new, 1 removed, 1 changed." in text
    row = "| 🟡 changed | <code>orders</code> | <code>dags/orders.py</code> "
    assert f"{row}| schedule; owners; new tasks: 1; removed tasks: 1; changed tasks: 1; order |" in text
    assert "| 🟢 new | <code>invoices</code> | <code>dags/invoices.py</code> " in text
    assert "| the DAG | schedule | <code>&#64;daily</code> | <code>&#64;hourly</code> |" in text
    assert "| <code>load.store</code> | retries | <code>0</code> | <code>3</code> |" in text
    assert "| <code>mail</code> | removed task | <code>EmailOperator</code> |  |" in text
    assert text.count("<details") == 1


def test_new_tasks_are_green_and_removed_ones_red_and_dashed():
    picture = chart(usual_difference().dags[0])

    assert picture is not None
    assert nodes(picture.mermaid) == ["extract", "+ load.check", "~ load.store", "- mail"]
    lines = picture.mermaid.splitlines()
    assert "  class n1 new" in lines
    assert "  class n3 removed" in lines
    assert "  class n2 changed" in lines
    assert any(line.startswith("  classDef new fill:#1a7f37") for line in lines)
    assert any(line.startswith("  classDef removed") and "dasharray" in line for line in lines)
    assert [line for line in lines if "->" in line] == ["  n2 --> n1", "  n2 -.-> n3", "  n0 --> n2"]
    assert any(line.startswith("  linkStyle 0 stroke:#3fb950") for line in lines)
    assert any(line.startswith("  linkStyle 1 stroke:#ff7b72") for line in lines)


def test_there_is_no_picture_where_tasks_and_order_are_the_same():
    assert chart(changed(task("a"), task("b"), edges=(edge("a", "b"),))) is None
    assert chart(changed()) is None
    assert chart(changed(task("a"), task("b"), edges=(edge("a", "b", NEW),))) is not None


def test_a_large_dag_is_folded_by_its_groups():
    picture = chart(large_difference().dags[0])

    assert picture is not None
    assert picture.folded
    assert picture.left_out == 0
    assert len(nodes(picture.mermaid)) == 25
    assert nodes(picture.mermaid)[:4] == [
        "part_0 (40 tasks)",
        "part_1 (40 tasks)",
        "part_2 (40 tasks)",
        "~ part_3 (40 tasks, +2)",
    ]


def test_groups_in_groups_stay_apart_while_they_are_few():
    picture = chart(large_difference(nested=True).dags[0])

    assert picture is not None
    assert nodes(picture.mermaid)[3] == "~ all.part_3 (40 tasks, +2)"
    assert len(nodes(picture.mermaid)) == 25


def test_many_groups_are_folded_by_the_outermost_one():
    picture = chart(large_difference(groups=100, nested=True).dags[0])

    assert picture is not None
    assert nodes(picture.mermaid) == ["~ all (1000 tasks, +2 -2)"]


def test_a_group_that_is_new_as_a_whole_is_green():
    tasks = [task(f"t{n}") for n in range(MOST_NODES)] + [task("g.a", NEW, group="g"), task("g.b", NEW, group="g")]
    picture = chart(changed(*tasks), nodes=MOST_NODES + 1)

    assert picture is not None
    assert nodes(picture.mermaid)[-1] == "+ g (2 tasks, +2)"
    assert "  class n60 new" in picture.mermaid.splitlines()


def test_of_too_many_tasks_without_groups_those_that_differ_and_their_neighbours_are_drawn():
    tasks = [task(f"t{n:03}", NEW if n == 250 else SAME) for n in range(300)]
    edges = [edge(f"t{n:03}", f"t{n + 1:03}") for n in range(299)]
    picture = chart(changed(*tasks, edges=tuple(edges)))

    assert picture is not None
    assert nodes(picture.mermaid) == ["t249", "+ t250", "t251"]
    assert picture.left_out == 297


def test_no_more_links_are_drawn_than_there_may_be_and_those_that_differ_first():
    tasks = [task(f"t{n:02}") for n in range(40)]
    edges = [edge(a.id, b.id, REMOVED if a.id == "t38" else SAME) for n, a in enumerate(tasks) for b in tasks[n + 1 :]]
    picture = chart(changed(*tasks, edges=tuple(edges)))

    assert picture is not None
    drawn = [line for line in picture.mermaid.splitlines() if "->" in line]
    assert len(drawn) == MOST_EDGES
    assert drawn[0] == "  n38 -.-> n39"


@pytest.mark.parametrize("text", (HOSTILE | COMMANDS).values(), ids=HOSTILE | COMMANDS)
def test_a_hostile_name_is_one_node(text):
    picture = chart(changed(task(text, NEW, operator=text), task("b")))

    assert picture is not None
    assert len(nodes(picture.mermaid)) == 2
    assert picture.mermaid.count("\n") == 14
    assert picture.mermaid.count("```") == 2


def test_hostile_names_inject_nothing_and_stay_within_limits():
    text = dag_difference_section(hostile_difference())

    assert "<script" not in text
    assert "<img" not in text
    assert "\x1b" not in text
    for block in re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL):
        assert len(block) < MAX_CHARACTERS


def test_however_much_differs_the_section_is_short():
    one = large_difference().dags[0]
    nasty = "<" * 500
    values = tuple(value(nasty, nasty, nasty) for _ in range(100))
    tasks = tuple(replace(its, id=f"{nasty}{n}", group=None) for n, its in enumerate(one.tasks))
    huge = replace(one, id=nasty, file=nasty, values=values, tasks=tasks)
    text = dag_difference_section(Differences(base=BASE, files=1000, dags=(huge,) * 1000, notes=(nasty,) * 4))

    assert len(text.encode()) < 400_000
    assert text.count("```mermaid") == MAX_CHARTS
    assert text.count("<details open>") == OPEN_CHARTS
    assert 0 < text.count("🟡 changed") <= MAX_DAGS
    assert "950 more are in the report file." in text


def test_the_widest_chart_stays_below_mermaids_limit():
    wide = "😀" * 100
    tasks = [task(f"{wide}{n}", tuple(Change)[n % 4], group=f"{wide}{n}") for n in range(500)]
    edges = [edge(a.id, b.id, NEW) for a in tasks[:60] for b in tasks[:60]]
    picture = chart(changed(*tasks, edges=tuple(edges)))

    assert picture is not None
    assert len(picture.mermaid.encode()) < MAX_CHARACTERS


def test_a_long_row_goes_from_top_to_bottom_and_a_short_one_from_left_to_right():
    def direction(length):
        tasks = [task(f"t{n:02}", NEW) for n in range(length)]
        edges = [edge(f"t{n:02}", f"t{n + 1:02}", NEW) for n in range(length - 1)]
        picture = chart(changed(*tasks, edges=tuple(edges)))
        return picture and re.findall("flowchart (LR|TB)", picture.mermaid)

    assert direction(6) == ["LR"]
    assert direction(7) == ["TB"]


def test_groups_that_wait_for_each_other_are_drawn():
    tasks = [task(f"g{n % 2}.t{n:02}", NEW, group=f"g{n % 2}") for n in range(80)]
    edges = [edge(a.id, b.id) for a, b in pairwise(tasks)]
    picture = chart(changed(*tasks, edges=tuple(edges)))

    assert picture is not None
    assert [line for line in picture.mermaid.splitlines() if "->" in line] == ["  n0 --> n1", "  n1 --> n0"]
