"""Find the base: the commit of the last successful run, or the branch a pull request goes to."""

from mwaa_deploy.context import GitHubContext
from mwaa_deploy.errors import GitHubUnavailable
from mwaa_deploy.inputs import MODES_OF_PROPOSALS
from mwaa_deploy.ports import Repository, WorkflowRuns
from mwaa_deploy.source.changes import Base, Changes, classify
from mwaa_deploy.source.project import Project


def find_changes(
    project: Project, context: GitHubContext, repository: Repository, runs: WorkflowRuns | None
) -> Changes:
    """Compute the changes. An unknown base means everything, never nothing.

    Args:
        runs: GitHub's memory of the workflow's runs; None where there is no GitHub, as on a laptop.
    """
    base = find_base(context, runs)
    if base.sha and not repository.fetch(base.sha):
        base = Base(sha=None, reason=f"{base.reason}, but that commit cannot be fetched any more (history rewritten?)")
    changed = repository.changed_files(base.sha) if base.sha else ()
    return classify(project, base, repository.head, changed)


def find_base(context: GitHubContext, runs: WorkflowRuns | None) -> Base:
    """The base by the kind of event; what GitHub does not tell leaves it unknown."""
    if context.event_name in MODES_OF_PROPOSALS:
        sha = context.pull_request_base or (context.event.get("merge_group") or {}).get("base_sha")
        if sha:
            return Base(sha=sha, reason="the branch this pull request goes to")
        return Base(sha=None, reason="the event names no base commit")
    if runs is None:
        return Base(sha=None, reason="there is no GitHub to ask for the last successful run")
    try:
        run = runs.last_successful(branch=context.ref_name)
    except GitHubUnavailable as e:
        return Base(sha=None, reason=f"the last successful run is unknown: {e.what}")
    if run is None:
        return Base(sha=None, reason=f"this workflow has no successful run on {context.ref_name} yet")
    return Base(sha=run.head_sha, reason=f"the last successful run on {context.ref_name}, {run.url}")
