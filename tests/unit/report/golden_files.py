"""What people read in each of the situations, kept in the folder `golden` so that a change of words is seen as such.

After a change that is meant: `python -m tests.unit.report.golden_files`, then read what git shows as changed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.as_json import report_document
from mwaa_deploy.report.comment import Remembered, remember, render_comment
from mwaa_deploy.report.comment_facts import CommentFacts, read_facts
from mwaa_deploy.report.summary import render_summary
from tests.fixtures.situations import SITUATIONS, situation

FOLDER = Path(__file__).with_name("golden")
RENEW = "python -m tests.unit.report.golden_files"


def golden_texts() -> Iterator[tuple[str, str]]:
    """The name of each file, and what belongs into it."""
    for found in SITUATIONS:
        yield f"{found.name}.summary.md", render_summary(found.journal)
        if found.journal.mode is Mode.PLAN:
            yield f"{found.name}.comment.md", comment_on(found.journal)
    # The next push: what was wrong is mended, and there is a plan now.
    before = replace(_remembered(_facts(situation("check-dag-import").journal)), head="4" * 40)
    yield "pull-request-next-push.comment.md", comment_on(situation("pull-request").journal, before)


def comment_on(journal: Journal, before: Remembered | None = None) -> str:
    """The comment that the run leaves on its pull request; what it remembers is packed, and left out here."""
    facts = _facts(journal)
    text = render_comment(facts, _remembered(facts), before=before, run_url=journal.run_url)
    return re.sub(r"(<!-- mwaa-deploy state) .*(-->)", r"\1 … \2", text) + "\n"


def _facts(journal: Journal) -> CommentFacts:
    return read_facts(json.loads(json.dumps(report_document(journal))))


def _remembered(facts: CommentFacts) -> Remembered:
    return remember(facts, run=1, attempt=1)


def main() -> None:
    """Write all of them, and take away those of situations that are gone."""
    texts = dict(golden_texts())
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.iterdir():
        if file.name not in texts:
            file.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
