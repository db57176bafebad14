"""Whether a deployment may delete what it would delete."""

from collections.abc import Sequence
from enum import StrEnum

from mwaa_deploy.deletion_limits import DEFAULT_COUNT, SHARE_COUNTS_FROM, DeletionLimits
from mwaa_deploy.errors import DeletionRefused
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import DagSync
from mwaa_deploy.reasons import lines_of
from mwaa_deploy.target.state import TargetState

_SHOWN = 10


def deletion_refusal(
    sync: DagSync, state: TargetState, limits: DeletionLimits, *, takes_over: bool = False
) -> DeletionRefused | None:
    """Why a deployment may not delete what it would; None if it may.

    Args:
        sync: what the plan does under the DAG prefix.
        state: the target the plan was made for.
        limits: what the user allows.
        takes_over: whether what another target's deployment wrote may go, within the limits.
    """
    owners = {name: _owner(name, state) for name in sync.deleted}
    if theirs := [name for name, owner in owners.items() if owner is Owner.OTHER_TARGET and not takes_over]:
        return _shared_folder(theirs, state)
    there, gone = sum(1 for name in state.dags if not state.spares(name)), len(sync.deleted)
    foreign = [] if limits.count is not None else [name for name, owner in owners.items() if owner is Owner.UNKNOWN]
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
        why = "and no deployment to this target is known to have put them there"
    elif gone > allowed:
        why = f"more than the {allowed} of max-deletions"
    else:
        why = f"more than the {limits.share} percent of max-deletion-share"
    names = foreign or sync.deleted
    return DeletionRefused(
        f"{len(names)} of the {there} file(s) under {state.keys[Part.DAGS]}/ would be deleted, {why}:\n"
        + lines_of(names, _SHOWN),
        meaning=_UNKNOWN if foreign else _MISTAKEN,
        mend="If they are to go:\nwith:\n" + "\n".join(inputs) + f"\nIf they are to stay:\n{_protect(names[0])}",
    )


def refuse_deletions(sync: DagSync, state: TargetState, limits: DeletionLimits, *, takes_over: bool) -> None:
    """Stop a deployment that would delete what it may not, before anything is changed.

    Raises:
        DeletionRefused: with the first names, and the inputs that allow it.
    """
    if refusal := deletion_refusal(sync, state, limits, takes_over=takes_over):
        raise refusal


_UNKNOWN = (
    "This is the first deployment to this DAG folder, which may be another project's or was filled by hand; or another "
    "target has the same folder. Versions before did not write the target's name onto what they uploaded. "
    "Nothing has been changed."
)
_MISTAKEN = (
    "The input dags-dir, the branch or the template's DagS3Path may be another one than was meant. "
    "Nothing has been changed."
)


class Owner(StrEnum):
    """Whose a DAG file in the bucket is, as far as a deletion is concerned."""

    OURS = "ours"
    OTHER_TARGET = "another target's"
    UNKNOWN = "unknown"


def _owner(name: str, state: TargetState) -> Owner:
    """Whose a file is that would be deleted.

    What the object says comes first, also where our record has the file, as it was found with the very content that we
    would have uploaded. Our record speaks for what was there before objects named their target; our note for what it
    announced.
    """
    found, ours = state.dags[name], state.stack_name
    if found.target is not None:
        return Owner.OURS if found.target == ours else Owner.OTHER_TARGET
    if _recorded(name, state) or name in state.unfinished.dags:
        return Owner.OURS
    if found.sha256 is None and state.dag_record is not None:
        return Owner.OURS  # put there by hand into a folder that is ours
    return Owner.UNKNOWN


def _recorded(name: str, state: TargetState) -> bool:
    """Whether our last deployment left the object as it is now."""
    record = state.dag_record
    if record is None or name not in record.dags.files:
        return False
    token = record.objects.get(name)
    return token is None or token.etag == state.dags[name].etag


def _shared_folder(names: Sequence[str], state: TargetState) -> DeletionRefused:
    prefix, targets = state.keys[Part.DAGS], ", ".join(sorted({state.dags[name].target or "" for name in names}))
    return DeletionRefused(
        f"{len(names)} file(s) under {prefix}/ would be deleted, which were deployed to another target ({targets}) "
        f"and not to {state.stack_name}:\n{lines_of(names, _SHOWN)}",
        meaning="Two targets share one DAG folder, and each would delete what the other has. max-deletions does not "
        "allow that. Nothing has been changed.",
        mend="Give each target a folder of its own in its template:\n"
        f"DagS3Path: {state.stack_name}/dags\n"
        f"or leave alone what the other one has:\n{_protect(names[0])}\n"
        "If that target is gone for good, or was this one by another name:\nwith:\n  take-over-dags: true",
    )


def _protect(name: str) -> str:
    return f"with:\n  protected-prefixes: {name.partition('/')[0]}"
