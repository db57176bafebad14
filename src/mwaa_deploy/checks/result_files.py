"""Reading the JSON that our scripts write inside the runner, where user code can write to the same files."""

import json
from collections.abc import Mapping
from types import UnionType
from typing import Any


class ForeignResult(ValueError):
    """A result file has a form that our scripts never write, so something else wrote it."""


def parse_result(document: bytes) -> object:
    """The JSON in a result file.

    Raises:
        ForeignResult: it is no JSON.
    """
    try:
        text = json.dumps(json.loads(document), ensure_ascii=False)
    except (ValueError, RecursionError) as error:
        message = f"it is no JSON ({error})"
        raise ForeignResult(message) from error
    # JSON can hold halves of surrogate pairs, which cannot be printed.
    parsed: object = json.loads(text.encode("utf-8", errors="replace"))
    return parsed


def fields(found: object, **kinds: type | UnionType) -> dict[str, Any]:
    """The named fields of a JSON object, once each is known to be of its type.

    Raises:
        ForeignResult: it is no object, or a field is missing or of another type.
    """
    if not isinstance(found, Mapping):
        message = f"an object was expected, not {_short(found)}"
        raise ForeignResult(message)
    for name, kind in kinds.items():
        if not isinstance(found.get(name), kind):
            message = f"'{name}' is {_short(found.get(name))}"
            raise ForeignResult(message)
    return {name: found[name] for name in kinds if name in found}


def _short(value: object) -> str:
    return repr(value)[:100]
