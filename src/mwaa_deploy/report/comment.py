"""The comment on a pull request: short, the same one for every push, with what has changed since the last."""

import base64
import binascii
import hashlib
import json
import re
import zlib
from dataclasses import dataclass

from mwaa_deploy.checks.dag_difference import Change
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.report.comment_facts import CommentFacts, ToldDag, ToldFinding, ToldPlan
from mwaa_deploy.report.findings import WORDS
from mwaa_deploy.report.markdown import block, code, details, escape, table
from mwaa_deploy.report.plan_words import OPERATION_WORDS, cost_text
from mwaa_deploy.report.story import HEADLINES

SHOWN = 15
"""Findings and operations that are shown; the rest is counted, and in the report."""

_NAMED = 5
"""DAGs that are named of each kind."""

_REMEMBERED = 500
"""Findings that a comment remembers for the next one."""

_LARGEST_STATE = 64 * 1024
_STATE = re.compile(r"<!-- mwaa-deploy state ([A-Za-z0-9+/=]{1,60000}) -->\s*\Z")
_MARKS = {Severity.FAIL: "❌", Severity.WARN: "⚠️"}


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What a comment says to the one that takes its place.

    Attributes:
        run: number of the workflow run that wrote it.
        attempt: of that run.
        head: SHA that it is about; '' if that was not known.
        findings: keys of the findings.
        plan: digest of the plan; '' if there was none.
    """

    run: int
    attempt: int
    head: str
    findings: frozenset[str]
    plan: str


def marker(subject: str) -> str:
    """The first line of each comment about a target, by which it is found again. People do not see it."""
    return f"<!-- mwaa-deploy comment {hashlib.sha256(subject.encode(errors='replace')).hexdigest()[:16]} -->"


def remember(facts: CommentFacts, *, run: int, attempt: int) -> Remembered:
    """What a comment with these facts leaves for the next one."""
    return Remembered(
        run=run,
        attempt=attempt,
        head=facts.head,
        findings=frozenset(finding.key for finding in facts.findings[:_REMEMBERED]),
        plan=facts.plan.digest if facts.plan else "",
    )


def read_remembered(body: str) -> Remembered | None:
    """What a comment left; None if it left nothing that can be read, as somebody may have edited it."""
    found = _STATE.search(body)
    if found is None:
        return None
    try:
        unpacker = zlib.decompressobj()
        document = unpacker.decompress(base64.b64decode(found[1], validate=True), _LARGEST_STATE)
        read = fields(parse_result(document), run=int, attempt=int, head=str, findings=list, plan=str)
    except (ForeignResult, binascii.Error, zlib.error):
        return None
    return Remembered(**{**read, "findings": frozenset(map(str, read["findings"]))})


def render_comment(facts: CommentFacts, now: Remembered, *, before: Remembered | None, run_url: str) -> str:
    """The whole comment as Markdown, far below GitHub's 65,536 characters.

    Args:
        facts: what is told.
        now: what it leaves.
        before: what the comment in its place left, if there was one.
        run_url: where the whole report is.
    """
    parts = [marker(facts.subject), _head(facts)]
    if before is not None and before.head and before.head != facts.head:
        parts.append(_since(facts, now, before))
    if facts.error is not None and not facts.findings:
        parts.append(block(facts.error.what, limit=1500))
        parts += [f"**To mend it:**\n\n{block(facts.error.mend, limit=1500)}"] if facts.error.mend else []
    new = now.findings - before.findings if before is not None else frozenset()
    if facts.findings:
        parts.append(_findings(facts.findings, new))
    if facts.dags:
        parts.append(_dags(facts.dags))
    if facts.plan is not None:
        parts.append(_plan(facts.plan))
    parts += [f"> ⚠️ {escape(note, limit=400)}" for note in facts.notes[:5]]
    parts.append(f"[The whole report, with its log]({run_url})")
    return "\n\n".join([*parts, _state(now)])


def _head(facts: CommentFacts) -> str:
    subject = f" — {escape(facts.subject, limit=100)}" if facts.subject not in {"", "."} else ""
    title = escape(facts.error.title, limit=100) if facts.error else ""
    headline = f"❌ {title}" if facts.error else HEADLINES.get(facts.result, "✅ Done")
    commit = f"Commit {code(facts.head[:12])}: " if facts.head else ""
    return f"### {headline}{subject}\n\n{commit}{_counted(facts)}."


def _counted(facts: CommentFacts) -> str:
    if not facts.checked:
        return "the checks did not run"
    severities = [finding.severity for finding in facts.findings]
    told = [f"{severities.count(one)} {WORDS[one]}" for one in (Severity.FAIL, Severity.WARN) if one in severities]
    told += [f"{facts.passed} passed"] if facts.passed or not told else []
    told += [f"{len(facts.skipped)} check(s) not run"] if facts.skipped else []
    return ", ".join(told)


def _since(facts: CommentFacts, now: Remembered, before: Remembered) -> str:
    gone, new = len(before.findings - now.findings), len(now.findings - before.findings)
    told = [f"{gone} finding(s) gone" if gone else "", f"{new} new" if new else ""]
    findings = ", ".join(filter(None, told)) or "the same findings" if facts.checked else "not checked"
    plan = "" if now.plan == before.plan else "; the plan has changed" if now.plan else "; there is no plan now"
    same_plan = "; the same plan" if now.plan and now.plan == before.plan else ""
    return f"**Since {code(before.head[:12])}**: {findings}{plan}{same_plan}."


def _findings(findings: tuple[ToldFinding, ...], new: frozenset[str]) -> str:
    lines = [_finding(finding, is_new=finding.key in new) for finding in findings[:SHOWN]]
    if len(findings) > SHOWN:
        lines.append(f"- … and {len(findings) - SHOWN} more in the report")
    return "\n".join(lines)


def _finding(finding: ToldFinding, *, is_new: bool) -> str:
    place = f"{code(finding.place, limit=200)} " if finding.place else ""
    fresh = "🆕 " if is_new else ""
    told = escape(finding.message, limit=400)
    return f"- {_MARKS[finding.severity]} {fresh}{place}{told} ({escape(finding.check, limit=80)})"


def _dags(dags: tuple[ToldDag, ...]) -> str:
    told = []
    for change in (Change.NEW, Change.CHANGED, Change.REMOVED):
        named = [dag.id for dag in dags if dag.change is change]
        shown = ", ".join(code(name, limit=60) for name in named[:_NAMED])
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        told += [f"{len(named)} {change} ({shown}{more})"] if named else []
    return f"**DAGs.** {'; '.join(told)}."


def _plan(plan: ToldPlan) -> str:
    if plan.empty:
        return "**Plan.** There is nothing to deploy: the target holds this content already."
    rows = [
        (f"<b>{OPERATION_WORDS[one.kind]}</b>", escape(one.part, limit=40), escape(one.reason, limit=300))
        for one in plan.operations[:SHOWN]
    ]
    unseen = " The target was not looked at: this is what git knows." if plan.offline else ""
    title = f"<b>Plan.</b> {cost_text(plan.expected_minutes, plan.disruption)}{unseen}"
    return details(title, table(("operation", "part", "why"), rows))


def _state(now: Remembered) -> str:
    plain = {
        "run": now.run,
        "attempt": now.attempt,
        "head": now.head,
        "findings": sorted(now.findings),
        "plan": now.plan,
    }
    packed = base64.b64encode(zlib.compress(json.dumps(plain).encode(), 9)).decode("ascii")
    return f"<!-- mwaa-deploy state {packed} -->"
