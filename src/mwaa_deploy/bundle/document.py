"""YAML and JSON as CloudFormation users write them, read into plain data that remembers its lines.

Scalars stay text as it was written, so that 2012-10-17, 2.10 and 0123456789 keep their form; only true, false and null
become Python's. CloudFormation's short tags become their long forms: `!Ref X` is {"Ref": "X"}.
"""

import json
import re
from typing import Any

import yaml

from mwaa_deploy.bundle.json_document import read_json
from mwaa_deploy.bundle.lined import DocumentInvalid, LinedDict, LinedList


class _Loader(yaml.SafeLoader):
    """Safe loading with the core schema's true, false and null, and CloudFormation's short tags."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- PyYAML's own way; starts from none


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"<<\Z"), ["<"])


def _mapping(loader: _Loader, node: yaml.MappingNode) -> LinedDict:
    _refuse_duplicates(node)
    loader.flatten_mapping(node)
    found = LinedDict(node.start_mark.line + 1)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            key = str(key_node.value)
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = key_node.start_mark.line + 1
    return found


def _refuse_duplicates(node: yaml.MappingNode) -> None:
    seen: dict[str, int] = {}
    for key_node, _ in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise DocumentInvalid("a key is not plain text", line)
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        if key_node.value in seen:
            raise DocumentInvalid(f"the key {key_node.value} stands twice, first on line {seen[key_node.value]}", line)
        seen[key_node.value] = line


def _sequence(loader: _Loader, node: yaml.SequenceNode) -> LinedList:
    found = LinedList([item.start_mark.line + 1 for item in node.value])
    found.extend(loader.construct_object(item, deep=True) for item in node.value)
    return found


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    text = loader.construct_scalar(node)
    # JSON writes what lies beyond the basic plane as two escapes, which YAML takes for two characters
    return text.encode("utf-16", "surrogatepass").decode("utf-16") if not text.isascii() else text


def _short_tag(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if name == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = _sequence(loader, node)
    elif isinstance(node, yaml.MappingNode):
        value = _mapping(loader, node)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:seq", _sequence)
_Loader.add_constructor("tag:yaml.org,2002:str", _text)
_Loader.add_multi_constructor("!", _short_tag)


def first_alias(text: str) -> int | None:
    """Line of the first YAML alias of a text that load_document has read; None if it has none."""
    text = text.removeprefix("\ufeff")
    if _not_json(text) is None:
        return None
    tokens = yaml.scan(text, Loader=yaml.SafeLoader)
    return next((token.start_mark.line + 1 for token in tokens if isinstance(token, yaml.AliasToken)), None)


def load_document(text: str) -> object:
    """Read YAML or JSON.

    Returns:
        str, bool, None, LinedDict or LinedList; None for an empty text.

    Raises:
        DocumentInvalid: it is neither, or a mapping has a key twice.
    """
    text = text.removeprefix("\ufeff")
    not_json = _not_json(text)
    if not_json is None:
        return read_json(text)
    try:
        return yaml.load(text, _Loader)  # noqa: S506 -- a SafeLoader
    except DocumentInvalid:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        if isinstance(not_json, json.JSONDecodeError) and re.match(r'\s*(\{\s*"|\[\s*["{])', text):
            raise DocumentInvalid(f"not JSON: {not_json.msg}", not_json.lineno) from e
        mark = getattr(e, "problem_mark", None) or getattr(e, "context_mark", None)
        problem = getattr(e, "problem", None) or str(e).partition("\n")[0] or "not YAML"
        raise DocumentInvalid(problem, None if mark is None else mark.line + 1) from e


def _not_json(text: str) -> Exception | None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as e:
        return e
    return None
