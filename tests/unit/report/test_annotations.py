"""Annotations within GitHub's limits."""

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity
from mwaa_deploy.report.annotations import MAX_ANNOTATIONS, MAX_MESSAGE, check_annotations
from mwaa_deploy.report.plain_text import utf16_length
from tests.unit.report.samples import hostile_report, mixed_report, report, verdict


def many(number, severity=Severity.FAIL):
    return [verdict(severity, subject=f"{severity}-{n}", file=f"dags/{severity}.py", line=n + 1) for n in range(number)]


def test_the_worst_first_and_one_for_each_place():
    first, second = check_annotations(mixed_report())
    assert first.severity is Severity.FAIL
    assert first.title == "requirements: requirements.txt"
    assert first.message == "pip took more than 9 minutes."
    assert first.file is None
    assert second.severity is Severity.FAIL
    assert second.title == "2 findings: dag-rules/tags, dag-rules/owner"
    assert second.message == "dag-rules/tags: dags/a.py: No tags.\ndag-rules/owner: dags/a.py: No owner."
    assert (second.file, second.line) == ("dags/a b.py", 3)


def test_verdicts_without_a_place_are_not_thrown_together():
    assert len(check_annotations(report(verdict(), verdict()))) == 2


def test_ten_of_a_kind_are_all_shown():
    found = check_annotations(report(*many(10), *many(10, Severity.WARN)))
    assert [a.severity for a in found] == [Severity.FAIL] * 10 + [Severity.WARN] * 10
    assert not any("more" in a.title for a in found)


def test_of_more_the_last_counts_the_rest_and_says_where_it_is():
    found = check_annotations(report(*many(11, Severity.WARN), *many(46)))
    failures, warnings = found[:10], found[10:]
    assert [a.severity for a in failures] == [Severity.FAIL] * MAX_ANNOTATIONS
    assert [a.severity for a in warnings] == [Severity.WARN] * MAX_ANNOTATIONS
    assert failures[-1].title == "… and 37 more failures"
    assert failures[-1].message.startswith("… and 37 more failures: see the summary")
    assert warnings[-1].title == "… and 2 more warnings"


def test_the_rest_counts_verdicts_and_not_places():
    twice = [verdict(subject=str(n), file="dags/a.py", line=n // 2) for n in range(40)]
    assert check_annotations(report(*twice))[-1].title == "… and 22 more failures"


def test_what_was_annotated_before_takes_room():
    found = check_annotations(report(*many(5)), {Severity.FAIL: 3})
    assert [a.title for a in found][-1] == "… and 3 more failures"
    assert len(found) == 3
    assert [a.title for a in check_annotations(report(*many(5)), {Severity.FAIL: 0})] == ["5 failures"]


def test_a_message_is_cut_where_the_runner_would_cut_it():
    for text in ("x" * 10_000, "😀" * 10_000):
        (found,) = check_annotations(report(verdict(message=text)))
        assert MAX_MESSAGE - 1 <= utf16_length(found.message) <= MAX_MESSAGE
        assert found.message.endswith("…")


def test_titles_are_one_line_whatever_they_hold():
    for annotation in check_annotations(hostile_report()):
        assert "\n" not in annotation.title
        assert "\x1b" not in annotation.title + annotation.message
        assert len(annotation.title) <= 255


def test_what_passed_is_no_annotation():
    passed = CheckResult(check="a", verdicts=(verdict(Severity.PASS),))
    skipped = CheckResult(check="b", skipped="No.")
    assert check_annotations(CheckReport(runner="r", differences=(), results=(passed, skipped))) == ()
