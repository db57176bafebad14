"""How the commit that is checked out stands to the one that the target has."""

from mwaa_deploy.ports import Relation, Repository, WorkflowRuns
from mwaa_deploy.source.base_facts import compare


def relation_to(sha: str, repository: Repository, runs: WorkflowRuns | None, *, ref_name: str) -> Relation | None:
    """How the head stands to another commit; None if nobody can tell.

    Where neither descends from the other, the branch is asked too: one that was rewritten has left one of them behind.

    Args:
        runs: None where there is no GitHub, as on a laptop.
        ref_name: the branch or tag that the run is of; may be empty.

    Raises:
        GitHubUnavailable: the checkout has not the history, and the API refused or did not answer.
    """
    comparison = compare(repository, runs, sha)
    if comparison is None:
        return None
    if comparison.relation is Relation.DIVERGED and runs is not None and ref_name:
        of_branch = runs.compare(base=repository.head, head=ref_name)
        if of_branch is not None and of_branch.relation not in {Relation.SAME, Relation.NEWER}:
            return Relation.ABANDONED
    return comparison.relation
