"""Hand the report over: step summary, outputs, and the files of plan and report."""

import json
from collections.abc import Mapping
from pathlib import Path

from mwaa_deploy.journal import Journal
from mwaa_deploy.parts import VERSIONED_PARTS, Part
from mwaa_deploy.ports import Log
from mwaa_deploy.report.as_json import report_document
from mwaa_deploy.report.summary import render_summary


def publish(journal: Journal, log: Log, env: Mapping[str, str]) -> None:
    """Publish what the journal holds, however the run ended."""
    summary = render_summary(journal)
    folder = env.get("MWAA_DEPLOY_OUTPUT_DIR", "")
    files = _write_files(journal, summary, Path(folder)) if folder else {}
    for name, value in {**decisions(journal), **files}.items():
        log.output(name, value)
    log.summary(summary)


def decisions(journal: Journal) -> dict[str, str]:
    """The outputs but for the files; what is not known is empty."""
    changes, outcome, plan, environment = journal.changes, journal.outcome, journal.plan, journal.environment
    outputs = {
        "result": journal.result,
        "mode": "" if journal.mode is None else journal.mode.value,
        "deployed": _flag(journal.deployed),
        "environment-updated": _flag(outcome is not None and outcome.environment_updated),
        "base-sha": "" if changes is None else changes.base.sha or "",
        "head-sha": "" if changes is None else changes.head,
        "environment-name": "" if environment is None else environment.name,
        "webserver-url": "" if environment is None else environment.webserver_url or "",
    }
    for part in Part:
        outputs[f"{part}-changed"] = _flag(changes is not None and changes.changed(part))
    for part in VERSIONED_PARTS:
        version = (outcome.versions.get(part) if outcome else None) or (plan.versions.get(part) if plan else None)
        outputs[f"{part}-version"] = version or ""
    return outputs


def _write_files(journal: Journal, summary: str, folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "report.json"
    report.write_text(json.dumps(report_document(journal), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "summary.md").write_text(summary, encoding="utf-8")
    files = {"report-file": str(report), "plan-file": ""}
    if journal.plan is not None:
        plan = folder / "plan.json"
        plan.write_text(journal.plan.to_json(), encoding="utf-8")
        files["plan-file"] = str(plan)
    return files


def _flag(value: bool) -> str:
    return "true" if value else "false"
