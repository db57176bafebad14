"""What git and GitHub know of a run's base, asked for by the kind of event."""

from dataclasses import dataclass, replace

from mwaa_deploy.context import GitHubContext
from mwaa_deploy.errors import BaseMissing, GitHubUnavailable
from mwaa_deploy.inputs import MODES_OF_PROPOSALS
from mwaa_deploy.ports import Comparison, Relation, Repository, RunSearch, WorkflowRuns


@dataclass(frozen=True, kw_only=True)
class BaseFacts:
    """What git and GitHub answered. What the event does not call for is not asked, and has its default.

    Attributes:
        parents: of the commit checked out, first parent first.
        given: the commit that the input `base` names.
        comparison: of the commit checked out with the branch that a pull request goes to; None if nobody can tell.
        searches: for the last success, in the order in which they count; None where there is no GitHub to ask.
        refusal: what GitHub answered instead, without a full stop.
    """

    parents: tuple[str, ...] = ()
    given: str | None = None
    comparison: Comparison | None = None
    searches: tuple[RunSearch, ...] | None = None
    refusal: str = ""


def gather_facts(context: GitHubContext, explicit: str, repository: Repository, runs: WorkflowRuns | None) -> BaseFacts:
    """Ask git and GitHub for what the event calls for, and no more.

    Args:
        explicit: the input `base`; may be empty.
        runs: None where there is no GitHub, as on a laptop.

    Raises:
        BaseMissing: the input names no commit.
    """
    if explicit:
        return BaseFacts(given=_resolve(explicit, repository))
    if context.event_name == "merge_group":
        return BaseFacts()
    if context.event_name in MODES_OF_PROPOSALS:
        return _facts_of_pull_request(context, repository, runs)
    return BaseFacts() if runs is None else _last_successes(context, runs)


def is_merge_of_pull_request(context: GitHubContext, parents: tuple[str, ...]) -> bool:
    """Whether a commit with these parents is GitHub's own merge of the pull request, refs/pull/N/merge.

    Its first parent is the branch that the pull request goes to, its second the proposal.
    """
    return len(parents) == 2 and parents[1] == context.pull_request_head  # noqa: PLR2004


def compare(repository: Repository, runs: WorkflowRuns | None, base: str) -> Comparison | None:
    """How the head stands to a commit, by the checkout if it has the history, else by GitHub; None if nobody can tell.

    Raises:
        GitHubUnavailable: the API refused or did not answer.
    """
    if base == repository.head:
        return Comparison(relation=Relation.SAME, merge_base=base)
    return repository.compare(base) or (runs.compare(base=base, head=repository.head) if runs else None)


def compare_if_possible(repository: Repository, runs: WorkflowRuns | None, base: str) -> Comparison | None:
    """As compare(), and None too where GitHub does not answer."""
    try:
        return compare(repository, runs, base)
    except GitHubUnavailable:
        return None


def _resolve(explicit: str, repository: Repository) -> str:
    sha = repository.resolve(explicit)
    if sha is None:
        raise BaseMissing(
            f"The input base names {explicit!r}, which is neither in the checkout nor at its remote.",
            meaning="It is mistyped, was deleted, or is an abbreviated SHA, which a remote does not take.",
            mend="with:\n  base: main  # a branch, a tag or a full SHA; leave it out for the last successful run",
        )
    return sha


def _facts_of_pull_request(context: GitHubContext, repository: Repository, runs: WorkflowRuns | None) -> BaseFacts:
    facts = BaseFacts(parents=repository.parents)
    target = context.pull_request_base
    if target is None or is_merge_of_pull_request(context, facts.parents):
        return facts
    try:
        return replace(facts, comparison=compare(repository, runs, target))
    except GitHubUnavailable as e:
        return replace(facts, refusal=e.what)


def _last_successes(context: GitHubContext, runs: WorkflowRuns) -> BaseFacts:
    """The same branch or tag first; the default branch only if there was never a success there."""
    searches: list[RunSearch] = []
    try:
        for branch in dict.fromkeys(filter(None, (context.ref_name, context.default_branch))):
            searches.append(runs.last_successful(branch=branch))
            if searches[-1].run or searches[-1].gave_up:
                break
    except GitHubUnavailable as e:
        return BaseFacts(searches=tuple(searches), refusal=e.what)
    return BaseFacts(searches=tuple(searches))
