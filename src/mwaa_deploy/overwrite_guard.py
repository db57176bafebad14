"""Whether a deployment may write over what it would write over."""

from mwaa_deploy.bundle.manifest import Manifest
from mwaa_deploy.errors import OverwriteRefused
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import DagSync
from mwaa_deploy.reasons import lines_of
from mwaa_deploy.target.state import TargetState

_SHOWN = 10


def overwrite_refusal(
    sync: DagSync, state: TargetState, wanted: Manifest, *, allowed: bool = False
) -> OverwriteRefused | None:
    """Why a deployment may not write over the files that it would; None if it may.

    What names our target, or none as files put there by hand, is written over as ever.

    Args:
        sync: what the plan does under the DAG prefix.
        state: the target the plan was made for.
        wanted: what would be shipped.
        allowed: whether the user means it.
    """
    if allowed:
        return None
    found = {name: state.dags[name] for name in sync.changed}
    theirs = {
        name: there.target
        for name, there in found.items()
        if there.target not in {None, state.stack_name} and there.sha256 != wanted.files[name].sha256
    }
    if not theirs:
        return None
    prefix, targets = state.keys[Part.DAGS], ", ".join(sorted({target or "" for target in theirs.values()}))
    return OverwriteRefused(
        f"{len(theirs)} file(s) under {prefix}/ would be written over, which were deployed to another target "
        f"({targets}) and not to {state.stack_name}:\n{lines_of(list(theirs), _SHOWN)}",
        meaning="Two targets share one DAG folder, and each would give the other its own content. "
        "Nothing has been changed.",
        mend=how_to_part(state.stack_name),
    )


def refuse_overwriting(sync: DagSync, state: TargetState, wanted: Manifest, *, allowed: bool) -> None:
    """Stop a deployment that would write over another target's files, before anything is changed.

    Raises:
        OverwriteRefused: with the first names, and what allows it.
    """
    if refusal := overwrite_refusal(sync, state, wanted, allowed=allowed):
        raise refusal


def how_to_part(target: str) -> str:
    """How two targets get a DAG folder each, and what to do where one of them is no more."""
    return (
        f"Give each target a folder of its own in its template:\nDagS3Path: {target}/dags\n"
        "If the other target is gone for good, or is to have this content, too:\nwith:\n  take-over-dags: true"
    )
