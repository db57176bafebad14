"""JUnit XML of all checks."""

import xml.etree.ElementTree as ET

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.report.junit import MAX_EVIDENCE, junit_xml
from tests.unit.report.samples import HOSTILE, hostile_report, mixed_report, report, verdict


def parse(found):
    return ET.fromstring(junit_xml(found))  # noqa: S314 -- what we have just written


def test_a_suite_for_each_check_with_its_counts():
    root = parse(mixed_report())
    names = ("name", "tests", "failures", "errors", "skipped", "time")
    assert [[suite.get(name) for name in names] for suite in root] == [
        ["startup-script", "1", "0", "0", "1", "0.000"],
        ["requirements", "2", "1", "0", "0", "4.250"],
        ["dag-rules", "2", "1", "0", "0", "0.500"],
    ]
    assert [root.get(name) for name in names[1:]] == ["5", "2", "0", "1", "4.750"]


def test_the_counts_are_those_of_the_cases():
    for found in (mixed_report(), hostile_report()):
        for suite in parse(found):
            assert suite.get("tests") == str(len(suite.findall("testcase")))
            assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
            assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))


def test_a_failure_has_message_evidence_file_and_line():
    root = parse(report(verdict(message="No tags.", file="dags/a.py", line=3, rule="tags", evidence="shown\nhere")))
    (case,) = root.iter("testcase")
    assert case.attrib == {
        "classname": "mwaa-deploy.dag-import",
        "name": "dags/a.py [tags]",
        "time": "0",
        "file": "dags/a.py",
        "line": "3",
    }
    (failure,) = case
    assert failure.attrib == {"message": "No tags.", "type": "tags"}
    assert failure.text == "No tags.\n\nshown\nhere"


def test_a_warning_passes_and_says_so():
    (case,) = parse(report(verdict(Severity.WARN, message="Slow.", evidence="0.7 s"))).iter("testcase")
    assert [child.tag for child in case] == ["system-out"]
    assert case.findtext("system-out") == "warning: Slow.\n0.7 s"


def test_a_check_that_did_not_run_is_skipped_with_its_reason():
    suite = parse(mixed_report())[0]
    assert suite.find("testcase/skipped").get("message") == "None of the 3 files changed concerns it."


def test_why_a_check_ran_is_told():
    properties = {p.get("name"): p.get("value") for p in parse(mixed_report())[1].iter("property")}
    assert properties == {"runner": "a fake runner", "why": "requirements.txt changed."}


def test_cases_of_one_name_are_told_apart():
    names = [case.get("name") for case in parse(report(verdict(), verdict(), verdict(Severity.PASS))).iter("testcase")]
    assert names == ["dags/a.py", "dags/a.py (2)", "dags/a.py (3)"]


def test_any_text_makes_a_document_that_parses():
    cases = list(parse(hostile_report()).iter("testcase"))
    assert len(cases) == 3 * len(HOSTILE) + 1
    assert cases[0].get("file").startswith("::set-output")
    assert "\x1b" not in junit_xml(hostile_report()).decode("utf-8")


def test_markup_in_evidence_comes_back_as_it_was():
    text = "<b>&amp; ]]> \t é 😀"
    assert parse(report(verdict(evidence=text))).find(".//failure").text.endswith(text)


def test_much_evidence_loses_its_middle():
    failure = parse(report(verdict(evidence="a" * 1_000_000 + "end"))).find(".//failure")
    assert len(failure.text) < MAX_EVIDENCE + 200
    assert "characters left out" in failure.text
    assert failure.text.endswith("end")
