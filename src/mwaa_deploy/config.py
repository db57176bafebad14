"""mwaa-deploy.yml: what a project says about its checks and targets, read once into frozen data."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from mwaa_deploy.bundle.lined import DocumentInvalid, LinedDict
from mwaa_deploy.checks.dag_rules import RULES, ParameterKind
from mwaa_deploy.checks.pytest_arguments import argument_problems
from mwaa_deploy.checks.settings import CheckSettings, DatabaseKind, Fixtures, RuleSetting, UnitTestSettings
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.config_reader import Section, as_kind
from mwaa_deploy.config_targets import TargetSection, read_targets
from mwaa_deploy.errors import ConfigInvalid, ProjectFileMissing
from mwaa_deploy.input_patterns import AIRFLOW_VERSION
from mwaa_deploy.inputs import ConfigLocation

FILE_NAME = "mwaa-deploy.yml"
_RULES_FOLDER = "rules"
_LONGEST_SHOWN = 200
_OTHER_NAME = "mwaa-deploy.yaml"
_LEAST_MEMORY, _MOST_MEMORY = 256 * 1024**2, 16 * 1024**4
_LEAST_PROCESSES, _MOST_PROCESSES = 64, 65_536
LARGEST = 1024 * 1024
"""Bytes that the file may have."""


class Network(StrEnum):
    """Whether DAGs and tests reach the network."""

    NONE = "none"
    ALLOWED = "allowed"


class RuleLevel(StrEnum):
    """What a breach of a rule weighs."""

    OFF = "off"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Config:
    """The configuration file.

    Attributes:
        airflow_version: of the target, where the input does not name it; '' if it is not there.
        checks: settings of the checks.
        targets: what is said about each target, by its name.
        file: absolute path of the file; None when the project has none.
    """

    airflow_version: str = ""
    checks: CheckSettings = field(default_factory=CheckSettings)
    targets: Mapping[str, TargetSection] = field(default_factory=dict)
    file: Path | None = None


def read_config(workspace: Path, location: ConfigLocation) -> Config:
    """Read the file that `config-file` names, or mwaa-deploy.yml in the project's folder; without it all is default.

    Raises:
        ConfigInvalid: with every problem there is, each with its line.
        ProjectFileMissing: the file that the input names does not exist.
    """
    workspace = workspace.resolve()
    root = (workspace / location.project_dir).resolve()
    path = root / (location.config_file or FILE_NAME)
    if not os.path.isfile(path) or not path.resolve().is_relative_to(workspace):  # noqa: PTH113 -- takes any name
        if location.config_file:
            raise ProjectFileMissing(
                f"config-file: {location.config_file} does not exist in {root}, or is a link out of the workspace.",
                mend="- uses: actions/checkout@<sha>  # before this step",
            )
        _refuse_what_is_no_file(path)
        return Config(checks=CheckSettings(rules_folder=_default_rules(root, workspace)))
    if not location.config_file:
        _refuse_other_name(root)
    if path.stat().st_size > LARGEST:
        raise ConfigInvalid(path.name, [(0, f"it is larger than {LARGEST // 1024**2} MiB")])
    try:
        text = path.read_bytes().decode("utf-8")
        # A parser of YAML takes a while to import, and most projects have no such file.
        from mwaa_deploy.bundle.document import first_alias, load_document  # noqa: PLC0415

        document = load_document(text)
    except UnicodeDecodeError as e:
        raise ConfigInvalid(path.name, [(text_line(e), f"not UTF-8 text: {e.reason}")]) from e
    except DocumentInvalid as e:
        raise ConfigInvalid(path.name, [(e.line or 1, e.problem)]) from e
    if alias := first_alias(text):
        raise ConfigInvalid(path.name, [(alias, "YAML aliases are not taken here")])
    return replace(parse_config(document, root=root, workspace=workspace, name=path.name), file=path)


def _refuse_what_is_no_file(path: Path) -> None:
    """Nothing there is fine; something that is not read in silence is not."""
    if os.path.lexists(path):
        raise ConfigInvalid(
            path.name,
            [(0, "it is no file that can be read: a folder, or a link that leads nowhere or out of the workspace")],
        )
    _refuse_other_name(path.parent)


def _refuse_other_name(root: Path) -> None:
    if os.path.lexists(root / _OTHER_NAME):
        what = f"only {FILE_NAME} is read; give it that name, or set config-file: {_OTHER_NAME}"
        raise ConfigInvalid(_OTHER_NAME, [(0, what)])


def text_line(error: UnicodeDecodeError) -> int:
    """The line that a byte which is no UTF-8 stands on."""
    return error.object[: error.start].count(b"\n") + 1


def parse_config(document: object, *, root: Path, workspace: Path, name: str = FILE_NAME) -> Config:
    """Turn the document into a Config.

    Args:
        document: as bundle.document.load_document gives it.
        root: the project's folder, which paths are relative to.
        workspace: the folder that no path may lead out of.
        name: the file's name as the user knows it.

    Raises:
        ConfigInvalid: with every problem there is.
    """
    problems: list[tuple[int, str]] = []
    top = Section(document, "", problems)
    version = top.text("airflow-version")
    if version and not AIRFLOW_VERSION.fullmatch(version):
        top.complain(top.line_of("airflow-version"), "airflow-version takes an exact version such as 2.10.3")
    checks = _checks(top.section("checks"), _Paths(root, workspace))
    targets = read_targets(top.section("targets"))
    top.finish()
    if problems:
        raise ConfigInvalid(name, sorted(problems))
    return Config(airflow_version=version, checks=checks, targets=targets)


class _Paths:
    """Files and folders that the configuration names, relative to the project."""

    def __init__(self, root: Path, workspace: Path) -> None:
        self.root = root
        self.workspace = workspace

    def read(self, section: Section, key: str, *, folder: bool = False) -> Path | None:
        named = section.text(key)
        if not named:
            return None
        path, shown = self.root / named, named if len(named) <= _LONGEST_SHOWN else f"{named[:_LONGEST_SHOWN]}…"
        try:
            if not path.resolve().is_relative_to(self.workspace):
                section.complain(section.line_of(key), f"{key}: {shown} leads out of the workspace")
            elif not (path.is_dir() if folder else path.is_file()):
                kind = "folder" if folder else "file"
                section.complain(section.line_of(key), f"{key}: there is no {kind} {shown}")
        except (OSError, ValueError, RuntimeError):
            section.complain(section.line_of(key), f"{key}: {shown!r} can be no path")
        return path


def _default_rules(root: Path, workspace: Path) -> Path | None:
    folder = root / _RULES_FOLDER
    there = folder.is_dir() and folder.resolve().is_relative_to(workspace) and any(folder.glob("*.py"))
    return folder if there else None


def _checks(section: Section, paths: _Paths) -> CheckSettings:
    defaults = CheckSettings()
    memory = section.size("memory")
    if memory is not None and memory < _LEAST_MEMORY:
        section.complain(section.line_of("memory"), "memory: Airflow alone needs more than 256 MiB")
    if memory is not None and memory > _MOST_MEMORY:
        section.complain(section.line_of("memory"), "memory: it takes no more than 16 TiB")
    named_rules = paths.read(section, "custom-rules", folder=True)
    settings = CheckSettings(
        network=section.choice("network", Network, Network.NONE) is Network.ALLOWED,
        memory=memory,
        processes=section.whole("processes", defaults.processes, least=_LEAST_PROCESSES, most=_MOST_PROCESSES),
        slow_dag_file=section.number("slow-dag-file", defaults.slow_dag_file),
        database=section.choice("database", DatabaseKind, defaults.database),
        fixtures=_fixtures(section.section("fixtures"), paths),
        rules=_rules(section.section("rules")),
        rules_folder=named_rules or _default_rules(paths.root, paths.workspace),
        tests=_tests(section.section("unit-tests"), paths),
    )
    section.finish()
    return settings


def _fixtures(section: Section, paths: _Paths) -> Fixtures:
    found = Fixtures(
        variables=paths.read(section, "variables"),
        connections=paths.read(section, "connections"),
        pools=paths.read(section, "pools"),
    )
    section.finish()
    return found


def _tests(section: Section, paths: _Paths) -> UnitTestSettings:
    arguments = section.texts("arguments")
    for problem in argument_problems(arguments):
        section.complain(section.line_of("arguments"), f"arguments: {problem}")
    minimum: float | None = section.number("coverage-minimum", -1.0)
    if minimum is not None and minimum < 0:
        minimum = None
    found = UnitTestSettings(
        arguments=arguments,
        coverage=section.flag("coverage", default=minimum is not None),
        coverage_minimum=minimum,
        requirements=paths.read(section, "requirements"),
    )
    section.finish()
    return found


def _rules(section: Section) -> tuple[RuleSetting, ...]:
    found = []
    for name, kind in RULES.items():
        value = section.raw(name)
        if name not in section.keys:
            continue
        line = section.line_of(name)
        inner: list[tuple[int, str]] = []
        if isinstance(value, LinedDict):
            rule = Section(value, f"checks.rules.{name}", inner, line=line)
            level = rule.choice("severity", RuleLevel, RuleLevel.FAIL)
            parameters = {}
            for parameter, what in kind.parameters.items():
                given = rule.raw(parameter)
                if parameter not in rule.keys:
                    continue
                kind_of_value = {ParameterKind.WHOLE: int, ParameterKind.TEXTS: tuple}[what.kind]
                try:
                    parameters[parameter] = as_kind(given, kind_of_value)
                except (TypeError, ValueError):
                    rule.complain(rule.line_of(parameter), f"checks.rules.{name}.{parameter} takes a {what.kind}")
            rule.finish()
        else:
            level, parameters = _level(section, name, value), {}
        for at, text in inner:
            section.complain(at, text)
        if level is not RuleLevel.OFF:
            severity = Severity.FAIL if level is RuleLevel.FAIL else Severity.WARN
            found.append(RuleSetting(name=name, severity=severity, parameters=parameters))
    section.finish()
    return tuple(found)


def _level(section: Section, name: str, value: object) -> RuleLevel:
    # YAML 1.1 reads `off` as false; this reader keeps words, but a user may well write false.
    if value is False:
        return RuleLevel.OFF
    try:
        return RuleLevel(str(value))
    except ValueError:
        section.complain(
            section.line_of(name), f"checks.rules.{name} takes off, warn or fail, or a map with severity and more"
        )
        return RuleLevel.OFF
