"""Hand the report over: step summary, outputs, and the files of plan and report."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from mwaa_deploy import __version__
from mwaa_deploy.journal import Journal
from mwaa_deploy.parts import VERSIONED_PARTS, Part
from mwaa_deploy.plan import Plan
from mwaa_deploy.ports import Log
from mwaa_deploy.report.as_json import report_json
from mwaa_deploy.report.junit import junit_xml
from mwaa_deploy.report.plain_text import scalars
from mwaa_deploy.report.sarif import FallbackFiles, sarif_log
from mwaa_deploy.report.summary import render_summary

FILE_OUTPUTS = ("report-file", "plan-file", "sarif-file", "junit-file", "html-file")


def publish(journal: Journal, log: Log, env: Mapping[str, str], stdout: TextIO | None = None) -> None:
    """Publish what the journal holds, however the run ended.

    Args:
        journal: what the run found out.
        log: takes outputs and summary.
        env: MWAA_DEPLOY_OUTPUT_DIR names the folder for files, without which none are written; MWAA_DEPLOY_JSON asks
            for the report on standard output.
        stdout: standard output, if it is another than the process's.

    Raises:
        OSError: a file could not be written; all that needs no file is published nevertheless.
    """
    summary = render_summary(journal)
    files, problem = dict.fromkeys(FILE_OUTPUTS, ""), None
    try:
        files |= _write(journal, summary, env)
    except OSError as e:
        problem = e
    for name, value in {**decisions(journal), **files}.items():
        log.output(name, value)
    log.summary(summary)
    if env.get("MWAA_DEPLOY_JSON"):
        print(report_json(journal), end="", file=stdout or sys.stdout, flush=True)
    if problem is not None:
        raise problem


def decisions(journal: Journal) -> dict[str, str]:
    """The outputs but for the files; what is not known is empty."""
    changes, outcome, plan, environment = journal.changes, journal.outcome, journal.plan, journal.environment
    rollback, drift = journal.rollback, journal.drift
    if drift is None and plan is not None and not plan.offline:
        drift = plan.drift
    outputs = {
        "result": journal.result,
        "mode": "" if journal.mode is None else journal.mode.value,
        "deployed": _flag(journal.deployed),
        "environment-updated": _flag(outcome is not None and outcome.environment_updated),
        "base-sha": "" if changes is None else changes.base.sha or "",
        "head-sha": "" if changes is None else changes.head,
        "environment-name": "" if environment is None else environment.name,
        "webserver-url": "" if environment is None else environment.webserver_url or "",
        "rolled-back-to": rollback.to.commit if rollback and rollback.done else "",
        "drift": "" if drift is None else str(len(drift)),
    }
    for part in Part:
        outputs[f"{part}-changed"] = _flag(changes is not None and changes.changed(part))
    if rollback and rollback.outcome and rollback.done:
        outcome = rollback.outcome
    for part in VERSIONED_PARTS:
        version = (outcome.versions.get(part) if outcome else None) or (plan.versions.get(part) if plan else None)
        outputs[f"{part}-version"] = version or ""
    return outputs


def _write(journal: Journal, summary: str, env: Mapping[str, str]) -> dict[str, str]:
    if journal.plan is not None and journal.plan_path is not None:
        journal.plan_path.parent.mkdir(parents=True, exist_ok=True)
        journal.plan_path.write_bytes(plan_bytes(journal.plan))
    folder = env.get("MWAA_DEPLOY_OUTPUT_DIR", "")
    return _write_files(journal, summary, Path(folder), env) if folder else {}


def _write_files(journal: Journal, summary: str, folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    # Jinja2 takes a while to import, which a run without a folder for files need not wait for.
    from mwaa_deploy.report.html_page import report_html  # noqa: PLC0415

    texts = {
        "report.json": report_json(journal).encode(),
        "report.html": report_html(journal).encode(),
        "summary.md": scalars(summary).encode(),
    }
    outputs = {"report-file": "report.json", "html-file": "report.html"}
    if journal.plan is not None:
        texts["plan.json"] = plan_bytes(journal.plan)
        outputs["plan-file"] = "plan.json"
    if journal.checks is not None:
        texts["checks.junit.xml"] = junit_xml(journal.checks)
        outputs["junit-file"] = "checks.junit.xml"
        sarif = sarif_log(
            journal.checks, version=__version__, target=_category(journal), fallback=fallback_files(journal, env)
        )
        if sarif["runs"]:
            texts["checks.sarif"] = json.dumps(sarif).encode()
            outputs["sarif-file"] = "checks.sarif"
    for name, body in texts.items():
        (folder / name).write_bytes(body)
    return {output: str(folder / name) for output, name in outputs.items()}


def plan_bytes(plan: Plan) -> bytes:
    """The plan as a file holds it: the same bytes for the same plan."""
    return scalars(plan.to_json()).encode()


def fallback_files(journal: Journal, env: Mapping[str, str]) -> FallbackFiles:
    """Where code scanning shows what has no place of its own."""
    project = journal.project
    if project is None:
        return FallbackFiles()
    own = {"startup-script": project.startup_script, "requirements": project.requirements}
    config = project.root / "mwaa-deploy.yml"
    workflow = env.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].partition("/.github/workflows/")[2]
    other = f".github/workflows/{workflow}" if workflow and not config.is_file() else project.in_repository(config)
    return FallbackFiles(
        by_check={check: project.in_repository(file) for check, file in own.items() if file}, other=other
    )


def _category(journal: Journal) -> str:
    """The target, or the project's folder where a repository has several without a target."""
    if journal.target or journal.project is None:
        return journal.target
    return journal.project.in_repository(journal.project.root)


def _flag(value: bool) -> str:
    return "true" if value else "false"
