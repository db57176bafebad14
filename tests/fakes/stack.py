"""A CloudFormation stack in memory, with just enough of the engine to tell what a change set would do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mwaa_deploy.errors import (
    AwsRefused,
    ChangeSetFailed,
    StackBusy,
    StackUnusable,
    StackUpdateFailed,
    StackWaitTimedOut,
)
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import ChangeSet, ResourceChange, StackEvent, StackParameter, StackState
from tests.fakes.clock import FakeClock
from tests.fakes.environment import FakeEnvironment
from tests.fakes.failures import Knobs
from tests.fakes.template import MWAA_TYPE, Deployed, compare, fill_in, with_values

ENVIRONMENT_VERSIONS = {
    "PluginsS3ObjectVersion": Part.PLUGINS,
    "RequirementsS3ObjectVersion": Part.REQUIREMENTS,
    "StartupScriptS3ObjectVersion": Part.STARTUP_SCRIPT,
}
ENVIRONMENT_PATHS = {
    "PluginsS3Path": Part.PLUGINS,
    "RequirementsS3Path": Part.REQUIREMENTS,
    "StartupScriptS3Path": Part.STARTUP_SCRIPT,
    "DagS3Path": Part.DAGS,
}

MAX_TEMPLATE_BYTES = 1_000_000


@dataclass(frozen=True)
class Underway:
    """An operation that runs until a moment."""

    until: datetime
    outcome: StackState


class FakeStack:
    """Fills the Stack port.

    It reads the template (JSON or YAML, `!Ref` and the like), fills in parameters as CloudFormation does, compares with
    what is deployed, and on execution hands versions and paths to the FakeEnvironment.

    Knobs: `seconds` is how long an operation takes; `environment_lags` keeps the environment on its old versions that
    much longer than the stack; `environment_begins` lets it begin only that long after the operation has; with
    `environment_fails` its next update fails, which the stack does not notice; `occupy(seconds)` lets somebody else
    change the stack; `break_with(logical_id, reason)` makes the next execution fail and roll back;
    `set_status` puts the stack into any status; `replace_on(logical_id)` makes its changes a replacement; with
    `tells_values` change sets have their properties' values;
    `knobs.fail(method, error)` makes any method raise.

    Attributes:
        tags, notification_arns: what its change sets give the stack, in place of what it has; nothing if empty.
        deployed: what is deployed, or None; body: its template's text.
        change_sets: the change sets that exist now, by id.
        knobs: calls made and failures to come.
    """

    def __init__(
        self,
        name: str = "mwaa-staging",
        *,
        environment: FakeEnvironment | None = None,
        clock: FakeClock | None = None,
        seconds: float = 0,
        environment_lags: float = 0,
    ) -> None:
        self.name = name
        self.clock = clock or FakeClock()
        self.environment = environment or FakeEnvironment(self.clock)
        self.seconds = seconds
        self.environment_lags = environment_lags
        self.environment_begins = 0.0
        self.environment_fails: str | None = None
        self.tells_values = False
        self.tags: Mapping[str, str] = {}
        self.notification_arns: tuple[str, ...] = ()
        self.deployed: Deployed | None = None
        self.body: str | None = None
        self.change_sets: dict[str, tuple[ChangeSet, Deployed, str]] = {}
        self.knobs = Knobs()
        self._state: StackState | None = None
        self._underway: Underway | None = None
        self._breakage: tuple[str, str] | None = None
        self._replaced: set[str] = set()
        self._serial = 0

    # ---------------------------------------------------------------------------------------------------- the port

    def state(self) -> StackState | None:
        self.knobs.called("state")
        return self._settled()

    def template(self) -> str | None:
        self.knobs.called("template")
        return self.body

    def create_change_set(
        self,
        *,
        template: str,
        parameters: Sequence[StackParameter],
        create: bool,
        description: str,
        revert_drift: bool = False,
    ) -> ChangeSet:
        self.knobs.called("create_change_set", description)
        state = self._settled()
        self._require_ready(state)
        if create and self.deployed is not None:
            raise ChangeSetFailed(f"Stack {self.name} already exists and cannot be created.")
        if not create and self.deployed is None and state is None:
            raise ChangeSetFailed(f"Stack {self.name} does not exist.")
        if len(template.encode()) > MAX_TEMPLATE_BYTES:
            raise ChangeSetFailed(f"CloudFormation takes at most {MAX_TEMPLATE_BYTES:,} bytes.")
        kind = "CREATE" if self.deployed is None else "UPDATE"
        after = fill_in(template, parameters, self.deployed.parameters if self.deployed else {})
        changes = compare(self.deployed, after, self._replaced)
        if not changes and state is not None and replace(state, **self._given(state)) != state:
            changes = (self._retagged(),)
        if revert_drift and kind == "UPDATE":
            changes = self._with_drift(changes, after)
        if self.tells_values:
            changes = tuple(with_values(change, self.deployed, after) for change in changes)
        self._serial += 1
        change_set = ChangeSet(
            id=f"arn:change-set/{self._serial}", name=f"mwaa-deploy-{self._serial}", type=kind, changes=changes
        )
        if changes:
            self.change_sets[change_set.id] = (change_set, after, template)
            if state is None:
                self._state = StackState(id=f"arn:stack/{self.name}", name=self.name, status="REVIEW_IN_PROGRESS")
        return change_set

    def delete_change_set(self, change_set: ChangeSet) -> None:
        self.knobs.called("delete_change_set", change_set.name)
        self.change_sets.pop(change_set.id, None)
        if self.deployed is None and self._state and self._state.status == "REVIEW_IN_PROGRESS":
            self._state = None

    def execute(
        self,
        change_set: ChangeSet,
        *,
        timeout: float,
        on_event: Callable[[StackEvent], None],
        on_look: Callable[[str], None] | None = None,
    ) -> StackState:
        self.knobs.called("execute", change_set.name)
        state = self._settled()
        self._require_ready(state)
        if change_set.id not in self.change_sets or state is None:
            raise ChangeSetFailed(f"Change set {change_set.name} does not exist.")
        _, after, template = self.change_sets[change_set.id]
        self.change_sets.clear()
        verb = change_set.type
        on_event(self._event(self.name, "AWS::CloudFormation::Stack", f"{verb}_IN_PROGRESS"))
        broken, self._breakage = self._breakage, None
        rolled_back = "ROLLBACK_COMPLETE" if verb == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
        good = self._outcome(state, after, f"{verb}_COMPLETE")
        begun = replace(state, status=f"{verb}_IN_PROGRESS", changed_at=self.clock.now())
        outcome = replace(begun, status=rolled_back) if broken else good
        self._underway = Underway(self.clock.now() + timedelta(seconds=self.seconds), outcome)
        self._state = begun
        if broken:
            on_event(self._event(broken[0], MWAA_TYPE, f"{verb}_FAILED", broken[1]))
        else:
            self._start_environment(change_set, after)
            self.deployed, self.body = after, template
        self._pass(timeout, on_look)
        if broken:
            on_event(self._event(self.name, "AWS::CloudFormation::Stack", rolled_back))
            raise StackUpdateFailed(f"Stack {self.name} ended as {rolled_back}. First cause: {': '.join(broken)}")
        for change in change_set.changes:
            on_event(self._event(change.logical_id, change.resource_type, f"{verb}_COMPLETE"))
        on_event(self._event(self.name, "AWS::CloudFormation::Stack", f"{verb}_COMPLETE"))
        settled = self._settled()
        assert settled is not None
        return settled

    def protect(self) -> None:
        self.knobs.called("protect")
        state = self._settled()
        if state is None:
            raise AwsRefused(f"Stack {self.name} does not exist.")
        self._state = replace(state, protected=True)

    def delete_never_created(
        self,
        *,
        timeout: float,
        on_event: Callable[[StackEvent], None],
        on_look: Callable[[str], None] | None = None,
    ) -> None:
        self.knobs.called("delete_never_created")
        state = self._settled()
        if state is None:
            return
        if state.status not in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
            raise StackUnusable(f"Stack {self.name} is {state.status} by now.")
        for status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
            on_event(self._event(self.name, "AWS::CloudFormation::Stack", status))
            if on_look:
                on_look(status)
            self.clock.sleep(self.seconds / 2)
        self._state, self.deployed = None, None
        self.change_sets.clear()

    # ------------------------------------------------------------------------------------------- for the test's use

    def set_status(self, status: str, reason: str = "") -> None:
        """Put the stack into any status, as if somebody else had."""
        state = self._state or StackState(id=f"arn:stack/{self.name}", name=self.name, status=status)
        self._state = replace(state, status=status, status_reason=reason)

    def occupy(self, seconds: float) -> None:
        """Let somebody else change the stack, and leave it as it is but for the time of its last update."""
        state = self._settled()
        assert state is not None
        self._state = replace(state, status="UPDATE_IN_PROGRESS", changed_at=self.clock.now())
        self._underway = Underway(
            self.clock.now() + timedelta(seconds=seconds), replace(self._state, status="UPDATE_COMPLETE")
        )

    def break_with(self, logical_id: str, reason: str) -> None:
        """Make the next execution fail at a resource and roll back."""
        self._breakage = (logical_id, reason)

    def replace_on(self, logical_id: str) -> None:
        """Make every change of a resource a replacement."""
        self._replaced.add(logical_id)

    def deploy(self, template: str, parameters: Mapping[str, str] | None = None) -> StackState:
        """Bring a template to the stack without a trace in the calls, as an earlier deployment would have."""
        given = tuple(StackParameter(key=k, value=v) for k, v in (parameters or {}).items())
        calls, self.knobs = self.knobs, Knobs()
        pace, self.seconds, self.environment_lags = (self.seconds, self.environment_lags), 0, 0
        change_set = self.create_change_set(
            template=template, parameters=given, create=self.deployed is None, description=""
        )
        state = self.execute(change_set, timeout=1, on_event=lambda _: None)
        self.knobs, (self.seconds, self.environment_lags) = calls, pace
        return state

    # ------------------------------------------------------------------------------------------------------- inside

    def _settled(self) -> StackState | None:
        if self._underway and self.clock.now() >= self._underway.until:
            self._state, self._underway = self._underway.outcome, None
        return self._state

    def _require_ready(self, state: StackState | None) -> None:
        if state is None or state.status == "REVIEW_IN_PROGRESS":
            return
        if state.status.endswith("_IN_PROGRESS"):
            raise StackBusy(f"Stack {self.name} is {state.status}.")
        if state.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"):
            raise StackUnusable(f"Stack {self.name} is {state.status}.")

    def _outcome(self, state: StackState, after: Deployed, status: str) -> StackState:
        environment = after.environment(self.name)
        return StackState(
            id=state.id,
            name=self.name,
            status=status,
            parameters=after.shown_parameters,
            outputs=after.resolved_outputs(self.name),
            environment_name=None if environment is None else str(environment["Name"]),
            changed_at=self.clock.now(),
            protected=state.protected,
            **self._given(state),
        )

    def _given(self, state: StackState) -> Mapping[str, Any]:
        """The tags and topics of the stack once a change set has given it ours."""
        return {
            "tags": self.tags or state.tags,
            "notification_arns": self.notification_arns or state.notification_arns,
        }

    def _retagged(self) -> ResourceChange:
        """The only line of a change set that changes nothing but these, in a stack whose resources take no tags."""
        return ResourceChange(
            action="Modify",
            logical_id=self.name,
            resource_type="AWS::CloudFormation::Stack",
            replacement="False",
            details=("outputs, parameters or tags",),
        )

    def _start_environment(self, change_set: ChangeSet, after: Deployed) -> None:
        properties = after.environment(self.name)
        if properties is None or not any(change.resource_type == MWAA_TYPE for change in change_set.changes):
            return
        name = str(properties["Name"])
        timing = {"seconds": self.seconds + self.environment_lags, "begins": self.environment_begins}
        failure, self.environment_fails = self.environment_fails, None
        if failure is not None and name in self.environment.states:
            self.environment.fail_update(name, failure, **timing)
            return
        self.environment.bring(
            name,
            versions={part: str(properties[key]) for key, part in ENVIRONMENT_VERSIONS.items() if properties.get(key)},
            paths={part: str(properties[key]) for key, part in ENVIRONMENT_PATHS.items() if properties.get(key)},
            airflow_version=properties.get("AirflowVersion"),
            bucket=str(properties.get("SourceBucketArn", "")).rpartition(":")[2],
            **timing,
        )

    def _pass(self, timeout: float, on_look: Callable[[str], None] | None) -> None:
        """Let the operation's time pass, at most as long as it is waited for."""
        assert self._state is not None
        left = min(self.seconds, timeout)
        while left > 0:
            if on_look is not None:
                on_look(self._state.status)
            self.clock.sleep(min(left, 60))
            left -= 60
        if self.seconds > timeout:
            raise StackWaitTimedOut(f"Stack {self.name} is still {self._state.status} after {timeout:.0f} s.")

    def _with_drift(self, changes: tuple[ResourceChange, ...], after: Deployed) -> tuple[ResourceChange, ...]:
        """The changes, and that of the environment if it is not as the template has it."""
        properties = after.environment(self.name) or {}
        live = self.environment.now(str(properties.get("Name")))
        ids = [logical_id for logical_id, found in after.resources.items() if found["Type"] == MWAA_TYPE]
        if live is None or any(change.logical_id in ids for change in changes):
            return changes
        drifted = [
            *(key for key, part in ENVIRONMENT_PATHS.items() if properties.get(key) != live.paths.get(part)),
            *(
                key
                for key, part in ENVIRONMENT_VERSIONS.items()
                if (properties.get(key) or None) != live.versions.get(part)
            ),
        ]
        if properties.get("SourceBucketArn", live.bucket).rpartition(":")[2] != live.bucket:
            drifted.append("SourceBucketArn")
        if not drifted:
            return changes
        (logical_id,) = ids
        change = ResourceChange(
            action="Modify",
            logical_id=logical_id,
            resource_type=MWAA_TYPE,
            replacement="False",
            details=tuple(sorted(drifted)),
        )
        return (*changes, change)

    def _event(self, logical_id: str, resource_type: str, status: str, reason: str = "") -> StackEvent:
        return StackEvent(
            at=self.clock.now(), logical_id=logical_id, resource_type=resource_type, status=status, reason=reason
        )
