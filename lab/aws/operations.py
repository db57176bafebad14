"""Which API operation a request asks for, by the SDK's own service models."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any
from urllib.parse import parse_qs

import botocore.session
from botocore.model import OperationModel, ServiceModel

#: The services whose signing name is not the name of their model.
_MODELS = {"airflow": "mwaa", "monitoring": "cloudwatch"}

_SDK: Any = botocore.session.Session()  # type: ignore[no-untyped-call]

_CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request as it arrived.

    Attributes:
        path: as sent, percent-encoded, with its leading slash.
        query: values by name; a name without a value has ''.
        headers: by lower-case name.
        body: read only for form-encoded requests, empty for all others.
    """

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class _Route:
    operation: str
    method: str
    path: re.Pattern[str]
    literals: int
    static_query: frozenset[tuple[str, str]]
    needed_query: frozenset[str]
    needed_headers: frozenset[str]

    def score(self, request: Request) -> int | None:
        """How closely the request fits, or None when it does not."""
        if request.method != self.method or not self.path.fullmatch(request.path):
            return None
        for name, value in self.static_query:
            if name not in request.query or (value and value not in request.query[name]):
                return None
        if not self.needed_query <= request.query.keys() or not self.needed_headers <= request.headers.keys():
            return None
        wanted = len(self.static_query) + len(self.needed_query) + len(self.needed_headers)
        return 10 * wanted + self.literals


def signing_name(request: Request) -> str:
    """The service a request was signed for ('s3', 'airflow', ...), or '' for one without a signature."""
    signature = request.headers.get("authorization", "") or "".join(request.query.get("X-Amz-Credential", ()))
    scope = _CREDENTIAL_SCOPE.search(signature)
    if scope:
        return scope.group(1)
    presigned = signature.split("/")
    return presigned[3] if len(presigned) == 5 else ""  # noqa: PLR2004 (key, day, region, service, aws4_request)


def form(request: Request) -> dict[str, str]:
    """The fields of a form-encoded request; empty for any other."""
    if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        return {}
    return {name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}


def operation(request: Request, service: str) -> str:
    """The operation's name as the SDK writes it, 'PutObject' say; '' when the model has no such request."""
    if target := request.headers.get("x-amz-target"):
        return target.rsplit(".", 1)[-1]
    action = form(request).get("Action") or "".join(request.query.get("Action", ())[:1])
    if action:
        return action
    best = max(
        ((score, route.operation) for route in _routes(service) if (score := route.score(request)) is not None),
        key=itemgetter(0),
        default=(0, ""),
    )
    return best[1]


@cache
def model(service: str) -> ServiceModel:
    """The SDK's model of a service, by signing name."""
    found: ServiceModel = _SDK.get_service_model(_MODELS.get(service, service))
    return found


def path_pattern(template: str) -> re.Pattern[str]:
    """A request URI of a model ('/environments/{Name}') as a pattern with a named group for each variable."""
    pattern = re.sub(r"\\\{(\w+)(\\\+)?\\\}", _group, re.escape(template))
    return re.compile(f"{pattern}/?")


def _group(found: re.Match[str]) -> str:
    return f"(?P<{found.group(1)}>{'.+' if found.group(2) else '[^/]+'})"


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    if not service or _MODELS.get(service, service) not in _known_services():
        return ()
    shapes = model(service)
    return tuple(_route(shapes.operation_model(name)) for name in shapes.operation_names)


@cache
def _known_services() -> frozenset[str]:
    return frozenset(_SDK.get_available_services())


def _route(shape: OperationModel) -> _Route:
    path, _, query = shape.http["requestUri"].partition("?")
    needed: dict[str, set[str]] = {"querystring": set(), "header": set()}
    for name in shape.input_shape.required_members if shape.input_shape else ():
        where = shape.input_shape.members[name].serialization
        if where.get("location") in needed:
            needed[where["location"]].add(where["name"])
    return _Route(
        operation=shape.name,
        method=shape.http["method"],
        path=path_pattern(path),
        literals=len([part for part in path.split("/") if part and "{" not in part]),
        static_query=frozenset((n, v[0]) for n, v in parse_qs(query, keep_blank_values=True).items()),
        needed_query=frozenset(needed["querystring"]),
        needed_headers=frozenset(name.lower() for name in needed["header"]),
    )
