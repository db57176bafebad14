"""What ended the run, as Markdown: what failed, what it usually means, how to mend it, and what that leaves behind."""

import re
from collections.abc import Iterator
from itertools import groupby
from textwrap import dedent

from mwaa_deploy.checks.verdicts import CheckReport
from mwaa_deploy.errors import ChecksFailed, MwaaDeployError
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.findings import failed_checks, total
from mwaa_deploy.report.markdown import block, escape, prose
from mwaa_deploy.report.plain_text import cut_middle

_MEND_CHARACTERS = 4_000

# A sentence begins with a capital, has several words and ends as sentences do; commands, JSON and YAML do not.
_SENTENCE = re.compile(r"[A-Z]['\w-]* .*[.:]")


def error_section(journal: Journal) -> str:
    """The error that the journal holds. Under the headline, so that it is read without scrolling."""
    error = journal.error
    if not isinstance(error, MwaaDeployError):
        return f"{block(f'{type(error).__name__}: {error}')}\n\nThe log has what a bug report needs."
    if isinstance(error, ChecksFailed) and journal.checks is not None and failed_checks(journal.checks):
        return "\n\n".join((_failed_checks(journal), left_behind(journal)))
    lines = [prose(error.what)]
    if error.meaning:
        lines.append(f"**What it usually means.** {escape(error.meaning, limit=1000)}")
    if error.mend:
        lines.append(f"**To mend it:**\n\n{mend_markdown(error.mend)}")
    return "\n\n".join((*lines, left_behind(journal)))


def mend_markdown(text: str) -> str:
    """Sentences as such, and what is to be pasted in blocks of its own."""
    return "\n\n".join(block(part) if pasted else prose(part) for pasted, part in mend_parts(text))


def mend_parts(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of an advice, each with whether it is to be pasted; sentences are not."""
    shown = cut_middle(text.strip("\n"), _MEND_CHARACTERS).splitlines()
    for told, lines in groupby(shown, lambda line: bool(_SENTENCE.fullmatch(line.rstrip()))):
        found = "\n".join(lines)
        yield (False, found) if told else (True, dedent(found))


def left_behind(journal: Journal) -> str:
    """How the target was left, a sentence; no Markdown in it."""
    if journal.rolled_itself_back:
        return "What was live before is live again, and its record says so."
    if journal.deployed:
        return "The record was left as it was: the next run repeats what is missing, and nothing is lost."
    if journal.mode is Mode.DRIFT:
        return "This run has only looked."
    return "Nothing at the target has been changed."


def what_failed(checks: CheckReport) -> str:
    """Which checks failed, and what all of them found together; plain text."""
    failed = failed_checks(checks)
    names = " and ".join(filter(None, (", ".join(failed[:-1]), failed[-1])))
    return f"{names}. All in all: {total(checks)}."


def _failed_checks(journal: Journal) -> str:
    assert journal.checks is not None  # noqa: S101 -- asked before
    return (
        f"**What failed:** {escape(what_failed(journal.checks))}\n\n"
        "**To mend it:** each finding under *Checks* names file and line; open it to see what the tool said. "
        "`mwaa-deploy check` asks the same on your machine."
    )
