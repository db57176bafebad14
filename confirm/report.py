"""What was found, as lines, as Markdown and as JSON. The texts are AWS's and GitHub's: none of them is trusted."""

import json
from collections import Counter
from collections.abc import Sequence

from confirm.finding import Finding, Verdict
from mwaa_deploy.report.markdown import code, escape, table
from mwaa_deploy.report.plain_text import cut, one_line

_MARKS = {Verdict.CONFIRMED: "✅", Verdict.FAILED: "❌", Verdict.NOT_TRIED: "❔"}
_LONGEST = 600


def line(finding: Finding) -> str:
    """As in 'confirmed      s3-etags (0.4 s): what was seen'."""
    told = cut(one_line(finding.told), _LONGEST)
    return f"{finding.verdict:<13}  {finding.confirmation.id} ({finding.seconds:.1f} s): {told}"


def count(findings: Sequence[Finding]) -> str:
    """As in '20 confirmed, 0 DOES NOT HOLD, 3 not tried'."""
    counted = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counted[verdict]} {verdict}" for verdict in Verdict)


def markdown(findings: Sequence[Finding], left: Sequence[str]) -> str:
    """The step summary."""
    rows = [
        (
            f"{_MARKS[finding.verdict]} {finding.verdict}",
            code(finding.confirmation.id),
            escape(finding.confirmation.row) + " …",
            escape(finding.told, limit=_LONGEST),
        )
        for finding in findings
    ]
    parts = [f"### What is taken on trust: {count(findings)}", table(("", "confirmation", "on trust", "seen"), rows)]
    parts += [f"> ⚠️ Left behind: {escape(text, limit=_LONGEST)}" for text in left]
    return "\n\n".join(parts) + "\n"


def as_json(findings: Sequence[Finding], left: Sequence[str]) -> str:
    """Everything, for programs."""
    confirmations = [
        {
            "id": finding.confirmation.id,
            "row": finding.confirmation.row,
            "verdict": finding.verdict,
            "told": finding.told,
            "seconds": round(finding.seconds, 1),
        }
        for finding in findings
    ]
    return json.dumps({"confirmations": confirmations, "left_behind": list(left)}, indent=2, ensure_ascii=False)
