"""The outcome: what a deployment really did, as far as it came."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from mwaa_deploy.journal import Step
from mwaa_deploy.live_report import LiveReport
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Clock, ResourceChange, StackEvent, StoredObject
from mwaa_deploy.target.record import Record


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a deployment did.

    Attributes:
        uploaded: new object versions by part.
        versions: what the environment runs in the end, by part.
        changes: what CloudFormation changed, or was about to.
        stack_events: oldest first.
        stack_changed: whether a change set was executed, well or not.
        stack_changed_at: when the stack was last updated, once that had ended; None where it was not.
        stack_protected: whether the stack was protected from being deleted.
        environment_updated: whether creating or updating the environment was begun, well or not.
        dags_added: paths relative to the DAG prefix that are uploaded; the same for changed and deleted.
        steps: in order, with durations.
        live: how the live Airflow was found; None if it was not to be asked, or not yet.
        record: what was written last; None when nothing was.
    """

    uploaded: Mapping[Part, StoredObject] = field(default_factory=dict)
    versions: Mapping[Part, str] = field(default_factory=dict)
    changes: tuple[ResourceChange, ...] = ()
    stack_events: tuple[StackEvent, ...] = ()
    stack_changed: bool = False
    stack_changed_at: datetime | None = None
    stack_protected: bool = False
    environment_updated: bool = False
    environment_name: str | None = None
    dags_added: tuple[str, ...] = ()
    dags_changed: tuple[str, ...] = ()
    dags_deleted: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    live: LiveReport | None = None
    record: Record | None = None

    @property
    def record_written(self) -> bool:
        """Whether the deployment came to its end."""
        return self.record is not None

    @property
    def changed_nothing(self) -> bool:
        """Whether the target is as it was, but for its record."""
        dags = self.dags_added or self.dags_changed or self.dags_deleted
        stack = self.stack_changed or self.stack_protected
        return not (self.uploaded or stack or self.environment_updated or dags)

    @property
    def seconds(self) -> float:
        """All steps together."""
        return sum(step.seconds for step in self.steps)


class Progress:
    """Keeps account while a deployment runs, so that a failed one can be reported too.

    Attributes:
        uploaded, versions, changes, ...: as in Outcome, filled in as things happen.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.uploaded: dict[Part, StoredObject] = {}
        self.versions: dict[Part, str] = {}
        self.changes: tuple[ResourceChange, ...] = ()
        self.stack_events: list[StackEvent] = []
        self.stack_changed = False
        self.stack_changed_at: datetime | None = None
        self.stack_protected = False
        self.environment_updated = False
        self.environment_name: str | None = None
        self.dags_added: tuple[str, ...] = ()
        self.dags_changed: tuple[str, ...] = ()
        self.dags_deleted: tuple[str, ...] = ()
        self.steps: list[Step] = []
        self.live: LiveReport | None = None
        self.record: Record | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of what is done inside."""
        began = self._clock.now()
        failed = True
        try:
            yield
            failed = False
        finally:
            seconds = (self._clock.now() - began).total_seconds()
            self.steps.append(Step(name=name, seconds=seconds, failed=failed))

    def outcome(self) -> Outcome:
        """What has happened so far."""
        return Outcome(
            uploaded=dict(self.uploaded),
            versions=dict(self.versions),
            changes=self.changes,
            stack_events=tuple(self.stack_events),
            stack_changed=self.stack_changed,
            stack_changed_at=self.stack_changed_at,
            stack_protected=self.stack_protected,
            environment_updated=self.environment_updated,
            environment_name=self.environment_name,
            dags_added=self.dags_added,
            dags_changed=self.dags_changed,
            dags_deleted=self.dags_deleted,
            steps=tuple(self.steps),
            live=self.live,
            record=self.record,
        )
