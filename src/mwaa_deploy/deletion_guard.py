"""Whether a deployment may delete what it would delete."""

from collections.abc import Sequence

from mwaa_deploy.deletion_limits import DEFAULT_COUNT, SHARE_COUNTS_FROM, DeletionLimits
from mwaa_deploy.errors import DeletionRefused
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import DagSync
from mwaa_deploy.target.state import TargetState

_SHOWN = 10


def deletion_refusal(sync: DagSync, state: TargetState, limits: DeletionLimits) -> DeletionRefused | None:
    """Why a deployment may not delete what it would; None if it may.

    Args:
        sync: what the plan does under the DAG prefix.
        state: the target the plan was made for.
        limits: what the user allows.
    """
    there, gone = sum(1 for name in state.dags if not state.spares(name)), len(sync.deleted)
    foreign = () if limits.count is not None else _foreign(sync, state)
    allowed = 0 if foreign else DEFAULT_COUNT if limits.count is None else limits.count
    share = -(-gone * 100 // max(there, 1))
    inputs = []
    if gone > allowed:
        inputs.append(f"  max-deletions: {gone}")
    if there >= SHARE_COUNTS_FROM and share > limits.share:
        inputs.append(f"  max-deletion-share: {share}")
    if not inputs:
        return None
    if foreign:
        why = "and mwaa-deploy did not put them there"
    elif gone > allowed:
        why = f"more than the {allowed} of max-deletions"
    else:
        why = f"more than the {limits.share} percent of max-deletion-share"
    names = foreign or sync.deleted
    return DeletionRefused(
        f"{len(names)} of the {there} file(s) under {state.keys[Part.DAGS]}/ would be deleted, {why}:\n{_lines(names)}",
        meaning=_FIRST if foreign else _MISTAKEN,
        mend="If they are to go:\nwith:\n"
        + "\n".join(inputs)
        + f"\nIf they are to stay:\nwith:\n  protected-prefixes: {names[0].partition('/')[0]}",
    )


def refuse_deletions(sync: DagSync, state: TargetState, limits: DeletionLimits) -> None:
    """Stop a deployment that would delete what it may not, before anything is changed.

    Raises:
        DeletionRefused: with the first names, and the inputs that allow it.
    """
    if refusal := deletion_refusal(sync, state, limits):
        raise refusal


_FIRST = (
    "This is the first deployment to this DAG folder, which may be another project's or was filled by hand. "
    "Nothing has been changed."
)
_MISTAKEN = (
    "The input dags-dir, the branch or the template's DagS3Path may be another one than was meant. "
    "Nothing has been changed."
)


def _foreign(sync: DagSync, state: TargetState) -> tuple[str, ...]:
    """What is deleted by a first deployment and bears no mark of ours."""
    if state.dag_record is not None:
        return ()
    ours = state.unfinished.dags
    return tuple(name for name in sync.deleted if state.dags[name].sha256 is None and name not in ours)


def _lines(names: Sequence[str]) -> str:
    more = [f"and {len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return "\n".join(f"- {line}" for line in [*names[:_SHOWN], *more])
