"""How the commit that is checked out stands to the one that the target has."""

from mwaa_deploy.errors import GitHubUnavailable
from mwaa_deploy.ports import Relation, Repository, WorkflowRuns
from mwaa_deploy.source.base_facts import compare


def relation_to(
    sha: str, repository: Repository, runs: WorkflowRuns | None, *, ref_name: str, same_ref: bool
) -> Relation | None:
    """How the head stands to another commit; None if nobody can tell.

    The branch is asked too: one that was rewritten, or set back to an earlier commit, has left one of them behind.

    Args:
        sha: the other commit.
        runs: None where there is no GitHub, as on a laptop.
        ref_name: the branch or tag that the run is of; may be empty.
        same_ref: whether the other commit was deployed from it as well. If not, it need not be there.

    Raises:
        GitHubUnavailable: the API refused or did not answer, and the checkout alone cannot tell.
    """
    comparison = compare(repository, runs, sha)
    if comparison is None:
        return None
    found, asked = comparison.relation, runs if ref_name else None
    if found is Relation.SAME or asked is None:
        return found
    if found is Relation.OLDER:
        set_back = same_ref and _is_tip(asked, ref_name, repository.head) and _has(asked, ref_name, sha) is False
        return Relation.RESET if set_back else Relation.OLDER
    try:
        there = _has(asked, ref_name, repository.head)
    except GitHubUnavailable:
        if found is Relation.DIVERGED:
            raise
        return found  # it has all that the other has, so that nothing is lost
    return Relation.ABANDONED if there is False else found


def _is_tip(runs: WorkflowRuns, ref_name: str, sha: str) -> bool:
    """Whether a branch is at this very commit: on one that was set back, those before it are as old as ever."""
    found = runs.compare(base=sha, head=ref_name)
    return found is not None and found.relation is Relation.SAME


def _has(runs: WorkflowRuns, ref_name: str, sha: str) -> bool | None:
    """Whether a commit is the tip of a branch or one before it; None if GitHub does not know both."""
    found = runs.compare(base=sha, head=ref_name)
    return None if found is None else found.relation in {Relation.SAME, Relation.NEWER}
