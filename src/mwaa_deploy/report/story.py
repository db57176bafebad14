"""What a run came to, in words that every form of the report shares."""

import re
from collections.abc import Callable

from mwaa_deploy.bundle.template import ENVIRONMENT_TYPE
from mwaa_deploy.errors import MwaaDeployError
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.promotion import NO_CHECKS
from mwaa_deploy.report.plan_words import plan_cost

HEADLINES = {
    "passed": "✅ Checks passed",
    "planned": "✅ Checks passed; this is the plan",
    "deployed": "🚀 Deployed",
    "pushed": "📦 Runner image pushed",
    "rolled-back": "⏪ Rolled back",
    "unchanged": "✅ Nothing to deploy",
    "commented": "💬 Commented",
}
_PLANNED_PROMOTION = "✅ This is the plan of the promotion"
_NO_DRIFT = "✅ No drift"
_NOBODY_TO_TELL = "✅ Nothing to comment on"
_UP_TO_DATE = "✅ The runner image is up to date"


def headline(journal: Journal) -> str:
    """What happened, in a few words."""
    if journal.error is not None:
        title = journal.error.title if isinstance(journal.error, MwaaDeployError) else "Unexpected failure"
        return f"❌ {title}{'; rolled back' if journal.rolled_itself_back else ''}"
    if journal.mode is Mode.DRIFT:
        return _NO_DRIFT
    if journal.mode is Mode.COMMENT and journal.commented is None:
        return _NOBODY_TO_TELL
    if journal.mode is Mode.PLAN and journal.promotion is not None:
        return _PLANNED_PROMOTION
    if journal.image and not journal.image.pushed:
        return _UP_TO_DATE
    return HEADLINES[journal.result]


def meaning(journal: Journal, code: Callable[[str], str]) -> str:
    """What a run without an error means, a sentence or two.

    Args:
        code: how commits, references and digests are set.
    """
    if journal.image is not None:
        return f"{code(journal.image.reference)}, digest {code(journal.image.digest or 'unknown')}."
    if journal.mode is Mode.COMMENT:
        gone = "No open pull request is at the commit that was checked."
        return f"On pull request {journal.commented}." if journal.commented else gone
    if journal.mode is Mode.DRIFT:
        return "The target is as its last deployment left it."
    return _meaning_for_project(journal, code)


def _meaning_for_project(journal: Journal, code: Callable[[str], str]) -> str:
    head = f"Commit {code(journal.changes.head[:12])}" if journal.changes else "The commit"
    if journal.rollback is not None:
        head = f"Commit {code(journal.rollback.to.commit[:12])}"
    if journal.result == "unchanged":
        return f"{head} is what the target already holds: no upload, no change set executed, no environment update."
    if journal.result in {"deployed", "rolled-back"} and journal.outcome is not None:
        asked = " in the live Airflow" if journal.outcome.live and journal.outcome.live.verified else ""
        return f"{head} is live and verified{asked}; {_update(journal.outcome)}."
    if journal.result == "planned":
        checked = "" if journal.promotion is not None else f"{head} was checked. "
        cost = f" {plan_cost(journal.plan)}" if journal.plan is not None else ""
        return f"{checked}Nothing in AWS has been changed.{cost}"
    return f"{head} was checked. AWS was not asked."


def where_from(journal: Journal) -> list[str]:
    """Where the artefacts come from, if not from the checkout. The error tells of a roll-back that it led to."""
    promotion, rollback = journal.promotion, journal.rollback
    promoted = [f"{promotion.text} {NO_CHECKS}"] if promotion is not None else []
    return [*promoted, *([rollback.text] if rollback is not None and not journal.rolled_itself_back else [])]


def webserver_url(journal: Journal) -> str:
    """Where Airflow is opened, after a deployment; '' if that is not known, or no address."""
    host = (journal.environment.webserver_url or "") if journal.environment is not None else ""
    shown = journal.error is None and journal.deployed and re.fullmatch(r"[a-zA-Z0-9.-]+", host)
    return f"https://{host}" if shown else ""


def _update(outcome: Outcome) -> str:
    actions = [change.action for change in outcome.changes if change.resource_type == ENVIRONMENT_TYPE]
    if not outcome.environment_updated:
        return "no environment update"
    return "the environment was created" if "Add" in actions else "the environment was updated"
