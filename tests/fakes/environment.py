"""MWAA's control plane in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from mwaa_deploy.errors import EnvironmentBusy, EnvironmentMissing
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Clock, EnvironmentState
from tests.fakes.clock import FakeClock
from tests.fakes.failures import Knobs


class FakeEnvironment:
    """Fills the Environment port.

    `put` sets a state at once; `later` sets one when the clock has moved on, so that a wait can be watched;
    `knobs.fail("get", error)` makes the next call raise.

    Attributes:
        states: the environments by name.
        updates: names of the environments that were updated or created, one per update.
        replacements: the worker replacement that each update asked for.
        seconds: how long an update lasts that is given no time.
        fails: MWAA's reason for which the next such update fails; None for one that goes well.
        knobs: calls made and failures to come.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or FakeClock()
        self._later: list[tuple[datetime, EnvironmentState]] = []
        self.states: dict[str, EnvironmentState] = {}
        self.updates: list[str] = []
        self.replacements: list[str] = []
        self.seconds: float = 0
        self.fails: str | None = None
        self.knobs = Knobs()

    def get(self, name: str) -> EnvironmentState | None:
        self.knobs.called("get", name)
        return self.now(name)

    def update(
        self, name: str, *, versions: Mapping[Part, str], paths: Mapping[Part, str], worker_replacement: str = ""
    ) -> None:
        self.knobs.called("update", name)
        found = self.get(name)
        if found is None:
            raise EnvironmentMissing(f"There is no MWAA environment {name}.")
        if found.status not in {"AVAILABLE", "UPDATE_FAILED"}:
            raise EnvironmentBusy(f"MWAA environment {name} is {found.status}.")
        self.replacements.append(worker_replacement)
        failure, self.fails = self.fails, None
        if failure is None:
            self.bring(name, versions=versions, paths=paths, seconds=self.seconds)
        else:
            self.updates.append(name)
            self.fail_update(name, failure, seconds=self.seconds)

    # ------------------------------------------------------------------------------------------- for the test's use

    def now(self, name: str) -> EnvironmentState | None:
        """The environment as it is now; no call."""
        now = self._clock.now()
        for at, state in sorted(self._later, key=lambda entry: entry[0]):
            if at <= now:
                self.states[state.name] = state
        self._later = [entry for entry in self._later if entry[0] > now]
        return self.states.get(name)

    def put(self, state: EnvironmentState) -> None:
        """Set the state of an environment at once."""
        self.states[state.name] = state

    def later(self, seconds: float, state: EnvironmentState) -> None:
        """Set the state of an environment that many seconds from now."""
        self._later.append((self._clock.now() + timedelta(seconds=seconds), state))

    def bring(
        self,
        name: str,
        *,
        versions: Mapping[Part, str],
        paths: Mapping[Part, str],
        airflow_version: str | None = None,
        bucket: str = "",
        seconds: float = 0,
        begins: float = 0,
    ) -> None:
        """Make or update an environment, as a stack does; for `seconds` it is UPDATING (or CREATING) on the old values.

        A version or path that is not given keeps its value. An update begins only after `begins` seconds, as if
        nothing had been asked for until then.
        """
        self.updates.append(name)
        before = self.states.get(name)
        begins = begins if before else 0
        base = before or EnvironmentState(
            name=name, status="CREATING", webserver_url="example.airflow.eu-west-1.on.aws", airflow_version="2.10.3"
        )
        after = replace(
            base,
            status="AVAILABLE",
            versions={**base.versions, **versions},
            paths={**base.paths, **paths},
            airflow_version=airflow_version or base.airflow_version,
            bucket=bucket or base.bucket,
            last_update_at=self._update_time(before, begins),
            last_update_status="SUCCESS" if before else None,
            last_update_error=None,
        )
        if begins or seconds:
            pending = replace(
                base, status="UPDATING", last_update_at=after.last_update_at, last_update_status="PENDING"
            )
            self.later(begins, pending if before else base)
            self.later(begins + seconds, after)
        else:
            self.put(after)

    def fail_update(self, name: str, message: str, *, seconds: float = 0, begins: float = 0) -> None:
        """Let an update fail as MWAA does: it rolls back, and the old values run on."""
        failed = replace(
            self.states[name],
            status="UPDATE_FAILED",
            last_update_at=self._update_time(self.states[name], begins),
            last_update_status="FAILED",
            last_update_error=message,
        )
        if begins or seconds:
            pending = replace(failed, last_update_status="PENDING", last_update_error=None)
            self.later(begins, replace(pending, status="UPDATING"))
            self.later(begins + seconds / 2, replace(pending, status="ROLLING_BACK"))
            self.later(begins + seconds, failed)
        else:
            self.put(failed)

    def maintain(self, name: str, *, seconds: float) -> None:
        """Let AWS maintain an environment for a while."""
        present = self.states[name]
        self.put(replace(present, status="MAINTENANCE"))
        self.later(seconds, present)

    def _update_time(self, before: EnvironmentState | None, begins: float) -> datetime | None:
        """When an update begins: never at the moment of the one before, as real time passes between two of them."""
        if before is None:
            return None
        at = self._clock.now() + timedelta(seconds=begins)
        earlier = before.last_update_at
        return at if earlier is None or at > earlier else earlier + timedelta(seconds=1)

    def set_status(self, name: str, status: str) -> None:
        """Put an environment into any status."""
        self.put(replace(self.states[name], status=status))
