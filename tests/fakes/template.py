"""CloudFormation templates, read as far as the fake stack needs them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from mwaa_deploy.errors import ChangeSetFailed
from mwaa_deploy.ports import PropertyChange, ResourceChange, StackParameter

MWAA_TYPE = "AWS::MWAA::Environment"


@dataclass(frozen=True)
class Deployed:
    """A template with the values of its parameters."""

    resources: Mapping[str, Any]
    outputs: Mapping[str, Any]
    parameters: Mapping[str, str]
    secrets: frozenset[str] = frozenset()

    @property
    def shown_parameters(self) -> dict[str, str]:
        """The parameters as DescribeStacks shows them."""
        return {key: "****" if key in self.secrets else value for key, value in self.parameters.items()}

    def environment(self, stack_name: str) -> Mapping[str, Any] | None:
        """The properties of the MWAA environment, resolved; None if the template has none."""
        known = {"AWS::StackName": stack_name, "AWS::Region": "eu-west-1", **self.parameters}
        for resource in self.resources.values():
            if resource["Type"] == MWAA_TYPE:
                properties: Mapping[str, Any] = resolve(resource.get("Properties", {}), known)
                return properties
        return None

    def resolved_outputs(self, stack_name: str) -> dict[str, str]:
        """The outputs; a reference to a resource gives '<stack>-<logical id>'."""
        known = {**{logical_id: f"{stack_name}-{logical_id}" for logical_id in self.resources}, **self.parameters}
        return {name: str(resolve(output["Value"], known)) for name, output in self.outputs.items()}


def fill_in(template: str, parameters: Sequence[StackParameter], previous: Mapping[str, str]) -> Deployed:
    """A template with its parameters, as CloudFormation fills them in: given, previous, default; or ChangeSetFailed."""
    document = parse_template(template)
    declared: Mapping[str, Any] = document.get("Parameters", {})
    given = {parameter.key: parameter.value for parameter in parameters}
    if unknown := sorted(set(given) - set(declared)):
        raise ChangeSetFailed(f"Parameters: {unknown} do not exist in the template")
    values: dict[str, str] = {}
    for key, description in declared.items():
        value = given.get(key)
        if key in given and value is None:
            if key not in previous:
                raise ChangeSetFailed(f"Invalid input for parameter key {key}. It has no previous value.")
            value = previous[key]
        if value is None and "Default" in description:
            value = str(description["Default"])
        if value is None:
            raise ChangeSetFailed(f"Parameters: [{key}] must have values")
        values[key] = value
    secrets = frozenset(key for key, description in declared.items() if description.get("NoEcho"))
    return Deployed(document.get("Resources", {}), document.get("Outputs", {}), values, secrets)


def with_values(change: ResourceChange, before: Deployed | None, after: Deployed) -> ResourceChange:
    """A change with the values of its properties before and after."""

    def values(found: Deployed | None) -> Mapping[str, Any]:
        resource = {} if found is None else found.resources.get(change.logical_id, {})
        resolved: Mapping[str, Any] = resolve(resource.get("Properties", {}), found.parameters if found else {})
        return resolved

    old, new = values(before), values(after)
    hidden = [found.parameters[key] for found in (before, after) if found for key in found.secrets]

    def shown(side: Mapping[str, Any], name: str) -> str | None:
        text = str(side[name]) if name in side else None
        return "****" if text and any(secret and secret in text for secret in hidden) else text

    return replace(
        change,
        properties=tuple(
            PropertyChange(
                path=f"/Properties/{name}",
                before=shown(old, name),
                after=shown(new, name),
                recreation="Always" if change.replacement == "True" else "Never",
            )
            for name in change.details
        ),
    )


def compare(before: Deployed | None, after: Deployed, replaced: set[str]) -> tuple[ResourceChange, ...]:
    """What executing would change, by logical id; Modify is a replacement for the ids in `replaced`."""
    before = before or Deployed({}, {}, {})
    added = sorted(set(after.resources) - set(before.resources))
    removed = sorted(set(before.resources) - set(after.resources))
    changes = [
        *(
            ResourceChange(action="Add", logical_id=logical_id, resource_type=after.resources[logical_id]["Type"])
            for logical_id in added
        ),
        *(
            ResourceChange(action="Remove", logical_id=logical_id, resource_type=before.resources[logical_id]["Type"])
            for logical_id in removed
        ),
    ]
    for logical_id in sorted(set(after.resources) & set(before.resources)):
        old = resolve(before.resources[logical_id].get("Properties", {}), before.parameters)
        new = resolve(after.resources[logical_id].get("Properties", {}), after.parameters)
        if details := sorted(name for name in {*old, *new} if old.get(name) != new.get(name)):
            changes.append(
                ResourceChange(
                    action="Modify",
                    logical_id=logical_id,
                    resource_type=after.resources[logical_id]["Type"],
                    replacement="True" if logical_id in replaced else "False",
                    details=tuple(details),
                )
            )
    return tuple(changes)


class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms of functions."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_TemplateLoader.add_multi_constructor("!", _short_form)


def parse_template(template: str) -> dict[str, Any]:
    """A template as a mapping, or ChangeSetFailed."""
    try:
        document = yaml.load(template, _TemplateLoader)  # noqa: S506 -- a SafeLoader with tags for functions
    except yaml.YAMLError as error:
        raise ChangeSetFailed(f"Template format error: {error}") from error
    if not isinstance(document, dict) or not document.get("Resources"):
        raise ChangeSetFailed("Template format error: At least one Resources member must be defined.")
    return document


def resolve(value: Any, references: Mapping[str, str]) -> Any:
    """Replace references and substitutions of known names; other functions stay as text."""
    if isinstance(value, list):
        return [resolve(item, references) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return references.get(value["Ref"], "")
    if set(value) == {"Fn::Sub"} and isinstance(value["Fn::Sub"], str):
        text = value["Fn::Sub"]
        for name, replacement in references.items():
            text = text.replace(f"${{{name}}}", replacement)
        return text
    if len(value) == 1 and next(iter(value)).startswith("Fn::"):
        return json.dumps(value, sort_keys=True)
    return {key: resolve(item, references) for key, item in value.items()}
