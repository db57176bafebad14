"""The findings of the checks as SARIF 2.1.0, within the limits of GitHub's code scanning.

The limits and required properties are those of GitHub's pages "SARIF support for code scanning" and "SARIF results
exceed one or more limits": 25,000 results a run of which the worst 5,000 are kept, 10 MB of gzip, 1,024 characters of
description, and for each result a rule, a message and a location that is a file.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from mwaa_deploy.checks.verdicts import CheckReport, Severity
from mwaa_deploy.report.findings import Finding, findings
from mwaa_deploy.report.plain_text import cut, cut_middle, one_line, printable
from mwaa_deploy.report.rule_texts import rule_text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
INFORMATION_URI = "https://docs.aws.amazon.com/mwaa/latest/userguide/best-practices-dependencies.html"
"""What the checks are about; a copy of the action has no address of its own that would be the same for everybody."""

MAX_RESULTS = 5_000
"""More are accepted and dropped (github/docs, sarif-limits); those that are dropped had better be ours to choose."""

MAX_BYTES = 8_000_000
"""Of results and rules before compression, so that 10 MB of gzip cannot be reached whatever the messages hold."""

_MESSAGE, _EVIDENCE, _DESCRIPTION, _NAME, _RULE = 1_000, 2_000, 1_024, 255, 100
_LEVELS = {Severity.FAIL: "error", Severity.WARN: "warning"}
_LINK_LIKE = re.compile(r"\]\(")
_NOT_ID = re.compile(r"[^A-Za-z0-9._/-]+")


@dataclass(frozen=True, kw_only=True)
class FallbackFiles:
    """Where a verdict without a location is shown: code scanning shows nothing that has none, and no folder.

    A requirement for the whole file belongs to that file. What is about the run itself (a runner that died, tests that
    took too long) is set in mwaa-deploy.yml, or else in the workflow that asks for the check; both are files of the
    repository that the one who mends it has to open.

    Attributes:
        by_check: path in the repository by the check's name.
        other: path for all other checks.
    """

    by_check: Mapping[str, str] = field(default_factory=dict)
    other: str = "mwaa-deploy.yml"

    def of(self, check: str) -> str:
        """The file for a check's verdicts."""
        return self.by_check.get(check, self.other)


def sarif_log(report: CheckReport, *, version: str, target: str, fallback: FallbackFiles) -> dict[str, Any]:
    """A run for each check that ran, with every failure as an error and every warning as a warning.

    A check that did not run has no run here, and each has a category of its own: code scanning takes what is missing
    from a category's newest analysis for mended, and would close the findings of a check that was left out.

    Args:
        report: the verdicts.
        version: our own.
        target: what people call the target; analyses of different targets stand side by side on GitHub.
        fallback: where verdicts without a location are shown.
    """
    ran = [result for result in report.results if result.skipped is None]
    found = findings(report)
    budget = MAX_BYTES // max(1, len({finding.check for finding in found}))
    runs = []
    for result in ran:
        own = [finding for finding in found if finding.check == result.check]
        listed = _Listed(result.check)
        for finding in own[:MAX_RESULTS]:
            if not listed.add(finding, fallback, budget):
                break
        left_out = len(own) - len(listed.results)
        runs.append(
            {
                "tool": {
                    "driver": {
                        "name": "mwaa-deploy",
                        "semanticVersion": version,
                        "version": version,
                        "informationUri": INFORMATION_URI,
                        "rules": listed.rules,
                    }
                },
                "automationDetails": {"id": f"mwaa-deploy/{_identifier(target) or 'project'}/{result.check}/"},
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
                "columnKind": "utf16CodeUnits",
                "invocations": [_invocation(left_out)],
                "results": listed.results,
                "properties": {"runner": printable(report.runner), "findings": len(own), "leftOut": left_out},
            }
        )
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _invocation(left_out: int) -> dict[str, Any]:
    # The check ran; that it found something is not a failure of the tool.
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if left_out:
        text = f"{left_out} finding(s), none worse than those here, are left out; report.json has all."
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    return invocation


