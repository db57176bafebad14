"""The checks in the step summary."""

import re

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.checks_markdown import LIST_BYTES, Source, checks_section
from mwaa_deploy.report.summary import render_summary
from mwaa_deploy.source.changes import Base, Changes
from tests.unit.report.samples import HOSTILE, hostile_report, mixed_report, report, verdict

SOURCE = Source(url=f"https://github.com/acme/dags/blob/{'a' * 40}")


def section(found, source=SOURCE):
    return checks_section(found, source)


def test_each_check_has_its_counts_its_time_and_why_it_ran_or_did_not():
    rows = [line for line in section(mixed_report()).splitlines() if line.startswith("| ")]
    assert rows[2:] == [
        "| ⏭️ startup-script |  |  | not run: None of the 3 files changed concerns it. |",
        "| ❌ requirements | 1 failed, 1 passed | 4.2 s | requirements.txt changed. |",
        "| ❌ dag-rules | 1 failed, 1 warned | 0.5 s |  |",
    ]


def test_one_list_the_worst_first_with_evidence_folded():
    text = section(mixed_report())
    entries = [line for line in text.splitlines() if "<b>" in line]
    assert [entry.partition("<sub>")[2].partition("<")[0] for entry in entries] == [
        "requirements",
        "dag-rules/tags",
        "dag-rules/owner",
    ]
    assert entries[0].startswith("<details><summary>❌ <b>requirements.txt</b>: pip took")
    assert "```text\npip says\nno\n```" in text
    assert entries[1].startswith("❌ <b>dags/a.py</b> <a href=")


def test_file_and_line_are_a_link_to_the_commit():
    link = f'<a href="https://github.com/acme/dags/blob/{"a" * 40}/dags/a%20b.py#L3"><code>dags/a b.py:3</code></a>'
    assert link in section(mixed_report())
    assert "<a " not in section(mixed_report(), Source())
    assert "<code>dags/a b.py:3</code>" in section(mixed_report(), Source())


def test_the_link_is_made_from_what_the_journal_knows():
    journal = Journal(mode=Mode.CHECK, checks=mixed_report(), run_url="https://github.com/acme/dags/actions/runs/7")
    assert "<a " not in render_summary(journal)
    journal.changes = Changes(base=Base(sha=None, reason="none"), head="a" * 40)
    assert f'href="{SOURCE.url}/dags/a%20b.py#L3"' in render_summary(journal)


def test_500_failing_tests_with_long_tracebacks_fit_by_construction():
    failures = [
        verdict(subject=f"tests/test_{n}.py::test", message="_" * 1_000, evidence="😀" * 10_000, file="t.py", line=n)
        for n in range(500)
    ]
    warnings = [verdict(Severity.WARN, subject=f"w{n}", message="*" * 1000) for n in range(2_000)]
    text = section(report(*warnings, *failures))
    assert len(text.encode()) < LIST_BYTES + 10_000
    assert text.count("<details>") == text.count("</details>") > 10
    shown = text.count("❌ <b>")
    assert 10 < shown < 500
    assert f"… and {2_500 - shown} more, {500 - shown} of them failed" in text
    assert "⚠️ <b>" not in text


def test_findings_with_much_evidence_leave_room_for_others_without():
    text = section(report(*(verdict(subject=str(n), evidence="x" * 10_000) for n in range(200))))
    assert text.count("❌ <b>") == 200
    assert 50 < text.count("<details>") < 100


def test_hostile_text_is_no_markup():
    text = section(hostile_report())
    outside = re.sub(r"^(`{3,})text\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    tags = re.findall(r"<(/?[^ >]*)", outside)
    assert set(tags) <= {
        "details",
        "/details",
        "summary",
        "/summary",
        "b",
        "/b",
        "code",
        "/code",
        "sub",
        "/sub",
        "a",
        "/a",
    }
    assert outside.count("<details>") == outside.count("</details>")
    addresses = re.findall(r'href="([^"]*)"', outside)
    assert addresses
    assert all(re.fullmatch(re.escape(f"{SOURCE.url}/") + r"[\w/.%~#-]+", address) for address in addresses)
    assert "@team" not in outside
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", text)
    # A row of the table stays one row.
    assert len([line for line in text.splitlines() if line.startswith("| ")]) == 4
    assert text.count("❌ <b>") == len(HOSTILE)
