"""Links lead somewhere, and every document is linked."""

import re

import pytest

from tests.unit.docs.documents import DOCUMENTS, ROOT, anchors, link_problems, links


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_anchors(file):
    assert link_problems(file, file.read_text(encoding="utf-8")) == []


def test_every_document_is_reached_from_the_readme():
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        file = ahead.pop()
        if file in reached or file.suffix != ".md":
            continue
        reached.add(file)
        for _, address in links(file.read_text(encoding="utf-8")):
            target = (file.parent / re.sub(r"#.*", "", address)).resolve()
            ahead += (
                [target] if target.is_file() else [target / "README.md"] if (target / "README.md").is_file() else []
            )
    assert sorted(path.name for path in {*DOCUMENTS} - reached) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[x](docs/nowhere.md)", "line 1: there is no docs/nowhere.md"),
        ("\n[x](docs/checks.md#nowhere)", "line 2: docs/checks.md has no anchor #nowhere"),
        ("# Here\n[x](#there)", "line 2: this document has no anchor #there"),
        ("![picture](docs/nothing.png)", "line 1: there is no docs/nothing.png"),
        ('<img alt="" src="docs/nothing.svg">', "line 1: there is no docs/nothing.svg"),
        ("[x](../elsewhere)", "line 1: there is no ../elsewhere"),
        ("```text\n[x](nowhere.md)\n```\n[y](nowhere.md)", "line 4: there is no nowhere.md"),
        ("[a `b`\nc](nowhere.md)", "line 2: there is no nowhere.md"),
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(text, problem):
    assert link_problems(ROOT / "README.md", text) == [problem]


def test_links_elsewhere_and_in_code_are_left_alone():
    assert link_problems(ROOT / "README.md", "[x](https://example.org) `[y](z.md)` [c](mailto:a@b.c)") == []


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("## Who may assume the role", "who-may-assume-the-role"),
        ("## `mode: plan`, and why", "mode-plan-and-why"),
        ("### What [AWS](https://aws.amazon.com) says", "what-aws-says"),
        ("# plugins_dir — née 2.10.3", "plugins_dir--née-2103"),
        ("## Closed ##", "closed"),
    ],
)
def test_headings_have_the_anchors_of_github(heading, anchor):
    assert anchors(heading) == {anchor}


def test_a_second_heading_of_the_same_name_is_numbered():
    assert anchors('# A\n## A\n## A\n<a id="own"></a>\n```text\n# no\n```') == {"a", "a-1", "a-2", "own"}