class _Listed:
    """The results of one run and the rules they name, as long as they fit."""

    def __init__(self, check: str) -> None:
        self.results: list[dict[str, Any]] = []
        self.rules: list[dict[str, Any]] = [_descriptor(_identifier(check), check, "")]
        self._index: dict[str, int] = {_identifier(check): 0}
        self._bytes = 0

    def add(self, finding: Finding, fallback: FallbackFiles, budget: int) -> bool:
        """List a finding; False if `budget` bytes do not hold it too."""
        identifier = _identifier(finding.rule_id)
        new = identifier not in self._index
        rule = _descriptor(identifier, finding.check, finding.verdict.rule) if new else {}
        index = self._index.get(identifier, len(self.rules))
        result = _result(finding, identifier, index, fallback)
        self._bytes += len(json.dumps(rule)) + len(json.dumps(result))
        if self._bytes > budget:
            return False
        if new:
            self._index[identifier] = index
            self.rules.append(rule)
        self.results.append(result)
        return True


def _descriptor(identifier: str, check: str, rule: str) -> dict[str, Any]:
    text = rule_text(one_line(check), cut(one_line(rule), _RULE))
    return {
        "id": identifier,
        "name": identifier,
        "shortDescription": {"text": _message(text.short, _DESCRIPTION)},
        "fullDescription": {"text": _message(text.full, _DESCRIPTION)},
        "help": {"text": _message(text.help, _DESCRIPTION)},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["airflow", "mwaa"], "precision": "very-high", "problem.severity": "error"},
    }


def _result(finding: Finding, identifier: str, index: int, fallback: FallbackFiles) -> dict[str, Any]:
    verdict, location = finding.verdict, finding.verdict.location
    file = location.file if location else fallback.of(finding.check)
    properties = {"subject": cut(printable(verdict.subject), _NAME)}
    if verdict.evidence:
        properties["evidence"] = cut_middle(printable(verdict.evidence), _EVIDENCE)
    return {
        "ruleId": identifier,
        "ruleIndex": index,
        "level": _LEVELS[verdict.severity],
        "message": {"text": _message(f"{one_line(verdict.subject)}: {verdict.message}", _MESSAGE)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _relative_uri(file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": max(1, (location.line if location else None) or 1)},
                }
            }
        ],
        # Not primaryLocationLineHash: the upload action adds it from the file, and warns about any other value than
        # its own (github/codeql-action#4052). Ours holds no line number, so that a line that moves is the same finding.
        "partialFingerprints": {"mwaaDeployVerdict/v1": _fingerprint(finding, file)},
        "properties": properties,
    }


def _fingerprint(finding: Finding, file: str) -> str:
    parts = (finding.check, finding.verdict.rule, finding.verdict.subject, file)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _message(text: str, limit: int) -> str:
    """Plain text as SARIF wants it (2.1.0, 3.11.5 and 3.11.6): braces doubled, and brackets that look like a link kept.

    Escaping makes it longer, so the limit is kept afterwards, where the cut may not part a pair.
    """
    text = printable(text).strip() or "(no message)"
    budget = limit
    while True:
        escaped = _escape(cut(text, budget))
        if len(escaped) <= limit:
            return escaped
        budget -= max(1, (len(escaped) - limit + 1) // 2)


def _escape(text: str) -> str:
    text = text.replace("{", "{{").replace("}", "}}")
    if _LINK_LIKE.search(text):
        text = re.sub(r"([\\\[\]])", r"\\\1", text)
    return text


def _relative_uri(file: str) -> str:
    """A path of the repository as a relative reference; its bytes are those of the file's name."""
    try:
        name = os.fsencode(file)
    except UnicodeEncodeError:
        name = file.encode("utf-8", "replace")
    # quote keeps '/'. A colon in the first part would make it a scheme; it is encoded like all else.
    return quote(name.lstrip(b"/")) or "mwaa-deploy.yml"


def _identifier(text: str) -> str:
    return _NOT_ID.sub("-", text).strip("-")[:_NAME]
