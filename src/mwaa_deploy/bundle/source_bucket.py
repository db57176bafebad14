"""The bucket that a template has its environment read from, as far as it can be told before CloudFormation runs."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

PROPERTY = "SourceBucketArn"
_BUCKET_TYPE = "AWS::S3::Bucket"
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f")
_ARN = "arn:${AWS::Partition}:s3:::"
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")
_LOOSE: Mapping[str, str] = {"AWS::AccountId": "[0-9]{12}", "AWS::Region": "[a-z0-9-]+"}
"""What a pseudo parameter looks like where its value is not known."""


class Answer(StrEnum):
    """Whether a template names a bucket."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


def written_arn(value: object, resources: Mapping[str, Any]) -> str | None:
    """A SourceBucketArn in the syntax of Fn::Sub; None if there is none.

    Parameters and pseudo parameters stay placeholders, a bucket of the same template stands by its BucketName. What
    only CloudFormation can tell is a placeholder that nothing fills in: '${Fn::ImportValue}', '${Bucket.Arn}'.
    """
    return None if value is None else _as_sub(value, resources)


def names_bucket(arn: str, bucket: str, values: Mapping[str, str]) -> Answer:
    """Whether an ARN is a bucket's, once its placeholders are filled in.

    Args:
        arn: in the syntax of Fn::Sub.
        bucket: the bucket's name.
        values: what is known of parameters and pseudo parameters.
    """
    pattern, doubt, rest = "", False, 0
    for match in _PLACEHOLDER.finditer(arn):
        escaped, name = match.groups()
        pattern += re.escape(arn[rest : match.start()])
        rest = match.end()
        if escaped:
            pattern += re.escape("${" + name + "}")
        elif name == "AWS::Partition":
            pattern += "aws[a-z-]*"
        elif name in values:
            pattern += re.escape(values[name])
        else:
            doubt = True
            pattern += _LOOSE.get(name, ".*")
    pattern += re.escape(arn[rest:])
    if not any(re.fullmatch(pattern, f"arn:{partition}:s3:::{bucket}") for partition in _PARTITIONS):
        return Answer.OTHER
    return Answer.UNKNOWN if doubt else Answer.SAME


def filled_in(arn: str, values: Mapping[str, str]) -> str:
    """The ARN for people, with what is known."""
    return _PLACEHOLDER.sub(lambda m: "${" + m[2] + "}" if m[1] else values.get(m[2], m[0]), arn)


def _as_sub(value: object, resources: Mapping[str, Any]) -> str:
    if isinstance(value, str):
        return value.replace("${", "${!")
    if not isinstance(value, dict) or len(value) != 1:
        return "${?}"
    ((function, argument),) = value.items()
    found = _FUNCTIONS[function](argument, resources) if function in _FUNCTIONS else None
    return f"${{{function}}}" if found is None else found


def _ref(argument: object, resources: Mapping[str, Any]) -> str | None:
    return _placeholder(argument, resources) if isinstance(argument, str) else None


def _sub(argument: object, resources: Mapping[str, Any]) -> str | None:
    own: dict[str, str] = {}
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):  # noqa: PLR2004 -- [text, map]
        own = {name: _as_sub(given, resources) for name, given in argument[1].items()}
        argument = argument[0]
    if not isinstance(argument, str):
        return None
    return _PLACEHOLDER.sub(
        lambda m: m[0] if m[1] else own[m[2]] if m[2] in own else _placeholder(m[2].strip(), resources), argument
    )


def _get_att(argument: object, resources: Mapping[str, Any]) -> str | None:
    name = ".".join(map(str, argument)) if isinstance(argument, list) else argument
    return _placeholder(name, resources) if isinstance(name, str) else None


def _join(argument: object, resources: Mapping[str, Any]) -> str | None:
    match argument:
        case [str(delimiter), list(items)]:
            return delimiter.replace("${", "${!").join(_as_sub(item, resources) for item in items)
    return None


def _if(argument: object, resources: Mapping[str, Any]) -> str | None:
    branches = {_as_sub(branch, resources) for branch in argument[1:]} if isinstance(argument, list) else set()
    return branches.pop() if len(branches) == 1 else None


_FUNCTIONS: Mapping[str, Callable[[object, Mapping[str, Any]], str | None]] = {
    "Ref": _ref,
    "Fn::Sub": _sub,
    "Fn::GetAtt": _get_att,
    "Fn::Join": _join,
    "Fn::If": _if,
}


def _placeholder(name: str, resources: Mapping[str, Any]) -> str:
    """A placeholder, or what the template itself says of it: a bucket's name or ARN."""
    logical_id, _, attribute = name.partition(".")
    resource = resources.get(logical_id)
    if not isinstance(resource, dict) or resource.get("Type") != _BUCKET_TYPE or attribute not in {"", "Arn"}:
        return f"${{{name}}}"
    properties = resource.get("Properties")
    given = properties.get("BucketName") if isinstance(properties, dict) else None
    # Its name must not be found by its own name again.
    others = {key: found for key, found in resources.items() if key != logical_id}
    bucket = f"${{{logical_id}}}" if given is None else _as_sub(given, others)
    return _ARN + bucket if attribute else bucket
