"""The verdicts of all checks as JUnit XML: a suite for each check, a case for each verdict."""

import xml.etree.ElementTree as ET
from collections import Counter

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity, Verdict
from mwaa_deploy.report.plain_text import cut, cut_middle, one_line, xml_text

MAX_EVIDENCE = 65_536
"""Characters of evidence kept of one verdict; consumers read the file whole into memory."""

_MESSAGE = 1_000


def junit_xml(report: CheckReport) -> bytes:
    """The whole report as a UTF-8 document.

    The form is the one that pytest's `junit_family=xunit1`, Jenkins, GitLab and GitHub's test reporters have in
    common: counts and time on every suite, file and line on the case. A warning is a case that passed and says so in
    its output, for JUnit knows none; a check that did not run is one skipped case with the reason.
    """
    root = ET.Element("testsuites", name="mwaa-deploy")
    for result in report.results:
        root.append(_suite(result, report.runner))
    suites = list(root)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _seconds(sum(result.seconds for result in report.results)))
    ET.indent(root, space=" ")
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _suite(result: CheckResult, runner: str) -> ET.Element:
    skipped = result.skipped is not None
    suite = ET.Element(
        "testsuite",
        name=xml_text(result.check),
        tests=str(1 if skipped else len(result.verdicts)),
        failures=str(len(result.failures)),
        errors="0",
        skipped="1" if skipped else "0",
        time=_seconds(result.seconds),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("runner", runner), ("why", result.why)):
        if value:
            ET.SubElement(properties, "property", name=name, value=xml_text(value))
    if result.skipped is not None:
        case = ET.SubElement(suite, "testcase", classname=f"mwaa-deploy.{result.check}", name=result.check, time="0")
        ET.SubElement(case, "skipped", message=xml_text(result.skipped))
        return suite
    seen: Counter[str] = Counter()
    suite.extend(_case(result.check, verdict, seen) for verdict in result.verdicts)
    return suite


def _case(check: str, verdict: Verdict, seen: Counter[str]) -> ET.Element:
    name = one_line(f"{verdict.subject} [{verdict.rule}]" if verdict.rule else verdict.subject) or check
    seen[name] += 1
    if seen[name] > 1:
        # Consumers tell cases apart by class and name, and would show one of them only.
        name = f"{name} ({seen[name]})"
    case = ET.Element("testcase", classname=xml_text(f"mwaa-deploy.{check}"), name=xml_text(name), time="0")
    if verdict.location is not None:
        case.set("file", xml_text(verdict.location.file))
        case.set("line", str(verdict.location.line or 1))
    evidence = cut_middle(xml_text(verdict.evidence), MAX_EVIDENCE)
    message = xml_text(one_line(verdict.message))
    if verdict.severity is Severity.FAIL:
        failure = ET.SubElement(case, "failure", message=cut(message, _MESSAGE), type=xml_text(verdict.rule or check))
        failure.text = f"{message}\n\n{evidence}" if evidence else message
    elif verdict.severity is Severity.WARN:
        ET.SubElement(case, "system-out").text = f"warning: {message}\n{evidence}"
    return case


def _seconds(value: float) -> str:
    return f"{max(0.0, value):.3f}"
