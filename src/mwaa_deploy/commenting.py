"""Writes what a run found under its pull request; for a fork in a second workflow, out of the report."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mwaa_deploy.checks.result_files import ForeignResult, parse_result
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.errors import CommentRefused, GitHubUnavailable, ReportForeign
from mwaa_deploy.inputs import CommentKind, Inputs
from mwaa_deploy.journal import Journal
from mwaa_deploy.ports import Log, PullRequests
from mwaa_deploy.report.as_json import report_json
from mwaa_deploy.report.comment import marker, read_remembered, remember, render_comment
from mwaa_deploy.report.comment_facts import CommentFacts, read_facts

LARGEST = 64 * 1024 * 1024
"""Bytes that a report may have."""

_FORK = (
    "No comment is written: a pull request from a fork gets no token that may. A second workflow can, out of the "
    "report: docs/comments.md."
)
_WRITE = """\
on:
  workflow_run: {workflows: [NAME], types: [completed]}
with:
  mode: comment
  report: report.json"""


def comment_on(facts: CommentFacts, number: int, pulls: PullRequests, *, run: int, attempt: int, run_url: str) -> bool:
    """Write the comment about a target, or give the one that is there another text.

    Args:
        facts: what is told.
        number: the pull request's.
        pulls: where it is written.
        run: number of the workflow run that found the facts; a later one's comment stays as it is.
        attempt: of that run.
        run_url: where the whole report is.

    Returns:
        Whether anything was written.

    Raises:
        CommentRefused: the token may not.
        GitHubUnavailable: the API did not answer.
    """
    first_line, now = marker(facts.subject), remember(facts, run=run, attempt=attempt)
    for found in pulls.own_comments(number):
        if found.body.partition("\n")[0].strip() != first_line:
            continue
        before = read_remembered(found.body)
        if before is not None and (before.run, before.attempt) > (run, attempt):
            return False
        pulls.change(found.id, render_comment(facts, now, before=before, run_url=run_url))
        return True
    pulls.comment(number, render_comment(facts, now, before=None, run_url=run_url))
    return True


def comment_after(
    journal: Journal, inputs: Inputs, context: GitHubContext, connect: Callable[[], PullRequests], log: Log
) -> None:
    """Comment on the pull request that this run is for, if it is for one. That it cannot be written fails no run.

    Args:
        connect: connects to GitHub.
    """
    number = context.pull_request_number
    if number is None or inputs.comment is CommentKind.NEVER:
        return
    if context.from_fork and context.event_name == "pull_request":
        log.info(_FORK)
        return
    facts = replace(read_facts(json.loads(report_json(journal))), head=context.pull_request_head or context.sha)
    try:
        comment_on(facts, number, connect(), run=context.run_id, attempt=context.run_attempt, run_url=context.run_url)
    except (CommentRefused, GitHubUnavailable) as e:
        log.info(f"The comment on pull request {number} was not written. {e}")


def comment_for(report: Path, context: GitHubContext, connect: Callable[[], PullRequests], log: Log) -> int | None:
    """Comment on the pull request whose checks wrote a report in another workflow run, which started this one.

    Which pull request that is, GitHub says: nothing of the report decides where anything is written.

    Returns:
        The pull request's number; None if it is closed by now, or its branch is at another commit.

    Raises:
        ReportForeign: the report is none of ours, or this workflow is started by no other.
        CommentRefused: the token may not.
        GitHubUnavailable: the API did not answer.
    """
    run = _started_by(context)
    facts = replace(_read(report), head=str(run["head_sha"]))
    pulls, owner = connect(), str(run["head_repository"]["owner"]["login"])
    number = pulls.number_of(owner=owner, branch=str(run["head_branch"]), sha=str(run["head_sha"]))
    if number is None:
        log.info(f"No open pull request is at {run['head_sha']}, so there is nothing to comment on.")
        return None
    attempt = int(run.get("run_attempt") or 1)
    url = f"{context.server_url}/{context.repository}/actions/runs/{int(run['id'])}"
    written = comment_on(facts, number, pulls, run=int(run["id"]), attempt=attempt, run_url=url)
    log.info(f"Commented on pull request {number}." if written else "A later run has commented already.")
    return number


def _started_by(context: GitHubContext) -> Mapping[str, Any]:
    """The run that started this one, as the event tells it."""
    run = context.event.get("workflow_run")
    if context.event_name != "workflow_run" or not isinstance(run, dict):
        event = context.event_name or "nothing"
        what = f"mode: comment is for workflows that another one starts, and this one was started by {event}."
        raise ReportForeign(what, meaning="Which pull request to comment on, the event workflow_run says.", mend=_WRITE)
    return run


def _read(report: Path) -> CommentFacts:
    try:
        with report.open("rb") as file:
            return read_facts(parse_result(file.read(LARGEST)))  # what is cut there is no JSON
    except (OSError, ForeignResult) as e:
        what = f"{report} cannot be used: {e}"
        meaning = "It is to be the report.json that the first workflow uploaded, downloaded before this step."
        raise ReportForeign(what, meaning=meaning, mend=_WRITE) from e
