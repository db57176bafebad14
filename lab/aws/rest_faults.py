"""How the REST API of live Airflows is made to go wrong."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.aws.live_airflow import RestApiAnswer


@dataclass(frozen=True, kw_only=True)
class RestFault:
    """What goes wrong at one environment.

    Attributes:
        status: what every call is answered with; None lets them through.
        hidden: ids of DAGs that are left out where DAGs are listed.
    """

    status: int | None = None
    hidden: frozenset[str] = frozenset()


class RestFaults:
    """The faults asked for, by environment name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, RestFault] = {}

    def set(self, name: str, *, status: int | None, hidden: Sequence[str]) -> None:
        """Let this go wrong from now on, and nothing else."""
        with self._lock:
            self._faults[name] = RestFault(status=status, hidden=frozenset(hidden))

    def refusal(self, name: str) -> RestApiAnswer | None:
        """What is answered without asking Airflow, if anything."""
        status = self._of(name).status
        if status is None:
            return None
        return RestApiAnswer(status=status, document={"title": "As the lab was told", "status": status})

    def altered(self, name: str, path: str, answer: RestApiAnswer) -> RestApiAnswer:
        """An answer of Airflow's, as it is passed on."""
        hidden = self._of(name).hidden
        if not hidden or path.strip("/") != "dags" or "dags" not in answer.document:
            return answer
        listed: list[Mapping[str, Any]] = answer.document["dags"]
        shown = [dag for dag in listed if dag["dag_id"] not in hidden]
        total = answer.document.get("total_entries", 0) - (len(listed) - len(shown))
        return RestApiAnswer(status=answer.status, document={**answer.document, "dags": shown, "total_entries": total})

    def _of(self, name: str) -> RestFault:
        with self._lock:
            return self._faults.get(name, RestFault())
