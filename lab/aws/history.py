"""What happened to the environments, for tests to count."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class StatusChange:
    """An environment entered a status."""

    name: str
    status: str
    at: str = field(default_factory=lambda: now().isoformat())


@dataclass(frozen=True, kw_only=True)
class ControlCall:
    """An accepted create, update or delete call.

    Attributes:
        operation: CreateEnvironment, UpdateEnvironment or DeleteEnvironment.
        fields: names of the fields whose value it changed, sorted; all given ones for a create.
        request: the call's parameters.
    """

    name: str
    operation: str
    fields: Sequence[str]
    request: Mapping[str, Any]
    at: str = field(default_factory=lambda: now().isoformat())


class History:
    """Every status and every accepted call, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: list[StatusChange] = []
        self._calls: list[ControlCall] = []

    def status(self, name: str, status: str) -> None:
        """Note a status an environment has entered."""
        with self._lock:
            self._statuses.append(StatusChange(name=name, status=status))

    def call(self, operation: str, name: str, fields: Sequence[str], request: Mapping[str, Any]) -> None:
        """Note an accepted call."""
        with self._lock:
            call = ControlCall(name=name, operation=operation, fields=sorted(fields), request=dict(request))
            self._calls.append(call)

    def as_document(self, name: str | None = None) -> dict[str, Any]:
        """Everything, or everything of one environment: {"statuses": [...], "calls": [...], "updates": [...]}."""
        with self._lock:
            statuses = [asdict(change) for change in self._statuses if name in {None, change.name}]
            calls = [asdict(call) for call in self._calls if name in {None, call.name}]
        updates = [call for call in calls if call["operation"] == "UpdateEnvironment"]
        return {"statuses": statuses, "calls": calls, "updates": updates}

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._statuses.clear()
            self._calls.clear()
