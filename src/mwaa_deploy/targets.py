"""Which section of the configuration file a run is about, and which one it promotes from."""

from collections.abc import Mapping
from dataclasses import fields, replace

from mwaa_deploy.config import FILE_NAME, Config
from mwaa_deploy.errors import InputsInvalid
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.inputs_reader import variable


def with_section(env: Mapping[str, str], config: Config) -> Mapping[str, str]:
    """The INPUT_* variables, completed by the section that the input `environment` names. What is given wins.

    Raises:
        InputsInvalid: there is no such section, or none that `promote-from` names; with those that there are.
    """
    completed = dict(env)
    name = env.get(variable("environment"), "").strip()
    if name:
        for key, text in _texts("environment", name, config).items():
            if not env.get(variable(key), "").strip():
                completed[variable(key)] = text
    if source := completed.get(variable("promote-from"), "").strip():
        _texts("promote-from", source, config)
        lacking = [key for key in config.targets[source].inputs.missing_for_target if key not in _FROM_THE_RUN]
        if lacking:
            raise InputsInvalid([f"promote-from: targets.{source} of {_file(config)} lacks {', '.join(lacking)}"])
    return completed


def source_of(inputs: Inputs, config: Config) -> Inputs:
    """What the section that `promote-from` names says; the run's own role and Region where it has none."""
    found = config.targets[inputs.promote_from].inputs
    found = replace(found, aws_region=found.aws_region or inputs.aws_region)
    if found.role_to_assume:
        return found
    names = [known.name for known in fields(Inputs) if known.name.startswith(_OF_CREDENTIALS)]
    return replace(found, **{name: getattr(inputs, name) for name in names})


_OF_CREDENTIALS = ("role_", "allowed_account")
"""How the fields begin that say who the run becomes."""

_FROM_THE_RUN = frozenset({"template", "aws-region"})
"""What the section that is promoted from may lack: the template is not asked for, the Region is the run's own."""


def _texts(key: str, name: str, config: Config) -> Mapping[str, str]:
    if name in config.targets:
        return config.targets[name].texts
    if config.file is None:
        problem = f"there is no {FILE_NAME} that could have it; a checkout step must come before this one"
    elif config.targets:
        problem = f"under targets of {_file(config)} there are {', '.join(sorted(config.targets))}"
    else:
        problem = f"{_file(config)} has no targets"
    raise InputsInvalid([f"{key}: there is no section {name!r}: {problem}"])


def _file(config: Config) -> str:
    return FILE_NAME if config.file is None else config.file.name
