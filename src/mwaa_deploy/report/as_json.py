"""The whole report as plain data, for programs."""

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from mwaa_deploy.errors import MwaaDeployError
from mwaa_deploy.journal import Journal
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.plan import plain_drift
from mwaa_deploy.promotion import Promotion
from mwaa_deploy.report.plain_text import scalars
from mwaa_deploy.rolled_back import RollBack
from mwaa_deploy.source.changes import Changes

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

REPORT_SCHEMA = 1


def report_document(journal: Journal) -> dict[str, Any]:
    """Everything the journal holds."""
    return {
        "schema": REPORT_SCHEMA,
        "result": journal.result,
        "mode": journal.mode and str(journal.mode),
        "target": journal.target,
        "project": "" if journal.project is None else journal.project.in_repository(journal.project.root),
        "run": journal.run_url,
        "error": None if journal.error is None else _error(journal.error),
        "notes": list(journal.notes),
        "changes": None if journal.changes is None else _changes(journal.changes),
        "checks": None if journal.checks is None else _plain(journal.checks),
        "plan": None if journal.plan is None else json.loads(journal.plan.to_json()),
        "promotion": None if journal.promotion is None else _promotion(journal.promotion),
        "rollback": None if journal.rollback is None else _rollback(journal.rollback),
        "drift": None if journal.drift is None else [plain_drift(found) for found in journal.drift],
        "outcome": None if journal.outcome is None else _outcome(journal.outcome),
        "steps": [_plain(step) for step in journal.steps],
    }


def report_json(journal: Journal) -> str:
    """The same as text, which UTF-8 can hold whatever the names of the user's files are."""
    return scalars(json.dumps(report_document(journal), indent=2, ensure_ascii=False)) + "\n"


def _error(error: BaseException) -> dict[str, Any]:
    if not isinstance(error, MwaaDeployError):
        return {"class": type(error).__name__, "exit_code": 1, "what": str(error)}
    return {
        "class": type(error).__name__,
        "exit_code": error.exit_code,
        "title": error.title,
        "what": error.what,
        "meaning": error.meaning,
        "mend": error.mend,
    }


def _changes(changes: Changes) -> dict[str, Any]:
    return {
        "base": changes.base.sha,
        "base_reason": changes.base.reason,
        "head": changes.head,
        "files": {str(part): [_plain(file) for file in files] for part, files in changes.files.items()},
        "other": [_plain(file) for file in changes.other],
    }


def _promotion(promotion: Promotion) -> dict[str, Any]:
    return {
        "from": promotion.source.section,
        "commit": promotion.record.commit,
        "at": promotion.record.at.isoformat(),
        **_plain(promotion.origin),
    }


def _rollback(rollback: RollBack) -> dict[str, Any]:
    return {
        "to": rollback.to.commit,
        "at": rollback.to.at.isoformat(),
        "run": rollback.to.run_url,
        "since": rollback.since,
        "automatic": rollback.automatic,
        "done": rollback.done,
        "outcome": None if rollback.outcome is None else _outcome(rollback.outcome),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "uploaded": {str(part): _plain(stored) for part, stored in outcome.uploaded.items()},
        "versions": {str(part): version for part, version in outcome.versions.items()},
        "changes": [_plain(change) for change in outcome.changes],
        "stack_events": [{**_plain(event), "at": event.at.isoformat()} for event in outcome.stack_events],
        "environment": outcome.environment_name,
        "environment_updated": outcome.environment_updated,
        "dags_added": list(outcome.dags_added),
        "dags_changed": list(outcome.dags_changed),
        "dags_deleted": list(outcome.dags_deleted),
        "live": None if outcome.live is None else _plain(outcome.live),
        "record_written": outcome.record_written,
        "steps": [_plain(step) for step in outcome.steps],
    }


def _plain(value: "DataclassInstance") -> dict[str, Any]:
    return dataclasses.asdict(value)
