"""CloudFormation templates, read for what a deployment has to know of them."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwaa_deploy.bundle.document import first_alias, load_document
from mwaa_deploy.bundle.lined import DocumentInvalid, LinedDict
from mwaa_deploy.bundle.source_bucket import PROPERTY, written_arn
from mwaa_deploy.errors import TemplateInvalid
from mwaa_deploy.parts import Part

ENVIRONMENT_TYPE = "AWS::MWAA::Environment"
VERSION_PROPERTIES: Mapping[Part, str] = {
    Part.PLUGINS: "PluginsS3ObjectVersion",
    Part.REQUIREMENTS: "RequirementsS3ObjectVersion",
    Part.STARTUP_SCRIPT: "StartupScriptS3ObjectVersion",
}
PATH_PROPERTIES: Mapping[Part, str] = {
    Part.DAGS: "DagS3Path",
    Part.PLUGINS: "PluginsS3Path",
    Part.REQUIREMENTS: "RequirementsS3Path",
    Part.STARTUP_SCRIPT: "StartupScriptS3Path",
}
_ONE_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9]+)\}")


@dataclass(frozen=True, kw_only=True)
class TemplateParameter:
    """A parameter the template declares.

    Attributes:
        default: as text, lists joined by commas; None when a value must be given.
        no_echo: whether CloudFormation hides its value.
    """

    type: str = "String"
    default: str | None = None
    no_echo: bool = False


@dataclass(frozen=True, kw_only=True)
class Template:
    """A CloudFormation template.

    Attributes:
        body: the text, as it is sent to CloudFormation.
        parameters: by name, in the order declared.
        environment: logical id of its AWS::MWAA::Environment; None if it has none.
        version_parameters: the parameter that each part's object version comes from.
        paths: each part's key (for dags: the prefix) in the syntax of Fn::Sub: 'dags', '${DagPath}', '${Team}/dags'.
            Where another function makes it, its name stands as a placeholder that nothing fills in: '${Fn::Join}'.
        source_bucket_arn: the environment's, in the same syntax; None if there is none.
        replaces_workers: whether it says how workers are replaced (WorkerReplacementStrategy).
    """

    body: str
    parameters: Mapping[str, TemplateParameter] = field(default_factory=dict)
    environment: str | None = None
    version_parameters: Mapping[Part, str] = field(default_factory=dict)
    paths: Mapping[Part, str] = field(default_factory=dict)
    source_bucket_arn: str | None = None
    replaces_workers: bool = False

    @property
    def sha256(self) -> str:
        """Hex digest of the body."""
        return hashlib.sha256(self.body.encode()).hexdigest()


def read_template(path: Path) -> Template:
    """Read a template from a file; see parse_template."""
    try:
        body = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as e:
        raise TemplateInvalid(f"{path} is not UTF-8 text: {e.reason} at byte {e.start}.") from e
    return parse_template(body, name=str(path))


def parse_template(body: str, *, name: str = "the template") -> Template:
    """Read a template from its text, YAML or JSON.

    Raises:
        TemplateInvalid: it does not parse, has no resources, or has more than one MWAA environment.
    """
    try:
        document = load_document(body)
    except DocumentInvalid as e:
        at = f", line {e.line}" if e.line else ""
        raise TemplateInvalid(
            f"{name}{at}: {e.problem}.",
            meaning="A template is a YAML or JSON mapping as CloudFormation takes it.",
            mend=f"aws cloudformation validate-template --template-body 'file://{name}'",
        ) from e
    if (line := first_alias(body)) is not None:
        # CloudFormation says the same (aws-cloudformation/cloudformation-coverage-roadmap 613), but only after the
        # uploads; and a few nested aliases stand for more than any reader of the template could hold.
        raise TemplateInvalid(
            f"{name}, line {line}: there is a YAML alias.",
            meaning="CloudFormation does not allow aliases in templates.",
            mend=f"aws cloudformation package --template-file {name} --s3-bucket <bucket> > out.yaml",
        )
    if not isinstance(document, LinedDict) or not isinstance(document.get("Resources"), LinedDict):
        raise TemplateInvalid(
            f"{name}, line 1: there is no Resources section.",
            meaning="It is no CloudFormation template, or one of another tool.",
            mend="Resources:\n  Environment:\n    Type: AWS::MWAA::Environment",
        )
    parameters = _parameters(document.get("Parameters"), document, name)
    logical_id, properties = _environment(document["Resources"], name)
    return Template(
        body=body,
        parameters=parameters,
        environment=logical_id,
        version_parameters={
            part: found
            for part, key in VERSION_PROPERTIES.items()
            if (found := _one_parameter(properties.get(key), parameters)) is not None
        },
        paths={
            part: found for part, key in PATH_PROPERTIES.items() if (found := _path(properties.get(key))) is not None
        },
        source_bucket_arn=written_arn(properties.get(PROPERTY), document["Resources"]),
        replaces_workers="WorkerReplacementStrategy" in properties,
    )


def _parameters(section: object, document: LinedDict, name: str) -> dict[str, TemplateParameter]:
    if section is None:
        return {}
    if not isinstance(section, LinedDict):
        raise TemplateInvalid(f"{name}, line {document.lines['Parameters']}: Parameters is not a mapping.")
    found = {}
    for key, declared in section.items():
        if not isinstance(declared, LinedDict):
            raise TemplateInvalid(
                f"{name}, line {section.lines[key]}: parameter {key} is not a mapping.",
                mend=f"Parameters:\n  {key}:\n    Type: String",
            )
        found[key] = TemplateParameter(
            type=str(declared.get("Type", "String")),
            default=_as_text(declared["Default"]) if "Default" in declared else None,
            no_echo=str(declared.get("NoEcho", "false")).lower() in ("true", "yes", "on", "1"),
        )
    return found


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(_as_text(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _environment(resources: LinedDict, name: str) -> tuple[str | None, Mapping[str, Any]]:
    found = [
        (logical_id, resource)
        for logical_id, resource in resources.items()
        if isinstance(resource, LinedDict) and resource.get("Type") == ENVIRONMENT_TYPE
    ]
    if not found:
        return None, {}
    if len(found) > 1:
        ids = ", ".join(f"{logical_id} (line {resources.lines[logical_id]})" for logical_id, _ in found)
        raise TemplateInvalid(
            f"{name} has {len(found)} MWAA environments: {ids}.",
            meaning="A target is one environment with its own stack, so that its versions can be told apart.",
            mend="Make it one template with one environment, and deploy it once per target with its own stack-name.",
        )
    logical_id, resource = found[0]
    properties = resource.get("Properties")
    return logical_id, properties if isinstance(properties, LinedDict) else {}


def _one_parameter(value: object, parameters: Mapping[str, TemplateParameter]) -> str | None:
    """The single parameter of the template that a value comes from, through Fn::If too."""
    found = {reference for reference in _references(value) if reference in parameters}
    return found.pop() if len(found) == 1 else None


def _references(value: object) -> Iterator[str]:
    if not isinstance(value, dict) or len(value) != 1:
        return
    ((function, argument),) = value.items()
    if function == "Ref" and isinstance(argument, str):
        yield argument
    elif function == "Fn::Sub" and isinstance(argument, str) and (match := _ONE_PLACEHOLDER.fullmatch(argument)):
        yield match[1]
    elif function == "Fn::If" and isinstance(argument, list):
        for branch in argument[1:]:
            yield from _references(branch)


def _path(value: object) -> str | None:
    if isinstance(value, str):
        return value.replace("${", "${!")
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((function, argument),) = value.items()
    if function == "Ref" and isinstance(argument, str):
        return None if argument == "AWS::NoValue" else f"${{{argument}}}"
    if function == "Fn::Sub" and isinstance(argument, str):
        return argument
    if function == "Fn::If" and isinstance(argument, list):
        branches = {found for branch in argument[1:] if (found := _path(branch)) is not None}
        if len(branches) < 2:  # noqa: PLR2004 -- a choice between a path and no value at all
            return branches.pop() if branches else None
    return f"${{{function}}}"
