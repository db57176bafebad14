"""Every call the lab's AWS was sent, for tests and reports to count."""

import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.aws.history import now


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        service: signing name ('s3', 'airflow', ...); '' for an unsigned call nobody could place.
        operation: as the SDK names it; '' when unknown.
        status: HTTP status of the answer.
        access_key: whose key signed it.
    """

    method: str
    path: str
    service: str
    operation: str
    status: int
    access_key: str
    at: str = field(default_factory=lambda: now().isoformat())


class CallLog:
    """Calls in the order they were answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Note a call."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()

    def as_document(self) -> dict[str, Any]:
        """{"total": n, "operations": {"s3:PutObject": n, ...}, "calls": [...]}."""
        with self._lock:
            calls = list(self._calls)
        counted = Counter(f"{call.service}:{call.operation}" for call in calls)
        return {"total": len(calls), "operations": dict(sorted(counted.items())), "calls": [asdict(c) for c in calls]}
