"""An older commit does not take the place of a newer one."""

from mwaa_deploy.errors import CommitOutdated
from mwaa_deploy.ports import Relation
from mwaa_deploy.target.record import Record


def refuse_older(commit: str, record: Record | None, relation: Relation | None, *, force: bool) -> None:
    """Let a commit be deployed only where that is no step back.

    Args:
        commit: what is to be deployed.
        record: the last deployment.
        relation: how the commit stands to the record's; None if nobody can tell. A branch that was rewritten
            (DIVERGED), and what nobody can tell, is no step back: better deployed than held up for ever.
        force: whether the user wants it nevertheless.

    Raises:
        CommitOutdated: the record's commit descends from this one.
    """
    if record is None or relation is not Relation.OLDER or force:
        return
    by = f" by {record.run_url}" if record.run_url else ""
    raise CommitOutdated(
        f"The target has {record.commit[:7]} already{by}, which is newer than {commit[:7]}. Nothing was changed.",
        meaning="A later push was deployed first, or an old run was started again.",
        mend="Run the newest commit's job instead. To go back on purpose:\nwith:\n  force: true",
    )
