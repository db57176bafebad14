"""The parameters of a change set: what the user gives, completed with what only a deployment can know."""

from collections.abc import Mapping
from dataclasses import dataclass

from mwaa_deploy.bundle.parameters import GivenParameters
from mwaa_deploy.bundle.template import Template
from mwaa_deploy.errors import ParametersUnknown
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import StackParameter


@dataclass(frozen=True, kw_only=True)
class CompletedParameters:
    """Parameters for a change set, in the order of the template.

    Attributes:
        parameters: a parameter that takes the template's default is not among them.
        notes: what differs from the parameters file, a sentence each.
    """

    parameters: tuple[StackParameter, ...]
    notes: tuple[str, ...] = ()


def complete_parameters(
    template: Template,
    given: GivenParameters,
    stack_parameters: Mapping[str, str],
    versions: Mapping[Part, str],
) -> CompletedParameters:
    """Give every parameter of the template its value.

    An object version comes from `versions` whatever the file says; then the file counts; then the stack keeps what it
    has, by UsePreviousValue, as CloudFormation would otherwise fall back to the default (CreateChangeSet); then the
    default. The object version of a part that has none comes from the file or is the default, and never what the stack
    has: a deployment that failed may have left it the version of a part that the project has given up since.

    Args:
        template: whose parameters are wanted.
        given: the parameters file.
        stack_parameters: the parameters that the existing stack has; empty when there is no stack.
        versions: S3 object versions by part.

    Raises:
        ParametersUnknown: naming all keys that the template lacks and all required ones that nobody gives.
    """
    without_version = {name for part, name in template.version_parameters.items() if part not in versions}
    decided = {name: versions[part] for part, name in template.version_parameters.items() if part in versions}
    parameters = []
    missing = {}
    for name, declared in template.parameters.items():
        keeps = name in stack_parameters
        asked = given.values.get(name)
        if name in decided:
            parameters.append(StackParameter(key=name, value=decided[name]))
        elif asked is not None:
            parameters.append(StackParameter(key=name, value=asked))
        elif keeps and not (name in without_version and declared.default is not None):
            parameters.append(StackParameter(key=name, value=None))
        elif declared.default is None:
            missing[name] = "has no previous value to use" if name in given.values else "is given by nobody"
    unknown = sorted(given.values.keys() - template.parameters.keys(), key=lambda key: given.lines.get(key, 0))
    if unknown or missing:
        raise _disagreement(template, given, unknown, missing)
    notes = tuple(
        f"{name} ({given.where(name)}) is overridden: the object version {value} is what this deployment ships."
        for name, value in decided.items()
        if given.values.get(name) not in (None, value)
    )
    return CompletedParameters(parameters=tuple(parameters), notes=(*given.notes, *notes))


def _disagreement(
    template: Template, given: GivenParameters, unknown: list[str], missing: Mapping[str, str]
) -> ParametersUnknown:
    what = [f"{given.where(key)}: the template has no parameter {key}." for key in unknown]
    what += [f"{key} has no default in the template and {why}." for key, why in missing.items()]
    mend = [
        f"Remove it from {given.where(key)}, or declare it in the template:\n{_declaration(key)}" for key in unknown
    ]
    versions = {name: part for part, name in template.version_parameters.items()}
    for key in missing:
        if key in versions:
            mend.append(f"The project has no {versions[key]}, so let the template do without:\n{_declaration(key, '')}")
        else:
            mend.append(f"Add to {given.file or 'the parameters file'}:\n{key}: <{template.parameters[key].type}>")
    return ParametersUnknown("\n".join(what), mend="\n".join(mend))


def _declaration(key: str, default: str | None = None) -> str:
    ending = "" if default is None else '\n    Default: ""'
    return f"Parameters:\n  {key}:\n    Type: String{ending}"
