"""Find the base, and what differs from it: `choose_base` and `judge_base` decide, on frozen facts."""

from mwaa_deploy.context import GitHubContext
from mwaa_deploy.inputs import MODES_OF_PROPOSALS
from mwaa_deploy.ports import Comparison, Relation, Repository, WorkflowRuns
from mwaa_deploy.source.base_facts import BaseFacts, compare_if_possible, gather_facts, is_merge_of_pull_request
from mwaa_deploy.source.changes import Base, Changes, classify
from mwaa_deploy.source.project import Project


def find_changes(
    project: Project,
    context: GitHubContext,
    repository: Repository,
    runs: WorkflowRuns | None,
    *,
    explicit: str = "",
) -> Changes:
    """Compute the changes. An unknown base means everything, never nothing.

    Args:
        runs: GitHub's memory of the workflow's runs; None where there is no GitHub, as on a laptop.
        explicit: the input `base`; may be empty.

    Raises:
        BaseMissing: the input names no commit.
    """
    base = choose_base(context, explicit, gather_facts(context, explicit, repository, runs))
    if base.sha:
        fetched = repository.fetch(base.sha)
        comparison = compare_if_possible(repository, runs, base.sha) if fetched and base.own_branch else None
        base = judge_base(base, fetched=fetched, comparison=comparison)
    changed = repository.changed_files(base.sha) if base.sha else ()
    return classify(project, base, repository.head, changed)


def choose_base(context: GitHubContext, explicit: str, facts: BaseFacts) -> Base:
    """The base by the input, else by the kind of event; what git and GitHub do not tell leaves it unknown."""
    if explicit:
        return Base(sha=facts.given, reason=f"the input base says {explicit}")
    if context.event_name == "merge_group":
        if context.merge_group_base is None:
            return Base(sha=None, reason="the event names no commit that the merge queue puts this group on")
        return Base(sha=context.merge_group_base, reason="the commit that the merge queue puts this group on")
    if context.event_name in MODES_OF_PROPOSALS:
        return _base_of_pull_request(context, facts)
    return _last_success(context, facts)


def judge_base(base: Base, *, fetched: bool, comparison: Comparison | None) -> Base:
    """Give up a base that cannot be had, or that a rewritten branch has left behind.

    Args:
        fetched: whether the commit is at hand.
        comparison: of the head with it, for a base of the head's own branch; None if nobody can tell.
    """
    if not fetched:
        return Base(sha=None, reason=f"{base.reason}, but that commit cannot be fetched any more (history rewritten?)")
    if base.own_branch and comparison and comparison.relation is Relation.DIVERGED:
        return Base(sha=None, reason=f"{base.reason}, but the history was rewritten since (force-pushed)")
    return base


def _base_of_pull_request(context: GitHubContext, facts: BaseFacts) -> Base:
    if context.pull_request_base is None:
        return Base(sha=None, reason="the event names no base commit")
    branch = context.event["pull_request"]["base"].get("ref") or "the branch it goes to"
    if is_merge_of_pull_request(context, facts.parents):
        return Base(sha=facts.parents[0], reason=f"the commit of {branch} that GitHub merged this pull request with")
    if facts.comparison and facts.comparison.merge_base:
        return Base(sha=facts.comparison.merge_base, reason=f"where this pull request left {branch}")
    if facts.comparison:
        return Base(sha=None, reason=f"this pull request has no commit in common with {branch}")
    why = facts.refusal or "neither the checkout nor GitHub knows the commits between"
    return Base(sha=None, reason=f"where this pull request left {branch} is unknown: {why}")


def _last_success(context: GitHubContext, facts: BaseFacts) -> Base:
    if facts.searches is None:
        return Base(sha=None, reason="there is no GitHub to ask for the last successful run")
    of_job = next((f" of the job {search.job}" for search in facts.searches if search.job), "")
    for search in facts.searches:
        if search.run:
            reason = f"the last successful run{of_job} on {search.branch}, {search.run.url}"
            return Base(sha=search.run.head_sha, reason=reason, own_branch=search.branch == context.ref_name)
        if search.gave_up:
            reason = f"none of the last {search.looked_into} runs on {search.branch} is a success{of_job}"
            return Base(sha=None, reason=reason)
    if facts.refusal:
        return Base(sha=None, reason=f"the last successful run is unknown: {facts.refusal}")
    branches = " or ".join(search.branch for search in facts.searches) or "this ref"
    return Base(sha=None, reason=f"this workflow has no successful run{of_job} on {branches} yet")
