"""The parameters file, in any of the forms people have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.bundle.lined import DocumentInvalid, LinedDict, LinedList
from mwaa_deploy.errors import ParametersInvalid

FORMS = """\
One of these, in YAML or JSON:
  Key: value
  [{"ParameterKey": "Key", "ParameterValue": "value"}]
  {"Parameters": {"Key": "value"}}
  ["Key=value"]"""
_PIPELINE_KEYS = frozenset({"Parameters", "Tags", "StackPolicy"})
_CLI_KEYS = frozenset({"ParameterKey", "ParameterValue", "UsePreviousValue", "ResolvedValue"})


@dataclass(frozen=True, kw_only=True)
class GivenParameters:
    """What the parameters file gives.

    Attributes:
        values: as CloudFormation takes them, by key; None stands for UsePreviousValue.
        lines: where each key stands, counted from 1.
        file: the file's name as the user knows it; '' when there is none.
        notes: what in the file has no effect, a sentence each.
        by_input: keys that the input parameter-values gives, whatever the file says.
    """

    values: Mapping[str, str | None] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    file: str = ""
    notes: tuple[str, ...] = ()
    by_input: frozenset[str] = frozenset()

    def where(self, key: str) -> str:
        """File and line of a key, 'parameters.json, line 3', or the input."""
        if key in self.by_input:
            return "parameter-values"
        return f"{self.file or 'the parameters'}, line {self.lines.get(key, 1)}"


def with_values(given: GivenParameters, values: Mapping[str, str]) -> GivenParameters:
    """The parameters file with the values of the input parameter-values, which win."""
    return replace(given, values={**given.values, **values}, by_input=frozenset(values))


@dataclass(frozen=True)
class _Entry:
    key: str
    value: object
    line: int
    previous: bool = False


def read_parameters(path: Path) -> GivenParameters:
    """Read a parameters file; see parse_parameters."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as e:
        raise ParametersInvalid(f"{path} is not UTF-8 text: {e.reason} at byte {e.start}.") from e
    return parse_parameters(text, name=str(path))


def parse_parameters(text: str, *, name: str = "parameters") -> GivenParameters:
    """Read the text of a parameters file: the AWS CLI's list, CodePipeline's map, 'Key=Value' strings or a plain map.

    Values become CloudFormation's strings: true and false in lower case, numbers as they are written, lists joined by
    commas. A map whose keys are Parameters, and perhaps Tags and StackPolicy, each holding a map, is CodePipeline's.

    Raises:
        ParametersInvalid: it does not parse, has none of these forms, or gives a key twice; file and line are named.
    """
    try:
        document = load_document(text)
    except DocumentInvalid as e:
        raise _invalid(name, e.line, e.problem) from e
    notes: tuple[str, ...] = ()
    if document is None:
        entries: list[_Entry] = []
    elif isinstance(document, LinedList):
        entries = [_from_list(name, item, line) for item, line in zip(document, document.lines, strict=True)]
    elif isinstance(document, LinedDict):
        if _is_pipeline(document):
            notes = tuple(f"{key} in {name} has no effect here." for key in ("Tags", "StackPolicy") if key in document)
            document = document.get("Parameters", LinedDict(1))
        entries = [_Entry(key, value, document.lines[key]) for key, value in document.items()]
    else:
        raise _invalid(name, 1, "a single text is not a set of parameters")
    return _collect(name, entries, notes)


def _is_pipeline(document: LinedDict) -> bool:
    return bool(document) and document.keys() <= _PIPELINE_KEYS and all(isinstance(v, dict) for v in document.values())


def _from_list(name: str, item: object, line: int) -> _Entry:
    if isinstance(item, str):
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise _invalid(name, line, f"{item!r} is not of the form Key=Value")
        return _Entry(key.strip(), value, line)
    if not isinstance(item, LinedDict) or "ParameterKey" not in item:
        raise _invalid(name, line, "an entry has no ParameterKey")
    if unknown := sorted(item.keys() - _CLI_KEYS):
        raise _invalid(name, item.lines[unknown[0]], f"{unknown[0]} does not belong into a parameter's entry")
    previous = _as_text(name, item.get("UsePreviousValue", False), line).lower() == "true"
    if previous == ("ParameterValue" in item):
        both = "both ParameterValue and UsePreviousValue" if previous else "no ParameterValue"
        raise _invalid(name, line, f"the entry of {item['ParameterKey']} has {both}")
    return _Entry(_as_text(name, item["ParameterKey"], line), item.get("ParameterValue"), line, previous)


def _collect(name: str, entries: list[_Entry], notes: tuple[str, ...]) -> GivenParameters:
    values: dict[str, str | None] = {}
    lines: dict[str, int] = {}
    for entry in entries:
        if entry.key in values:
            raise _invalid(name, entry.line, f"{entry.key} is given twice, first on line {lines[entry.key]}")
        lines[entry.key] = entry.line
        if not entry.previous and entry.value is None:
            raise ParametersInvalid(
                f"{name}, line {entry.line}: {entry.key} has no value.",
                meaning="Whether nothing or an empty text is meant cannot be told.",
                mend=f'{entry.key}: ""',
            )
        values[entry.key] = None if entry.previous else _as_text(name, entry.value, entry.line)
    return GivenParameters(values=values, lines=lines, file=name, notes=notes)


def _as_text(name: str, value: object, line: int) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, LinedList):
        return ",".join(_items(name, value))
    raise _invalid(name, line, "a value is neither text, number, true, false nor a list of these")


def _items(name: str, values: LinedList) -> Iterator[str]:
    for value, line in zip(values, values.lines, strict=True):
        if isinstance(value, list):
            raise _invalid(name, line, "a list stands in a list")
        item = _as_text(name, value, line)
        if "," in item:
            raise _invalid(name, line, f"{item!r} has a comma, which CloudFormation would take for two items")
        yield item


def _invalid(name: str, line: int | None, problem: str) -> ParametersInvalid:
    at = f", line {line}" if line else ""
    return ParametersInvalid(f"{name}{at}: {problem}.", mend=FORMS)
