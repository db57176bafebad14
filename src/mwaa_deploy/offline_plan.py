"""The plan that can be made without looking at the target, as for a pull request from a fork: what git knows."""

from collections.abc import Mapping

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.environment_decisions import environment_update
from mwaa_deploy.parts import VERSIONED_PARTS, Part
from mwaa_deploy.plan import DagSync, Disruption, Operation, OperationKind, Plan
from mwaa_deploy.ports import ChangedFile
from mwaa_deploy.reasons import GitView, sentence, why_kept
from mwaa_deploy.target.environment_status import UPDATE_MINUTES

_NOTE = "The target was not looked at: this plan tells what git shows, and a deployment may find more or less to do."


def make_offline_plan(
    bundle: Bundle,
    *,
    base: str | None,
    base_reason: str,
    files: Mapping[Part, tuple[ChangedFile, ...]],
    without_stack: bool = False,
) -> Plan:
    """Tell what git's changes would lead to.

    Args:
        bundle: what the commit ships.
        base: SHA that git compared with; None if there was none, which counts as everything changed.
        base_reason: why that one, or why none, without a full stop.
        files: what git says differs, by part. DAGs are named relative to the repository.
        without_stack: the environment would be updated directly.
    """
    git = GitView(base=base, base_reason=base_reason, files=files)
    changed = [part for part in VERSIONED_PARTS if part in bundle.artefacts and (base is None or part in files)]
    operations = [
        Operation(kind=OperationKind.UPLOAD, part=part, reason=_why(git, part), expected_minutes=(0, 1))
        if part in changed
        else Operation(kind=OperationKind.KEEP, part=part, reason=why_kept(git, part))
        for part in VERSIONED_PARTS
        if part in bundle.artefacts
    ]
    if bundle.template is not None and (base is None or changed or Part.TEMPLATE in files):
        why = f"The object version of {' and '.join(changed)} changes." if changed else _why(git, Part.TEMPLATE)
        operations.append(
            Operation(
                kind=OperationKind.CHANGE_SET,
                part=Part.TEMPLATE,
                reason=why,
                expected_minutes=(1, 1 + UPDATE_MINUTES[1]),
                disruption=Disruption.WORKERS_REPLACED,
            )
        )
    if without_stack and changed:
        operations.append(environment_update(changed))
    sync = _dag_sync(bundle, base, files.get(Part.DAGS, ()))
    operations.append(
        Operation(kind=OperationKind.KEEP, part=Part.DAGS, reason=why_kept(git, Part.DAGS))
        if sync.empty
        else Operation(
            kind=OperationKind.SYNC_DAGS,
            part=Part.DAGS,
            reason=_why(git, Part.DAGS),
            expected_minutes=(1, 1),
            dags=sync,
        )
    )
    return Plan(
        base=base,
        base_reason=base_reason,
        operations=tuple(operations),
        notes=(*bundle.parameters.notes, _NOTE),
        content=bundle.content(),
        offline=True,
    )


def _why(git: GitView, part: Part) -> str:
    changed = git.changed(part)
    return f"{changed}." if changed else sentence(git.base_reason)


def _dag_sync(bundle: Bundle, base: str | None, files: tuple[ChangedFile, ...]) -> DagSync:
    if base is None:
        return DagSync(added=tuple(sorted(bundle.dags.files)))
    by_status = {status: tuple(file.path for file in files if file.status == status) for status in "AMD"}
    return DagSync(added=by_status["A"], changed=by_status["M"], deleted=by_status["D"])
