"""Requests of the MWAA API, read and checked against the SDK's own service model."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from lab.aws.operations import Request, model, operation, path_pattern

#: Unicode classes that `re` has no name for, as they stand inside a character class.
_UNICODE_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\w", r"\p{Z}": r"\s"}


class RequestInvalidError(Exception):
    """The request breaks the API's own description of itself."""


def read(request: Request, body: bytes) -> tuple[str, dict[str, Any]]:
    """The operation a request asks for and its parameters by member name; unknown members are dropped.

    Raises:
        RequestInvalidError: no such operation, malformed JSON, or a member breaks its constraint.
    """
    name = operation(request, "airflow")
    if not name:
        message = f"Unable to determine the operation of {request.method} {request.path}"
        raise RequestInvalidError(message)
    shape = model("airflow").operation_model(name)
    parameters = _parameters(shape, request, _document(body))
    problems = list(_problems(shape.input_shape, parameters, "")) if shape.input_shape else []
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        raise RequestInvalidError(f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")
    return name, parameters


def check(operation_name: str, parameters: Mapping[str, Any]) -> None:
    """Check parameters that did not come over the wire.

    Raises:
        RequestInvalidError: a member breaks its constraint.
    """
    problems = list(_problems(model("airflow").operation_model(operation_name).input_shape, parameters, ""))
    if problems:
        raise RequestInvalidError(f"{len(problems)} validation error(s) detected: {'; '.join(problems)}")


def members(operation_name: str) -> frozenset[str]:
    """The names of an operation's parameters."""
    return frozenset(model("airflow").operation_model(operation_name).input_shape.members)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise RequestInvalidError(f"The request body is not JSON: {error}") from error
    if not isinstance(document, dict):
        message = "The request body is not a JSON object"
        raise RequestInvalidError(message)
    return document


def _parameters(shape: OperationModel, request: Request, document: Mapping[str, Any]) -> dict[str, Any]:
    found = path_pattern(shape.http["requestUri"]).fullmatch(request.path)
    in_path = {name: unquote(value) for name, value in found.groupdict().items()} if found else {}
    parameters: dict[str, Any] = {}
    for name, member in (shape.input_shape.members if shape.input_shape else {}).items():
        wire_name = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                parameters[name] = in_path.get(wire_name, "")
            case "querystring" if wire_name in request.query:
                values = list(request.query[wire_name])
                parameters[name] = values if member.type_name == "list" else _number_if(member, values[0])
            case None if document.get(wire_name) is not None:
                parameters[name] = document[wire_name]
    return parameters


def _number_if(shape: Shape, text: str) -> str | int:
    return int(text) if shape.type_name == "integer" and text.isdigit() else text


def _problems(shape: Shape, value: object, where: str) -> Iterator[str]:
    """Each broken constraint, in the words AWS has for it."""
    match shape, value:
        case StructureShape(is_document_type=True), _:
            pass
        case StructureShape(), dict():
            yield from _member_problems(shape, value, where)
        case MapShape(), dict():
            yield from _size_problems(shape, len(value), where)
            for key, item in value.items():
                yield from _problems(shape.key, key, f"{where}.key")
                yield from _problems(shape.value, item, f"{where}.{key}")
        case ListShape(), list():
            yield from _size_problems(shape, len(value), where)
            for index, item in enumerate(value, 1):
                yield from _problems(shape.member, item, f"{where}.{index}.member")
        case Shape(type_name="string"), str():
            yield from _text_problems(shape, value, where)
        case Shape(type_name="integer"), int() if not isinstance(value, bool):
            yield from _size_problems(shape, value, where, "value")
        case Shape(type_name="boolean"), bool():
            pass
        case _:
            yield _violation(value, where, f"Member must be of type {shape.type_name}")


def _member_problems(shape: StructureShape, value: Mapping[str, object], where: str) -> Iterator[str]:
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _problems(member, value[name], _path(where, name))
        elif name in shape.required_members:
            yield _violation(None, _path(where, name), "Member must not be null")


def _size_problems(shape: Shape, size: int, where: str, noun: str = "length") -> Iterator[str]:
    limits = shape.metadata
    if size < limits.get("min", size):
        yield _violation(size, where, f"Member must have {noun} greater than or equal to {limits['min']}")
    if size > limits.get("max", size):
        yield _violation(size, where, f"Member must have {noun} less than or equal to {limits['max']}")


def _text_problems(shape: Shape, value: str, where: str) -> Iterator[str]:
    allowed, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
    if allowed and value not in allowed:
        yield _violation(value, where, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    yield from _size_problems(shape, len(value), where)
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _violation(value, where, f"Member must satisfy regular expression pattern: {pattern}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for name, class_ in _UNICODE_CLASSES.items():
        pattern = pattern.replace(name, class_)
    return re.compile(pattern, re.DOTALL)


def _path(where: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{where}.{name}" if where else name


def _violation(value: object, where: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{where}' failed to satisfy constraint: {constraint}"
