"""The lab's own endpoints under /_lab/: what happened, and how things shall go."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lab.aws.call_log import CallLog
from lab.aws.clock import StatusClock
from lab.aws.deployment import Deployment
from lab.aws.emulator import ACCOUNT, REGION, Emulator, EmulatorRefusedError, Scope
from lab.aws.environments import EnvironmentMissingError, Environments
from lab.aws.history import History
from lab.aws.mwaa_request import RequestInvalidError
from lab.aws.rest_faults import RestFaults
from lab.aws.snapshot import snapshot

Document = dict[str, Any]


class Control:
    """Answers /_lab/ requests.

    - GET /_lab/health
    - GET /_lab/calls, DELETE /_lab/calls
    - GET /_lab/s3/snapshot?bucket=B
    - GET /_lab/mwaa/history[?name=N], DELETE /_lab/mwaa/history
    - POST /_lab/mwaa/fail {"name", "message", "times"}: the next creations or updates fail with the message
    - POST /_lab/mwaa/status {"name", "status"}: put an environment into a status (MAINTENANCE, say)
    - POST /_lab/mwaa/rest {"name", "status", "hide"}: answer InvokeRestApi with a status, if one is given, and leave
      out DAGs of these ids where DAGs are listed
    - GET /_lab/mwaa/webserver?name=N: where the live Airflow is, and its user
    - GET /_lab/mwaa/clock, POST /_lab/mwaa/clock {"seconds_per_status", "seconds_before_update"}: either, or both
    """

    def __init__(
        self,
        emulator: Emulator,
        *,
        calls: CallLog,
        history: History,
        clock: StatusClock,
        deployment: Deployment,
        environments: Environments,
        faults: RestFaults,
    ) -> None:
        self._emulator = emulator
        self._calls = calls
        self._history = history
        self._clock = clock
        self._deployment = deployment
        self._environments = environments
        self._faults = faults
        self._routes: dict[tuple[str, str], Callable[[Mapping[str, str], Document], Document]] = {
            ("GET", "/_lab/health"): lambda _query, _body: {"account": ACCOUNT, "region": REGION},
            ("GET", "/_lab/calls"): lambda _query, _body: self._calls.as_document(),
            ("DELETE", "/_lab/calls"): self._clear_calls,
            ("GET", "/_lab/s3/snapshot"): self._snapshot,
            ("GET", "/_lab/mwaa/history"): lambda query, _body: self._history.as_document(query.get("name")),
            ("DELETE", "/_lab/mwaa/history"): self._clear_history,
            ("POST", "/_lab/mwaa/fail"): self._fail,
            ("POST", "/_lab/mwaa/status"): self._set_status,
            ("POST", "/_lab/mwaa/rest"): self._set_rest,
            ("GET", "/_lab/mwaa/webserver"): self._webserver,
            ("GET", "/_lab/mwaa/clock"): self._tell_clock,
            ("POST", "/_lab/mwaa/clock"): self._set_clock,
        }

    def answer(self, method: str, path: str, query: Mapping[str, Sequence[str]], body: bytes) -> tuple[int, Document]:
        """The status and JSON document for one request. Never on the event loop: it may call the emulator."""
        route = self._routes.get((method, path))
        if route is None:
            return 404, {"error": f"no {method} {path}", "routes": [f"{m} {p}" for m, p in sorted(self._routes)]}
        try:
            return 200, route({name: values[0] for name, values in query.items()}, json.loads(body or b"{}"))
        except (KeyError, TypeError, ValueError, RequestInvalidError) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}
        except (EnvironmentMissingError, EmulatorRefusedError) as error:
            return 404, {"error": str(error)}

    def _clear_calls(self, _query: Mapping[str, str], _body: Document) -> Document:
        self._calls.clear()
        return {}

    def _clear_history(self, _query: Mapping[str, str], _body: Document) -> Document:
        self._history.clear()
        return {}

    def _snapshot(self, query: Mapping[str, str], _body: Document) -> Document:
        with self._emulator.within(Scope(ACCOUNT, REGION)):
            return snapshot(self._emulator, query["bucket"])

    def _fail(self, _query: Mapping[str, str], body: Document) -> Document:
        message = body.get("message", "Unable to install the requirements")
        self._deployment.fail_next(body["name"], message, int(body.get("times", 1)))
        return {}

    def _set_status(self, _query: Mapping[str, str], body: Document) -> Document:
        self._environments.set_status(body["name"], body["status"])
        return {}

    def _set_rest(self, _query: Mapping[str, str], body: Document) -> Document:
        self._faults.set(body["name"], status=body.get("status"), hidden=body.get("hide", ()))
        return {}

    def _webserver(self, query: Mapping[str, str], _body: Document) -> Document:
        webserver = self._environments.webserver(query["name"])
        return asdict(webserver) if webserver else {}

    def _tell_clock(self, _query: Mapping[str, str], _body: Document) -> Document:
        return {"seconds_per_status": self._clock.seconds, "seconds_before_update": self._clock.before_update}

    def _set_clock(self, _query: Mapping[str, str], body: Document) -> Document:
        if unknown := body.keys() - {"seconds_per_status", "seconds_before_update"}:
            message = f"no {' and '.join(sorted(unknown))}"
            raise ValueError(message)
        if "seconds_before_update" in body:
            self._clock.before_update = float(body["seconds_before_update"])
        if "seconds_per_status" in body:
            self._clock.set(float(body["seconds_per_status"]))
        return self._tell_clock({}, {})
