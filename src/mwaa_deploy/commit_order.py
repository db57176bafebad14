"""An older commit does not take the place of a newer one."""

from mwaa_deploy.errors import CommitOutdated
from mwaa_deploy.ports import Relation
from mwaa_deploy.target.record import Record

_MEND = "Run the newest commit's job instead. To go back on purpose:\nwith:\n  force: true"


def refuse_older(commit: str, record: Record, relation: Relation | None) -> str:
    """Let a commit be deployed only where that is no step back.

    Args:
        commit: what is to be deployed.
        record: the last deployment, of another commit.
        relation: how the commit stands to the record's; None if nobody can tell.

    Returns:
        What the user had better know where the order is not certain, or was changed by a force-push; else ''. Such a
        commit is better deployed than held up for ever.

    Raises:
        CommitOutdated: the record's commit descends from this one, or the branch no longer has this one.
    """
    theirs, ours = record.commit[:7], commit[:7]
    by = f" by {record.run_url}" if record.run_url else ""
    if relation is Relation.OLDER:
        raise CommitOutdated(
            f"The target has {theirs} already{by}, which is newer than {ours}. Nothing was changed.",
            meaning="A later push was deployed first, or an old run was started again.",
            mend=_MEND,
        )
    if relation is Relation.ABANDONED:
        raise CommitOutdated(
            f"The target has {theirs}{by}, and {ours} is no longer on its branch. Nothing was changed.",
            meaning="The branch was rewritten or set back by a force-push since, or an old run was started again.",
            mend=_MEND,
        )
    if relation is None:
        return (
            f"The target had {theirs}{by}; nobody could tell whether {ours} is newer, as GitHub and the checkout do "
            "not know both commits."
        )
    if relation is Relation.RESET:
        return f"The target had {theirs}{by}, newer than {ours}; the branch was set back since, and no longer has it."
    return ""
