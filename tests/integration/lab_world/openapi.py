"""GitHub's own OpenAPI description (npm: @octokit/openapi), and what it says about a response."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft4Validator, FormatChecker
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT4

from lab.processes import ROOT

FILE = ROOT / "node_modules" / "@octokit" / "openapi" / "generated" / "api.github.com.json"
_URN = "urn:github"

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", value))


@FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).netloc)


def _unless_null(keyword: str) -> Any:
    checked = Draft4Validator.VALIDATORS[keyword]

    def check(validator: Validator, value: Any, instance: Any, schema: dict[str, Any]) -> Any:
        # OpenAPI 3.0's word for a type that may also be null.
        if not (instance is None and schema.get("nullable")):
            yield from checked(validator, value, instance, schema) or ()

    return check


OpenApiValidator = extend(
    Draft4Validator, {keyword: _unless_null(keyword) for keyword in ("type", "enum", "oneOf", "anyOf", "allOf")}
)


@dataclass(frozen=True)
class Description:
    """The description, loaded once."""

    document: dict[str, Any]
    registry: Registry[Any]

    def faults(self, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with a response to GET of a path, where the description gives that status a shape."""
        response = self.document["paths"][path]["get"]["responses"][str(status)]
        pointer = response.get("$ref", f"#/paths/{_escaped(path)}/get/responses/{status}").removeprefix("#")
        return self.faults_against(f"{pointer}/content/application~1json/schema", body)

    def faults_against(self, pointer: str, body: Any) -> list[str]:
        """What is wrong with a document of a schema, given as a JSON pointer."""
        validator = OpenApiValidator({"$ref": f"{_URN}#{pointer}"}, registry=self.registry, format_checker=FORMATS)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]

    def parameters(self, path: str) -> set[str]:
        """Names of the query parameters of GET of a path."""
        known = self.document["components"]["parameters"]
        named = [
            known[parameter["$ref"].rsplit("/", 1)[1]] if "$ref" in parameter else parameter
            for parameter in self.document["paths"][path]["get"]["parameters"]
        ]
        return {parameter["name"] for parameter in named if parameter["in"] == "query"}

    def properties(self, schema: str) -> set[str]:
        """Names of the fields of a schema."""
        return set(self.document["components"]["schemas"][schema]["properties"])


def read_description() -> Description:
    """The description from node_modules."""
    if not FILE.exists():
        pytest.skip("GitHub's OpenAPI description is not installed; run: npm ci")
    document = json.loads(FILE.read_bytes())
    return Description(document, Registry().with_resource(_URN, DRAFT4.create_resource(document)))


def _escaped(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1")
