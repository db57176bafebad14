"""Where each part lies in the bucket."""

import re
from collections.abc import Mapping

from mwaa_deploy.bundle.template import PATH_PROPERTIES, Template
from mwaa_deploy.errors import TemplateInvalid
from mwaa_deploy.parts import Part

DEFAULT_KEYS: Mapping[Part, str] = {
    Part.DAGS: "dags",
    Part.PLUGINS: "plugins.zip",
    Part.REQUIREMENTS: "requirements.txt",
    Part.STARTUP_SCRIPT: "startup.sh",
}
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")


def part_keys(
    template: Template | None,
    given: Mapping[str, str | None],
    *,
    stack_parameters: Mapping[str, str] | None = None,
    live_paths: Mapping[Part, str] | None = None,
) -> dict[Part, str]:
    """The S3 key of each versioned part and the prefix of the DAGs, without slashes at its ends.

    What the template says comes first, its parameters filled in from the parameters file, the stack and its defaults;
    then what the environment uses; then the names of MWAA's documentation.

    Args:
        template: None when there is none.
        given: values of the parameters file; None stands for the stack's present value.
        stack_parameters: values of the existing stack.
        live_paths: what the environment uses, empty when there is none; None when nobody has looked, and a key that
            cannot be told may be guessed.

    Raises:
        TemplateInvalid: a path cannot be told from parameters alone and there is no environment to ask; or the DAG
            prefix would be empty, which would make the whole bucket the DAG folder.
    """
    values = _values(template, given, stack_parameters or {})
    keys = {}
    for part, default in DEFAULT_KEYS.items():
        written = None if template is None else template.paths.get(part)
        found = (None if written is None else _fill_in(written, values)) or (live_paths or {}).get(part)
        if written and not found and live_paths is not None and _fill_in(written, values) is None:
            raise TemplateInvalid(
                f"{PATH_PROPERTIES[part]} cannot be told from the template's parameters: {written}.",
                meaning="Files are uploaded to that path, so it has to be known before CloudFormation runs.",
                mend=f"{PATH_PROPERTIES[part]}: {default}    # or !Ref or !Sub with parameters of the template",
            )
        keys[part] = (found or default).strip("/")
    if not keys[Part.DAGS]:
        raise TemplateInvalid(
            f"{PATH_PROPERTIES[Part.DAGS]} is the whole bucket.",
            meaning="Deploying to it would delete everything else in the bucket.",
            mend="DagS3Path: dags",
        )
    return keys


def _values(
    template: Template | None, given: Mapping[str, str | None], stack_parameters: Mapping[str, str]
) -> dict[str, str]:
    defaults = {} if template is None else {n: p.default for n, p in template.parameters.items()}
    known = {name: value for name, value in defaults.items() if value is not None}
    known.update(stack_parameters)
    known.update({name: value for name, value in given.items() if value is not None})
    return known


def _fill_in(written: str, values: Mapping[str, str]) -> str | None:
    """Fn::Sub by known values; None if something in it is not known before CloudFormation runs."""
    placeholders = [name for escaped, name in _PLACEHOLDER.findall(written) if not escaped]
    if any(name not in values for name in placeholders):
        return None
    return _PLACEHOLDER.sub(lambda m: "${" + m[2] + "}" if m[1] else values[m[2]], written)
