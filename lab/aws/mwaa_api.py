"""The MWAA API over HTTP, in place of ministack's own."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from lab.aws import mwaa_request
from lab.aws.emulator import Emulator, Reply, Scope
from lab.aws.environments import EnvironmentMissingError, Environments
from lab.aws.live_airflow import call_rest_api
from lab.aws.mwaa_request import RequestInvalidError
from lab.aws.operations import Request
from lab.aws.rest_faults import RestFaults

#: One page of ListEnvironments, unless the caller asks for fewer (SDK model: MaxResults 1 to 25).
_PAGE = 25


class MwaaApi:
    """Serves the operations of the SDK's MWAA model; shaped like a service module of ministack."""

    def __init__(self, emulator: Emulator, environments: Environments, faults: RestFaults) -> None:
        self._emulator = emulator
        self._environments = environments
        self._faults = faults

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, list[str]]
    ) -> Reply:
        """Answer one request; account and region are those of the request being served."""
        scope = self._emulator.scope()
        request = Request(method=method, path=_as_sent(path), query=query_params, headers=headers)
        return await asyncio.to_thread(self._answer, scope, request, body)

    def _answer(self, scope: Scope, request: Request, body: bytes) -> Reply:
        try:
            operation, parameters = mwaa_request.read(request, body)
            if operation == "InvokeRestApi":
                return self._invoke_rest_api(scope, parameters)
            return _reply(200, self._operate(operation, scope, parameters))
        except RequestInvalidError as error:
            return _error(400, "ValidationException", str(error))
        except EnvironmentMissingError as error:
            return _error(404, "ResourceNotFoundException", str(error))

    def reset(self) -> None:
        """Forget every environment."""
        self._environments.clear()

    def get_state(self) -> None:
        """Nothing is kept across restarts."""

    def load_persisted_state(self, data: object) -> None:
        """Nothing is kept across restarts."""

    def _operate(self, operation: str, scope: Scope, parameters: Mapping[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = {}
        match operation:
            case "CreateEnvironment":
                document = {"Arn": self._environments.create(scope, parameters).arn}
            case "UpdateEnvironment":
                document = {"Arn": self._environments.update(scope, parameters).arn}
            case "GetEnvironment":
                document = {"Environment": self._environments.get(scope, parameters["Name"]).as_document()}
            case "DeleteEnvironment":
                self._environments.delete(scope, parameters["Name"])
            case "ListEnvironments":
                document = self._page(scope, parameters)
            case "TagResource" | "UntagResource" | "ListTagsForResource":
                document = self._tags(operation, scope, parameters)
            case "CreateCliToken" | "CreateWebLoginToken":
                document = self._token(operation, scope, parameters["Name"])
            case _:
                raise RequestInvalidError(f"The lab does not serve {operation}")
        return document

    def _page(self, scope: Scope, parameters: Mapping[str, Any]) -> dict[str, Any]:
        names = [name for name in self._environments.names(scope) if name > parameters.get("NextToken", "")]
        size = parameters.get("MaxResults", _PAGE)
        page: dict[str, Any] = {"Environments": names[:size]}
        if len(names) > size:
            page["NextToken"] = names[size - 1]
        return page

    def _tags(self, operation: str, scope: Scope, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters["ResourceArn"].rsplit("/", 1)[-1]
        if operation == "ListTagsForResource":
            return {"Tags": self._environments.get(scope, name).tags}
        self._environments.tag(scope, name, add=parameters.get("Tags", {}), remove=parameters.get("tagKeys", ()))
        return {}

    def _token(self, operation: str, scope: Scope, name: str) -> dict[str, Any]:
        host = self._environments.get(scope, name).as_document().get("WebserverUrl", "")
        kind = "CliToken" if operation == "CreateCliToken" else "WebToken"
        return {kind: secrets.token_urlsafe(32), "WebServerHostname": host}

    def _invoke_rest_api(self, scope: Scope, parameters: Mapping[str, Any]) -> Reply:
        name = parameters["Name"]
        webserver = self._environments.get(scope, name).webserver
        answer = self._faults.refusal(name)
        if answer is None and webserver is None:
            answered = {"detail": "The environment has no web server that answers"}
            return _rest_api_error("RestApiServerException", 503, answered)
        if answer is None and webserver is not None:
            asked = call_rest_api(
                webserver,
                method=parameters["Method"],
                path=parameters["Path"],
                query=parameters.get("QueryParameters"),
                body=parameters.get("Body"),
            )
            answer = self._faults.altered(name, parameters["Path"], asked)
        assert answer is not None  # noqa: S101 -- one of the three
        if answer.status >= 500:  # noqa: PLR2004
            return _rest_api_error("RestApiServerException", answer.status, answer.document)
        if answer.status >= 400:  # noqa: PLR2004
            return _rest_api_error("RestApiClientException", answer.status, answer.document)
        return _reply(200, {"RestApiStatusCode": answer.status, "RestApiResponse": answer.document})


def name_resource(method: str, path: str, scope: Scope) -> str:
    """The resource a request is about, for policies; '*' for ListEnvironments.

    Calls into an environment's web server are authorized on an Airflow role of it; the lab acts as Admin.
    """
    prefix = f"arn:aws:airflow:{scope.region}:{scope.account}"
    kind, _, name = unquote(path).strip("/").partition("/")
    if kind == "tags":
        return name
    if kind == "environments" and name:
        return f"{prefix}:environment/{name}"
    if method == "POST" and kind in {"restapi", "webtoken", "clitoken"}:
        return f"{prefix}:environment/{name}" if kind == "clitoken" else f"{prefix}:role/{name}/Admin"
    return "*"


def _as_sent(path: str) -> str:
    """A path that ministack handed over decoded, with its one variable encoded again: an ARN has slashes."""
    kind, _, name = unquote(path).strip("/").partition("/")
    return f"/{kind}/{quote(name, safe='')}" if name else f"/{kind}"


def _reply(status: int, document: Mapping[str, Any]) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


def _error(status: int, code: str, message: str) -> Reply:
    _, headers, body = _reply(status, {"message": message})
    return status, {**headers, "x-amzn-ErrorType": code}, body


def _rest_api_error(code: str, status: int, document: Mapping[str, Any]) -> Reply:
    _, headers, body = _reply(400, {"RestApiStatusCode": status, "RestApiResponse": document})
    return 400, {**headers, "x-amzn-ErrorType": code}, body
