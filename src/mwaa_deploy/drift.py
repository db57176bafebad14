"""What somebody else has changed at the target since the last deployment."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mwaa_deploy.bundle.manifest import FileDigest
from mwaa_deploy.bundle.template import Template
from mwaa_deploy.parts import VERSIONED_PARTS
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.dag_objects import DagObject
from mwaa_deploy.target.environment_status import Course, environment_status
from mwaa_deploy.target.record import ObjectToken, Record
from mwaa_deploy.target.state import TargetState


class DriftKind(StrEnum):
    """In which way something differs from the record."""

    VERSION = "other version"
    PATH = "other path"
    STACK = "other version in the stack"
    TEMPLATE = "other template"
    STATUS = "status"
    MISSING = "missing"
    FOREIGN = "foreign"
    OVERWRITTEN = "overwritten"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One thing that is not as the last deployment left it.

    Attributes:
        subject: a part, the key of a DAG file, or what else it is about.
        recorded: as the deployment left it; None if it left nothing there.
        found: as it is now; None if there is nothing, or nobody can tell what.
    """

    subject: str
    kind: DriftKind
    recorded: str | None = None
    found: str | None = None

    @property
    def text(self) -> str:
        """A sentence for people; no Markdown."""
        recorded, found = self.recorded or "none", self.found or "none"
        return {
            DriftKind.VERSION: f"{self.subject}: the environment runs version {found}, not {recorded}.",
            DriftKind.PATH: f"{self.subject}: the environment reads {found}, not {recorded}.",
            DriftKind.STACK: f"{self.subject}: the stack names version {found}, but {recorded} was deployed and runs.",
            DriftKind.TEMPLATE: f"{self.subject} has another template than the one deployed.",
            DriftKind.STATUS: f"{self.subject} is {found}.",
            DriftKind.MISSING: f"{self.subject} is gone.",
            DriftKind.FOREIGN: f"{self.subject} is not from a deployment"
            + (f" to this target, but from one to {self.found}." if self.found else "."),
            DriftKind.OVERWRITTEN: f"{self.subject} has been overwritten with other content.",
            DriftKind.UNFINISHED: f"{self.subject} has not come to its end, and may have changed part of the target.",
        }[self.kind]


def find_drift(state: TargetState, template: Template | None) -> tuple[Drift, ...]:
    """Compare the target with its record; nothing without a record.

    What a deployment that did not come to its end may have changed is not laid at anybody else's door.

    Args:
        state: the target as it is.
        template: tells which of the stack's parameters are object versions.
    """
    record = state.record
    if record is None:
        return ()
    found = [*_unfinished(state), *_stack(state, record), *_environment(state, record)]
    if state.environment is not None and not state.unfinished.touches_stack:
        found += _parts(state, state.environment, record, template)
    if state.dag_record is not None:
        found += _dags(state, record)
    return tuple(found)


def drift_since(record: Record) -> str:
    """Which deployment it is compared with, as in '1a2b3c4 was deployed (2026-11-25 23:05 UTC)'."""
    return f"{record.commit[:7]} was deployed ({record.at:%Y-%m-%d %H:%M} UTC)"


def template_doubt(state: TargetState) -> list[str]:
    """A sentence where somebody has updated the stack, and its template may not be compared with the one deployed."""
    if state.record is None or state.stack_move is None or not state.stack_move.doubt:
        return []
    updated = f"Somebody else has updated stack {state.stack_name} since {drift_since(state.record)}."
    return [f"{updated} Whether to another template cannot be told: {state.stack_move.doubt}"]


def _unfinished(state: TargetState) -> Iterator[Drift]:
    if not state.unfinished.none:
        yield Drift(subject="A deployment after the recorded one", kind=DriftKind.UNFINISHED)


def _stack(state: TargetState, record: Record) -> Iterator[Drift]:
    if state.stack is None and state.environment is not None and _of_stack(record, state):
        yield Drift(subject=f"Stack {state.stack_name}", kind=DriftKind.MISSING)
    found = state.stack_move.template_sha256 if state.stack_move else None
    if found not in {None, record.template_sha256}:
        yield Drift(
            subject=f"Stack {state.stack_name}",
            kind=DriftKind.TEMPLATE,
            recorded=record.template_sha256,
            found=found,
        )


def _of_stack(record: Record, state: TargetState) -> bool:
    return record.template_sha256 is not None and record.stack == state.stack_name


def _environment(state: TargetState, record: Record) -> Iterator[Drift]:
    found = state.environment
    if record.environment is not None and (found is None or found.name != record.environment):
        yield Drift(subject=f"Environment {record.environment}", kind=DriftKind.MISSING, recorded=record.environment)
    if found is None or state.unfinished.touches_stack:
        return
    # What runs now will be over; a failed update leaves a mark until the next one.
    if found.status != "AVAILABLE" and environment_status(found.status).starting is not Course.BUSY:
        yield Drift(
            subject=f"Environment {found.name}", kind=DriftKind.STATUS, recorded="AVAILABLE", found=found.status
        )


def _parts(
    state: TargetState, environment: EnvironmentState, record: Record, template: Template | None
) -> Iterator[Drift]:
    if state.moves_from:
        yield Drift(subject="bucket", kind=DriftKind.PATH, recorded=state.bucket, found=state.moves_from)
    for part in VERSIONED_PARTS:
        recorded = record.parts[part].version if part in record.parts else None
        live = environment.versions.get(part)
        if live != recorded:
            yield Drift(subject=part, kind=DriftKind.VERSION, recorded=recorded, found=live)
            continue
        name = template.version_parameters.get(part) if template else None
        named = state.stack_parameters.get(name) if name else None
        if named is not None and named != (live or ""):
            yield Drift(subject=part, kind=DriftKind.STACK, recorded=recorded, found=named)
    for part, key in record.paths.items():
        path = environment.paths.get(part)
        if path is not None and path.strip("/") != key.strip("/"):
            yield Drift(subject=part, kind=DriftKind.PATH, recorded=key, found=path)


def _dags(state: TargetState, record: Record) -> Iterator[Drift]:
    prefix, recorded = record.dag_prefix, record.dags.files
    for name in sorted(recorded.keys() | state.dags.keys()):
        if state.unfinished.touches_dag(name):
            continue
        subject, found = f"{prefix}/{name}", state.dags.get(name)
        if name not in recorded:
            if not state.spares(name):
                other = found.target if found and found.target != state.stack_name else None
                yield Drift(subject=subject, kind=DriftKind.FOREIGN, found=other)
        elif found is None:
            yield Drift(subject=subject, kind=DriftKind.MISSING, recorded=recorded[name].sha256)
        elif _overwritten(found, recorded[name], record.objects.get(name)):
            yield Drift(subject=subject, kind=DriftKind.OVERWRITTEN, recorded=recorded[name].sha256, found=found.sha256)


def _overwritten(found: DagObject, recorded: FileDigest, token: ObjectToken | None) -> bool:
    if found.sha256 is not None:
        return found.sha256 != recorded.sha256
    # A record of schema 1 knows no tokens, so that equal size is all there is to go by.
    return token is not None or found.size != recorded.size
