"""Sections of the configuration file, one a target: they say what inputs would say, in the same words."""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mwaa_deploy import input_patterns as pattern
from mwaa_deploy.bundle.lined import LinedDict
from mwaa_deploy.config_reader import Section
from mwaa_deploy.inputs import Inputs, read_section

NOT_OF_A_TARGET = frozenset(
    {
        *("mode", "checks", "base", "comment", "report", "plan-file", "rollback-to", "force", "check-timeout-minutes"),
        *("environment", "project-dir", "config-file", "tests-dir"),
        *("runner", "runner-image", "create-repository", "docker-engine", "github-token"),
    }
)
"""Inputs about one run, its runner or where the project lies; every other input may stand in a section."""


class KeyKind(StrEnum):
    """What a key of a section takes."""

    TEXT = "text"
    FLAG = "flag"
    WHOLE = "whole number"
    WORD = "word"
    TEXTS = "texts"
    PAIRS = "pairs"


@dataclass(frozen=True, kw_only=True)
class TargetKey:
    """A key of a section.

    Attributes:
        words: those it takes, if it is a WORD.
    """

    kind: KeyKind
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TargetSection:
    """What the file says about one target.

    Attributes:
        texts: as the inputs would give it, by the input's name.
        inputs: the same, read.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=Inputs)


def target_keys() -> Mapping[str, TargetKey]:
    """Every key that a section may have: the inputs that are about a target, each with what it takes."""
    named = {found.name.replace("_", "-"): found.type for found in dataclasses.fields(Inputs)}
    return {name: _key(kind) for name, kind in named.items() if name not in NOT_OF_A_TARGET}


def _key(kind: object) -> TargetKey:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return TargetKey(kind=KeyKind.WORD, words=tuple(filter(None, kind)))
    if kind is bool:
        return TargetKey(kind=KeyKind.FLAG)
    if kind is int or int in typing.get_args(kind):
        return TargetKey(kind=KeyKind.WHOLE)
    if typing.get_origin(kind) is tuple:
        return TargetKey(kind=KeyKind.TEXTS if typing.get_args(kind)[0] is str else KeyKind.PAIRS)
    return TargetKey(kind=KeyKind.TEXT)


def read_targets(targets: Section) -> dict[str, TargetSection]:
    """Read all sections, also those that this run does not use; problems are complained about with their lines."""
    found = {}
    for name in targets.keys:
        if not pattern.SECTION.fullmatch(name):
            targets.complain(
                targets.line_of(name), f"targets: {name!r} is no name; it takes letters, digits, -, _ and ."
            )
        found[name] = _read_target(targets.section(name), name, targets.keys)
    targets.finish()
    return found


def _read_target(section: Section, name: str, names: tuple[str, ...]) -> TargetSection:
    read = {key: _as_input(section, key, what.kind) for key, what in target_keys().items()}
    texts = {key: text for key, text in read.items() if text}
    inputs, problems = read_section(texts)
    for problem in problems:
        section.complain(section.line_of(problem.partition(":")[0]), f"targets.{name}.{problem}")
    promoted = texts.get("promote-from")
    if promoted is not None and promoted not in {*names} - {name}:
        others = ", ".join(sorted({*names} - {name})) or "none"
        section.complain(
            section.line_of("promote-from"),
            f"targets.{name}.promote-from takes the name of another section, not {promoted!r}; there are {others}",
        )
    section.finish()
    return TargetSection(texts=texts, inputs=inputs)


def _as_input(section: Section, key: str, kind: KeyKind) -> str:
    """What stands at a key, as the input's text."""
    if kind is KeyKind.PAIRS and isinstance(section.raw(key), LinedDict):
        pairs = section.section(key)
        return "\n".join(f"{name}={pairs.text(name)}" for name in pairs.keys)
    if kind in {KeyKind.TEXTS, KeyKind.PAIRS}:
        return "\n".join(section.texts(key))
    return section.text(key).strip()
